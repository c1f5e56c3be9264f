// 目标: targets handed in and reviewed, the month's pace; duties are drawn by phone-duties.js.
import { $, call, closeSheet, el, field, fill, loadedSheet, money, newKey, nobodyYet, percent, row, sheet, tap, toast } from './phone-kit.js';
import * as duties from './phone-duties.js';

const NTH = ['', '第一次', '第二次'];
let state = null;
let day = null;
let refresh = () => {};
let ownForm = null;

// ---- handing in

function input(team, person) {
  const value = team.hand_in ? handedIn(team.hand_in, person.id) : person.proposed;
  return el('input', {
    class: 'line', inputmode: 'decimal', maxlength: 40, value: value === null ? '' : String(value), 'data-person': person.id,
    'aria-label': `${person.name}今天的目标（元）`,
  });
}

function handedIn(handIn, person) {
  const found = handIn.values.find((one) => one.person === person);
  return found ? found.amount : null;
}

function progress(person) {
  const sold = person.count ? `${money(person.amount)}，${person.count} 单` : '还没有开单';
  return person.rate === null ? sold : `${sold}，完成 ${percent(person.rate)}`;
}

function targetForm(team) {
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const inputs = team.people.map((person) => input(team, person));
  const sum = el('b');
  const add = () => {
    const numbers = inputs.map((one) => Number(one.value.trim() || 0));
    sum.textContent = numbers.some(Number.isNaN) ? '合计以主机算的为准' : `合计 ${money(numbers.reduce((all, one) => all + one, 0))}`;
  };
  inputs.forEach((one) => one.addEventListener('input', add));
  add();
  const rows = team.people.map((person, i) => el('li', { class: 'aim' },
    el('span', {}, el('b', {}, person.name), el('span', { class: 'dim' }, progress(person))), inputs[i]));
  const key = newKey();
  const send = async (base) => {
    wrong.textContent = '';
    const values = inputs.map((one) => ({ person: Number(one.dataset.person), amount: one.value.trim() || '0' }));
    try {
      await call('POST', '/api/targets/hand-in', { team: team.name, values, base, key: `${key}-${base}` });
    } catch (error) {
      if (error.status === 409 && error.answer.present) return overtaken(team, error, values, send);
      wrong.textContent = error.message;
      return false;
    }
    toast(`${team.name}的目标已交给总监。`);
    closeSheet();
    ownForm = null;
    await load();
    refresh();
    return true;
  };
  const go = el('button', { type: 'button', class: 'go', onclick: () => tap(go, () => send(team.hand_in ? team.hand_in.number : 0)) },
    team.hand_in ? '改好了，再交一次' : '交给总监');
  return el('div', {}, handInLine(team), el('ul', { class: 'rows' }, rows), el('p', { class: 'total' }, sum), wrong, go);
}

function handInLine(team) {
  if (!team.hand_in) return null;
  return el('p', { class: 'dim' }, `${team.hand_in.at} ${team.hand_in.who} 已交，合计 ${money(team.hand_in.total)}。`);
}

function overtaken(team, error, values, send) {
  const present = error.answer.present;
  const names = Object.fromEntries(team.people.map((person) => [person.id, person.name]));
  const lines = values.map((one) => row(names[one.person], `那份 ${money(handedIn(present, one.person) || 0)}`, '', `这份 ${one.amount}`));
  const keep = el('button', { type: 'button', class: 'act', onclick: () => tap(keep, async () => {
    ownForm = null;
    closeSheet();
    await load();
  }) }, '按那份');
  const replace = el('button', { type: 'button', class: 'go', onclick: () => tap(replace, () => send(present.number)) }, '换成这份');
  sheet(`${team.name}已经交过了`, el('p', {}, error.message), el('ul', { class: 'rows' }, lines), keep, replace);
  return false;
}

// ---- teams and reviews

function since(team) {
  const changes = [];
  if (team.since.count || team.since.amount) changes.push(`${team.since.count > 0 ? '+' : ''}${team.since.count} 单 ${money(team.since.amount)}`);
  if (team.since.changed) changes.push('目标交过新的');
  const when = day.reviews.length ? '上次复核以后' : '今天';
  return changes.length ? `${when}：${changes.join('，')}` : `${when}没有变化`;
}

function teamRow(team) {
  const goal = team.target === null ? '还没有目标' : `目标 ${money(team.target)}，完成 ${percent(team.rate)}`;
  const handed = team.hand_in ? el('span', { class: 'ok' }, `${team.hand_in.at} 已交`) : el('span', { class: 'bad' }, '未交');
  return row(el('b', {}, team.name), handed, [goal, el('br'), since(team)], money(team.amount),
    { open: () => openTeam(team.name) });
}

const openTeam = (name) => loadedSheet(`${name}今天的目标`, () => call('GET', `/api/targets?team=${encodeURIComponent(name)}`),
  (found) => found.teams.filter((one) => one.name === name).map(targetForm));

