// 报单: person, amount, product, and a preview of the announced sentence.
import { $, ask, call, chips, closeSheet, el, field, fill, heldDown, money, newKey, Refusal, row, sheet, tap, toast, undoable } from './phone-kit.js';
import { hear, silence } from './phone-media.js';

const OTHER = '别的…';
const KEPT = 'zhangu-unsent';
const form = { key: newKey(), team: localStorage.getItem('zhangu-team'), person: null, product: null, picked: false };
let state = null;
let refresh = () => {};
let previewTimer = 0;
let previewTurn = 0;
let sending = false;
let reported = null; // the deal entered last: its card stays until the next deal is started
let fixing = null; // the deal that is being corrected
let older = null; // every deal of today, once the user has opened the older ones
let listed = []; // products as listed on this page: they keep their places while a deal is being entered

// ---- unsent deals survive a reload; each keeps its key, so that none is counted twice

const unsent = () => JSON.parse(localStorage.getItem(KEPT) || '[]');
const keep = (orders) => localStorage.setItem(KEPT, JSON.stringify(orders));
const forget = (key) => keep(unsent().filter((order) => order.key !== key));

async function deliver(order) {
  const answer = await call('POST', '/api/deals', order);
  forget(order.key);
  return answer;
}

// Not a refusal of the deal itself: the server is away, or this phone was removed or now belongs to a leader.
const undelivered = (error) => [0, 401, 403].includes(error.status) || error.status >= 500;

async function sendUnsent() {
  for (const order of unsent()) {
    try {
      const answer = await deliver(order);
      toast('已送到。' + answer.decision.why);
    } catch (error) {
      if (!(error instanceof Refusal) || undelivered(error)) break;
      forget(order.key);
      toast(`${order.person}的单没有记下：${error.message}`);
    }
    refresh();
  }
  drawDone();
}

// ---- the form

const product = () => (form.product === OTHER ? $('other-product').value.trim() : form.product);
const entered = () => ({ person: form.person, team: form.team, product: product(), amount: $('amount').value, replaces: fixing ? fixing.id : null });
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
}

const recordOnly = () => Boolean(fixing) && $('record-only').checked;

function missing() {
  const parts = [form.person ? '' : '谁签的', $('amount').value.trim() ? '' : '金额', product() ? '' : '产品'].filter(Boolean);
  return parts.length ? `还差：${parts.join('、')}。` : '';
}

function preview() {
  clearTimeout(previewTimer);
  const turn = ++previewTurn;
  $('go').disabled = sending || !complete();
  $('go').closest('.send').classList.toggle('ready', Boolean(complete()));
  $('deal-listen').hidden = !complete();
  silence($('deal-sound')); // it belongs to the previous values
  fault(null, '');
  if (!complete()) return say(missing(), '');
  if (!$('words').textContent) say('要播的话马上写好……', '');
  previewTimer = setTimeout(async () => {
    try {
      const found = await call('POST', '/api/deals/preview', entered());
      if (turn !== previewTurn) return;
      if (recordOnly()) say(`${money(found.amount)}。`, '只记不播，战报照算。');
      else say(`${money(found.amount)}。${found.decision.why}`, found.sentence);
    } catch (error) {
      if (turn !== previewTurn) return;
      if (error.field) fault(error.field, error.message);
      say(error.field ? '改好以后，这里是要播的话。' : error.message, '');
    }
  }, 220);
}

function drawWho() {
  const names = state.teams.map((team) => team.name);
  if (!names.includes(form.team)) form.team = names[0] || null;
  const people = state.people.filter((person) => person.team === form.team).map((person) => person.name);
  if (form.person && !state.people.some((person) => person.name === form.person)) form.person = null;
  $('who').hidden = Boolean(form.person);
  $('chosen').hidden = !form.person;
  $('chosen-name').textContent = form.person || '';
  $('chosen-team').textContent = form.team || '';
  chips($('teams'), names, form.team, (name) => { form.team = name; localStorage.setItem('zhangu-team', name); drawWho(); });
  chips($('people'), people, form.person, (name) => { form.person = name; reported = null; drawReported(); drawWho(); preview(); $('amount').focus(); });
  if (!names.length) fill($('people'), el('p', { class: 'dim' }, '还没有人。请到“设备”页加人。'));
}

