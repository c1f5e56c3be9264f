// Deals from salespeople's phones: the assistant confirms them with a tap, the salesperson sees what became of them.
import { $, call, chips, closeSheet, el, field, fill, money, sheet, tap, toast } from './phone-kit.js';

const STATES = { open: ['等助理确认', ''], confirmed: ['已确认', 'ok'], declined: ['已退回', 'bad'], expired: ['已过期', 'bad'] };
const OWN_SHOWN = 5;
let refresh = () => {};
let recorded = () => {};

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
  sheet(`退回 ${line.person} ${money(line.amount)}`, reasons, words, go);
}

function open(line) {
  const facts = [`${line.team}，${line.product}。`, `${line.by}，${line.at} 交上来。`];
  const words = el('p', { class: 'dim' });
  const button = (look, text, work) => el('button', { type: 'button', class: look, onclick: (event) => tap(event.currentTarget, work) }, text);
  sheet(`${line.person} ${money(line.amount)}`, facts.map((fact) => el('p', {}, fact)), words,
    button('go', '确认，播报', () => confirm(line, {})),
    button('act', '确认，只记不播', () => confirm(line, { announce: false })),
    button('act stop', '退回', async () => decline(line)));
  call('POST', '/api/deals/preview', { person: line.person, team: line.team, product: line.product, amount: line.amount })
    .then((answer) => { words.textContent = `${answer.decision.why}${answer.sentence}`; }, (error) => { words.textContent = error.message; });
}

function waitingRow(line) {
  const go = el('button', { type: 'button', class: 'act', 'aria-label': `确认 ${line.person} ${money(line.amount)}`, onclick: () => tap(go, () => confirm(line, {})) }, '确认');
  return el('li', { class: 'proposal' }, el('button', { type: 'button', class: 'row', onclick: () => open(line) },
    el('span', {}, line.person, ' ', el('span', { class: 'money' }, money(line.amount))), el('span', {}),
    el('span', { class: 'dim' }, `${line.product} · ${line.by} · ${line.at}`), el('span', {})), go);
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