// Nothing is handed in where there is no team.
function openWords() {
  if (day.open.length) return `目标未交：${day.open.join('、')}`;
  return day.teams.length ? '各队的目标都交了。' : '';
}

function drawTeams() {
  const own = day.own !== null && day.teams.length === 1 ? day.teams[0] : null;
  $('targets-open').textContent = openWords();
  if (own) {
    const mark = JSON.stringify([own.id, own.hand_in && own.hand_in.number, own.people.map((one) => [one.id, one.name])]);
    if (!ownForm || (ownForm.mark !== mark && !ownForm.typed)) { // keep amounts that are being typed
      ownForm = { mark, typed: false };
      fill($('own-targets'), targetForm(own));
    }
  } else fill($('own-targets'));
  fill($('target-teams'), own ? [] : day.teams.map(teamRow));
  if (!day.teams.length) fill($('target-teams'), el('li', {}, nobodyYet(state.me.rights)));
}

function drawReviews() {
  $('reviews-block').hidden = !day.may.review && !day.reviews.length;
  fill($('reviews'), [1, 2].map((number) => {
    const done = day.reviews.find((one) => one.number === number);
    return row(`${NTH[number]}复核`, done ? el('span', { class: 'ok' }, `${done.at} ${done.who}`) : '还没有');
  }));
  $('review').hidden = !day.may.review || !day.next_review || !day.workday;
  $('review').textContent = `${NTH[day.next_review] || ''}复核看完了`;
}

// ---- the month

function paceWords(one) {
  if (one.month === null) return ['还没有月目标', ''];
  if (!one.pace) return [`月目标 ${money(one.month)}`, ''];
  if (one.pace.left === 0) return [`月目标 ${money(one.month)}，已完成`, ''];
  const days = one.pace.days_left ? `还有 ${one.pace.days_left} 个工作日，每天要 ${money(one.pace.per_day)}` : '这个月没有工作日了';
  return [`月目标 ${money(one.month)}，还差 ${money(one.pace.left)}；${days}`, one.pace.behind ? '落后' : '跟得上'];
}

function monthRow(name, one, where, open) {
  const [words, look] = paceWords(one);
  return row(el('b', {}, name), el('span', { class: look === '落后' ? 'bad' : 'ok' }, look), words, open ? (one.month === null ? '填写' : '改') : '',
    { open: open ? () => setMonth(name, one, where) : null });
}

function setMonth(name, one, where) {
  const words = field('月目标（元）', 'month-target', one.month === null ? '' : one.month, { inputmode: 'decimal', maxlength: 40, placeholder: '例如 300000 或 30万' });
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const go = el('button', { type: 'button', class: 'go', onclick: () => tap(go, async () => {
    const amount = words.querySelector('input').value.trim();
    try {
      await call('PUT', '/api/targets/month', { ...where, amount: amount || null });
    } catch (error) {
      wrong.textContent = error.message;
      return;
    }
    toast(amount ? `${name}的月目标已保存。` : `${name}的月目标已去掉。`);
    closeSheet();
    await load();
  }) }, '保存');
  sheet(`${name}的月目标`, words, el('p', { class: 'dim' }, '按工作日摊到每一天；当天交的目标优先。留空就是去掉。'), wrong, go);
}

function drawMonths() {
  const rows = [];
  if (day.own === null) rows.push(monthRow('全公司', day, {}, day.may.months));
  for (const team of day.teams) {
    rows.push(monthRow(team.name, team, { team: team.name }, day.may.months));
    if (day.own !== null) for (const person of team.people) rows.push(monthRow(person.name, person, { person: person.id }, true));
  }
  fill($('months'), rows);
}

// ---- reminders, on every other tab as one line

function drawReminders(shown) {
  const lines = state.reminders || [];
  $('remind').hidden = !lines.length || shown;
  $('remind-text').textContent = lines[0] || '';
  $('remind-more').textContent = lines.length > 1 ? `还有 ${lines.length - 1} 件` : '去看';
  $('reminders-block').hidden = !lines.length;
  fill($('reminders'), lines.map((line) => row(line, '')));
}

async function load() {
  const [found] = await Promise.all([call('GET', '/api/targets'), duties.load()]);
  day = found;
  drawTeams();
  drawReviews();
  drawMonths();
}

export function start(again) {
  refresh = again;
  duties.start(again);
  $('own-targets').addEventListener('input', () => { if (ownForm) ownForm.typed = true; });
  $('review').addEventListener('click', () => tap($('review'), async () => {
    await call('POST', '/api/targets/reviews', { number: day.next_review });
    toast('复核已记下。');
    await load();
  }));
}

export function draw(found, shown) {
  state = found;
  drawReminders(shown);
  if (shown) load().catch((error) => toast(error.message));
}