function drawProducts() {
  const begun = form.person || $('amount').value.trim() || form.picked;
  listed = begun ? [...listed, ...state.products.filter((name) => !listed.includes(name))] : state.products;
  const names = [...listed, OTHER];
  if (!begun || !names.includes(form.product)) form.product = listed.length > 1 ? null : names[0]; // the only one is chosen
  chips($('products'), names, form.product, (name) => { form.product = name; form.picked = true; drawProducts(); preview(); if (name === OTHER) $('other-product').focus(); });
  $('hide-note').hidden = form.product !== OTHER || !listed.length;
  $('other').hidden = form.product !== OTHER;
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

// Correct a deal: fill in the form again; sending it takes the old deal back and records the new one.
function fix(line) {
  fixing = line;
  Object.assign(form, { key: newKey(), team: line.team, person: line.person, product: line.product });
  if (!listed.includes(line.product)) listed = [...listed, line.product];
  $('amount').value = String(line.amount);
  $('record-only').checked = line.look === 'ok'; // do not announce a heard deal again unless the user wants it
  closeSheet();
  grow();
  drawFixing();
  drawWho();
  drawProducts();
  preview();
  scrollTo(0, 0);
}

const label = () => { $('go').textContent = !fixing ? '播报' : recordOnly() ? '保存' : '改好，播报'; };

function drawFixing() {
  $('fixing').hidden = $('record').hidden = !fixing;
  if (fixing) $('fixing-words').textContent = `正在改 ${fixing.person} ${money(fixing.amount)}（${fixing.at}）。保存后原来的一单撤回。`;
  label();
}

function clear() {
  fixing = null;
  drawFixing();
  form.key = newKey();
  form.person = null;
  $('amount').value = '';
  $('other-product').value = '';
  form.product = null;
  form.picked = false;
  grow();
  drawWho();
  drawProducts();
  preview();
}

async function submit(event) {
  event.preventDefault();
  if (sending || !complete()) return;
  const order = { key: form.key, ...entered() };
  if (fixing) order.announce = !recordOnly();
  sending = true;
  $('go').disabled = true;
  $('go').textContent = '正在送出…';
  try {
    const answer = await deliver(order);
    toast((fixing ? '已改好。' : '已记下。') + answer.decision.why);
    reported = answer.id;
    clear();
    scrollTo(0, 0);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    failed(order, error);
  } finally {
    sending = false;
    label();
    $('go').disabled = !complete();
    refresh();
  }
}

function failed(order, error) {
  if (undelivered(error)) {
    keep([...unsent().filter((kept) => kept.key !== order.key), order]);
    toast('还没送到主机。这一单留在手机里，会自动再送，不会记两次。');
    clear();
    drawDone();
    return;
  }
  if (error.status === 409) form.key = newKey();
  fault(error.field || 'amount', error.message);
}

const grow = () => $('amount').classList.toggle('long', $('amount').value.length > 11);

// ---- today's deals

function drawReported() {
  const line = state.done.find((found) => found.id === reported);
  $('reported').hidden = !line;
  fill($('reported'), line ? row(
    [line.person, ' ', el('span', { class: 'money' }, money(line.amount))],
    el('span', { class: line.look }, line.state), `${line.product} · ${line.reason || line.why}`, el('span', { class: 'more' }, offer(line)), { open: () => more(line) },
  ) : null);
}

function drawDone() {
  const waiting = unsent().map((order) => row(
    `${order.person} ${order.amount}`, el('span', { class: 'bad' }, '还没送到'), order.product, '正在再送',
    { open: () => drop(order) },
  ));
  drawReported();
  const lines = older || state.done;
  $('older').hidden = lines.length >= state.done_total;
  fill($('done'), waiting, lines.map((line) => row(
    [line.person, ' ', el('span', { class: 'money' }, money(line.amount))],
    el('span', { class: line.look }, line.state), `${line.team} · ${line.at}${line.reason ? ` · ${line.reason}` : ''}`, el('span', { class: 'more' }, offer(line)),
    { open: () => more(line), look: line.voided ? 'gone' : '' },
  )));
  $('nothing').hidden = Boolean(waiting.length || state.done.length);
}

async function wholeDay() {
  older = await call('GET', '/api/phone/done');
  drawDone();
}

function offer(line) {
  if (line.voided) return '看原因';
  return line.again ? '再播一次' : '撤回';
}

function drop(order) {
  sheet(`${order.person} ${order.amount}`, el('p', {}, '主机没有应答，这一单还在手机里，每隔几秒再送一次。'),
    el('button', { type: 'button', class: 'act stop', onclick: () => { forget(order.key); closeSheet(); drawDone(); } }, '不送了，删掉'));
}

function more(line) {
  const facts = [`${line.team}，${line.product}，${line.at} 记下。`, line.voided ? `已撤回：${line.voided}` : line.why];
  const actions = [];
  if (line.again && !line.voided) {
    actions.push(el('button', { type: 'button', class: 'act', onclick: (event) => tap(event.currentTarget, async () => {
      const said = await call('POST', `/api/announcements/${line.announcement}/repeat`, {});
      toast(said.decision.why);
      closeSheet();
      refresh();
    }) }, '再播一次'));
  }
  if (!line.voided) actions.push(el('button', { type: 'button', class: 'act', onclick: () => fix(line) }, '改这一单'));
  if (!line.voided) actions.push(el('button', { type: 'button', class: 'act stop', onclick: () => takeBack(line) }, '撤回这一单'));
  if (state.products.includes(line.product)) actions.push(el('button', { type: 'button', class: 'act', onclick: () => unlist(line.product) }, `以后不再列出“${line.product}”`));
  sheet(`${line.person} ${money(line.amount)}`, facts.map((fact) => el('p', {}, fact)), actions);
}

function takeBack(line) {
  const reasons = el('div', { class: 'chips' });
  const words = field('撤回的原因', 'reason', '', { maxlength: 100, placeholder: '写一句就行' });
  const input = words.querySelector('input');
  chips(reasons, ['金额写错了', '人选错了', '报重了', '客户取消了'], null, (reason) => { input.value = reason; go.disabled = false; });
  const go = el('button', { type: 'button', class: 'go', disabled: true, onclick: () => tap(go, async () => {
    await call('DELETE', `/api/deals/${line.id}`, { reason: input.value.trim() });
    toast('已撤回，战报里不再算这一单。');
    closeSheet();
    refresh();
  }) }, '撤回');
  input.addEventListener('input', () => { go.disabled = !input.value.trim(); });
  sheet(`撤回 ${line.person} ${money(line.amount)}`, reasons, words, go);
}

export function start(again) {
  refresh = again;
  $('deal-form').addEventListener('submit', submit);
  $('older').addEventListener('click', (event) => tap(event.currentTarget, wholeDay));
  $('amount').addEventListener('input', () => { grow(); preview(); });
  $('other-product').addEventListener('input', preview);
  heldDown($('products'), heldProduct);
  $('record-only').addEventListener('change', () => { label(); preview(); });
  $('fixing-off').addEventListener('click', clear);
  $('deal-hear').addEventListener('click', (event) => tap(event.currentTarget, () =>
    hear(entered(), $('deal-sound'))));
  $('change').addEventListener('click', () => { form.person = null; drawWho(); preview(); });
  $('wan').addEventListener('click', () => { $('amount').value = $('amount').value.replace(/[万\s]+$/, '') + '万'; grow(); preview(); $('amount').focus(); });
  setInterval(() => { if (unsent().length) sendUnsent(); }, 4000);
}

export function draw(found) {
  const first = state === null;
  state = found;
  drawWho();
  drawProducts();
  if (older) wholeDay().catch(() => {}); // keep the old list until the next hint
  drawDone();
  if (first) preview();
}
