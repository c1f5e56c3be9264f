// The inputs of the timetable's forms. Each returns {node, value()}; value() is text, list, group, or null when empty.
import { el, fill, prose, tap } from './phone-kit.js';
import { hear, silence } from './phone-media.js';

const word = (value) => (value === null || value === undefined ? '' : Array.isArray(value) ? value.join('，') : String(value));
const textOf = (input) => input.value.trim() || null;
const called = (context, name) => context.forms.names[name] || name;

export const filled = (text, samples) => text.replace(/\{(\w+)\}/g, (slot, name) => samples[name] || '');

// 试听: the text with made-up values, on this phone only. Another text removes the player.
export function listen(context, read, more = () => ({}), words = '试听，只在这台手机上') {
  const place = el('div', { class: 'listen', hidden: true });
  const button = el('button', { type: 'button', class: 'act', onclick: () => tap(button, async () => {
    await hear({ text: filled(read() || '', context.samples), ...more() }, place);
  }) }, words);
  return { nodes: [button, place], quiet: () => silence(place), enable: (on) => { button.disabled = !on; } };
}

function line(field, value, extra = {}) {
  const input = el(field.kind === 'long' ? 'textarea' : 'input', { class: 'line', rows: 3, ...extra });
  input.value = word(value);
  return input;
}

function options(select, pairs, chosen) {
  const known = pairs.some(([name]) => name === chosen);
  fill(select, (known ? pairs : [...pairs, [chosen, chosen]]).map(([name, title]) => el('option', { value: name, selected: name === chosen }, title)));
}

function choice(context, field, value, pairs, none) {
  const select = el('select', { class: 'line' });
  options(select, [...(none === null ? [] : [['', none]]), ...pairs], word(value));
  return { node: select, value: () => select.value || null };
}

const usual = (field) => (field.usual === undefined || field.usual === '' ? '' : `不写就是 ${field.usual}`);

const KINDS = {
  text: (context, field, value) => {
    const input = line(field, value, { maxlength: 400, placeholder: usual(field) });
    return { node: input, value: () => textOf(input) };
  },
  number: (context, field, value) => {
    const input = line(field, value, { inputmode: 'decimal', maxlength: 20, placeholder: usual(field) });
    return { node: input, value: () => textOf(input) };
  },
  flag: (context, field, value) => choice(context, field, value, [['true', '是'], ['false', '否']], field.usual === 'true' ? '不写就是“是”' : '不写，就是否'),
  choice: (context, field, value) => choice(context, field, value, field.choices.map((name) => [name, called(context, name)]), field.required ? (value ? null : '请选择') : '不写'),
  voice: (context, field, value) => choice(context, field, value, field.choices.map((name) => [name, called(context, name)]), '不写'),
  several: (context, field, value) => {
    let chosen = value === null ? field.usual || [] : [].concat(value);
    const node = el('div', { class: 'chips', role: 'group', 'aria-label': field.label });
    const draw = () => fill(node, [...new Set([...field.choices, ...chosen])].map((name) => el('button', { type: 'button', class: 'chip', 'aria-pressed': String(chosen.includes(name)), onclick: () => {
      chosen = chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name];
      draw();
      node.dispatchEvent(new Event('input', { bubbles: true }));
    } }, called(context, name))));
    draw();
    return { node, value: () => chosen };
  },
  list: (context, field, value) => {
    const input = el('textarea', { class: 'line', rows: 3, placeholder: '一行写一个' });
    input.value = Array.isArray(value) ? value.join('\n') : word(value);
    return { node: input, value: () => {
      const lines = input.value.split('\n').map((one) => one.trim()).filter(Boolean);
      return lines.length ? lines : null;
    } };
  },
  on: (context, field, value) => {
    const input = line(field, value, { maxlength: 200, placeholder: '不写就是每个工作日' });
    const pick = (day) => { input.value = day; input.dispatchEvent(new Event('input', { bubbles: true })); };
    const chips = el('div', { class: 'chips' }, ['', ...context.forms.days].map((day) => el('button', { type: 'button', class: 'chip', onclick: () => pick(day) }, day || '工作日')));
    return { node: input, after: el('details', { class: 'days' }, el('summary', {}, '常用的日子'), chips), value: () => textOf(input) };
  },
  music: (context, field, value) => {
    const byDay = value !== null && typeof value === 'object';
    const pairs = context.playlists.map((list) => [list.name, list.title]);
    const one = choice(context, field, byDay ? '' : value, pairs, '不放音乐');
    const table = pairsOf(value && byDay ? value : {}, { key: '哪些日子', add: '再加一行', one: (chosen) => choice(context, field, chosen, pairs, '不放音乐') });
    const days = el('details', { class: 'days', open: byDay }, el('summary', {}, '按日子放不同的音乐'), table.node);
    return { node: one.node, after: days, value: () => table.value() || one.value() };
  },
  ceilings: (context, field, value) => pairsOf(value || {}, { key: '08:00-08:45', add: '再加一段时间', one: (limit) => {
    const input = line(field, limit, { inputmode: 'numeric', 'aria-label': '音量上限', placeholder: '0 到 100' });
    return { node: input, value: () => textOf(input) };
  } }),
  say: (context, field, value) => {
    const free = value !== null && typeof value === 'object' ? word(value.text) : field.choices.includes(value) ? '' : word(value);
    const own = '\u0000own';
    const select = el('select', { class: 'line' });
    options(select, [['', '不播报'], ...field.choices.map((name) => [name, called(context, name)]), [own, '说一句话']], free ? own : word(value));
    const text = line({ kind: 'long' }, free, { maxlength: 400, placeholder: '要说的话', 'aria-label': '要说的话' });
    const sound = listen(context, () => text.value);
    const more = el('div', {}, text, sound.nodes);
    const show = () => { more.hidden = select.value !== own; sound.enable(Boolean(text.value.trim())); };
    select.addEventListener('change', show);
    text.addEventListener('input', () => { sound.quiet(); show(); });
    show();
    return { node: select, after: more, value: () => (select.value === own ? textOf(text) : select.value || null) };
  },
  texts: (context, field, value) => {
    const place = el('div', { class: 'variants' });
    const inputs = [];
    const add = (text) => {
      const input = line({ kind: 'long' }, text, { maxlength: 400, 'aria-label': '一种说法' });
      const sound = listen(context, () => input.value, undefined, '试听');
      const show = () => sound.enable(Boolean(input.value.trim()));
      input.addEventListener('input', () => { sound.quiet(); show(); });
      const gone = el('button', { type: 'button', class: 'act', onclick: () => {
        inputs.splice(inputs.indexOf(input), 1);
        one.remove();
        place.dispatchEvent(new Event('input', { bubbles: true }));
      } }, '去掉');
      const one = el('div', { class: 'variant' }, input, el('div', { class: 'pair' }, sound.nodes[0], gone), sound.nodes[1]);
      show();
      inputs.push(input);
      place.append(one);
      return input;
    };
    (Array.isArray(value) ? value : value ? [value] : field.usual).forEach(add);
    const more = el('button', { type: 'button', class: 'act', onclick: () => add('').focus() }, '再加一种说法');
    return { node: place, after: el('div', {}, more), value: () => {
      const texts = inputs.map((input) => input.value.trim()).filter(Boolean);
      return texts.length > 1 ? texts : texts[0] || null;
    } };
  },
};
KINDS.long = KINDS.text;

