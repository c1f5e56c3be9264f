// The deals of a day of this week with the state of their announcements; take back, restore, repeat, correct.
import { $, call, chips, closeSheet, el, field, fill, money, row, sheet, tap, toast } from './phone-kit.js';
import * as unsent from './phone-unsent.js';

const STEPS = { voided: '撤回', restored: '恢复' };
let state = null;
let day = null; // null: today
let lines = null; // every deal of that day; null: the newest of today, from the state
let hooks = null;

const text = (parts) => parts.filter(Boolean).join(' · ');
const act = (words, look, work) => el('button', { type: 'button', class: look, onclick: (event) => tap(event.currentTarget, work) }, words);

function drawDays() {
  const names = state.week.map((one) => one.name);
  const current = state.week.find((one) => one.date === (day || state.date));
  $('deal-days').hidden = names.length < 2;
  chips($('deal-days'), names, current ? current.name : names[0], (name) => {
    const { date } = state.week.find((one) => one.name === name);
    day = date === state.date ? null : date;
    lines = null;
    if (day) load().catch((error) => toast(error.message));
    else draw();
  });
}

async function load() {
  const wanted = day;
  const found = await call('GET', '/api/phone/done' + (wanted ? `?date=${wanted}` : ''));
  if (wanted !== day) return;
  lines = found;
  draw();
}

export function doneRow(line) {
  return row([line.person, ' ', el('span', { class: 'money' }, money(line.amount))], el('span', { class: line.look }, line.state),
    text([line.team, line.at, line.reason]), el('span', { class: 'more' }, offer(line)),
    { open: () => more(line), look: line.voided ? 'gone' : '' });
}

export function draw() {
  drawDays();
  const shown = day ? lines || [] : lines || state.done;
  const waiting = day ? [] : unsent.rows();
  $('older').hidden = Boolean(day) || shown.length >= state.done_total;
  fill($('done'), waiting, shown.map(doneRow));
  $('nothing').hidden = Boolean(waiting.length || shown.length);
  $('nothing').textContent = day ? '这一天没有单。' : '今天还没有单。第一单会当场播报，全场鼓掌。';
  $('frozen').textContent = day ? '' : state.frozen;
  $('frozen').hidden = Boolean(day) || !state.frozen;
}

export function offer(line) {
  if (!state.sells) return '';
  if (line.voided) return canRestore(line) ? '恢复' : '看原因';
  return line.again ? '再播一次' : '撤回';
}

const canRestore = (line) => line.voided && line.this_week && !line.replaced_by;

// Each void and restore, when there was more than one of them.
function history(line) {
  const words = el('p', { class: 'dim' });
  call('GET', `/api/deals/${line.id}`).then((deal) => {
    if (deal.history.length > 1 || (deal.history.length && !line.voided)) {
      words.textContent = deal.history.map((step) => `${step.at.slice(11, 16)} ${STEPS[step.step]}${step.reason ? `（${step.reason}）` : ''}`).join('，') + '。';
    }
  }, () => {});
  return words;
}

export function more(line) {
  const facts = [`${line.team}，${line.product}，${line.at} 记下。`, line.voided ? `已撤回：${line.voided}` : line.why];
  const actions = line.voided ? [] : [el('a', { class: 'act link', href: `/api/deals/${line.id}/poster`, target: '_blank', rel: 'noopener' }, '喜报海报')];
  if (!state.sells) return sheet(`${line.person} ${money(line.amount)}`, facts.map((fact) => el('p', {}, fact)), actions);
  if (line.again && !line.voided) {
    actions.push(act('再播一次', 'act', async () => {
      const said = await call('POST', `/api/announcements/${line.announcement}/repeat`, {});
      toast(said.decision.why);
      closeSheet();
      changed();
    }));
  }
  if (!line.voided && line.this_week) actions.push(act('改这一单', 'act', async () => { closeSheet(); hooks.fix(line); }));
  if (!line.voided) actions.push(act('撤回这一单', 'act stop', async () => takeBack(line)));
  if (canRestore(line)) actions.push(act('恢复这一单', 'act', () => restore(line)));
  if (state.products.includes(line.product)) actions.push(act(`以后不再列出“${line.product}”`, 'act', async () => hooks.unlist(line.product)));
  return sheet(`${line.person} ${money(line.amount)}`, facts.map((fact) => el('p', {}, fact)), history(line), actions);
}

async function restore(line) {
  const answer = await call('POST', `/api/deals/${line.id}/restore`, {});
  toast(answer.decision.why + (answer.note || ''));
  closeSheet();
  changed();
}

function takeBack(line) {
  const reasons = el('div', { class: 'chips' });
  const words = field('撤回的原因', 'reason', '', { maxlength: 100, placeholder: '写一句就行' });
  const input = words.querySelector('input');
  const go = act('撤回', 'go', async () => {
    const answer = await call('DELETE', `/api/deals/${line.id}`, { reason: input.value.trim() });
    toast('已撤回，排名里不再算这一单。' + (answer.note || ''));
    closeSheet();
    changed();
  });
  go.disabled = true;
  chips(reasons, ['金额写错了', '人选错了', '报重了', '客户取消了'], null, (reason) => { input.value = reason; go.disabled = false; });
  input.addEventListener('input', () => { go.disabled = !input.value.trim(); });
  const note = day ? '' : state.frozen;
  sheet(`撤回 ${line.person} ${money(line.amount)}`, reasons, words, note ? el('p', { class: 'dim' }, note) : null, go);
}

// The state comes by itself; the list of another day has to be asked for.
function changed() {
  hooks.refresh();
  if (day || lines) load().catch(() => {});
}

export function update(found) {
  state = found;
  if (day && !state.week.some((one) => one.date === day)) day = lines = null; // it is another week now
  draw();
  if (day || lines) load().catch(() => {}); // keep the old list until the next hint
}

// `fix`: put a deal into the form; `unlist`: take a product out of the choices.
export function start(given) {
  hooks = given;
  $('older').addEventListener('click', (event) => tap(event.currentTarget, load));
}
