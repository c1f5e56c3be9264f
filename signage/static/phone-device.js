// 设备: is the machine well, who is in which team. The walls: phone-walls.js.
import { $, call, chips, closeSheet, el, field, fill, row, sheet, tap, toast } from './phone-kit.js';
import { belongings, hear, teamSheet } from './phone-media.js';
import * as walls from './phone-walls.js';

let state = null;
let refresh = () => {};

const line = (name, value, look = '') => row(name, el('span', { class: look }, value), '', '');

function drawMachine() {
  const sound = state.sound;
  fill($('machine'),
    line('声音', sound.device ? '正常' : '没有设备', sound.device ? 'ok' : 'bad'),
    line('时钟', state.clock_trusted ? `准，${state.time}` : '不可信', state.clock_trusted ? 'ok' : 'bad'),
    line('版本', state.build));
  $('clock-right').hidden = state.clock_trusted;
  $('clock-right').textContent = `时间是对的：${state.date} ${state.time}`;
}

function drawRoster() {
  const open = new Set([...$('roster').querySelectorAll('details[open]')].map((node) => node.dataset.team));
  fill($('roster'), state.teams.map((team) => {
    const people = state.people.filter((person) => person.team === team.name);
    return el('details', { 'data-team': team.name, open: open.has(team.name) },
      el('summary', {}, el('b', {}, team.name), el('span', { class: 'dim' }, `${people.length} 人`)),
      el('ul', { class: 'rows' }, people.map((person) => row(
        person.name, [person.leader ? '组长' : '', person.hidden ? '不上屏幕' : ''].filter(Boolean).join('，') || '编辑',
        person.say_as ? `读作 ${person.say_as}` : '', '', { open: () => personSheet(person) },
      )), row('全队的胜利之歌', state.songs.teams.includes(team.id) ? '有' : '加', '', '', { open: () => teamSheet(team, state, refresh) })));
  }));
}

function drawSecure() {
  $('secure').hidden = !state.tls || location.protocol === 'https:';
  if (!state.tls) return;
  const address = `https://${location.hostname}:${state.tls.port}/`;
  $('secure-address').textContent = address;
  $('secure-address').href = address;
}

function check(label, id, on) {
  return el('label', { class: 'check' }, el('input', { type: 'checkbox', id, checked: on }), label);
}

function personSheet(person) {
  const fresh = person === null;
  const name = field('姓名', 'p-name', fresh ? '' : person.name, { maxlength: 40 });
  const team = field('团队', 'p-team', fresh ? '' : person.team, { maxlength: 40, placeholder: '写新的名字就是新团队' });
  const teams = el('div', { class: 'chips' });
  const say = field('读音（念错时才填）', 'p-say', fresh ? '' : person.say_as, { maxlength: 120, placeholder: '例如 shan4 xiao3 ming2' });
  const value = (label) => label.querySelector('input').value.trim();
  const leader = check('组长', 'p-leader', !fresh && person.leader);
  const hidden = check('不在屏幕上显示', 'p-hidden', !fresh && person.hidden);
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const ticked = (label) => label.querySelector('input').checked;
  chips(teams, state.teams.map((found) => found.name), null, (chosen) => { team.querySelector('input').value = chosen; });
  const go = el('button', { type: 'button', class: 'go', onclick: () => tap(go, async () => {
    const data = { name: value(name), team: value(team), say_as: value(say), leader: ticked(leader) };
    if (!fresh) data.hidden = ticked(hidden);
    try {
      await call(fresh ? 'POST' : 'PATCH', fresh ? '/api/people' : `/api/people/${person.id}`, data);
    } catch (error) {
      wrong.textContent = error.message;
      return;
    }
    toast(fresh ? `${data.name}已加入${data.team}。` : '已改好。');
    closeSheet();
    refresh();
  }) }, '保存');
  const leave = fresh ? null : el('button', { type: 'button', class: 'act stop', onclick: (event) => tap(event.currentTarget, async () => {
    await call('PATCH', `/api/people/${person.id}`, { active: false });
    toast(`${person.name}已不在名单里，以前的单都留着。`);
    closeSheet();
    refresh();
  }) }, '离职，从名单里去掉');
  const sound = el('div', { class: 'listen', hidden: true });
  const listen = el('button', { type: 'button', class: 'act', onclick: () => tap(listen, async () => {
    wrong.textContent = '';
    try {
      await hear({ name: value(name), say_as: value(say) }, sound);
    } catch (error) {
      wrong.textContent = error.message;
    }
  }) }, '试听这个名字，只在这台手机上');
  sheet(fresh ? '加人' : person.name, name, team, teams, say, listen, sound, leader, fresh ? null : hidden, wrong, go, fresh ? null : belongings('people', person, state, refresh), leave);
}

export function start(again) {
  refresh = again;
  walls.start(again);
  $('clock-right').addEventListener('click', (event) => tap(event.currentTarget, async () => {
    await call('POST', '/api/clock', {});
    refresh();
  }));
  $('add-person').addEventListener('click', () => personSheet(null));
}

export function draw(found) {
  state = found;
  drawMachine();
  walls.draw(state);
  drawRoster();
  drawSecure();
}
