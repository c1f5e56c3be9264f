// The log of changes, newest first, fifty lines at a time.
import { $, call, dayText, el, loadedSheet, tap } from './phone-kit.js';

function line(one) {
  const at = `${dayText(one.at)} ${one.at.slice(11, 16)}`;
  return el('li', {}, el('p', {}, one.deed), el('p', { class: 'dim' }, `${at}　${one.who}，${one.role_name}，${one.address}`));
}

function open() {
  const list = el('ul', { class: 'rows log', id: 'log-lines' });
  let last = '';
  const more = el('button', { type: 'button', class: 'act', onclick: () => tap(more, load) }, '更早的');
  async function load() {
    const found = await call('GET', `/api/log${last && `?before=${last}`}`);
    list.append(...found.lines.map(line));
    if (!list.children.length) list.append(el('li', { class: 'dim' }, '还没有记录。'));
    last = found.lines.length ? String(found.lines[found.lines.length - 1].id) : last;
    more.hidden = !found.more;
  }
  loadedSheet('操作记录', load, () => [el('p', { class: 'dim' }, '谁在什么时候做了什么，保留两年，不能修改。'), list, more]);
}

export function start() {
  $('log').addEventListener('click', open);
}
