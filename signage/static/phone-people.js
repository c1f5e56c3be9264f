// 团队: people by team, and their sheets. Moves, leaves and returns: phone-people-dates.js; lists: phone-people-list.js.
import { $, call, chips, closeSheet, el, field, fill, row, sheet, tap, toast } from './phone-kit.js';
import { belongings, hear } from './phone-media.js';
import * as dates from './phone-people-dates.js';
import * as list from './phone-people-list.js';

let state = null;
let roster = null;
let shown = false;
let refresh = () => {};

const value = (label) => label.querySelector('input').value.trim();
const ticked = (label) => label.querySelector('input').checked;

function check(label, id, on) {
  return el('label', { class: 'check' }, el('input', { type: 'checkbox', id, checked: on }), label);
}

// ---- the list

const reading = (one) => (one.say_as ? `读作 ${one.say_as}`
  : one.unreadable.length ? `语音不认识“${one.unreadable.join('、')}”，请填读音` : '');

function drawRoster() {
  const open = new Set([...$('roster').querySelectorAll('details[open]')].map((node) => node.dataset.team));
  const wanted = $('people-search').value.trim().toLowerCase();
  const fits = (...texts) => texts.some((text) => text.toLowerCase().includes(wanted));
  const people = roster.people.filter((person) => person.active && fits(person.name, person.team));
  const teams = roster.teams.filter((team) => fits(team.name) || people.some((person) => person.team === team.name));
  fill($('roster'), teams.map((team) => {
    const members = people.filter((person) => person.team === team.name);
    return el('details', { 'data-team': team.name, open: Boolean(wanted) || open.has(team.name) },
      el('summary', {}, el('b', {}, team.name), el('span', { class: 'dim' }, `${members.length} 人`)),
      el('ul', { class: 'rows' }, members.map((person) => row(
        person.name, [person.leader ? '组长' : '', person.hidden ? '不上屏幕' : ''].filter(Boolean).join('，') || '编辑',
        dates.plans(person) || reading(person), '', { open: () => personSheet(person) },
      )), row('团队的名称、读音和胜利之歌', '编辑', '', '', { open: () => teamSheet(team) })));
  }));
  const left = drawLeft(fits);
  $('people-first').hidden = Boolean(wanted) || roster.people.length > 0;
  $('people-none').hidden = !wanted || teams.length + left > 0;
}

// Draw those who left; return their number.
function drawLeft(fits) {
  const left = roster.people.filter((person) => !person.active && fits(person.name, person.team));
  $('people-left').hidden = !left.length;
  $('people-left-count').textContent = `${left.length} 人`;
  fill($('people-left-rows'), left.map((person) => row(
    person.name, '回来', dates.left(person), '', { open: () => dates.returnSheet(person, roster, reload) },
  )));
  return left.length;
}

async function load() {
  roster = await call('GET', '/api/people/roster');
  drawRoster();
}

function reload() {
  refresh();
  return load().catch((error) => toast(error.message));
}

// Send only the fields changed here, with their values before: two phones that edit different fields lose nothing,
// and of two that edit the same field the second is asked.
function changesOf(shownOne, data) {
  const names = Object.keys(data).filter((name) => data[name] !== (shownOne[name] || (typeof data[name] === 'boolean' ? false : '')));
  const was = {};
  for (const name of names) was[name] = shownOne[name] === undefined ? null : shownOne[name];
  return names.reduce((sent, name) => ({ ...sent, [name]: data[name] }), { was });
}

// After the question the form starts from the other phone's value of that field: pressed again, this form's text counts.
async function rebased(kind, base, { field: asked }) {
  await load();
  const present = roster[kind].find((found) => found.id === base.id);
  return present && asked in base ? { ...base, [asked]: present[asked] } : base;
}

// ---- a team: its name and reading; an empty team can be removed

function teamSheet(team) {
  const people = roster.people.filter((person) => person.active && person.team === team.name).length;
  const name = field('名称', 't-name', team.name, { maxlength: 40 });
  const say = field('读音（念错时才填）', 't-say', team.say_as, { maxlength: 120, placeholder: '例如 meng3 hu3 dui4' });
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  let shownTeam = team;
  const send = (words, look, method, data, done) => {
    const button = el('button', { type: 'button', class: look, onclick: () => tap(button, async () => {
      wrong.textContent = '';
      try {
        await call(method, `/api/teams/${team.id}`, data());
      } catch (error) {
        wrong.textContent = error.message;
        if (error.status === 409) shownTeam = await rebased('teams', shownTeam, error);
        return;
      }
      toast(done());
      closeSheet();
      reload();
    }) }, words);
    return button;
  };
  const go = send('保存', 'go', 'PATCH', () => changesOf(shownTeam, { name: value(name), say_as: value(say) }), () => '已改好，以前的单仍按原来的名称显示。');
  const leave = people ? el('p', { class: 'dim' }, `队里还有 ${people} 人。先把他们移到别的团队，才能去掉这个团队。`)
    : send('去掉这个团队', 'act stop', 'DELETE', () => ({}), () => `${team.name}已去掉，以前的单都留着。`);
  sheet(team.name, name, say, wrong, go, belongings('teams', team, state, reload), leave);
}

