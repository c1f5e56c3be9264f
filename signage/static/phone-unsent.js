// Deals that were pressed while the server was away. Each keeps its key in this phone, so that none is counted twice:
// for two minutes they are sent by themselves, later the page asks.
import { $, call, el, fill, money, Refusal, row, sheet, closeSheet, tap, toast } from './phone-kit.js';

const KEPT = 'zhangu-unsent';
const BY_ITSELF_MS = 120000;
const AGAIN_MS = 4000;
const MOST = 50;
const PROPOSED = '/api/deals/proposed';
const flying = new Set(); // keys of requests under way
const checked = new Set(); // keys of late ones that the server does not have
let hooks = null;
let today = '';

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) || '[]');
    return Array.isArray(kept) ? kept.filter((one) => one && (one.order || one).key).map((one) => (one.order ? one : { order: one, pressed: 0 })) : [];
  } catch (error) {
    return []; // not from this page
  }
}

const write = (kept) => localStorage.setItem(KEPT, JSON.stringify(kept.slice(-MOST)));
const forget = (key) => write(read().filter((one) => one.order.key !== key));
const others = (key) => read().filter((one) => one.order.key !== key);
// Not a refusal of the deal itself: the server is away, or this phone was removed or now belongs to a leader.
// A proposal with 403 is refused: it is for another team.
const lost = (error, path) => [0, 401].includes(error.status) || error.status >= 500 || (error.status === 403 && path !== PROPOSED);

const two = (number) => String(number).padStart(2, '0');
const dateOf = (at) => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;

function pressedAt(one) {
  if (!one.pressed) return '以前';
  const at = new Date(one.pressed);
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return dateOf(at) === dateOf(new Date()) ? clock : `${at.getMonth() + 1}月${at.getDate()}日 ${clock}`;
}

function isLate(one) {
  const age = Date.now() - one.pressed;
  return age < 0 || age > BY_ITSELF_MS; // negative: the phone's clock was set back
}

// The day of the press, if that is not today: a deal of last night does not count for this morning.
function dayOf(one) {
  const day = one.pressed ? dateOf(new Date(one.pressed)) : '';
  return day && dateOf(new Date()) === today && day !== today ? { date: day } : {};
}

async function post(one) {
  const { key } = one.order;
  flying.add(key);
  try {
    const answer = await call('POST', one.path || '/api/deals', one.order);
    forget(key);
    return answer;
  } finally {
    flying.delete(key);
  }
}

// Send a deal that was just pressed. It is kept before it is sent: closing the page meanwhile does not lose it.
export async function send(order, path) {
  const one = { order, path, pressed: Date.now() };
  write([...others(order.key), one]);
  try {
    return await post(one);
  } catch (error) {
    if (error instanceof Refusal && !lost(error, path)) forget(order.key);
    throw error;
  }
}

export const isKept = (error, path) => error instanceof Refusal && lost(error, path);

export function keptWords(error) {
  return error.status === 0 ? '主机连不上，已记下，连上后自动发出，不会记两次。' : `${error.message}这一单已记在手机里，好了以后自动发出，不会记两次。`;
}

async function again(one) {
  try {
    const answer = await post(one);
    toast('已送到。' + (answer.decision || answer).why);
    hooks.refresh();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (lost(error, one.path)) return false;
    write([...others(one.order.key), { ...one, refused: error.message }]);
  }
  return true;
}

// A late one may have arrived although its answer was lost: then there is nothing to ask.
async function arrived(one) {
  if (checked.has(one.order.key) || !one.pressed) return;
  const { date } = dayOf(one);
  const deals = await call('GET', '/api/deals' + (date ? `?date=${date}` : ''));
  if (deals.some((deal) => deal.key === one.order.key)) {
    forget(one.order.key);
    toast(`${pressedAt(one)} 按下的那一单已经送到了。`);
    hooks.refresh();
  } else checked.add(one.order.key);
}

async function step() {
  for (const one of read()) {
    if (one.refused || flying.has(one.order.key)) continue;
    try {
      if (isLate(one)) await arrived(one);
      else if (!await again(one)) break;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      break;
    }
  }
  draw();
}

function what(one) {
  const { person, amount, product } = one.order;
  const yuan = Number(amount);
  return [person, yuan > 0 ? money(yuan) : amount, product].filter(Boolean).join(' ');
}

function question(one) {
  const act = (look, words, work) => el('button', { type: 'button', class: look, onclick: (event) => tap(event.currentTarget, work) }, words);
  const drop = act('act', '丢弃', () => { forget(one.order.key); draw(); });
  if (one.refused) {
    const words = `${pressedAt(one)} 按下的这一单没有记下：${what(one)}。${one.refused}`;
    if (one.order.replaces) return el('div', { class: 'ask' }, el('p', {}, words), drop); // as a new deal it would count twice
    return el('div', { class: 'ask' }, el('p', {}, words), el('div', { class: 'pair' },
      act('act', '改一改再报', () => { forget(one.order.key); hooks.edit(one.order); draw(); }), drop));
  }
  const day = dayOf(one).date ? '会记在那一天，不播报。' : '';
  return el('div', { class: 'ask' }, el('p', {}, `${pressedAt(one)} 按下的这一单还没有发出：${what(one)}。${day}`), el('div', { class: 'pair' },
    act('act stop', '现在发', async () => {
      if (!await again({ ...one, order: { ...dayOf(one), ...one.order } })) toast('主机还是连不上，这一单留着。');
      draw();
    }), drop));
}

export function draw() {
  const asking = read().filter((one) => one.refused || (isLate(one) && !flying.has(one.order.key)));
  const mark = JSON.stringify(asking);
  if ($('unsent').dataset.mark !== mark) fill($('unsent'), asking.map(question)); // keep the focus while nothing changes
  $('unsent').dataset.mark = mark;
  $('unsent').hidden = !asking.length;
  hooks.redraw();
}

// The rows of those that are still sent by themselves, for the list of today's deals.
export function rows() {
  return read().filter((one) => !one.refused && !isLate(one) && !flying.has(one.order.key)).map((one) => row(
    `${one.order.person} ${one.order.amount}`, el('span', { class: 'bad' }, '还没送到'), one.order.product, '连上后自动发出',
    { open: () => sheet(what(one), el('p', {}, '主机没有应答，这一单记在手机里，每隔几秒再送一次；过了两分钟就先问您。'),
      el('button', { type: 'button', class: 'act stop', onclick: () => { forget(one.order.key); closeSheet(); draw(); } }, '不送了，丢弃')) },
  ));
}

// `redraw`: draw the list; `refresh`: ask for the state again; `edit`: put a deal back into the form.
export function start(given) {
  hooks = given;
  setInterval(() => { if (read().length) step(); }, AGAIN_MS);
  if (read().length) step();
}

export function know(date) {
  today = date;
}
