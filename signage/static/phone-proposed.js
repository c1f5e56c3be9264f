// Deals that wait: the assistant confirms them with a tap, the salesperson sees what became of them. A program's deal
// comes with a question: the person, the amount or the time is not known for certain.
import { personField } from './phone-find.js';
import { $, call, chips, closeSheet, el, field, fill, money, sheet, tap, toast } from './phone-kit.js';

const STATES = { open: ['等助理确认', ''], confirmed: ['已确认', 'ok'], declined: ['已退回', 'bad'], expired: ['已过期', 'bad'] };
const OWN_SHOWN = 5;
let refresh = () => {};
let recorded = () => {};

const sum = (line) => (line.amount === null ? line.written : money(line.amount));

async function confirm(line, how) {
  const answer = await call('POST', `/api/deals/proposed/${line.id}/confirm`, how);
  toast(`已记下。${answer.decision.why}`);
  recorded(answer.id);
  closeSheet();
  refresh();
}

function decline(line) {
  const words = field('退回的原因', 'decline-reason', '', { maxlength: 100, placeholder: '写一句就行，可以不写' });
  const input = words.querySelector('input');
  const reasons = el('div', { class: 'chips' });
  chips(reasons, ['还没有签', '金额不对', '报重了'], null, (reason) => { input.value = reason; });
  const go = el('button', { type: 'button', class: 'act stop', onclick: () => tap(go, async () => {
    await call('POST', `/api/deals/proposed/${line.id}/decline`, { reason: input.value.trim() });
    toast('已退回，对方的手机上看得到原因。');
    closeSheet();
    refresh();
  }) }, '退回');
  sheet(`退回 ${line.person} ${sum(line)}`, reasons, words, go);
}

const button = (look, text, work) => el('button', { type: 'button', class: look, onclick: (event) => tap(event.currentTarget, work) }, text);

// A program's deal with its question: what is wrong can be put right before it is confirmed.
function openQuestion(line) {
  const answer = {};
  const amount = field('金额', 'question-amount', line.amount === null ? '' : String(line.amount), { inputmode: 'decimal', maxlength: 40 });
  const product = field('产品', 'question-product', line.product);
  const said = (how) => ({ ...answer, ...how, product: product.querySelector('input').value.trim(), amount: amount.querySelector('input').value.trim() || null });
  sheet(`${line.person} ${sum(line)}`, el('p', { class: 'wrong' }, line.question),
    el('p', { class: 'dim' }, `${line.by}，${line.at} 发来：${line.person}，${line.product}，${line.written}。`),
    personField('谁签的', line.known ? { person: line.person, team: line.team } : null, (chosen) => Object.assign(answer, chosen)),
    amount, product,
    button('go', '确认，播报', () => confirm(line, said({ announce: true }))),
    button('act', '确认，只记不播', () => confirm(line, said({ announce: false }))),
    button('act stop', '退回', async () => decline(line)));
}

function open(line) {
  if (line.question) return openQuestion(line);
  const facts = [`${line.team}，${line.product}。`, `${line.by}，${line.at} 交上来。`];
  const words = el('p', { class: 'dim' });
  sheet(`${line.person} ${money(line.amount)}`, facts.map((fact) => el('p', {}, fact)), words,
    button('go', '确认，播报', () => confirm(line, {})),
    button('act', '确认，只记不播', () => confirm(line, { announce: false })),
    button('act stop', '退回', async () => decline(line)));
  return call('POST', '/api/deals/preview', { person: line.person, team: line.team, product: line.product, amount: line.amount })
    .then((answer) => { words.textContent = `${answer.decision.why}${answer.sentence}`; }, (error) => { words.textContent = error.message; });
}

function waitingRow(line) {
  const asks = Boolean(line.question);
  const go = el('button', { type: 'button', class: 'act', 'aria-label': `${asks ? '看看' : '确认'} ${line.person} ${sum(line)}`, onclick: () => (asks ? open(line) : tap(go, () => confirm(line, {}))) }, asks ? '看看' : '确认');
  return el('li', { class: 'proposal' }, el('button', { type: 'button', class: 'row', onclick: () => open(line) },
    el('span', {}, line.person, ' ', el('span', { class: 'money' }, sum(line))), el('span', {}),
    el('span', { class: 'dim' }, `${line.product} · ${line.by} · ${line.at}`), el('span', {}),
    asks ? el('span', { class: 'bad why' }, line.question) : null), go);
}

function ownRow(line) {
  const [words, look] = STATES[line.state] || ['', ''];
  return el('li', {}, el('div', { class: 'row' }, el('span', {}, line.person, ' ', el('span', { class: 'money' }, money(line.amount))), el('span', { class: look }, words),
    el('span', { class: 'dim' }, `${line.product} · ${line.at}${line.why ? ` · ${line.why}` : ''}`), el('span', {})));
}

export function draw(state) {
  const lines = state.sells ? state.proposed : state.proposed.slice(0, OWN_SHOWN);
  $('proposed').hidden = !lines.length;
  $('proposed-title').textContent = state.sells ? `等您确认（${lines.length}）` : '我交给助理的单';
  fill($('proposed-rows'), lines.map(state.sells ? waitingRow : ownRow));
}

export function start(again, done) {
  refresh = again;
  recorded = done;
}
