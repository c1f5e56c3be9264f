// 报单: person, amount, product, and a preview of the announced sentence.
import { $, ask, call, chips, el, fill, heldDown, money, newKey, Refusal, row, tap, toast, undoable } from './phone-kit.js';
import { hear, silence } from './phone-media.js';
import * as done from './phone-done.js';
import * as paste from './phone-paste.js';
import * as people from './phone-find.js';
import * as products from './phone-products.js';
import * as proposed from './phone-proposed.js';
import * as unsent from './phone-unsent.js';

const OTHER = '别的…';
const form = { key: newKey(), team: null, person: null, product: null, picked: false, day: null };
let state = null;
let refresh = () => {};
let previewTimer = 0;
let previewTurn = 0;
let sending = false;
let reported = null; // the deal entered last: its card stays until the next deal is started
let fixing = null; // the deal that is being corrected
let changing = false; // the office's list of products was changed on this phone: the next state has it
let reordered = false;
let listed = []; // products as listed on this page: they keep their places while a deal is being entered

// ---- the form

const product = () => (form.product === OTHER ? $('other-product').value.trim() : form.product);
const elsewhere = () => (fixing ? form.day !== state.date : Boolean(form.day && form.day !== state.date)); // counts for another day than today
const aloud = () => Boolean(fixing) && $('correct-aloud').checked;
const recordOnly = () => (fixing ? !aloud() && (elsewhere() || $('record-only').checked) : elsewhere());
const announced = () => (aloud() ? { announce: 'correction' } : recordOnly() ? { announce: false } : {});
const fixed = () => (fixing ? { replaces: fixing.id, date: form.day } : elsewhere() ? { date: form.day } : {});
const entered = () => ({ person: form.person, team: form.team, product: product(), amount: $('amount').value, ...fixed() });
const complete = () => form.person && $('amount').value.trim() && product();

function fault(name, sentence) {
  for (const node of document.querySelectorAll('#deal [data-field]')) {
    node.hidden = node.dataset.field !== name;
    node.textContent = node.hidden ? '' : sentence;
  }
}

function say(why, words) {
  $('why').textContent = why;
  $('words').textContent = words;
  $('sentence').classList.toggle('idle', !words);
  uncover(document.activeElement);
}

// The sentence lies over the lower fields: lift the field that is being filled in above it.
function uncover(field) {
  if (!field || field.tagName !== 'INPUT') return;
  const below = field.getBoundingClientRect().bottom + 12 - $('go').closest('.send').getBoundingClientRect().top;
  if (below > 0) scrollBy(0, below);
}

function missing() {
  const parts = [form.person ? '' : '谁签的', $('amount').value.trim() ? '' : '金额', product() ? '' : '产品'].filter(Boolean);
  return parts.length ? `还差：${parts.join('、')}。` : '';
}

function preview() {
  clearTimeout(previewTimer);
  const turn = ++previewTurn;
  $('go').disabled = sending || !complete();
  $('go').closest('.send').classList.toggle('ready', Boolean(complete()));
  $('deal-listen').hidden = !complete() || !state.sells;
  silence($('deal-sound')); // it belongs to the previous values
  fault(null, '');
  if (!complete()) return say(missing(), '');
  if (!$('words').textContent) say('要播的话马上写好……', '');
  previewTimer = setTimeout(async () => {
    try {
      const found = await call('POST', '/api/deals/preview', { ...entered(), ...(aloud() ? announced() : {}) });
      if (turn !== previewTurn) return;
      if (!state.sells) say(`${money(found.amount)}。交给助理，确认以后播报。`, found.sentence);
      else if (recordOnly()) say(`${money(found.amount)}。`, elsewhere() ? `只记不播，记在${nameOf(form.day)}。` : '只记不播，战报照算。');
      else say(`${money(found.amount)}。${found.decision.why}`, found.sentence);
    } catch (error) {
      if (turn !== previewTurn) return;
      if (error.field) fault(error.field, error.message);
      say(error.field ? '改好以后，这里是要播的话。' : error.message, '');
    }
  }, 220);
}

// A leader enters deals of the own team only, a salesperson the own ones.
function offered() {
  const { role, team, person } = state.me;
  if (role === 'sales') return { ...state, teams: state.teams.filter((one) => one.name === team), people: state.people.filter((one) => one.id === person) };
  if (role !== 'leader' || !team) return state;
  return { ...state, teams: state.teams.filter((one) => one.name === team), people: state.people.filter((one) => one.team === team) };
}

