// A form of the timetable: problems while typing, the day before saving, and the question when somebody else saved.
import { $, ask, call, closeSheet, el, fill, Refusal, sheet, tap, toast, undoable } from './phone-kit.js';
import { fieldOf, listen } from './phone-timetable-fields.js';

const WAIT_MS = 350;
const starts = (path, prefix) => Array.isArray(path) && prefix.every((step, n) => path[n] === step);

export const moment = (when) => when.replace('T', ' ').slice(0, 16);

// The lines of a comparison.
export function changedLines(lines) {
  return el('ol', { class: 'changes' }, lines.map((line) => el('li', { class: line.kind === '+' ? 'come' : line.kind === '-' ? 'gone' : 'same' },
    el('span', { class: 'number' }, line.kind === ' ' ? String(line.number) : `${line.kind}${line.number}`), el('code', {}, line.text || ' '))));
}

function spanWords(context, span) {
  const list = context.playlists.find((one) => one.name === span.music);
  return [span.quiet ? '安静' : span.music ? `音乐 ${list ? list.title : span.music}，音量 ${span.volume}` : '',
    span.wall && span.wall !== 'rhythm' ? `画面 ${context.forms.names[span.wall] || span.wall}` : ''].filter(Boolean).join('，');
}

// The lines of a plan as {sort, at, name, more, look}.
function linesOf(context, day, look) {
  const names = context.forms.names;
  return [
    ...day.entries.map((span) => ({ sort: span.at, at: `${span.at}–${span.until}`, name: span.name, more: spanWords(context, span), look: look(span) })),
    ...day.cues.map((cue) => ({ sort: cue.at, at: cue.at, name: cue.say ? `播报：${names[cue.say] || cue.say}` : '换画面', more: cue.show ? `画面 ${names[cue.show] || cue.show}` : '', look: look(cue) })),
    ...day.duties.map((duty) => ({ sort: duty.at || '24', at: duty.at || '全天', name: `${names[duty.who] || duty.who}：${duty.what}`, more: '', look: look(duty) })),
  ];
}

// A day's plan as rows; `only`: the lines that an edit changes, those of before struck out.
export function planRows(context, day, only) {
  const lines = linesOf(context, day, (line) => (line.new ? 'fresh' : '')).filter((line) => !only || line.look);
  const gone = only ? linesOf(context, day.gone, () => 'gone') : [];
  const shown = [...gone, ...lines].sort((a, b) => (a.sort < b.sort ? -1 : a.sort > b.sort ? 1 : 0));
  return el('ul', { class: 'plan' }, shown.map((line) => el('li', { class: line.look }, el('span', {}, line.at), el('b', {}, line.name), line.more ? el('p', {}, line.more) : '')));
}

export const dayWords = (day) => `${day.why}${day.workday ? '，上班' : '，休息'}。`;

function preview(context, day) {
  const changed = planRows(context, day, true);
  return [el('p', { class: 'dim' }, changed.childElementCount ? `${dayWords(day)}这一天有这些变化：` : `${dayWords(day)}这一天没有变化。`), changed,
    el('details', {}, el('summary', {}, '看一整天'), planRows(context, day, false))];
}

// The question after somebody else has saved: both versions are shown, nothing is overwritten.
function conflict(context, answer, data, mine) {
  const again = async () => {
    await save(context, { ...data, base: answer.version }, mine);
  };
  const both = el('button', { type: 'button', class: 'go', onclick: () => tap(both, again) }, data.text === undefined ? '在新的上面加上我的改动' : '用我的文字，对方的改动就没有了');
  const theirs = el('button', { type: 'button', class: 'act', onclick: () => tap(theirs, async () => {
    closeSheet();
    await context.reload(true);
    if (data.text !== undefined) context.forget();
  }) }, '不要我的改动，看新的');
  sheet('有人刚改过作息表', el('p', {}, answer.error), el('p', { class: 'dim' }, `${answer.who}，${moment(answer.when)}`),
    el('h3', {}, '对方改了这几行'), answer.changed.length ? changedLines(answer.changed) : el('p', { class: 'dim' }, '太久以前的版本，比较不了。'),
    el('h3', {}, '您的改动'), mine.length ? changedLines(mine) : el('p', { class: 'dim' }, '没有可以显示的行。'),
    data.text !== undefined || answer.fits ? both : el('p', { class: 'wrong' }, '两处改动碰在一起，不能自动合并。请看新的，再改一次。'), theirs);
}

