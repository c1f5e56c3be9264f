// 设备: health of the machine, people and teams. Walls: phone-walls.js.
import { $, ask, call, chips, closeSheet, el, field, fill, row, sheet, tap, toast } from './phone-kit.js';
import { belongings, hear } from './phone-media.js';
import * as access from './phone-access.js';
import * as voice from './phone-voice.js';
import * as walls from './phone-walls.js';

let state = null;
let refresh = () => {};

const line = (name, value, look = '') => row(name, el('span', { class: look }, value), '', '');

function drawMachine() {
  const sound = state.sound;
  fill($('machine'),
    line('声音', sound.hears ? (sound.low ? '音量很小' : '正常') : sound.why, sound.hears && !sound.low ? 'ok' : 'bad'),
    line('时钟', state.clock_trusted ? `准，${state.time}` : '不可信', state.clock_trusted ? 'ok' : 'bad'),
    line('版本', state.version));
  const faults = state.troubles.flatMap((trouble) => trouble.details || []);
  $('faults-block').hidden = !faults.length;
  fill($('faults'), faults.map((fault) => el('li', {}, fault)));
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
        reading(person), '', { open: () => personSheet(person) },
      )), row('团队的名称、读音和胜利之歌', '编辑', '', '', { open: () => teamSheet(team, people.length) })));
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

const reading = (one) => (one.say_as ? `读作 ${one.say_as}`
  : one.unreadable.length ? `语音不认识“${one.unreadable.join('、')}”，请填读音` : '');

// The sheet of a team: its name and reading; an empty team can be removed.
function teamSheet(team, people) {
  const name = field('名称', 't-name', team.name, { maxlength: 40 });
  const say = field('读音（念错时才填）', 't-say', team.say_as, { maxlength: 120, placeholder: '例如 meng3 hu3 dui4' });
  const value = (label) => label.querySelector('input').value.trim();
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const send = (words, look, method, data, done) => {
    const button = el('button', { type: 'button', class: look, onclick: () => tap(button, async () => {
      wrong.textContent = '';
      try {
        await call(method, `/api/teams/${team.id}`, data());
      } catch (error) {
        wrong.textContent = error.message;
        return;
      }
      toast(done());
      closeSheet();
      refresh();
    }) }, words);
    return button;
  };
  const go = send('保存', 'go', 'PATCH', () => ({ name: value(name), say_as: value(say) }), () => '已改好，以前的单仍按原来的名称显示。');
  const leave = people ? el('p', { class: 'dim' }, `队里还有 ${people} 人。先把他们移到别的团队，才能去掉这个团队。`)
    : send('去掉这个团队', 'act stop', 'DELETE', () => ({}), () => `${team.name}已去掉，以前的单都留着。`);
  sheet(team.name, name, say, wrong, go, belongings('teams', team, state, refresh), leave);
}

// A person must exist before a photo or song can be uploaded: the next sheet offers both, or adds another person.
function addedSheet(person) {
  const next = el('button', { type: 'button', class: 'act', onclick: () => personSheet(null, person.team) }, '再加一个人');
  sheet(`${person.name}已加入${person.team}`, belongings('people', person, state, refresh), next);
}

function personSheet(person, chosen = '') {
  const fresh = person === null;
  const only = state.teams.length === 1 ? state.teams[0].name : '';
  const name = field('姓名', 'p-name', fresh ? '' : person.name, { maxlength: 40 });
  const team = field('团队', 'p-team', fresh ? chosen || only : person.team, { maxlength: 40, placeholder: '写新的名字就是新团队' });
  const teams = el('div', { class: 'chips' });
  const say = field('读音（念错时才填）', 'p-say', fresh ? '' : person.say_as, { maxlength: 120, placeholder: '例如 shan4 xiao3 ming2' });
  const value = (label) => label.querySelector('input').value.trim();
  const leader = check('组长', 'p-leader', !fresh && person.leader);
  const hidden = check('不在屏幕上显示', 'p-hidden', !fresh && person.hidden);
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const ticked = (label) => label.querySelector('input').checked;
  chips(teams, state.teams.map((found) => found.name), null, (named) => { team.querySelector('input').value = named; });
  const go = el('button', { type: 'button', class: 'go', onclick: () => tap(go, async () => {
    const data = { name: value(name), team: value(team), say_as: value(say), leader: ticked(leader) };
    if (!fresh) data.hidden = ticked(hidden);
    let made;
    try {
      made = await call(fresh ? 'POST' : 'PATCH', fresh ? '/api/people' : `/api/people/${person.id}`, data);
    } catch (error) {
      wrong.textContent = error.message;
      return;
    }
    refresh();
    if (fresh) return addedSheet(made);
    toast('已改好。');
    return closeSheet();
  }) }, '保存');
  const leave = fresh ? null : el('button', { type: 'button', class: 'act stop', onclick: () => ask(`${person.name}离职`, ['从名单里去掉以后，不能再报他的单。以前的单都留着。'], '离职，从名单里去掉', async () => {
    await call('PATCH', `/api/people/${person.id}`, { active: false });
    toast(`${person.name}已不在名单里，以前的单都留着。`);
    refresh();
  }, 'act stop') }, '离职，从名单里去掉');
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
  voice.start(again);
  walls.start(again);
  access.start();
  $('clock-right').addEventListener('click', (event) => tap(event.currentTarget, async () => {
    await call('POST', '/api/clock', {});
    refresh();
  }));
  $('add-person').addEventListener('click', () => personSheet(null));
}

export function draw(found) {
  state = found;
  drawMachine();
  access.draw(state);
  voice.draw(state);
  walls.draw(state);
  drawRoster();
  drawSecure();
}