// ---- a person

// A person must exist before a photo or song can be uploaded: the next sheet offers both, or adds another person.
function addedSheet(person) {
  const next = el('button', { type: 'button', class: 'act', onclick: () => personSheet(null, person.team) }, '再加一个人');
  sheet(`${person.name}已加入${person.team}`, belongings('people', person, state, reload), next);
}

function listenButton(name, say, wrong) {
  const sound = el('div', { class: 'listen', hidden: true });
  const listen = el('button', { type: 'button', class: 'act', onclick: () => tap(listen, async () => {
    wrong.textContent = '';
    try {
      await hear({ name: value(name), say_as: value(say) }, sound);
    } catch (error) {
      wrong.textContent = error.message;
    }
  }) }, '试听这个名字，只在这台手机上');
  return [listen, sound];
}

// The fields of a person, and the data they send.
function fields(person, chosen) {
  const fresh = person === null;
  const only = state.teams.length === 1 ? state.teams[0].name : '';
  const one = person || { name: '', say_as: '', birthday: '', joined: '', email: '' };
  const parts = {
    name: field('姓名', 'p-name', one.name, { maxlength: 40 }),
    team: field('团队', 'p-team', fresh ? chosen || only : one.team, { maxlength: 40, placeholder: '写新的名字就是新团队' }),
    teams: el('div', { class: 'chips' }),
    since: dates.sinceField(roster ? roster.today : state.date),
    leads: dates.leadsField(),
    say: field('读音（念错时才填）', 'p-say', one.say_as, { maxlength: 120, placeholder: '例如 shan4 xiao3 ming2' }),
    birthday: field('生日（只存月和日）', 'p-birthday', one.birthday, { maxlength: 20, placeholder: '例如 5月3日' }),
    joined: field('入职日期', 'p-joined', one.joined, { maxlength: 20, placeholder: '例如 2021-03-01' }),
    email: field('邮箱（收每周的喜报邮件，可以不填）', 'p-email', one.email, { maxlength: 100, type: 'email', inputmode: 'email', autocomplete: 'off' }),
    leader: check('组长', 'p-leader', !fresh && one.leader),
    hidden: check('不在屏幕上显示', 'p-hidden', !fresh && one.hidden),
  };
  const moved = () => {
    parts.since.hidden = fresh || value(parts.team) === one.team;
    parts.leads.box.hidden = parts.since.hidden || !one.leader;
    parts.leader.hidden = !parts.leads.box.hidden; // the question decides
  };
  parts.team.querySelector('input').addEventListener('input', moved);
  chips(parts.teams, state.teams.map((found) => found.name), null, (named) => {
    parts.team.querySelector('input').value = named;
    moved();
  });
  moved();
  return parts;
}

const dataOf = (parts) => ({
  name: value(parts.name), say_as: value(parts.say), leader: ticked(parts.leader),
  birthday: value(parts.birthday), joined: value(parts.joined), email: value(parts.email),
});

async function save(person, parts) {
  if (person === null) return call('POST', '/api/people', { ...dataOf(parts), team: value(parts.team) });
  const team = value(parts.team);
  const known = state.teams.some((found) => found.name === team);
  const moves = team !== person.team && known;
  const saved = await call('PATCH', `/api/people/${person.id}`,
    changesOf(person, { ...dataOf(parts), hidden: ticked(parts.hidden), ...(moves ? {} : { team }) }));
  if (moves) await call('POST', `/api/people/${person.id}/move`, { team, since: dates.since(parts.since), leader: person.leader ? parts.leads.chosen() : null });
  return saved;
}

function personSheet(person, chosen = '') {
  const added = person === null;
  const parts = fields(person, chosen);
  let base = person;
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const go = el('button', { type: 'button', class: 'go', onclick: () => tap(go, async () => {
    wrong.textContent = '';
    if (!parts.leads.box.hidden && parts.leads.chosen() === null) {
      wrong.textContent = `${person.name}是组长：请选到了新团队还当不当组长。`;
      return;
    }
    let made;
    try {
      made = await save(base, parts);
    } catch (error) {
      wrong.textContent = error.message;
      if (error.status === 409 && !added) base = await rebased('people', base, error);
      return;
    }
    reload();
    if (added) {
      addedSheet(made);
      return;
    }
    toast('已改好。');
    closeSheet();
  }) }, '保存');
  sheet(added ? '加人' : person.name, added ? null : dates.planned(person, reload),
    parts.name, parts.team, parts.teams, parts.since, parts.leads.box, parts.say, listenButton(parts.name, parts.say, wrong),
    parts.birthday, parts.joined, parts.email, parts.leader, added ? null : parts.hidden, wrong, go,
    added ? null : belongings('people', person, state, reload), added ? null : dates.leaveButton(person, roster, reload));
}

export function start(again) {
  refresh = again;
  $('add-person').addEventListener('click', () => personSheet(null));
  $('people-search').addEventListener('input', () => roster && drawRoster());
  $('people-import').addEventListener('click', () => list.open(reload));
}

export function draw(found, visible) {
  const changed = !roster || found.revision !== state.revision || visible !== shown;
  state = found;
  shown = visible;
  if (visible && changed) load().catch((error) => toast(error.message));
}
