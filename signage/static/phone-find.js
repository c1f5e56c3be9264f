// Who signed the deal: by team, by the people of the latest deals, or by typing a name, pinyin or initials.
import { $, chips, el, fill, nobodyYet } from './phone-kit.js';

const RECENT = '\u0000recent';
const MOST = 24; // people shown for what was typed
let shown = localStorage.getItem('zhangu-team'); // the chosen team, or RECENT
let state = null;
let pick = () => {};

export const plain = (typed) => typed.toLowerCase().replace(/[\s'’·]+/g, '').replace(/ü/g, 'v');

// How well a person matches: 0 from the start, 1 somewhere inside, -1 not at all.
export function match(person, typed) {
  const words = [person.name.toLowerCase().replace(/\s+/g, ''), person.initials, person.pinyin];
  if (words.some((word) => word.startsWith(typed))) return 0;
  return words.some((word) => word.includes(typed)) ? 1 : -1;
}

const lastUsed = (person) => {
  const at = state.recent_people.indexOf(person.id);
  return at < 0 ? state.recent_people.length : at;
};

export function found(people, typed) {
  return people.map((person, order) => ({ person, order, rank: match(person, typed), used: lastUsed(person) }))
    .filter((one) => one.rank >= 0)
    .sort((a, b) => a.rank - b.rank || a.used - b.used || a.order - b.order)
    .slice(0, MOST).map((one) => one.person);
}

function recent() {
  return state.recent_people.map((id) => state.people.find((person) => person.id === id)).filter(Boolean);
}

function chip(person, chosen, team) {
  return el('button', { type: 'button', class: 'chip', role: 'radio', 'aria-checked': String(chosen), onclick: () => choose(person) },
    person.name, team ? el('small', {}, person.team) : null);
}

function choose(person) {
  $('find').value = '';
  pick(person);
}

export function draw(now, chosen) {
  state = now;
  const names = state.teams.map((team) => team.name);
  const latest = recent();
  if (!names.includes(shown) && !(shown === RECENT && latest.length)) shown = names[0] || null;
  const typed = plain($('find').value);
  $('teams').hidden = Boolean(typed);
  $('find').hidden = !state.people.length;
  const teams = latest.length && names.length > 1 ? [...names, RECENT] : names;
  chips($('teams'), teams, shown, (name) => {
    shown = name;
    if (name !== RECENT) localStorage.setItem('zhangu-team', name);
    draw(state, chosen);
  }, { [RECENT]: '最近报过的' });
  const people = typed ? found(state.people, typed) : shown === RECENT ? latest : state.people.filter((person) => person.team === shown);
  fill($('people'), people.map((person) => chip(person, person.name === chosen.person && person.team === chosen.team, typed || shown === RECENT)));
  if (!names.length) fill($('people'), nobodyYet(state.me.rights));
  else if (typed && !people.length) fill($('people'), el('p', { class: 'dim' }, `没有找到“${$('find').value.trim()}”。可以写名字、拼音或首字母。`));
}

// Show the team of a person, for a deal that is corrected.
export function showTeam(name) {
  shown = name;
  $('find').value = '';
}

// After a deal: where there is a keyboard the next name can be typed at once; on a phone the keyboard stays away.
export function focus() {
  const node = matchMedia('(hover: hover) and (pointer: fine)').matches ? $('find') : $('who');
  node.focus({ preventScroll: true });
}

export function start(chosen, picked) {
  pick = picked;
  $('find').addEventListener('input', () => draw(state, chosen));
  $('find').addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.isComposing) return;
    event.preventDefault();
    const typed = plain($('find').value);
    const [first] = typed ? found(state.people, typed) : [];
    if (first) choose(first);
  });
}

// A field for another form: type a name, tap the person. `chosen`: {person, team} or null.
export function personField(label, chosen, changed) {
  const value = { ...(chosen || { person: null, team: null }) };
  const input = el('input', { class: 'line', type: 'search', maxlength: 40, autocapitalize: 'off', autocorrect: 'off', spellcheck: 'false', placeholder: '名字、拼音、首字母' });
  const choices = el('div', { class: 'chips', role: 'radiogroup', 'aria-label': label });
  const words = () => (value.person ? `${value.person}（${value.team}）` : '还没有选');
  const shownName = el('b', {}, words());
  const offer = () => {
    const typed = plain(input.value);
    fill(choices, typed ? found(state.people, typed).slice(0, 8).map((person) => el('button', {
      type: 'button', class: 'chip', role: 'radio', 'aria-checked': 'false', onclick: () => {
        Object.assign(value, { person: person.name, team: person.team });
        input.value = '';
        shownName.textContent = words();
        offer();
        changed(value);
      },
    }, `${person.name} `, el('small', { class: 'dim' }, person.team))) : []);
  };
  input.addEventListener('input', offer);
  return el('div', { class: 'block' }, el('label', {}, label, ' ', shownName, input), choices);
}
