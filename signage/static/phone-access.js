// 设备 → 手机与权限: the office's PIN, signed-in phones and tokens; each can be ended.
import { $, ask, call, dayText, el, fill, loadedSheet, row, sheet, stay, toast } from './phone-kit.js';
import * as invite from './phone-invite.js';
import * as log from './phone-log.js';

let state = null;

const day = (iso) => (iso.slice(0, 10) === state.date ? `今天 ${iso.slice(11, 16)}` : dayText(iso));

function ending(title, lines, verb, method, path, data) {
  ask(title, lines, verb, async () => {
    await call(method, path, data);
    toast(`已${verb}。`);
  }, 'act stop');
}

function phoneRow(one) {
  const last = one.own ? '这台手机' : `最近 ${day(one.seen)}`;
  const remove = one.own || !one.removable ? null : () => ending(`移除“${one.name}”`,
    [`身份是${one.role_name}，${one.how}，${one.address}。移除以后，那台手机马上就不能用了。`],
    '移除', 'DELETE', `/api/access/sessions/${one.id}`);
  return row(one.name, last, `${one.role_name} · ${one.how} · ${one.address}`, remove ? '移除' : '', { open: remove });
}

function tokenRow(one) {
  const remove = one.removable ? () => ending(`作废令牌“${one.name}”`, ['用它的程序或大屏马上就连不上了。'],
    '作废', 'DELETE', `/api/access/tokens/${encodeURIComponent(one.name)}`) : null;
  const used = one.used ? `最近使用 ${day(one.used)}` : '没有用过';
  return row(one.name, one.role_name, one.made_by ? `${used} · 由${one.made_by}给的` : used, remove ? '作废' : '', { open: remove });
}

function changePin() {
  ask('换一个公用 PIN', ['用公用 PIN 登录的手机都要重新登录，也包括用它登录的这台。'], '换', async () => {
    stay(); // this phone may have signed in with the old PIN: the new one must be read before the page leaves
    const changed = await call('POST', '/api/access/pin', {});
    setTimeout(() => sheet('新的公用 PIN', el('p', { class: 'pin' }, changed.pin), el('p', {}, '请记下它，以后用它登录。'),
      el('button', { type: 'button', class: 'go', onclick: () => location.assign('/') }, '记下了')), 0);
  }, 'act stop');
}

function switchPin(on) {
  ask(on ? '打开公用 PIN' : '关掉公用 PIN', [on ? '知道公用 PIN 的人都能以销售助理的身份登录。' : '用公用 PIN 登录的手机马上退出，以后只能用添加过的手机或个人 PIN。'],
    on ? '打开' : '关掉', async () => { await call('PUT', '/api/access/pin', { on }); }, on ? 'go' : 'act stop');
}

const button = (words, act) => el('button', { type: 'button', class: 'act', onclick: act }, words);

function content(found) {
  const owner = state.me.rights.includes('own');
  return [
    el('h3', {}, '登录着的手机'), el('ul', { class: 'rows' }, found.sessions.map(phoneRow)),
    el('h3', {}, '公用 PIN'),
    el('p', {}, found.pin_on ? ['现在是 ', el('b', {}, found.pin), '，用它登录的手机都是销售助理。'] : '已经关掉，不能用它登录。'),
    found.pin_on ? button('换一个公用 PIN', changePin) : null,
    owner ? button(found.pin_on ? '关掉公用 PIN' : '打开公用 PIN', () => switchPin(!found.pin_on)) : null,
    found.tokens.length ? [el('h3', {}, '程序和大屏的令牌'), el('ul', { class: 'rows' }, found.tokens.map(tokenRow))] : null,
  ];
}

// The last owner's phone signs out only after a question that names the way back.
function signOut(event) {
  if (!state.me.last_owner) return;
  event.preventDefault();
  ask('退出最后一台负责人的手机', ['退出以后，没有人能添加手机、看操作记录了。', '回来的办法：在主机上运行 zhangu owner，用它给的链接或数字登录。'], '退出', async () => {
    $('sign-out').submit();
  }, 'act stop');
}

export function start() {
  $('sign-out').addEventListener('submit', signOut);
  $('who-may').addEventListener('click', () => loadedSheet('手机、PIN 和令牌', () => call('GET', '/api/access'), content));
  invite.start(() => state);
  log.start();
}

export function draw(found) {
  state = found;
  fill($('me'), row('这台手机的身份', el('b', {}, state.me.role_name), state.me.team ? `只能改${state.me.team}的目标` : '', ''));
}
