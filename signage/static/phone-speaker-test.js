// 设备 → 喇叭自检: a quiet tone that a microphone hears; its time, the microphone, and a test now.
import { $, call, el, fill, loadedSheet, row, tap, toast } from './phone-kit.js';

const POLL_MS = 1200;
const FOUND = {
  heard: ['听到了', 'ok'], silent: ['没有听到', 'bad'], loud: ['太吵，没有测成', 'dim'], cut: ['被打断，没有测成', 'dim'],
  no_microphone: ['没有找到麦克风', 'bad'], mic_muted: ['麦克风被静音了', 'bad'], mic_lost: ['麦克风打不开，或者断开了', 'bad'],
};

const when = (at) => `${Number(at.slice(5, 7))}月${Number(at.slice(8, 10))}日 ${at.slice(11, 16)}`;

function result(list, found) {
  if (found.running) fill(list, row('正在自检', '', '', ''));
  else if (!found.last) fill(list, row('还没有检过', '', '', ''));
  else {
    const [words, look] = FOUND[found.last.found] || ['没有测成', 'dim'];
    fill(list, row(when(found.last.at), el('span', { class: look }, words), found.last.microphone, ''));
  }
}

async function follow(list) {
  const found = await call('GET', '/api/speaker-test');
  result(list, found);
  if (found.running) setTimeout(() => { if (list.isConnected) follow(list).catch(() => {}); }, POLL_MS);
}

async function save(at, name) {
  const file = await call('GET', '/api/timetable');
  const operations = [
    { op: 'set', path: ['health', 'speaker_test'], value: at || null },
    { op: 'set', path: ['health', 'microphone'], value: name || null },
  ];
  await call('PUT', '/api/timetable', { base: file.version, operations });
}

const load = () => Promise.all([
  call('GET', '/api/timetable'), call('GET', '/api/speaker-test/microphones'), call('GET', '/api/speaker-test'),
]);

function content([file, found, heard]) {
  const now = file.values.health || {};
  const names = [...new Set([...found.microphones, ...(now.microphone ? [now.microphone] : [])])];
  const at = el('input', { type: 'time', id: 'speaker-at', class: 'line', value: now.speaker_test || '' });
  const mic = el('select', { class: 'line', id: 'speaker-mic' }, el('option', { value: '' }, '自动，第一个 USB 麦克风'),
    names.map((name) => el('option', { value: name, selected: name === now.microphone },
      found.microphones.includes(name) ? name : `${name}（没有接上）`)));
  const list = el('ul', { class: 'rows', id: 'speaker-result' });
  const spoken = el('div', { role: 'status' }, list);  // not on the list itself: it would be none any more
  result(list, heard);
  const keep = el('button', { type: 'button', class: 'act', id: 'speaker-keep' }, '保存');
  keep.addEventListener('click', () => tap(keep, async () => {
    await save(at.value, mic.value);
    toast(at.value ? `保存了，工作日 ${at.value} 自检。` : '保存了，不自检。');
  }));
  const trial = el('button', { type: 'button', class: 'act', id: 'speaker-try' }, '现在试一次');
  trial.addEventListener('click', () => tap(trial, async () => {
    await call('POST', '/api/speaker-test', {});
    await follow(list);
  }));
  if (heard.running) follow(list).catch(() => {});
  return [
    el('p', { class: 'dim' }, '放一声很轻的提示音，麦克风听一听，喇叭真的响了没有。听几秒就停，不留录音，只记下结果和音量。'),
    el('label', { for: 'speaker-at' }, '工作日几点自检，空着就不检'), at,
    el('label', { for: 'speaker-mic' }, '麦克风'), mic,
    found.microphones.length ? '' : el('p', { class: 'dim' }, '主机上没有找到麦克风。'),
    keep, spoken, trial,
  ];
}

export function start() {
  $('speaker-test').addEventListener('click', () => loadedSheet('喇叭自检', load, content));
}
