// Deals from a group's messages or a table: rows to confirm. Doubtful rows say why and are not chosen; each can be put
// right. A row is recorded under its own key: the same message pasted again records nothing twice.
import { call, el, field, fill, money, Refusal, sheet, tap, toast } from './phone-kit.js';
import { personField } from './phone-find.js';
import { fileButton, send, sending } from './phone-media.js';

const MOST_MB = 50;
const FILES = '.xlsx,.csv,.txt,.tsv,text/csv,text/plain,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
let refresh = () => {};
let products = () => [];

export function open(again, offered) {
  refresh = again;
  products = offered;
  const wrong = el('p', { class: 'wrong pre', role: 'alert' });
  const note = el('p', { class: 'dim', role: 'status' });
  const text = el('textarea', { id: 'paste-text', rows: 7, maxlength: 15000, placeholder: '王小明 铂金 12800；李思思 年卡 6800\n陈芳 季卡 3k' });
  const look = async (work) => {
    wrong.textContent = '';
    try {
      const answer = await work();
      if (answer.rows.length) show(answer.rows);
      else wrong.textContent = '里面没有看到单：一单要有名字、产品和金额。';
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      wrong.textContent = error.message;
    }
    note.textContent = '';
  };
  const go = el('button', { type: 'button', class: 'go', onclick: () => tap(go, () => look(() => call('POST', '/api/deals/read', { text: text.value }))) }, '看看有哪些单');
  sheet('粘贴群里的消息', el('label', {}, '从群里复制消息，粘贴到这里，一次可以有很多单', text), go, wrong,
    fileButton('或者选 Excel（xlsx）、CSV 表格', FILES, ([file]) => look(() => send('POST', '/api/deals/read-file', file, MOST_MB, (part) => { note.textContent = sending(part); }))),
    note, el('p', { class: 'dim' }, '先看每一单，确认以后才记下。表格的标题行要有“姓名”和“金额”，可以有“团队”“产品”“日期”“单号”。'));
}

const complete = (row) => Boolean(row.person && row.product && row.amount !== null && row.amount !== '');
const sum = (row) => (row.amount === null || row.amount === '' ? '没有金额' : typeof row.amount === 'number' ? money(row.amount) : row.amount);

function show(rows) {
  const lines = rows.map((row) => line({ ...row, chosen: !row.doubts.length && !row.recorded, done: Boolean(row.recorded), state: '' }, changed));
  const quiet = el('input', { type: 'checkbox', checked: rows.every((row) => row.announce === false) });
  const total = el('p', { class: 'dim', role: 'status' });
  const go = el('button', { type: 'button', class: 'go', onclick: () => tap(go, async () => { await record(lines, quiet.checked); }).then(changed) });

  function changed() {
    const chosen = lines.filter(({ row }) => row.chosen && !row.done);
    go.textContent = chosen.length ? `记下 ${chosen.length} 单` : '没有选中的单';
    go.disabled = !chosen.length;
    const doubtful = lines.filter(({ row }) => row.doubts.length && !row.done).length;
    const done = lines.filter(({ row }) => row.done).length;
    total.textContent = [`共 ${lines.length} 单`, doubtful ? `${doubtful} 单要看一眼` : '', done ? `${done} 单已记下` : ''].filter(Boolean).join('，') + '。';
  }

  changed();
  sheet('请看每一单', total, el('ul', { class: 'rows pasted' }, lines.map((one) => one.node)),
    el('label', { class: 'check' }, quiet, '都只记，不播报'), go,
    el('button', { type: 'button', class: 'act', onclick: () => open(refresh, products) }, '换一段'),
    el('datalist', { id: 'paste-products' }, products().map((name) => el('option', { value: name }))));
}

// One row with its tick, and the form that opens under it.
function line(row, changed) {
  const node = el('li', {});
  const one = { row, node, draw };
  let editing = false;

  function form() {
    const amount = field('金额', `amount-${row.key}`, row.amount === null ? '' : String(row.amount), { inputmode: 'decimal', maxlength: 40 });
    const product = field('产品', `product-${row.key}`, row.product, { list: 'paste-products' });
    const who = { person: row.person, team: row.team };
    const save = el('button', { type: 'button', class: 'act pick', onclick: () => {
      Object.assign(row, who, { amount: amount.querySelector('input').value.trim(), product: product.querySelector('input').value.trim(), state: '' });
      editing = false;
      row.chosen = complete(row);
      draw();
      changed();
    } }, '改好了');
    return el('div', {}, row.text ? el('p', { class: 'dim' }, `原文：${row.text}`) : null,
      personField('谁签的', row.person ? who : null, (chosen) => Object.assign(who, chosen)), amount, product, save);
  }

  function draw() {
    const tick = el('input', { type: 'checkbox', checked: row.chosen && !row.done, disabled: row.done || !complete(row), 'aria-label': `记下 ${row.person || row.written} ${sum(row)}`, onchange: () => { row.chosen = tick.checked; changed(); } });
    const words = [row.product || '没有产品', row.date || '', row.replaces ? '改已经记下的一单' : ''].filter(Boolean).join(' · ');
    const state = row.recorded ? el('span', { class: 'ok' }, row.recorded.voided ? '记过，又撤回了' : `${row.recorded.at} 已经记过`) : row.state ? el('span', { class: row.done ? 'ok' : 'bad' }, row.state) : null;
    fill(node, el('div', { class: 'proposal' }, tick,
      el('button', { type: 'button', class: 'row', 'aria-expanded': String(editing), disabled: row.done, onclick: () => { editing = !editing; draw(); } },
        el('span', {}, row.person || row.written || '没有名字', ' ', el('span', { class: 'money' }, sum(row))), el('span', {}),
        el('span', { class: 'dim' }, words), el('span', {}),
        el('span', {}, row.done ? null : row.doubts.map((why) => el('span', { class: 'bad why' }, why)), row.late ? el('span', { class: 'dim why' }, row.late) : null, state))),
      editing && !row.done ? form() : null);
  }

  draw();
  return one;
}

// Record the chosen rows one after the other; each says what became of it. Pressing again sends the rest.
async function record(lines, quiet) {
  let made = 0;
  for (const { row, draw } of lines.filter(({ row: each }) => each.chosen && !each.done)) {
    const order = { key: row.key, person: row.person, team: row.team, product: row.product, amount: row.amount };
    if (row.replaces) order.replaces = row.replaces;
    if (row.date) Object.assign(order, { date: row.date, history: true });
    if (quiet || row.announce === false) order.announce = false;
    try {
      const answer = await call('POST', '/api/deals', order);
      row.done = true;
      made += 1;
      row.state = `已记下。${answer.decision.why}`;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      row.state = error.message;
      if (!error.status) break;
    } finally {
      draw();
    }
  }
  toast(made ? `记下了 ${made} 单。` : '没有记下，请看红字。');
  for (const { row, draw } of lines) {
    row.chosen = row.chosen && !row.done;
    draw();
  }
  refresh();
}
