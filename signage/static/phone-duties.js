// Duties of the tab 目标: ticks, coaching, one-to-ones, team building.
import { $, ask, call, closeSheet, dayText, el, field, fill, loadedSheet, row, sheet, tap, toast } from './phone-kit.js';

const MINUTES = { 15: '15 分钟', 30: '30 分钟', 60: '1 小时' };
let day = null;
let refresh = () => {};

async function change(method, path, data) {
  await call(method, path, data);
  await load();
  refresh();
}

// ---- ticks

function ownDuty(duty) {
  const box = el('input', { type: 'checkbox', checked: duty.done !== null });
  box.checked = duty.done !== null;
  box.addEventListener('change', () => tap(box, () => change('PUT', '/api/duties/ticks', { duty: duty.key, done: box.checked })));
  const when = duty.done ? `${duty.at || '全天'}，${duty.done.at} ${duty.done.who} 做了` : `${duty.at || '全天'}${duty.due ? '，到时间了' : ''}`;
  return el('li', {}, el('label', { class: 'check duty' }, box, el('span', {}, duty.what, el('span', { class: duty.due && !duty.done ? 'dim due' : 'dim' }, when))));
}

function otherDuty(duty) {
  const done = duty.by.map((one) => `${one.who} ${one.at}`).join('、');
  const words = duty.by.length ? `做了：${done}` : '还没有人打勾';
  const missing = duty.due && duty.by.length && duty.missing.length ? `；还没有：${duty.missing.slice(0, 8).join('、')}` : '';
  return row(duty.what, duty.at || '全天', `${duty.who}。${words}${missing}`, '');
}

function drawDuties() {
  const own = day.duties.filter((duty) => duty.mine);
  const others = day.duties.filter((duty) => !duty.mine);
  fill($('own-duties'), own.map(ownDuty));
  if (!own.length) fill($('own-duties'), el('li', { class: 'dim' }, '今天没有安排给您的事。'));
  $('others').hidden = !others.length;
  $('others-count').textContent = `${others.length} 件`;
  fill($('other-duties'), others.map(otherDuty));
}

// ---- coaching

function drawCoaching() {
  const own = day.coaching.own;
  const rest = day.coaching.leaders;
  $('coaching-block').hidden = own === null && !rest.length;
  $('coaching-now').textContent = own === null ? `组长每天 ${day.coaching.of} 分钟。` : `今天 ${own} 分钟，满 ${day.coaching.of} 分钟。`;
  const buttons = Object.keys(MINUTES).map((minutes) => {
    const go = el('button', { type: 'button', class: 'act', onclick: () => tap(go, () => change('POST', '/api/coaching', { minutes: Number(minutes) })) }, `+ ${MINUTES[minutes]}`);
    return go;
  });
  const again = el('button', { type: 'button', class: 'act', onclick: () => tap(again, () => change('POST', '/api/coaching', { minutes: 0 })) }, '清零重记');
  fill($('coaching-add'), own === null ? [] : buttons, own ? again : null);
  fill($('coaching'), rest.map((one) => row(one.name, `${one.minutes} 分钟`)));
}

// ---- one-to-ones

function talk(person) {
  const note = el('textarea', { class: 'line', rows: 4, maxlength: 1000, 'aria-label': '谈话的记录' });
  const past = el('ul', { class: 'rows' });
  const go = el('button', { type: 'button', class: 'go', onclick: () => tap(go, async () => {
    await change('POST', '/api/one-to-ones', { person: person.id, note: note.value.trim() });
    toast(`和${person.name}的谈话已记下。`);
    closeSheet();
  }) }, '谈过了，记下');
  sheet(`和${person.name}的单独谈话`, el('p', { class: 'dim' }, '可以写几句，也可以不写。只有组长和总监看得到。'), note, go, past);
  call('GET', `/api/one-to-ones?person=${person.id}`).then((rows) => fill(past, rows.map((one) => held(person, one)))).catch((error) => toast(error.message));
}

function held(person, one) {
  const gone = () => ask('删掉这条记录？', [`${dayText(one.at)}，${one.author}`, one.note], '删掉', () => change('DELETE', `/api/one-to-ones/${one.id}`, {}), 'act stop');
  return row(one.note || '没有写记录', dayText(one.at), one.author, one.may_delete ? '删掉' : '', { open: one.may_delete ? gone : null });
}

function personRow(person) {
  const last = person.held[person.held.length - 1];
  return row(el('b', {}, person.name), last ? el('span', { class: 'ok' }, `${dayText(last.at)} 谈过`) : '还没有', person.team, '记', { open: () => talk(person) });
}

const openTeam = (team) => loadedSheet(`${team}的单独谈话`, () => call('GET', `/api/duties?team=${encodeURIComponent(team)}`),
  (found) => el('ul', { class: 'rows' }, found.one_to_ones.map(personRow)));

function teamRow(one) {
  return row(el('b', {}, one.team), `${one.held} / ${one.people} 人谈过`, '', '看', { open: () => openTeam(one.team) });
}

function drawTalks() {
  $('talks-block').hidden = day.one_to_ones === null || !(day.one_to_ones.length || day.talked.length);
  fill($('talks'), (day.one_to_ones || []).map(personRow), day.talked.map(teamRow));
}

// ---- team building

function building(team) {
  const date = field('哪一天', 'building-date', day.date, { type: 'date', max: day.date });
  const send = (done) => change('POST', '/api/team-building', { team: team.team, date: done ? date.querySelector('input').value : team.last, done });
  const go = el('button', { type: 'button', class: 'go', onclick: () => tap(go, async () => {
    await send(true);
    toast(`${team.team}的团队活动已记下。`);
    closeSheet();
  }) }, '办过了，记下');
  const undo = el('button', { type: 'button', class: 'act', onclick: () => tap(undo, async () => {
    await send(false);
    closeSheet();
  }) }, team.last ? `${dayText(team.last)}那次记错了，去掉` : '');
  sheet(`${team.team}的团队活动`, date, go, team.last ? undo : null);
}

function drawBuildings() {
  $('buildings-block').hidden = !day.team_buildings.length;
  fill($('buildings'), day.team_buildings.map((team) => row(
    el('b', {}, team.team), el('span', { class: team.late ? 'bad' : '' }, `${dayText(team.before)}前`),
    team.last ? `上次 ${dayText(team.last)}` : '还没有记过', '记', { open: () => building(team) },
  )));
}

export async function load() {
  day = await call('GET', '/api/duties');
  drawDuties();
  drawCoaching();
  drawTalks();
  drawBuildings();
}

export function start(again) {
  refresh = again;
}