function drawWho() {
  const known = state.people.filter((person) => person.name === form.person);
  if (form.person && !known.length) form.person = null;
  else if (known.length === 1) form.team = known[0].team; // moved meanwhile
  $('who').hidden = Boolean(form.person);
  $('chosen').hidden = !form.person;
  $('chosen-name').textContent = form.person || '';
  $('chosen-team').textContent = form.team || '';
  people.draw(offered(), form);
}

function pickPerson(person) {
  Object.assign(form, { person: person.name, team: person.team });
  reported = null;
  drawReported();
  drawWho();
  preview();
  $('amount').focus();
}

function drawProducts() {
  if (reordered) listed = state.products;
  reordered = false;
  const begun = form.person || $('amount').value.trim() || form.picked;
  listed = begun ? [...listed, ...state.products.filter((name) => !listed.includes(name))] : state.products;
  const names = [...listed, OTHER];
  if (!begun || !names.includes(form.product)) form.product = listed.length > 1 ? null : names[0]; // the only one is chosen
  chips($('products'), names, form.product, (name) => { form.product = name; form.picked = true; drawProducts(); preview(); if (name === OTHER) $('other-product').focus(); });
  $('hide-note').hidden = form.product !== OTHER || !listed.length;
  $('other').hidden = form.product !== OTHER;
  $('manage-products').hidden = form.product !== OTHER || !state.manages;
}

// Long press removes a product that is no longer sold or was mistyped.
function unlist(name) {
  ask(`去掉“${name}”`, ['从产品的选择里去掉，以前的单都留着。以后再报这个产品，它会回来。'], '去掉', async () => {
    await call('PATCH', '/api/products', { product: name, hidden: true });
    forgetProduct(name);
    undoable(`“${name}”已去掉。`, '恢复', async () => {
      await call('PATCH', '/api/products', { product: name, hidden: false });
      refresh();
    });
    refresh();
  });
}

function forgetProduct(name) {
  listed = listed.filter((found) => found !== name);
  state.products = state.products.filter((found) => found !== name);
  if (form.product === name) form.product = null;
  drawProducts();
  preview();
}

function heldProduct(event) {
  const chip = event.target.closest('.chip');
  const name = chip ? chip.textContent : OTHER;
  if (name !== OTHER) unlist(name);
}

const nameOf = (date) => (state.week.find((one) => one.date === date) || { name: date }).name;

function put(order) {
  Object.assign(form, { key: newKey(), team: order.team, person: order.person, product: order.product, picked: true, day: order.date || (fixing ? state.date : null) });
  if (order.product && !listed.includes(order.product)) listed = [...listed, order.product];
  $('amount').value = String(order.amount);
  people.showTeam(order.team);
  grow();
  drawFixing();
  drawWho();
  drawProducts();
  preview();
  scrollTo(0, 0);
}

// Correct a deal: fill in the form again; sending it takes the old deal back and records the new one.
function fix(line) {
  fixing = line;
  $('record-only').checked = line.look === 'ok'; // do not announce a heard deal again unless the user wants it
  $('correct-aloud').checked = false;
  put(line);
}

const label = () => {
  const verb = aloud() ? '改好，播更正' : recordOnly() ? '保存' : '改好，播报';
  $('go').textContent = fixing ? verb : state && !state.sells ? '交给助理' : state && elsewhere() ? '记下，不播报' : '播报';
};

// The days of this week for which a deal can count: always open for a correction, else behind one tap.
function drawDays() {
  const late = !fixing && state.sells && state.week.length > 1;
  $('fix-day').hidden = !(fixing ? state.week.length > 1 : late && form.day);
  $('late').hidden = !late || Boolean(form.day);
  chips($('fix-days'), state.week.map((one) => one.name), nameOf(form.day || state.date), (name) => {
    form.day = state.week.find((one) => one.name === name).date;
    drawFixing();
    preview();
  });
  $('late-note').hidden = Boolean(fixing) || !elsewhere();
  if (!$('late-note').hidden) $('late-note').textContent = `记在${nameOf(form.day)}，只记不播。那天公布过的战报不变，排名马上算进去。`;
}

