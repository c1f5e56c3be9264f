// 战报: standings against targets, ranking of people, other cities, duties, the day's plan.
import { $, call, chips, closeSheet, el, field, fill, money, nobodyYet, percent, row, sheet, tap, toast } from './phone-kit.js';
import * as measures from './phone-measures.js';

const PERIODS = { day: '今天', week: '本周', month: '本月' };
const TITLES = { day: '今日开拓能手', week: '本周开拓能手', month: '本月开拓能手' };
let period = 'day';
let state = null;
let board = null;
let refresh = () => {};

function bar(rate) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  rect.setAttribute('width', Math.min(100, Math.max(0, rate * 100)) + '%');
  rect.setAttribute('height', '8');
  if (rate >= 1) rect.setAttribute('class', 'reached');
  svg.append(rect);
  return el('div', { class: 'bar', 'aria-hidden': 'true' }, svg);
}

function drawSum() {
  const total = state.totals[period];
  $('sum').textContent = money(total.amount);
  $('sum-note').textContent = `${total.count} 单` + (total.target ? `，目标 ${money(total.target)}，完成 ${percent(total.amount / total.target)}` : '');
}

// A leader sets the target of one team.
const maySet = (team) => state.me.rights.includes('targets') && (state.me.role !== 'leader' || state.me.team === team.name);

function drawTeams() {
  fill($('team-rows'), board.teams.map((team) => {
    const goal = team.target ? `目标 ${money(team.target)}` + (team.gap > 0 ? `，还差 ${money(team.gap)}` : '，已完成') : '还没有目标';
    const line = row(el('b', {}, team.name), el('span', { class: 'money' }, money(team.amount)), goal,
      team.rate === null ? `${team.count} 单` : percent(team.rate), { open: period === 'day' && maySet(team) ? () => setTarget(team) : null });
    if (team.rate !== null) line.append(bar(team.rate));
    return line;
  }));
  if (!board.teams.length) fill($('team-rows'), el('li', {}, nobodyYet(state.me.rights)));
}

function drawTop() {
  $('top-title').textContent = TITLES[period];
  fill($('top-rows'), board.people.slice(0, 10).map((person) => row(
    [`${person.place}　`, el('b', {}, person.name)], el('span', { class: 'money' }, money(person.amount)), person.team, `${person.count} 单` + (person.rate === null ? '' : `，完成 ${percent(person.rate)}`),
    { look: person.place === 1 ? 'first' : '' },
  )));
  if (!board.people.length) fill($('top-rows'), el('li', { class: 'dim' }, '还没有人开单，位置空着。'));
}

function setTarget(team) {
  const words = field('目标（元）', 'target', team.target || '', { inputmode: 'decimal', placeholder: '例如 100000 或 10万' });
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const go = el('button', { type: 'button', class: 'go', onclick: () => tap(go, async () => {
    wrong.textContent = '';
    try {
      await call('PUT', '/api/targets', { team: team.name, amount: words.querySelector('input').value });
    } catch (error) {
      wrong.textContent = error.message;
      return;
    }
    toast(`${team.name}的目标已保存。`);
    closeSheet();
    refresh();
  }) }, '保存');
  sheet(`${team.name}今天的目标`, words, wrong, go);
}

function addCity() {
  const name = field('城市', 'city-name', '', { maxlength: 40, placeholder: '例如 上海' });
  const go = el('button', { type: 'button', class: 'go', onclick: () => {
    const city = name.querySelector('input').value.trim();
    if (city) setCity({ name: city, rate: null });
  } }, '下一步');
  sheet('填写其他城市的战报', name, go);
}

function setCity(city) {
  const words = field('完成率（%）', 'city-rate', city.rate === null ? '' : String(Math.round(city.rate * 100)), { inputmode: 'decimal', placeholder: '例如 86' });
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const go = el('button', { type: 'button', class: 'go', onclick: () => tap(go, async () => {
    const written = words.querySelector('input').value.trim().replace(/[%％]$/, '');
    const rate = Number(written);
    if (Number.isNaN(rate)) {
      wrong.textContent = `“${written}”不是一个数，请写完成率，例如 86；留空就是去掉。`;
      return;
    }
    await call('PUT', '/api/cities', { city: city.name, percent: written === '' ? null : rate });
    toast(written === '' ? `${city.name}的完成率已去掉。` : `${city.name}的完成率已保存。`);
    closeSheet();
    refresh();
  }) }, '保存');
  sheet(`${city.name}今天的战报`, words, el('p', { class: 'dim' }, '留空就是去掉。'), wrong, go);
}

const mayFill = () => state.me.rights.includes('cities');

const cityFigure = (city) => (city.rate !== null ? percent(city.rate) : city.amount !== null ? money(city.amount) : '还没有');
const cityMissing = (city) => (city.as_of ? `没有连上，这是 ${city.as_of} 的数字` : '没有连上');

function drawCities() {
  fill($('city-rows'), state.cities.map((city) => row(
    el('b', {}, city.name), cityFigure(city), city.own ? '我们' : city.missing ? cityMissing(city) : '', city.own || !mayFill() ? '' : '填写',
    { open: city.own || !mayFill() ? null : () => setCity(city) },
  )));
  if (!state.cities.length) fill($('city-rows'), el('li', { class: 'dim' }, '还没有其他城市的战报。'));
}

function drawDay() {
  fill($('duties'), state.duties.map((duty) => row(duty.what, duty.at || '全天', duty.who, '')));
  if (!state.duties.length) fill($('duties'), el('li', { class: 'dim' }, '今天没有安排。'));
  $('plan-title').textContent = state.workday ? '今天的作息' : `今天休息：${state.day_why}`;
  const changed = state.exceptions.map((words) => el('p', {}, '临时安排：', el('b', {}, words)));
  fill($('notices'), changed, state.notices.map((notice) => el('p', { class: 'dim' }, notice)));
  fill($('plan'), state.plan.map((entry) => el('li', { 'aria-current': entry.now ? 'time' : null },
    el('span', {}, `${entry.at}–${entry.until}`), el('b', {}, entry.name), entry.now && entry.text ? el('p', {}, entry.text) : null)));
}

async function load() {
  const asked = period;
  const found = await call('GET', `/api/standings?period=${asked}`);
  if (asked !== period) return;
  board = found;
  drawSum();
  drawTeams();
  drawTop();
  await measures.load(asked);
}

function drawPeriods() {
  chips($('periods'), Object.values(PERIODS), PERIODS[period], (name) => {
    period = Object.keys(PERIODS).find((found) => PERIODS[found] === name);
    drawPeriods();
    load().catch((error) => toast(error.message));
  });
}

export function start(again) {
  refresh = again;
  drawPeriods();
  $('add-city').addEventListener('click', addCity);
  measures.start(() => load().catch((error) => toast(error.message)));
}

export function draw(found, shown) {
  state = found;
  drawDay();
  drawCities();
  measures.draw(found);
  if (shown) load().catch((error) => toast(error.message));
}
