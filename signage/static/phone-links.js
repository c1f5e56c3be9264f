// 设备 → 连接: each link with its state, test, pause and secrets, and every message of a day with what became of it.
import * as cityLink from './phone-cities.js';
import * as pushed from './phone-push.js';
import { $, ask, call, closeSheet, el, field, fill, prose, row, sheet, tap, toast } from './phone-kit.js';

const LOOK = { sent: 'ok', dropped: 'bad', waiting: 'live', recorded: 'ok', corrected: 'ok', cancelled: 'ok', unread: '', refused: 'bad' };
const AGAIN_MS = 4000;
const FIRST_ROWS = 20;
let all = false;
let shown = false;
let today = '';
let date = '';
let only = '';
let found = null;
let timer = 0;

const clock = (iso) => iso.slice(11, 16);
const when = (iso) => (iso.slice(0, 10) === today ? clock(iso) : `${Number(iso.slice(5, 7))}月${Number(iso.slice(8, 10))}日 ${clock(iso)}`);
const button = (words, work, look = 'act') => {
  const node = el('button', { type: 'button', class: look, onclick: () => tap(node, work) }, words);
  return node;
};

// ---- the links

function stateOf(one) {
  if (!one.on) return ['没填好', ''];
  if (one.paused) return ['暂停', 'live'];
  if (one.receives) return one.since ? ['连着', 'ok'] : ['没连上', 'bad'];
  return one.last_why ? ['发不出去', 'bad'] : ['开', 'ok'];
}

function receiverNotes(one) {
  return [one.why, one.last_why, one.since ? `从 ${when(one.since)} 起连着。` : '', one.last_received ? `最近收到 ${when(one.last_received)}。` : '还没有收到过消息。'].filter(Boolean);
}

function notesOf(one) {
  if (one.receives) return receiverNotes(one);
  return [one.why, one.last_why, one.waiting ? `${one.waiting} 条等着。` : '', one.last_sent ? `最近发出 ${when(one.last_sent)}。` : '还没有发过。'].filter(Boolean);
}

function linkRow(one) {
  const [words, look] = stateOf(one);
  return row(el('b', {}, one.name), el('span', { class: look }, words), prose(notesOf(one)), one.title, { open: () => linkSheet(one) });
}

async function again(words) {
  closeSheet();
  toast(words);
  await load();
}

// An explanation for somebody who has never seen such a link.
function introduction(one) {
  if (one.receives) return '它待在聊天群里。填好以后，在群里 @它，写“王小明 铂金套餐 12800”，它就记下这一单，并回答什么时候播。';
  if (one.owners_address) return '每件事都马上发给一个程序，例如客户系统。密钥和接收的地址都填好才开始；不清楚就问做那个程序的人。';
  return '';
}

function linkSheet(one) {
  const about = introduction(one);
  sheet(one.name, el('p', { class: 'dim' }, one.title), about ? el('p', {}, about) : null, notesOf(one).map((line) => el('p', {}, line)),
    one.next_try ? el('p', { class: 'dim' }, `下一次在 ${when(one.next_try)}`) : null,
    one.on ? testButton(one) : null,
    one.on ? button(pauseWords(one), () => pause(one)) : null,
    one.both_until ? el('p', { class: 'dim' }, `换过密钥：${when(one.both_until)} 以前，原来的密钥也能用。`) : null,
    found.may.secrets ? (one.rotates ? signingForm(one) : secretForm(one)) : el('p', { class: 'dim' }, '密钥由总经理或负责人填。'),
    found.may.address && one.owners_address ? receiverForm(one) : null,
    found.may.address && one.takes_address && !one.owners_address ? addressForm(one) : null);
}

function testButton(one) {
  const [label, said] = one.receives ? ['重新连接', '正在重新连接，几秒后看结果。'] : ['发一条测试消息', '测试消息几秒内发出，结果在下面的列表里。'];
  return button(label, async () => { await call('POST', '/api/links/test', { link: one.link }); await again(said); });
}

function pauseWords(one) {
  if (one.receives) return one.paused ? '继续收' : '暂停，断开连接';
  return one.paused ? '继续发' : '暂停，消息先留着';
}

async function pause(one) {
  await call('PUT', '/api/links/pause', { link: one.link, on: !one.paused });
  await again(one.paused ? '继续了。' : '暂停了。');
}