// Rows of key and value, such as music by day or limits by time.
function pairsOf(value, { key, add, one }) {
  const place = el('div', { class: 'table' });
  const rows = [];
  const more = (name, chosen) => {
    const input = el('input', { class: 'line', maxlength: 80, placeholder: key, 'aria-label': key });
    input.value = name;
    const second = one(chosen);
    rows.push({ input, second });
    place.append(el('div', { class: 'pair' }, input, second.node));
  };
  Object.entries(value).forEach(([name, chosen]) => more(name, chosen));
  const button = el('button', { type: 'button', class: 'act', onclick: () => more('', '') }, add);
  return { node: el('div', {}, place, button), value: () => {
    const pairs = rows.map(({ input, second }) => [input.value.trim(), second.value()]).filter(([name, chosen]) => name && chosen);
    return pairs.length ? Object.fromEntries(pairs) : null;
  } };
}

// A labelled input with its problem below. An untouched one keeps its value as the file has it.
let numbers = 0;
export function fieldOf(context, field, value) {
  const input = KINDS[field.kind](context, field, value === undefined ? null : value);
  const first = word(JSON.stringify(input.value()));
  const wrong = el('p', { class: 'wrong', hidden: true, role: 'alert' });
  const target = input.node.matches('input, select, textarea') ? input.node : input.node.querySelector('input, select, textarea');
  numbers += 1;
  if (target && !target.id) target.id = 'field-' + numbers;
  const node = el('div', { class: 'field', 'data-key': field.path[field.path.length - 1] },
    el('label', { for: target ? target.id : null }, field.label || field.title), input.node, wrong, input.after || '',
    field.slots && field.slots.length ? el('p', { class: 'dim slots' }, `可以用：${field.slots.map((slot) => `{${slot}} ${context.forms.slots[slot] || ''}`).join('，')}`) : '');
  return {
    node, path: field.path,
    changed: () => word(JSON.stringify(input.value())) !== first,
    value: () => (word(JSON.stringify(input.value())) === first ? (value === undefined ? null : value) : input.value()),
    show: (sentences) => { wrong.textContent = prose(sentences); wrong.hidden = !sentences.length; },
  };
}
