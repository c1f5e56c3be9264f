// 安排: a week, a date with its plan, and the exceptions of that date: each is previewed, then made, and can be undone.
import { $, call, closeSheet, el, field, fill, newKey, row, sheet, tap, toast, undoable } from './phone-kit.js';

const WEEKDAYS = { monday: '周一', tuesday: '周二', wednesday: '周三', thursday: '周四', friday: '周五' };
const OFF = [['off_until', '10:00', '10:00 前'], ['off_from', '12:00', '12:00 起'], ['off_from', '15:00', '15:00 起']];
let shown = false;
let time = '';
let today = '';
let weekOf = ''; // the day on which the list of days was drawn
let since = ''; // the week's first date; empty: today
let open = ''; // the date on the page; empty: the week
let day = null;
let mayChange = false;
let refresh = () => {};

const moment = (iso) => iso.slice(5, 16).replace('T', ' ');
const chip = (words, work) => el('button', { type: 'button', class: 'chip', onclick: work }, words);
const value = (label) => label.querySelector('input').value.trim();

// ---- the week

function weekRow(one) {
  const state = one.workday ? (one.from ? `${one.from}–${one.until}` : '上班') : '休息';
  const why = one.workday && one.weekday < 6 && !one.guess && !one.changes.length ? '' : one.why;
  const parts = [...one.changes, ...(one.changes.length ? [] : [why]), ...one.planned].filter(Boolean);
  const second = parts.map((part) => part.replace(/[。；]$/, '')).join('；');
  const [date, weekday] = one.name.replace(/[）)]$/, '').split(/ ?[（(]/);
  const name = [el('b', {}, [one.near, weekday].filter(Boolean).join(' ')), ' ', el('span', { class: 'dim date' }, date)];
  const mark = el('span', { class: 'live' }, one.changes.length ? '临时改过' : '');
  return row(name, state, second || '照常', mark, { open: () => go(one.date), look: one.past ? 'past' : '' });
}

async function loadWeek() {
  const found = await call('GET', '/api/week' + (since ? `?from=${since}` : ''));
  if (open) return;
  const first = found.days[0];
  weekOf = found.today;
  $('week-title').textContent = since && since !== found.today ? `${first.name}起的七天` : '今天起的七天';
  fill($('week'), found.days.map(weekRow));
}

function turn(days) {
  const from = new Date((since || today) + 'T12:00:00Z');
  from.setUTCDate(from.getUTCDate() + days);
  since = from.toISOString().slice(0, 10);
  load();
}

function go(date) {
  open = date;
  if (!date && weekOf !== today) fill($('week')); // “明天” of an older list is another day
  day = null;
  $('day-view').hidden = !date;
  $('week-view').hidden = Boolean(date);
  scrollTo(0, 0);
  return load();
}

// ---- a day

function line(one, act) {
  const words = [el('span', {}, one.until ? `${one.at}–${one.until}` : one.at), el('b', {}, one.until ? one.label : `播报：${one.label}`)];
  const notes = [one.quiet ? '安静' : '', one.music ? '音乐' : ''].filter(Boolean).join('，');
  if (notes) words.push(el('p', { class: 'dim' }, notes));
  const shape = { class: [act ? 'tap' : '', one.changed ? 'changed' : '', one.gone ? 'gone' : '', one.over ? 'over' : ''].join(' ').trim() };
  if (one.now) shape['aria-current'] = 'time';
  return el('li', shape, act ? el('button', { type: 'button', onclick: () => act(one) }, words) : words);
}

function table(found, act) {
  const gone = found.gone.map((one) => ({ ...one, gone: true }));
  const all = [...found.rows, ...gone].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  if (!all.length) return [el('li', { class: 'none' }, '没有安排。')];
  return all.map((one) => line(one, one.over || one.extra ? null : act));
}