// Save; true when it is saved. A conflict opens its question and changes nothing.
export async function save(context, data, mine) {
  const before = data.base;
  let version;
  try {
    version = await call('PUT', '/api/timetable', data);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 409 || !error.answer.version) throw error;
    conflict(context, error.answer, data, mine);
    return false;
  }
  closeSheet();
  await context.reload(true);
  if (data.text !== undefined) context.forget();
  const old = context.versions.find((one) => one.version === before);
  if (old && version.version !== before) {
    undoable('已保存，马上生效。', '撤销', async () => {
      await call('POST', `/api/timetable/history/${old.number}`, { base: version.version });
      await context.reload(true);
      toast('已撤销，还是原来的作息表。');
    });
  } else toast('没有改动。');
  return true;
}

// Open a form. `fields`: its inputs; `operations`: the edit that they mean, [] when nothing has changed.
// `prefix`: the path of the whole form; `more`: buttons below; `dated`: the edit can change a day's plan.
export function open(context, { title, fields, operations, prefix, more = [], extra = [], dated = true }) {
  const general = el('ul', { class: 'faults wrong', hidden: true });
  const date = el('input', { class: 'line', type: 'date', id: 'sheet-date', onchange: () => check() });
  date.value = context.date;
  const plan = el('div', { class: 'preview', role: 'status' });
  const lines = el('div', { class: 'preview' });
  const go = el('button', { type: 'button', class: 'go', id: 'sheet-save', disabled: true, onclick: () => tap(go, async () => {
    await save(context, { base: context.version, operations: operations() }, shown);
  }) }, '保存');
  let shown = [];
  let asked = 0;
  let timer = 0;

  function showAt(problems) {
    const left = [];
    const at = new Map(fields.map((field) => [field, []]));
    for (const problem of problems) {
      const own = fields.filter((field) => starts(problem.path, field.full)).sort((a, b) => b.full.length - a.full.length)[0];
      if (own) at.get(own).push(problem.sentence);
      else left.push(starts(problem.path, prefix) || !problem.line ? problem.sentence : problem.full);
    }
    for (const [field, sentences] of at) field.show(sentences);
    fill(general, left.map((sentence) => el('li', {}, sentence)));
    general.hidden = !left.length;
  }

  async function check() {
    const number = asked += 1;
    const wanted = operations();
    if (!wanted.length) {
      showAt([]);
      fill(plan, el('p', { class: 'dim' }, dated ? '还没有改动。' : ''));
      fill(lines);
      go.disabled = true;
      return;
    }
    let answer;
    try {
      answer = await call('POST', '/api/timetable/check', { operations: wanted, date: date.value });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      answer = { problems: [{ sentence: error.message, path: null, line: 0 }], changed: [], valid: false };
    }
    if (number !== asked) return; // a later answer is on its way
    showAt(answer.problems);
    shown = answer.changed;
    go.disabled = !answer.valid || !answer.changed.length;
    fill(plan, !dated ? '' : answer.valid ? preview(context, answer.day) : el('p', { class: 'dim' }, '改好以后，这里是那一天的样子。'));
    fill(lines, answer.changed.length ? [el('h3', {}, '文件里会改这几行'), changedLines(answer.changed)] : '');
  }

  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(check, WAIT_MS);
  };
  const form = el('div', { class: 'form', oninput: later, onchange: later }, fields.map((field) => field.node), extra);
  sheet(title, el('div', { class: 'two' }, form, el('div', { class: 'beside' }, dated ? [el('label', { for: 'sheet-date' }, '保存以前，看看哪一天'), date] : [], plan, lines)), el('div', { role: 'alert' }, general), go, more);
  $('sheet').classList.add('wide');
  check();
}

const TITLES = { rhythm: '时段', cues: '到点', duties: '提醒', measures: '要记的数' };

