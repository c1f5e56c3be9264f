// 设备 → 跟着办公室的声音: how loud the office is, how far announcements follow, and the usual level.
import { $, call, el, fill, loadedSheet, row, tap, toast } from './phone-kit.js';

const POLL_MS = 1000, MOST_DB = 6;

const when = (at) => `${Number(at.slice(5, 7))}月${Number(at.slice(8, 10))}日 ${at.slice(11, 16)}`;
const level = (db) => `${db.toFixed(0)} dB`;
const change = (db, none) => (db === 0 ? none : db > 0 ? `提高 ${db} 分贝` : `降低 ${-db} 分贝`);

function usual(now) {
  if (now.usual_db === null) return row('平常', '还不知道', now.on ? `学了 ${now.days} 天，要 ${now.days_needed} 天` : '', '');
  return row('平常', level(now.usual_db), now.usual_set_at ? `${when(now.usual_set_at)} 定的` : '自己学的', '');
}

function show(list, now) {
  const present = now.running ? '正在量' : now.level_db === null ? '没有量到' : level(now.level_db);
  fill(list,
    row('现在多响', present, now.measured_at ? `${when(now.measured_at)} 量的，${now.microphone}` : '', ''),
    usual(now),
    row('下一次播报', change(now.gain_db, '不调'), now.why, ''),
    now.room_db < now.raise_db ? row('总音量的余地', now.room_db > 0 ? `${now.room_db} 分贝` : '没有', '总音量放低一点、功放开大一点，才有余地提高。', '') : null,
    now.last ? row('上一次播报', change(now.last.gain_db, '没有调'), `${when(now.last.at)}，${now.last.why}`, '') : null);
}

async function follow(list) {
  const now = await call('GET', '/api/office-loudness');
  show(list, now);
  if (now.running) setTimeout(() => { if (list.isConnected) follow(list).catch(() => {}); }, POLL_MS);
}

async function save(raised, lowered) {
  const file = await call('GET', '/api/timetable');
  const limit = (key, value) => ({ op: 'set', path: ['sound', key], value: Number(value) || null });
  const operations = [limit('office_raise_db', raised), limit('office_lower_db', lowered)];
  await call('PUT', '/api/timetable', { base: file.version, operations });
}

function limits(id, none, present) {
  const steps = [...new Set([0, 1, 2, 3, 4, 5, MOST_DB, present])].sort((a, b) => a - b);
  return el('select', { class: 'line', id }, steps.map((db) =>
    el('option', { value: db, selected: db === present }, db ? `${db} 分贝` : none)));
}

function content(now) {
  const raised = limits('loud-raise', '不提高', now.raise_db), lowered = limits('loud-lower', '不降低', now.lower_db);
  const list = el('ul', { class: 'rows', id: 'loud-now' });
  const spoken = el('div', { role: 'status' }, list); // not on the list itself: it would be none any more
  const button = (id, name, action) => {
    const made = el('button', { type: 'button', class: 'act', id }, name);
    made.addEventListener('click', () => tap(made, action));
    return made;
  };
  show(list, now);
  if (now.running) follow(list).catch(() => {});
  return [
    el('p', { class: 'dim' }, '麦克风量一量办公室有多响：比平常吵，播报提高一点；比平常安静，降低一点。慢慢调，紧急广播从不降低。'),
    el('p', { class: 'dim' }, '上班时间每两分钟听两秒，只记有多响，不录音，不存声音，也不往外发。战鼓自己放音乐或播报时不量。'),
    el('p', { class: 'dim' }, '提高不会超过总音量 100 和作息表里的音量上限：总音量平时放在 50 到 70，才有余地。麦克风在“喇叭自检”里选。'),
    el('label', { for: 'loud-raise' }, '吵的时候最多提高'), raised,
    el('label', { for: 'loud-lower' }, '安静的时候最多降低'), lowered,
    button('loud-keep', '保存', async () => {
      await save(raised.value, lowered.value);
      toast(Number(raised.value) || Number(lowered.value) ? '保存好了，播报会跟着办公室的声音。' : '保存好了，播报不跟着调。');
      await follow(list);
    }),
    spoken,
    button('loud-measure', '现在量一次', async () => {
      await call('POST', '/api/office-loudness', {});
      await follow(list);
    }),
    button('loud-usual', '把现在当作平常的声音', async () => {
      show(list, await call('POST', '/api/office-loudness/usual', {}));
      toast('记住了，以后和现在比。');
    }),
    now.usual_db === null ? '' : button('loud-learn', '重新学平常的声音', async () => {
      show(list, await call('DELETE', '/api/office-loudness/usual'));
      toast('忘掉了，接下来几天重新学。');
    }),
  ];
}

export function start() {
  $('office-loudness').addEventListener('click', () => loadedSheet('跟着办公室的声音', () => call('GET', '/api/office-loudness'), content));
}
