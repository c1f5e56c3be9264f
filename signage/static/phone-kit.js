// Helpers for all tabs. Text from people only becomes text nodes: el() takes no HTML.
import { presses } from './phone-old.js';

export const $ = (id) => document.getElementById(id);

export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ''));
  return node;
}

// Where the keyboard is: a button of a list that is drawn again is another node at the same place.
const FOCUSABLE = 'a[href], button, input, select, textarea, summary';
function placeOf(node) {
  const box = node && node.closest('[id]');
  return box && { box, at: [...box.querySelectorAll(FOCUSABLE)].indexOf(node) };
}

function focusPlace({ box, at }) {
  const node = at < 0 ? box : box.querySelectorAll(FOCUSABLE)[at];
  if (node && node !== document.body) node.focus();
}

export function fill(node, ...children) {
  const place = node.contains(document.activeElement) ? placeOf(document.activeElement) : null;
  node.textContent = '';
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  if (place && document.activeElement === document.body) focusPlace(place);
}

// Made once: making a format takes longer than a list of deals.
const WHOLE = new Intl.NumberFormat('zh-CN', { maximumFractionDigits: 0 });
const WITH_FEN = new Intl.NumberFormat('zh-CN', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
export function money(yuan) {
  return '¥' + (Number.isInteger(yuan) ? WHOLE : WITH_FEN).format(yuan);
}

// 2026-11-27 as people write it.
export const dayText = (iso) => `${Number(iso.slice(5, 7))}月${Number(iso.slice(8, 10))}日`;

// One text of sentences; in English a space stands between them.
export const prose = (sentences) => sentences.filter(Boolean).reduce((text, one) => text + (/[.!?]$/.test(text) ? ' ' : '') + one, '');
export const percent = (rate) => Math.floor(rate * 100 + 1e-9) + '%';

// crypto.randomUUID does not exist on plain HTTP.
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return 'phone-' + Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// An error from the server (status, sentence, field, the whole answer); status 0: the server could not be reached.
export class Refusal extends Error {
  constructor(status, sentence, place, answer = null) {
    super(sentence);
    this.status = status;
    this.field = place;
    this.answer = answer;
  }
}

let staying = false;
// Keep the page open when this phone is signed out: it shows something that must be read first.
export function stay() {
  staying = true;
}

export async function call(method, path, data) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 8000);
  let answer;
  let found = null;
  try {
    const options = { method, signal: stop.signal, credentials: 'same-origin', cache: 'no-store' };
    if (data !== undefined) {
      options.headers = { 'Content-Type': 'application/json' };
      options.body = JSON.stringify(data);
    }
    answer = await fetch(path, options);
    found = await answer.json();
  } catch (error) {
    if (!answer || answer.ok) throw new Refusal(0, '连不上主机，请看手机是否连着办公室的网络。', null);
  } finally {
    clearTimeout(timer);
  }
  if (answer.status === 401 && !staying) location.assign('/login');
  if (!answer.ok) throw new Refusal(answer.status, (found && found.error) || '主机没有正常应答，请再试一次。', found && found.field, found);
  return found;
}

let toastTimer = 0;
export function toast(text) {
  const node = $('toast');
  node.textContent = text;
  node.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { node.hidden = true; }, 4500);
}

// WeChat and WeCom save no files, and say nothing about it.
export const inWeChat = () => /MicroMessenger|wxwork/i.test(navigator.userAgent);
document.addEventListener('click', (event) => {
  if (!inWeChat() || !event.target.closest('a[download]')) return;
  event.preventDefault();
  toast('在微信里不能下载。请点右上角“…”，选“在浏览器中打开”，登录以后再下载。');
});

// Offer to undo an action for ten seconds.
export function undoable(text, label, work) {
  toast(text);
  const node = $('toast');
  const back = el('button', { type: 'button', class: 'undo', onclick: () => tap(back, async () => { node.hidden = true; await work(); }) }, label);
  node.append(back);
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { node.hidden = true; }, 10000);
}

// Ask for confirmation before an action that the whole office hears or that ends something.
export function ask(title, lines, verb, work, look = 'go') {
  // A person may have opened another sheet while the work went on: only this one is closed.
  const go = el('button', { type: 'button', class: look, onclick: () => tap(go, async () => { await work(); if (go.isConnected) closeSheet(); }) }, verb);
  sheet(title, lines.filter(Boolean).map((line) => el('p', {}, line)), go);
}

