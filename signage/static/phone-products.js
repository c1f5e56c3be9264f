// The office's list of products: order, add, rename for the future, hide.
import { call, el, field, fill, loadedSheet, sheet, tap, toast } from './phone-kit.js';

let refresh = () => {};

function act(text, look, label, work) {
  const node = el('button', { type: 'button', class: look, 'aria-label': label, onclick: () => tap(node, work) }, text);
  return node;
}

async function change(product, fields) {
  await call('PATCH', `/api/products/${product.id}`, fields);
  refresh();
  await manage();
}

async function add(name) {
  await call('POST', '/api/products', { name });
  refresh();
  await manage();
}

function line(product, at, all) {
  const up = act('↑', 'act', `上移 ${product.name}`, () => change(product, { move: 'up' }));
  const down = act('↓', 'act', `下移 ${product.name}`, () => change(product, { move: 'down' }));
  if (at === 0) up.disabled = true;
  if (at === all.length - 1) down.disabled = true;
  const name = el('button', { type: 'button', class: 'row', onclick: () => edit(product) },
    el('span', {}, product.name), el('span', { class: 'dim' }, product.hidden ? '已隐藏' : '改'));
  return el('li', { class: 'product' + (product.hidden ? ' gone' : '') }, name, up, down);
}

function edit(product) {
  const words = field('产品名', 'product-name', product.name, { maxlength: 40 });
  const input = words.querySelector('input');
  sheet(product.name, words, el('p', { class: 'dim' }, '改名只管以后的单，以前的单不变。'),
    act('保存', 'go', null, async () => {
      const name = input.value.trim();
      if (name && name !== product.name) await change(product, { name });
      else await manage();
    }),
    act(product.hidden ? '重新列出' : '隐藏', 'act', null, () => change(product, { hidden: !product.hidden })));
}

function adding() {
  const words = field('新的产品', 'product-new', '', { maxlength: 40, placeholder: '写下产品名' });
  const input = words.querySelector('input');
  return [words, act('添加', 'act', null, async () => {
    if (!input.value.trim()) return toast('先写产品名。');
    await add(input.value.trim());
  })];
}

function content(found) {
  const list = el('ul', { class: 'rows' });
  fill(list, found.listed.map(line));
  const sold = found.sold.length ? [el('h3', {}, '最近卖过、还没有列入的'), el('div', { class: 'chips' },
    found.sold.map((name) => act(`＋ ${name}`, 'chip', `列入 ${name}`, () => add(name))))] : [];
  return [found.listed.length ? list : el('p', { class: 'dim' }, '还没有自己排的产品：现在按最近卖过的列出。'), sold, adding()];
}

export const manage = () => loadedSheet('管理产品', () => call('GET', '/api/products'), content);

export function start(again) {
  refresh = again;
}