function secretForm(one) {
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const inputs = one.secrets.map((secret, number) => {
    const label = field(secret.label + (secret.required ? '' : '（可以不填）'), `secret-${number}`, '', { type: 'password', autocomplete: 'off', maxlength: 500, placeholder: secret.set ? '填过了，重填就替换' : '' });
    return { secret, label, input: label.querySelector('input') };
  });
  const save = button('保存密钥', async () => {
    const values = Object.fromEntries(inputs.filter(({ input }) => input.value.trim()).map(({ secret, input }) => [secret.name, input.value.trim()]));
    try {
      await call('PUT', '/api/links/secrets', { link: one.link, values });
    } catch (error) {
      wrong.textContent = error.message;
      return;
    }
    await again(one.receives ? '密钥存好了，正在连接。' : '密钥存好了，可以发一条测试消息。');
  }, 'go');
  const forget = one.secrets.some((secret) => secret.set) ? button('删掉密钥', () => forgetSecrets(one), 'act stop') : null;
  return el('div', { class: 'block' }, inputs.map(({ secret, label }) => [label, el('p', { class: 'dim' }, secret.hint)]), wrong, save, forget);
}

// A program's secret: usually made here and copied to it, seldom pasted.
function signingForm(one) {
  const set = one.secrets.some((secret) => secret.set);
  return el('div', { class: 'block' }, el('h3', {}, '签名密钥'), el('p', { class: 'dim' }, '程序用它检查消息真的是战鼓发的。'),
    button(set ? '换一个新的签名密钥' : '生成签名密钥', () => newSecret(one), set ? 'act' : 'go'),
    el('details', {}, el('summary', {}, '对方给了密钥，贴在这里'), secretForm(one)));
}

function forgetSecrets(one) {
  ask(`删掉“${one.name}”的密钥`, ['这个连接会停下，等着的消息留一天。'], '删掉', async () => {
    const values = Object.fromEntries(one.secrets.filter((secret) => secret.set).map((secret) => [secret.name, null]));
    await call('PUT', '/api/links/secrets', { link: one.link, values });
    await load();
  }, 'act stop');
}

function addressForm(one) {
  const label = field('服务器地址（不填就用官方的）', 'link-address', one.address, { maxlength: 200, inputmode: 'url', autocomplete: 'off' });
  const save = button('保存地址', async () => {
    await call('PUT', '/api/links/address', { link: one.link, address: label.querySelector('input').value.trim() || null });
    await again('地址存好了。');
  });
  return el('details', { class: 'block' }, el('summary', {}, '另一个服务器地址'), el('p', { class: 'dim' }, '密钥会发给这个地址，只有经过自己的转发服务器才需要改。'), label, save);
}

async function newSecret(one) {
  const { secret } = await call('POST', '/api/links/secrets/new', { link: one.link });
  sheet('新的签名密钥', el('p', {}, '把它填到接收的程序里。只显示这一次，关掉就看不到了。'), el('p', { class: 'secret' }, secret),
    el('p', { class: 'dim' }, '如果原来有密钥，一天之内两个都能用。'), button('好', async () => { await again('密钥存好了。'); }, 'go'));
}

function receiverForm(one) {
  const label = field(one.address ? '换成另一个地址' : '地址', 'link-receiver', '', { maxlength: 500, inputmode: 'url', autocomplete: 'off', placeholder: one.address || 'https://……' });
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const save = button('保存地址', async () => {
    wrong.textContent = '';
    try {
      await receiver(one, label.querySelector('input').value.trim(), false);
    } catch (error) {
      wrong.textContent = error.message;
    }
  });
  return el('div', { class: 'block' }, el('h3', {}, '接收的地址'), label, el('p', { class: 'dim' }, '向做那个程序的人要。消息会发到这个地址，里面有姓名和金额，尽量用 https。'), wrong, save);
}

async function receiver(one, address, inside) {
  try {
    await call('PUT', '/api/links/address', { link: one.link, address: address || null, inside });
  } catch (error) {
    if (error.field !== 'inside') throw error;
    ask('发到办公室里面', [error.message], '就发到这里', () => receiver(one, address, true), 'act');
    return;
  }
  await again('地址存好了。');
}

// ---- the messages of a day