// Run the action of a tap: disable the button meanwhile, show an error.
export async function tap(button, work) {
  if (button.disabled) return;
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    toast(error.message);
  } finally {
    button.disabled = false;
  }
}

// Call `work` with the event after a press of 0.6 s or a right click. The dialog it opens covers the page, so that
// the end of the press clicks nothing.
const HELD_MS = 600;
export function heldDown(node, work) {
  let timer = 0;
  let asked = 0;
  const now = (event) => {
    clearTimeout(timer);
    if (Date.now() - asked > HELD_MS) work(event); // Android also sends a right click for a long press
    asked = Date.now();
  };
  presses(node, (event) => {
    clearTimeout(timer);
    timer = setTimeout(() => now(event), HELD_MS);
  }, () => clearTimeout(timer));
  node.addEventListener('contextmenu', (event) => {
    event.preventDefault();
    now(event);
  });
}

export function chips(node, names, chosen, pick, called = {}) {
  fill(node, names.map((name) => el('button', {
    type: 'button', class: 'chip', role: 'radio', 'aria-checked': String(name === chosen), onclick: () => pick(name),
  }, called[name] || name)));
}

// A row with text and state; optional second lines; a tap may open details.
export function row(first, state, second, action, { open = null, look = '' } = {}) {
  const parts = [el('span', {}, first), el('span', {}, state)];
  if (second && !action) parts.push(el('span', { class: 'dim all' }, second));
  else if (action) parts.push(el('span', { class: 'dim' }, second), el('span', { class: 'dim' }, action));
  const shape = { class: 'row ' + look };
  return el('li', {}, open ? el('button', { ...shape, type: 'button', onclick: open }, parts) : el('div', shape, parts));
}

// An empty list of people is no dead end: who may enter people gets the way there.
export function nobodyYet(rights) {
  if (!rights.includes('manage')) return el('p', { class: 'dim' }, '还没有人。请销售助理或负责人在“设备”页的“团队和人”里添加。');
  return [el('p', { class: 'dim' }, '还没有人。'), el('a', { class: 'act link', href: '#colleagues' }, '加人，或者导入名单')];
}

export function sheet(title, ...children) {
  const node = $('sheet');
  const close = el('button', { type: 'button', class: 'act', onclick: () => node.close() }, '关闭');
  fill(node, el('h2', { id: 'sheet-title', tabindex: '-1', autofocus: true }, title), children, close);
  if (!node.open) {
    const place = placeOf(document.activeElement);
    // Until its next frame the browser may still name the element of the closed sheet.
    const lost = () => document.activeElement === document.body || node.contains(document.activeElement);
    const back = () => { if (place && lost()) focusPlace(place); };
    node.addEventListener('close', back, { once: true });
    node.showModal();
  }
  node.scrollTop = 0; // the previous sheet may have been scrolled
}

// Open a sheet at once, and fill it with what `load` brings: on a slow network a tap must show something. `build` gets the
// answer and returns the content. A sheet of that title that is open already keeps its content until then.
export async function loadedSheet(title, load, build) {
  const node = $('sheet');
  const line = el('p', { class: 'dim', role: 'status' }, '正在读取…');
  if (!node.open || $('sheet-title').textContent !== title) sheet(title, line);
  const heading = $('sheet-title');
  const present = () => node.open && heading.isConnected; // else it was closed, or another sheet was opened
  let found;
  try {
    found = await load();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (!present()) return;
    if (line.isConnected) line.replaceWith(el('p', { class: 'wrong', role: 'alert' }, error.message));
    else toast(error.message);
    return;
  }
  if (!present()) return;
  const content = el('div', {}, build(found));
  if (line.isConnected) line.replaceWith(...content.childNodes);
  else sheet(title, ...content.childNodes);
}

export const closeSheet = () => $('sheet').close();

// The back button leads to another page: a sheet of the former one must not stay above it.
addEventListener('hashchange', () => { if ($('sheet') && $('sheet').open) closeSheet(); });

export function field(label, id, value, extra = {}) {
  return el('label', {}, label, el('input', { class: 'line', id, value: value || '', maxlength: 60, ...extra }));
}