// A form for an entry of a section; without `number` a new one.
export function entry(context, section, number = null) {
  const old = number === null ? {} : context.values[section][number];
  const full = [section, number === null ? (context.values[section] || []).length : number];
  const fields = context.forms.entries[section].map((shape) => {
    const field = fieldOf(context, shape, old[shape.path[0]]);
    field.full = [...full, ...shape.path];
    return field;
  });
  const wanted = () => {
    const value = { ...old };
    for (const field of fields) {
      const now = field.value();
      if (now === null) delete value[field.path[0]];
      else value[field.path[0]] = now;
    }
    return value;
  };
  const operations = () => (!fields.some((field) => field.changed()) ? []
    : number === null ? [{ op: 'insert', path: [section, place(context, section, wanted())], value: wanted() }]
      : [{ op: 'set', path: full, value: wanted(), was: old }]);
  const words = old.name || old.what || (old.say && (context.forms.names[old.say] || old.say)) || old.at;
  const gone = number === null ? [] : el('button', { type: 'button', class: 'act stop', onclick: () => ask(`去掉“${words}”`, ['从作息表里去掉。在“历史”里可以恢复。'], '去掉', async () => {
    await save(context, { base: context.version, operations: [{ op: 'set', path: full, value: null, was: old }] }, []);
  }, 'act stop') }, '去掉这一条');
  open(context, { title: number === null ? `加一条：${TITLES[section]}` : words, fields, operations, prefix: full, more: gone, dated: section !== 'measures' });
}

// A button that takes a whole group of settings out of the file; nothing while it is not there.
export function remove(context, path, question) {
  const old = path.reduce((value, step) => (value === null || value === undefined ? null : value[step]), context.values);
  if (old === null || old === undefined) return [];
  return el('button', { type: 'button', class: 'act stop', onclick: () => ask(question, ['从作息表里去掉。在“历史”里可以恢复。'], '去掉', async () => {
    await save(context, { base: context.version, operations: [{ op: 'set', path, value: null, was: old }] }, []);
  }, 'act stop') }, '去掉');
}

// Where a new entry goes: behind the last one that is not later.
function place(context, section, value) {
  const all = context.values[section] || [];
  const at = value.at || '99';
  let behind = all.length;
  while (behind > 0 && (all[behind - 1].at || '99') > at) behind -= 1;
  return behind;
}

// The input for the name of a settings' group; `id` keeps the former one, by which its secrets and messages are found.
function nameField(context, base) {
  const old = base[base.length - 1];
  const field = fieldOf(context, { kind: 'text', path: ['name'], label: '名称', doc: '', required: true }, old);
  field.node.querySelector('input').maxLength = 20;
  field.full = [...base, 'name'];
  const id = (base.reduce((value, step) => value[step], context.values) || {}).id || null;
  field.operations = () => {
    const name = field.value() || '';
    if (name === old) return [];
    const kept = name === (id || old) ? null : id || old;
    return [...(kept === id ? [] : [{ op: 'set', path: [...base, 'id'], value: kept, was: id }]), { op: 'rename', path: base, value: name }];
  };
  return field;
}

// A form for settings at any places of the file. `named`: the last step of `base` is a name that can be changed.
export function settings(context, title, shapes, base = [], more = [], named = false) {
  const at = (path) => path.reduce((value, step) => (value === null || value === undefined ? null : value[step]), context.values);
  const fresh = base[0] === 'links' && base.length === 3 && !named; // a new link is written with its events
  const fields = shapes.map((shape) => {
    const full = [...base, ...shape.path];
    const found = at(full);
    const field = fieldOf(context, shape, found === undefined ? null : found);
    field.full = full;
    field.was = found === undefined ? null : found;
    field.given = fresh && Array.isArray(shape.usual) && shape.usual.length ? shape.usual : null;
    return field;
  });
  const naming = named ? nameField(context, base) : null;
  const operations = () => [...fields.filter((field) => field.changed() || field.given).map((field) => ({ op: 'set', path: field.full, value: field.changed() ? field.value() : field.given, was: field.was })), ...(naming ? naming.operations() : [])];
  const voice = fields.find((field) => field.path[field.path.length - 1] === 'voice');
  const speed = fields.find((field) => field.path[field.path.length - 1] === 'speed');
  const sound = voice ? listen(context, () => '恭喜{team}的{person}签了一单{product}，金额是{amount}，请大家为他喝彩！',
    () => ({ voice: voice.value() || 'auto', speed: Number(speed.value() || 1) })).nodes : [];
  const dated = fields.some((field) => ['office', 'city', 'holidays', 'days_off', 'extra_workdays', 'new_customers'].includes(field.full[0]));
  open(context, { title, fields: naming ? [naming, ...fields] : fields, operations, prefix: base.length ? base : [null], extra: sound, more, dated });
}
