// 设备 → 备份: the last backups, and a new one now.
import { $, call, el, fill, loadedSheet, prose, row, tap, toast } from './phone-kit.js';

const POLL_MS = 1500;
let rights = [];

function when(made) {
  return `${Number(made.slice(5, 7))}月${Number(made.slice(8, 10))}日 ${made.slice(11, 16)}`;
}

function megabytes(size) {
  return `${Math.max(1, Math.round(size / 1e6))} MB`;
}

function line(one) {
  const file = rights.includes('own') ? el('a', { class: 'act link', href: `/api/backups/${one.name}`, download: one.name }, '下载') : '';
  return row(when(one.made), megabytes(one.size), '', file);
}

function open() {
  const list = el('ul', { class: 'rows', id: 'backups' });
  const said = el('p', { class: 'dim', role: 'status', id: 'backup-said' });
  const now = el('button', { type: 'button', class: 'act', id: 'backup-now' }, '现在备份');
  function show(found) {
    fill(list, found.backups.length ? found.backups.map(line) : el('li', { class: 'dim' }, '还没有备份。'));
    now.disabled = found.busy;
    fill(said, found.busy ? '正在备份，第一次要几分钟，可以离开这一页。' : prose(found.problems) || `备份在主机的 ${found.folders.join('，以及 ')}。`);
  }
  async function follow() {
    const found = await call('GET', '/api/backups');
    show(found);
    if (!found.busy) return;
    setTimeout(() => { if (list.isConnected) follow().catch(() => {}); }, POLL_MS);
  }
  now.addEventListener('click', () => tap(now, async () => {
    show(await call('POST', '/api/backups', {}));
    toast('开始备份。');
    setTimeout(() => { follow().catch(() => {}); }, POLL_MS);
  }));
  loadedSheet('备份', follow, () => [el('p', { class: 'dim' }, '每天下班以后自动备份一次：订单、名单、设置、作息表、照片、胜利之歌和音乐。下载的文件里没有音乐和照片。'), list, said, now]);
}

export function draw(state) {
  rights = state.me.rights;
}

export function start() {
  $('backup').addEventListener('click', open);
}