function drawFixing() {
  $('fixing').hidden = $('record').hidden = !fixing;
  drawDays();
  if (fixing) {
    $('fixing-words').textContent = `正在改 ${fixing.person} ${money(fixing.amount)}（${fixing.date === state.date ? '' : nameOf(fixing.date) + ' '}${fixing.at}）。保存后原来的一单撤回。`;
    $('record-only-label').hidden = elsewhere();
    $('correct-aloud-label').hidden = !elsewhere() && fixing.look !== 'ok'; // nothing was heard that could be corrected
    $('fixing-note').textContent = [fixing.date, form.day].includes(state.date) ? state.frozen : '';
    $('fixing-note').hidden = !$('fixing-note').textContent;
  }
  label();
}

// Empty the form for the next deal. The product stays chosen: several deals in a row are often of one kind.
function clear(keep = false) {
  const kept = keep && !fixing && form.product !== OTHER ? form.product : null;
  fixing = null;
  Object.assign(form, { key: newKey(), person: null, product: kept, picked: Boolean(kept), day: null });
  drawFixing();
  $('amount').value = '';
  $('other-product').value = '';
  grow();
  drawWho();
  drawProducts();
  preview();
}

const path = () => (state.sells ? '/api/deals' : '/api/deals/proposed');

async function submit(event) {
  event.preventDefault();
  if (sending || !complete()) return;
  const order = { key: form.key, ...entered(), ...announced() };
  sending = true;
  $('go').disabled = true;
  $('go').textContent = '正在送出…';
  try {
    const answer = await unsent.send(order, path());
    toast(state.sells ? (fixing ? '已改好。' : '已记下。') + answer.decision.why + (answer.note || '') : '已交给助理，确认以后播报。');
    reported = state.sells ? answer.id : null;
    next();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    failed(error);
  } finally {
    sending = false;
    label();
    $('go').disabled = !complete();
    refresh();
  }
}

function next() {
  clear(true);
  scrollTo(0, 0);
  people.focus();
}

function failed(error) {
  if (unsent.isKept(error, path())) {
    toast(unsent.keptWords(error));
    next();
    unsent.draw();
    return;
  }
  if (error.status === 409 && error.field === 'key') form.key = newKey();
  fault(['replaces', 'date'].includes(error.field) ? 'amount' : error.field || 'amount', error.message);
}

const grow = () => $('amount').classList.toggle('long', $('amount').value.length > 11);

function drawReported() {
  const line = state.done.find((found) => found.id === reported);
  $('reported').hidden = !line;
  fill($('reported'), line ? row(
    [line.person, ' ', el('span', { class: 'money' }, money(line.amount))],
    el('span', { class: line.look }, line.state), `${line.product} · ${line.reason || line.why}`, el('span', { class: 'more' }, done.offer(line)), { open: () => done.more(line) },
  ) : null);
}

export function start(again) {
  refresh = again;
  $('deal-form').addEventListener('submit', submit);
  $('amount').addEventListener('input', () => { grow(); preview(); });
  $('other-product').addEventListener('input', preview);
  heldDown($('products'), heldProduct);
  $('record-only').addEventListener('change', () => { $('correct-aloud').checked = false; label(); preview(); });
  $('correct-aloud').addEventListener('change', () => { $('record-only').checked = !$('correct-aloud').checked; label(); preview(); });
  $('late').addEventListener('click', () => { form.day = state.week[0].date === state.date ? state.week[1].date : state.week[0].date; drawFixing(); preview(); });
  $('fixing-off').addEventListener('click', () => clear());
  $('deal-hear').addEventListener('click', (event) => tap(event.currentTarget, () =>
    hear({ ...entered(), ...(aloud() ? announced() : {}) }, $('deal-sound'))));
  $('change').addEventListener('click', () => { form.person = null; drawWho(); preview(); });
  $('wan').addEventListener('click', () => { $('amount').value = $('amount').value.replace(/[万\s]+$/, '') + '万'; grow(); preview(); $('amount').focus(); });
  $('manage-products').addEventListener('click', (event) => tap(event.currentTarget, products.manage));
  people.start(form, pickPerson);
  products.start(() => { changing = true; refresh(); });
  proposed.start(refresh, (id) => { reported = id; });
  $('paste-open').addEventListener('click', () => paste.open(refresh, () => state.products));
  done.start({ refresh, fix, unlist });
  unsent.start({ refresh, redraw: () => { if (state) done.draw(); }, edit: put });
}

export function draw(found) {
  const first = state === null;
  state = found;
  reordered = changing;
  changing = false;
  unsent.know(state.date);
  drawWho();
  drawProducts();
  drawReported();
  drawDays();
  label();
  proposed.draw(state);
  done.update(state);
  unsent.draw();
  if (first) preview();
}