function outSheet(one) {
  const lines = [`${one.name}，${one.kind_name}，${when(one.at)}`, `${one.state_name}${one.ended ? `，${when(one.ended)}` : ''}`, one.why,
    one.state === 'waiting' && one.next_try ? `下一次在 ${when(one.next_try)}` : '', one.attempts > 1 ? `一共试了 ${one.attempts} 次，每次同一个编号` : ''];
  sheet('发出的一条消息', el('p', {}, one.text), lines.filter(Boolean).map((line) => el('p', { class: 'dim' }, line)), el('p', { class: 'dim' }, `编号 ${one.sent_as || one.id}`));
}

function inSheet(one) {
  const lines = [`${one.name}，${when(one.at)}`, one.state_name, one.why, one.reply,
    one.sender_name ? `发的人 ${one.sender_name}` : '', one.sender ? `发的人编号 ${one.sender}` : '', one.chat ? `群编号 ${one.chat}` : ''];
  sheet('收到的一条消息', el('p', {}, one.text), one.answer ? el('b', {}, '回答') : null, one.answer ? one.answer.split('\n').map((line) => el('p', {}, line)) : null, lines.filter(Boolean).map((line) => el('p', { class: 'dim' }, line)), el('p', { class: 'dim' }, `编号 ${one.id}`));
}

function messageRow(one) {
  const came = one.direction === 'in';
  const look = came && one.settled ? 'ok' : LOOK[one.state];
  const from = came ? `收到，${one.name}` : one.name;
  const why = one.state === 'sent' ? '' : one.why;
  return row(one.text, el('span', { class: look }, one.state_name), why ? `${from}：${why}` : from, clock(one.at), { open: () => (came ? inSheet(one) : outSheet(one)) });
}

function drawChoice(links) {
  const select = $('links-only');
  const names = [['', '全部'], ...links.map((one) => [one.link, one.name])];
  if (only && !links.some((one) => one.link === only)) names.push([only, only.split(':').pop()]);
  fill(select, names.map(([value, name]) => el('option', { value }, name)));
  select.value = only;
}

async function loadMessages() {
  const asked = date + only;
  const day = await call('GET', `/api/links/messages?date=${date}${only ? `&link=${encodeURIComponent(only)}` : ''}`);
  if (asked !== date + only) return;
  const out = day.messages.filter((one) => one.direction === 'out');
  const count = (state) => out.filter((one) => one.state === state).length;
  const came = day.messages.length - out.length;
  $('links-sum').textContent = day.messages.length ? `收到 ${came}；已发出 ${count('sent')}，等着 ${count('waiting')}，没有发 ${count('dropped')}` : '没有消息。';
  if (document.activeElement !== $('links-only')) drawChoice(day.links);
  drawMessages(day.messages);
}

// A day has hundreds: the latest ones, all on request.
function drawMessages(messages) {
  const shownNow = all ? messages : messages.slice(0, FIRST_ROWS);
  const more = messages.length - shownNow.length;
  fill($('links-messages'), shownNow.map(messageRow));
  $('links-more').hidden = !more;
  $('links-more').textContent = `全部显示，还有 ${more} 条`;
}

async function load() {
  clearTimeout(timer);
  found = await call('GET', '/api/links');
  $('links-none').hidden = found.links.length > 0;
  fill($('links-rows'), found.links.map(linkRow));
  await loadMessages();
  timer = setTimeout(() => shown && load().catch(() => {}), AGAIN_MS);
}

function show() {
  $('links-date').value = date;
  load().catch((error) => toast(error.message));
}

function turn(days) {
  const at = new Date(date + 'T12:00:00Z');
  at.setUTCDate(at.getUTCDate() + days);
  all = false;
  date = at.toISOString().slice(0, 10);
  show();
}

export function start() {
  pushed.start();
  $('links-only').addEventListener('change', () => { only = $('links-only').value; loadMessages().catch((error) => toast(error.message)); });
  $('links-more').addEventListener('click', () => { all = true; loadMessages().catch((error) => toast(error.message)); });
  $('links-back').addEventListener('click', () => turn(-1));
  $('links-on').addEventListener('click', () => turn(1));
  $('links-date').addEventListener('change', () => { if ($('links-date').value) { date = $('links-date').value; show(); } });
}

export function draw(state, open) {
  today = state.date;
  cityLink.show(state, open);
  if (!date || (open && !shown)) date = today;
  if (open && !shown) {
    shown = true;
    pushed.show(state, open);
    show();
  }
  shown = open;
}
