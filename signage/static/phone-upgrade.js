// 设备 → 版本: the present version, an upgrade by the owner, and the way back.
import { $, Refusal, ask, call, el, fill, loadedSheet, row } from './phone-kit.js';
import { fileButton, send, sending } from './phone-media.js';

const POLL_MS = 2000, MOST_MB = 1500;
const STEPS = { waiting: '等主机接手', checking: '检查安装包', unpacking: '放好新版本', stopping: '停下旧版本', fitting: '准备账本', switching: '换成新版本', starting: '启动，看它是不是正常', done: '收尾', back: '回到原来的版本' };
let rights = [];

function open() {
  const list = el('ul', { class: 'rows' });
  const said = el('p', { class: 'dim', role: 'status', id: 'upgrade-said' });
  const file = fileButton('选安装包', '.deb', ([chosen]) => upload(chosen), { id: 'upgrade-file' });
  const back = el('button', { type: 'button', class: 'act', id: 'rollback' }, '退回上一个版本');
  const own = el('div', { id: 'upgrade-own' }, el('p', {}, '选一个签过名的安装包（.deb）升级。音乐会停几秒钟；新版本一分钟内不正常，会自动回到现在的版本。'), file, back);
  let waiting = 0;
  function say(text, wrong) {
    said.className = wrong ? 'wrong' : 'dim';
    fill(said, text);
  }
  function show(found) {
    fill(list, row('现在的版本', found.version, '', ''), row('上一个版本', found.previous || '这是第一个', '', ''));
    own.hidden = !found.installed || !rights.includes('own');
    file.hidden = back.hidden = Boolean(found.busy);
    back.disabled = !found.previous;
    const last = found.last || { sentence: '', outcome: 'done' };
    if (!found.installed) say('这里的战鼓不是用安装包装的，不能在这里升级。用 git 取的代码，请用 git 升级。');
    else if (found.busy) say(`${STEPS[found.busy] || found.busy}……`);
    else say(last.sentence, last.outcome !== 'done');
    clearTimeout(waiting);
    if (found.busy) waiting = setTimeout(follow, POLL_MS);
  }
  // The server restarts in the middle: ask again until it answers.
  function follow() {
    if (!list.isConnected) return;
    call('GET', '/api/upgrade').then(show, () => {
      say('主机正在重新启动，请不要断电……');
      waiting = setTimeout(follow, POLL_MS);
    });
  }
  // The buttons are away until the package has arrived: a second one would be refused.
  async function upload(chosen) {
    file.hidden = back.hidden = true;
    try {
      show(await send('POST', '/api/upgrade', chosen, MOST_MB, (part) => say(sending(part))));
    } catch (error) {
      file.hidden = back.hidden = false;
      if (!(error instanceof Refusal)) throw error;
      say(error.message, true);
    }
  }
  back.addEventListener('click', () => ask('退回上一个版本', ['音乐会停几秒钟，订单都会保留。'], '退回', async () => {
    await call('POST', '/api/rollback', {});
    open();
  }));
  loadedSheet('版本', () => call('GET', '/api/upgrade'), (found) => {
    show(found);
    return [list, said, own];
  });
}

export function draw(state) {
  rights = state.me.rights;
}

export function start() {
  $('upgrade').addEventListener('click', open);
}