function changeRow(one) {
  const button = el('button', { type: 'button', class: 'quiet', onclick: () => tap(button, () => undo(one.id, one.words)) }, '撤销');
  return el('li', { class: 'change' }, el('span', {}, el('b', {}, one.words), el('span', { class: 'dim' }, `${one.by || '手机'}，${moment(one.made)}`)), mayChange && !day.past ? button : '');
}

async function undo(id, words) {
  const found = await call('DELETE', `/api/days/${open}/changes/${id}`);
  drawDay(found.day);
  toast(`已撤销：${words}。`);
  refresh();
}

function drawChoices() {
  const own = Object.keys(WEEKDAYS)[day.weekday - 1];
  const likes = Object.entries(WEEKDAYS).filter(([name]) => !day.workday || name !== own);
  const chosen = day.exceptions.filter((one) => one.kind === 'like').map((one) => one.like)[0];
  const pressed = (node, on) => {
    node.setAttribute('aria-pressed', String(on));
    return node;
  };
  const like = (name) => () => propose({ kind: 'like', like: name });
  fill($('day-like'), day.workday ? '' : chip('工作日', like('workday')), likes.map(([name, words]) => pressed(chip(words, like(name)), chosen === name)));
  $('day-off-block').hidden = !day.workday;
  fill($('day-off'), chip('全天', () => propose({ kind: 'off' })),
    day.near === '今天' ? chip('现在起', () => propose({ kind: 'off_from', at: time })) : '',
    OFF.filter(([, at]) => day.near !== '今天' || at > time).map(([kind, at, words]) => chip(words, () => propose({ kind, at }))),
    chip('别的时间', offForm));
  fill($('day-more'), chip('加一次播报', extraForm),
    chip('不放音乐', () => spanForm('no_music', '这段时间不放音乐', '只停音乐，播报照常。')),
    chip('不播报', () => spanForm('no_announcements', '这段时间不播报', '其间的播报不会丢，等结束以后再播。')));
}

function drawDay(found) {
  if (found.date !== open) return;
  day = found;
  $('day-title').textContent = [day.near, day.name].filter(Boolean).join('，');
  $('day-why').textContent = `${day.workday ? '上班' : '休息'}：${day.why}`;
  fill($('day-warnings'), day.warnings.map((warning) => el('p', { class: 'wrong' }, warning)), day.hints.map((hint) => el('p', { class: 'dim' }, hint)));
  fill($('day-changes'), day.exceptions.map(changeRow));
  $('day-edit').hidden = $('day-hint').hidden = day.past || !mayChange;
  drawChoices();
  fill($('day-plan'), table(day, mayChange && !day.past ? itemSheet : null));
  $('day-poster').href = `/poster?date=${day.date}`;
  $('day-history').hidden = !day.history.length;
  fill($('day-undone'), day.history.map((one) => row(one.words, '已撤销', `${one.by}，${moment(one.made)}`, `${one.undone_by}，${moment(one.undone)}`)));
}

async function loadDay() {
  const asked = open;
  const found = await call('GET', `/api/days/${asked}`);
  if (asked === open) drawDay(found);
}

function load() {
  return (open ? loadDay() : loadWeek()).catch((error) => toast(error.message));
}

// ---- a change: preview, then make it

const WHOLE = ['like', 'off']; // one of them holds for the whole date: a second one replaces the first

async function propose(asked, wrong) {
  const first = WHOLE.includes(asked.kind) ? day.exceptions.find((one) => WHOLE.includes(one.kind) && one.id) : null;
  const fields = first ? { ...asked, replaces: first.id } : asked;
  let found;
  try {
    found = await call('POST', `/api/days/${open}/preview`, fields);
  } catch (error) {
    if (wrong) wrong.textContent = error.message;
    else toast(error.message);
    return;
  }
  const data = { ...fields, key: newKey() };
  const alarm = el('p', { class: 'wrong', role: 'alert' });
  const button = el('button', { type: 'button', class: 'go', onclick: () => tap(button, async () => {
    try {
      await make(data, first);
    } catch (error) {
      alarm.textContent = error.message;
    }
  }) }, first ? '换成这一项' : '就这样安排');
  sheet(`${day.near || day.name}：${found.words}`, first ? el('p', {}, '原来的“', el('b', {}, first.words), '”会撤销，换成这一项。') : '', found.effects.map((effect) => el('p', { class: 'effect' }, effect)), alarm, button,
    el('h3', {}, found.workday ? '那天会是这样' : '那天休息'), el('ol', { class: 'plan' }, table(found, null)));
}

