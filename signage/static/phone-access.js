// 设备 → 谁能进来: the PIN, signed-in phones and tokens; each can be revoked.
import { $, call, closeSheet, el, row, sheet, tap, toast } from './phone-kit.js';

const day = (iso) => iso.slice(0, 10);

// Ask for confirmation before an action that cannot be undone.
function ending(label, sure, done) {
  const button = el('button', { type: 'button', class: 'act stop', onclick: () => {
    if (button.textContent !== sure) {
      button.textContent = sure;
      return;
    }
    tap(button, done);
  } }, label);
  return button;
}

async function end(path, told) {
  await call('DELETE', path);
  toast(told);
  closeSheet();
}

async function open() {
  const found = await call('GET', '/api/access');
  const phones = found.sessions.flatMap((one) => [
    row(one.name, one.own ? '这台手机' : `最近 ${day(one.seen)}`, one.address, ''),
    one.own ? '' : el('li', {}, ending('让它退出', `确定让“${one.name}”退出？`, () => end(`/api/access/sessions/${one.id}`, '已退出。'))),
  ]);
  const tokens = found.tokens.flatMap((one) => [
    row(one.name, one.role, one.used ? `最近使用 ${day(one.used)}` : '没有用过', ''),
    el('li', {}, ending('作废', `确定作废“${one.name}”？`, () => end(`/api/access/tokens/${encodeURIComponent(one.name)}`, '已作废。'))),
  ]);
  sheet('谁能进来',
    el('p', {}, 'PIN：', el('b', {}, found.pin)),
    ending('换一个 PIN', '所有手机都要重新登录，确定？', async () => {
      const changed = await call('POST', '/api/access/pin', {});
      sheet('新的 PIN', el('p', { class: 'pin' }, changed.pin), el('p', {}, '请记下它，再用它登录。'),
        el('button', { type: 'button', class: 'go', onclick: () => location.assign('/login') }, '去登录'));
    }),
    el('h3', {}, '已登录的手机'), el('ul', { class: 'rows' }, phones),
    el('h3', {}, '程序和大屏的令牌'), el('ul', { class: 'rows' }, tokens));
}

export function start() {
  $('who-may').addEventListener('click', (event) => tap(event.currentTarget, open));
}
