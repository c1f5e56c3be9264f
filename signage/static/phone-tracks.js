// 歌单: list a playlist's tracks; add with progress, delete.
import { call, chips, el, fill, Refusal, row, sheet, tap, toast } from './phone-kit.js';
import { fileButton, send, sending, SOUNDS } from './phone-media.js';

const MOST_MB = 50;

const length = (seconds) => (seconds === null ? '' : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`);

// Show the title where it differs from the file name: for the bundled music.
const name = (track) => (track.file.startsWith(track.title) ? track.file : track.title);

export async function open(names, called, chosen, refresh) {
  if (!names.length) return toast('还没有歌单。请在主机的 sounds/music 里建一个文件夹。');
  let playlist = names.includes(chosen) ? chosen : names[0];
  const which = el('div', { class: 'chips', role: 'radiogroup', 'aria-label': '歌单' });
  const list = el('ul', { class: 'rows' });
  const news = el('div', { role: 'status' });

  async function draw() {
    chips(which, names, playlist, (wanted) => { playlist = wanted; draw().catch(tell); }, called);
    const found = (await call('GET', '/api/tracks')).filter((track) => track.playlist === playlist);
    fill(list, found.map((track) => row(
      name(track), el('span', { class: track.fault ? 'bad' : track.note ? 'todo' : '' }, track.fault ? '放不了' : length(track.seconds)), track.fault || track.note, el('span', { class: 'more' }, '删掉'),
      { open: () => remove(track) },
    )));
    if (!found.length) fill(list, el('li', { class: 'dim' }, '这个歌单还是空的。'));
  }

  function tell(error) {
    if (!(error instanceof Refusal)) throw error;
    toast(error.message);
  }

  function remove(track) {
    const go = el('button', { type: 'button', class: 'act stop', onclick: () => tap(go, async () => {
      await call('DELETE', `/api/tracks/${encodeURIComponent(track.playlist)}/${encodeURIComponent(track.file)}`, {});
      toast('已删掉。');
      refresh();
      await show();
    }) }, '删掉，不能恢复');
    const back = el('button', { type: 'button', class: 'act', onclick: () => show().catch(tell) }, '不删');
    sheet(name(track), el('p', { class: 'dim' }, `在歌单“${called[track.playlist] || track.playlist}”里，文件名是 ${track.file}。`), go, back);
  }

  async function add(files) {
    for (const file of files) {
      const words = el('p', { class: 'dim' }, file.name);
      const bar = el('progress', { max: 1, value: 0, 'aria-label': file.name });
      const line = el('div', {}, words, bar);
      news.append(line);
      try {
        const made = await send('POST', `/api/tracks/${encodeURIComponent(playlist)}?name=${encodeURIComponent(file.name)}`, file, MOST_MB, (part) => {
          bar.value = part;
          words.textContent = `${file.name}：${sending(part)}`;
        });
        fill(line, el('p', { class: 'ok' }, `${made.file} 已添加。`), made.note ? el('p', { class: 'wrong' }, made.note) : null);
        await draw();
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        fill(line, el('p', { class: 'wrong' }, error.status === 422 ? error.message : `“${file.name}”没有收下：${error.message}`));
      }
    }
    refresh();
  }

  async function show() {
    sheet('歌单', which, fileButton('加歌', SOUNDS, add, { multiple: true }),
      el('p', { class: 'dim' }, '新歌接着正在放的那首放。每首最多 50 MB。'), news, list);
    await draw();
  }
  await show();
}