// Undo a change; one that it replaced is made again.
async function takeBack(made, first) {
  if (!first) return undo(made.id, made.words);
  const again = { kind: first.kind, ...(first.like ? { like: first.like } : {}), replaces: made.id, key: newKey() };
  drawDay((await call('POST', `/api/days/${open}/changes`, again)).day);
  toast(`已撤销，还是${first.words}。`);
  return refresh();
}

async function make(data, first = null) {
  const made = await call('POST', `/api/days/${open}/changes`, data);
  drawDay(made.day);
  closeSheet();
  undoable(`已安排：${made.words}。`, '撤销', () => takeBack(made, first));
  refresh();
}

function form(title, note, fields, send) {
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const button = el('button', { type: 'button', class: 'go', onclick: () => tap(button, () => {
    wrong.textContent = '';
    return propose(send(), wrong);
  }) }, '看看会怎样');
  sheet(title, note ? el('p', { class: 'dim' }, note) : '', fields, wrong, button);
}

const clock = (label, id, at) => field(label, id, at, { type: 'time', required: true });

function offForm() {
  const at = clock('从几点起休息', 'off-at', '16:00');
  const until = clock('或者：几点以后才上班', 'off-until', '');
  form('休息半天', '只填一个。', [at, until], () => (value(until) ? { kind: 'off_until', at: value(until) } : { kind: 'off_from', at: value(at) }));
}

function extraForm() {
  const at = clock('时间', 'extra-at', '');
  const text = field('说什么', 'extra-text', '', { maxlength: 100, placeholder: '例如：请大家到大会议室' });
  form('加一次播报', '到时念出来，大屏也显示。', [at, text], () => ({ kind: 'extra', at: value(at), text: value(text) }));
}

function spanForm(kind, title, note) {
  const at = clock('从', 'span-at', '14:00');
  const until = clock('到', 'span-until', '16:00');
  form(title, note, [at, until], () => ({ kind, at: value(at), until: value(until) }));
}

// The sheet of an entry or announcement of the table: another time, or not at all.
function itemSheet(one) {
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const at = clock('改到几点开始', 'move-at', one.at.slice(0, 5));
  const named = { item: one.item, name: one.name, was: one.at };
  const move = el('button', { type: 'button', class: 'go', onclick: () => tap(move, () => {
    wrong.textContent = '';
    return propose({ kind: 'move', ...named, at: value(at) }, wrong);
  }) }, '改时间');
  const skip = el('button', { type: 'button', class: 'act stop', onclick: () => tap(skip, () => propose({ kind: 'skip', ...named }, wrong)) }, one.until ? '这一天不要这一段' : '这一天不播');
  const gone = day.gone.some((other) => other.item === one.item && other.name === one.name);
  sheet(one.label, el('p', { class: 'dim' }, one.until ? `${one.at}–${one.until}，里面的播报和要做的事一起改。` : `${one.at} 播报`), at, wrong, move, gone ? '' : skip);
}

export function start(again) {
  refresh = again;
  $('week-back').addEventListener('click', () => turn(-7));
  $('week-on').addEventListener('click', () => turn(7));
  $('day-back').addEventListener('click', () => go(''));
  // The tab leads to the week, not to the day that was open last, which may be over.
  document.querySelector('.tabs a[href="#days"]').addEventListener('click', () => { if (open) go(''); });
}

export function draw(state, visible) {
  time = state.time;
  today = state.date;
  mayChange = state.me.rights.includes('plan');
  if (visible && !shown && !open) since = '';
  shown = visible;
  if (visible) load();
}
