// Uploads with progress, previews that play on this phone only, photos and victory songs.
import { call, el, fill, Refusal, tap } from './phone-kit.js';

const AWAY = '连不上主机，请看手机是否连着办公室的网络。';
export const SOUNDS = 'audio/*,.m4a,.m4b,.m4r,.aac,.amr,.caf,.3gp,.mp4,.ogg,.oga,.opus,.webm,.mka,.wav,.mp3,.flac,.wma,.ape,.aiff,.ncm,.kgm,.mgg,.mflac';
const PHOTOS = 'image/jpeg,image/png,image/webp';
const MOST_MB = 20;

function answerOf(status, text) {
  let found = null;
  try { found = JSON.parse(text); } catch (error) { /* no JSON: handled below */ }
  if (status >= 200 && status < 300 && found) return found;
  if (status === 401) location.assign('/login');
  throw new Refusal(status, status ? (found && found.error) || '主机没有正常应答，请再试一次。' : AWAY, found && found.field);
}

// fetch reports no upload progress; XMLHttpRequest does.
export function send(method, path, file, most, tell = () => {}) {
  return new Promise((resolve, reject) => {
    if (file.size > most * 1e6) throw new Refusal(413, `文件有 ${Math.ceil(file.size / 1e6)} MB，最多 ${most} MB。`, 'file');
    const way = new XMLHttpRequest();
    way.open(method, path);
    way.setRequestHeader('Content-Type', file.type || 'application/octet-stream');
    way.upload.onprogress = (event) => tell(event.lengthComputable ? event.loaded / event.total : 0);
    way.upload.onload = () => tell(1);
    way.onerror = way.onabort = () => reject(new Refusal(0, AWAY, null));
    way.onload = () => {
      try { resolve(answerOf(way.status, way.responseText)); } catch (error) { reject(error); }
    };
    way.send(file);
  });
}

export const sending = (part) => (part < 1 ? `正在送 ${Math.floor(part * 100)}%` : '正在检查…');

export function fileButton(words, accept, pick, extra = {}) {
  const input = el('input', { type: 'file', accept, class: 'hide', onchange: () => {
    const files = [...input.files];
    input.value = '';
    if (files.length) pick(files);
  }, ...extra });
  return el('label', { class: 'act pick' }, words, input);
}

// Play the sound of a text or a name in a player inside `place`, on this phone only.
export async function hear(data, place) {
  let answer;
  try {
    answer = await fetch('/api/preview', {
      method: 'POST', credentials: 'same-origin', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(data),
    });
  } catch (error) {
    throw new Refusal(0, AWAY, null);
  }
  if (!answer.ok) answerOf(answer.status, await answer.text());
  play(place, URL.createObjectURL(await answer.blob()));
}

export function play(place, address) {
  const old = place.querySelector('audio');
  if (old && old.src.startsWith('blob:')) URL.revokeObjectURL(old.src);
  const sound = el('audio', { controls: true, src: address });
  fill(place, sound);
  place.hidden = false;
  sound.play().catch(() => {}); // where autoplay is blocked, the player shows its play button
}

export function silence(place) {
  fill(place);
  place.hidden = true;
}

// ---- photo (people only) and victory song of a person or team

export function belongings(kind, one, state, refresh) {
  const path = `/api/${kind}/${one.id}`;
  const box = el('div', { class: 'belongings' });
  const note = el('p', { class: 'wrong', role: 'status' });
  const place = el('div', { class: 'listen', hidden: true });
  const has = { photo: kind === 'people' ? state.photos[one.id] || null : null, song: state.songs[kind].includes(one.id) };

  const bring = (what, done) => async ([file]) => {
    try {
      done(await send('PUT', `${path}/${what}`, file, MOST_MB, (part) => { note.textContent = sending(part); }));
      note.textContent = '';
      refresh();
    } catch (error) {
      note.textContent = error.message;
    }
    draw();
  };
  const take = (what) => (event) => tap(event.currentTarget, async () => {
    await call('DELETE', `${path}/${what}`, {});
    has[what] = what === 'photo' ? null : false;
    silence(place);
    refresh();
    draw();
  });
  const button = (words, onclick) => el('button', { type: 'button', class: 'act', onclick }, words);

  function draw() {
    const photo = kind !== 'people' ? [] : [
      el('h3', {}, '照片'),
      has.photo ? el('img', { class: 'photo', src: has.photo, alt: `${one.name}的照片` }) : el('p', { class: 'dim' }, '喜报和战报上显示。没有照片时显示名字的第一个字。'),
      el('div', { class: has.photo ? 'pair three' : 'pair' },
        fileButton('拍照', PHOTOS, bring('photo', (found) => { has.photo = found.photo; }), { capture: 'environment' }),
        fileButton(has.photo ? '换一张' : '选照片', PHOTOS, bring('photo', (found) => { has.photo = found.photo; })),
        has.photo ? button('去掉照片', take('photo')) : null),
    ];
    fill(box, photo,
      el('h3', {}, '胜利之歌'),
      el('p', { class: 'dim' }, has.song ? '第一单、大单和刷新纪录时放这首歌，代替掌声。' : kind === 'people' ? '第一单、大单和刷新纪录时放它最响的十秒（多半是副歌），代替掌声。' : '队里的第一单、大单和刷新纪录放它最响的十秒（多半是副歌），自己有歌的人除外。'),
      el('div', { class: has.song ? 'pair three' : 'pair' }, fileButton(has.song ? '换一首' : '选一首歌', SOUNDS, bring('song', () => { has.song = true; silence(place); })),
        has.song ? button('试听', () => play(place, `${path}/song?${Date.now()}`)) : null,
        has.song ? button('去掉', take('song')) : null),
      place, note);
  }
  draw();
  return box;
}
