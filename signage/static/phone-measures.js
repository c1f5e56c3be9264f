// The numbers beside the deals on 战报: boards, the form of a team's day, tables.
import { $, ask, call, chips, closeSheet, el, field, fill, money, newKey, row, sheet, tap, toast } from './phone-kit.js';

const WHEN = { day: '今天', week: '本周', month: '本月' };
let state = null;
let boards = [];
let chosen = '';
let period = 'day';
let again = () => {};

const shown = (value, unit) => (unit === '元' ? money(value) : `${value} ${unit}`);

function drawBoard() {
  const board = boards.find((one) => one.name === chosen) || boards[0];
  if (!board) return;
  chosen = board.name;
  chips($('numbers'), boards.map((one) => one.name), chosen, (name) => { chosen = name; drawBoard(); });
  $('number-sum').textContent = shown(board.total, board.unit);
  $('number-note').textContent = `${WHEN[period]}的${board.name}`;
  fill($('number-top'), board.people.map((one) => row([`${one.place}　`, el('b', {}, one.name)], shown(one.value, board.unit), one.team, '',
    { look: one.place === 1 ? 'first' : '' })));
  if (!board.people.length) fill($('number-top'), el('li', { class: 'dim' }, `${WHEN[period]}还没有人记。`));
  fill($('number-teams'), board.teams.map((team) => row(team.name, shown(team.value, board.unit))));
}

function drawExport() {
  const month = state.date.slice(0, 8) + '01';
  $('number-csv').href = `/api/measures/export?from=${month}&until=${state.date}`;
  $('number-xlsx').href = `/api/measures/export?from=${month}&until=${state.date}&format=xlsx`;
}

export async function load(asked) {
  if (!state || !state.measures.length) return;
  const found = await call('GET', `/api/measures?period=${asked}`);
  period = asked;
  boards = found.measures;
  drawBoard();
}

// ---- entering

function personRow(person, name, inputs) {
  const input = el('input', { class: 'line', inputmode: 'decimal', maxlength: 20, 'aria-label': `${person.name}的${name}`, value: person.values[name] === undefined ? '' : String(person.values[name]) });
  inputs.push({ person, input, was: input.value });
  return el('li', { class: 'aim' }, el('b', {}, person.name), input);
}

async function form(team, date, name) {
  const found = await call('GET', `/api/measures/day?team=${encodeURIComponent(team)}&date=${date}`);
  const inputs = [];
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const key = newKey();
  const go = el('button', { type: 'button', class: 'go', onclick: () => tap(go, async () => {
    const values = inputs.filter((one) => one.input.value.trim() !== one.was).map((one) => ({ person: one.person.id, value: one.input.value.trim() || '0' }));
    wrong.textContent = '';
    if (!values.length) return closeSheet();
    try {
      await call('POST', '/api/measures', { measure: name, date, values, key: `${key}-${values.map((one) => one.value).join('.')}`.slice(0, 80) });
    } catch (error) {
      wrong.textContent = error.message;
      return;
    }
    toast(`${team}的${name}已记下。`);
    closeSheet();
    again();
  }) }, '保存');
  const unit = state.measures.find((one) => one.name === name).unit;
  const list = el('ul', { class: 'rows' }, found.people.map((person) => personRow(person, name, inputs)));
  return [el('p', { class: 'dim' }, `单位是${unit}。写这一天一共多少，以后还可以改。`), found.people.length ? list : el('p', { class: 'dim' }, '这个团队还没有人。'), wrong, go];
}

function enter() {
  const teams = ['leader', 'sales'].includes(state.me.role) ? [state.me.team].filter(Boolean) : state.teams.map((team) => team.name);
  if (!teams.length) return toast('还没有团队，请先在“设备”里加人。');
  let name = chosen;
  const part = el('div', {});
  const date = field('哪一天', 'number-date', state.date, { type: 'date', max: state.date });
  const team = el('select', { class: 'line', id: 'number-team' }, teams.map((one) => el('option', {}, one)));
  const which = el('div', { class: 'chips', role: 'radiogroup', 'aria-label': '记哪个数' });
  const redraw = async () => {
    chips(which, boards.map((one) => one.name), name, (one) => { name = one; redraw(); });
    try {
      fill(part, await form(team.value, date.querySelector('input').value || state.date, name));
    } catch (error) {
      fill(part, el('p', { class: 'wrong', role: 'alert' }, error.message));
    }
  };
  team.addEventListener('change', redraw);
  date.addEventListener('change', redraw);
  sheet('记数', which, teams.length > 1 ? el('label', { for: 'number-team' }, '团队', team) : el('p', {}, el('b', {}, teams[0])), date, part);
  redraw();
}

// ---- tables

async function send(file, write) {
  const answer = await fetch(write ? '/api/measures/table' : '/api/measures/preview', { method: 'POST', body: file, credentials: 'same-origin' });
  const found = await answer.json().catch(() => ({ error: '主机没有正常应答，请再试一次。' }));
  if (!answer.ok) throw new Error(found.error);
  return found;
}

async function take(file) {
  try {
    const found = await send(file, false);
    if (found.faults.length) {
      sheet('这张表还不能导入', el('p', {}, '改好下面这些，再选一次：'), el('ul', { class: 'faults' }, found.faults.map((one) => el('li', {}, `第 ${one.line} 行：${one.sentence}`))));
      return;
    }
    ask('导入这张表', [`${found.rows} 行，会改 ${found.changed} 个数。`], '导入', async () => {
      const done = await send(file, true);
      if (done.faults.length) throw new Error(done.faults[0].sentence);
      toast(`导入了，改了 ${done.changed} 个数。`);
      again();
    });
  } catch (error) {
    toast(error.message);
  }
}

export function start(refresh) {
  again = refresh;
  $('number-add').addEventListener('click', enter);
  $('number-file').addEventListener('change', () => {
    const file = $('number-file').files[0];
    $('number-file').value = '';
    if (file) take(file);
  });
}

export function draw(found) {
  state = found;
  $('numbers-block').hidden = !state.measures.length;
  drawExport();
}
