// Import a list of people: a file or pasted cells, a preview of each row, then the good rows at once.
import { call, el, fill, Refusal, row, sheet, tap, toast } from './phone-kit.js';
import { fileButton, send, sending } from './phone-media.js';

const MOST_MB = 50;
const MOST_SHOWN = 200; // rows drawn per section; more are counted
const MOST_NOTES = 5; // more are folded, the rows matter more
const FILES = '.xlsx,.csv,.txt,.tsv,text/csv,text/plain,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const SECTIONS = [['changed', '更新'], ['returned', '回来'], ['added', '新增'], ['same', '不变']];

export function open(done) {
  const note = el('p', { class: 'dim', role: 'status' });
  const wrong = el('p', { class: 'wrong pre', role: 'alert' });
  const pasted = el('textarea', { id: 'people-paste', rows: 5, placeholder: '团队　姓名　组长　生日　入职日期' });

  async function look(list) {
    wrong.textContent = '';
    try {
      preview(await send('POST', '/api/people/import', list, MOST_MB, (part) => { note.textContent = sending(part); }), done);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      wrong.textContent = error.message;
    }
    note.textContent = '';
  }

  const go = el('button', { type: 'button', class: 'act', onclick: () => tap(go, () => look(new Blob([pasted.value], { type: 'text/plain' }))) }, '看看粘贴的内容');
  sheet('导入名单', el('p', {}, '先看每一行会怎样，确认以后才改名单。名单里没有写到的人不变。'),
    fileButton('选 Excel（xlsx）或 CSV 文件', FILES, ([file]) => look(file)),
    el('label', {}, '或者从表格里复制，连标题行一起粘贴到这里', pasted), go, note, wrong,
    el('p', { class: 'dim' }, '标题行要有“团队”和“姓名”，可以有“组长”“读音”“生日”“入职日期”。'));
}

function section(title, rows, line, shut, count = (n) => `${n} 行`) {
  if (!rows.length) return null;
  const more = rows.length > MOST_SHOWN ? el('li', { class: 'dim' }, `还有 ${rows.length - MOST_SHOWN} 行。`) : null;
  return el('details', { open: !shut }, el('summary', {}, el('b', {}, title), el('span', { class: 'dim' }, count(rows.length))),
    el('ul', { class: 'rows' }, rows.slice(0, MOST_SHOWN).map(line), more));
}

const faultLine = (fault) => el('li', { class: 'fault' },
  el('p', {}, el('b', {}, `第 ${fault.line} 行　`), fault.text), el('p', { class: 'bad' }, fault.sentence));

const rowLine = (found) => row(found.name, found.team, found.changes.join('；'), '', { look: found.what });

const countsOf = (made) => [['added', '新增'], ['returned', '回来'], ['changed', '更新']]
  .filter(([what]) => made[what]).map(([what, title]) => `${title} ${made[what]} 人`).join('，');

function preview(found, done) {
  const groups = SECTIONS.map(([what, title]) => [what, title, found.rows.filter((one) => one.what === what)]);
  const effective = found.rows.filter((one) => one.what !== 'same').length;
  const news = el('p', { class: 'wrong', role: 'alert' });
  const rest = found.faults.length ? `，有错的 ${found.faults.length} 行不导入` : '';
  const go = el('button', { type: 'button', class: 'go', onclick: () => tap(go, async () => {
    news.textContent = '';
    try {
      finished(await call('POST', `/api/people/import/${found.id}`, {}));
    } catch (error) {
      news.textContent = error.message;
      return;
    }
    done();
  }) }, `导入 ${effective} 人`);
  const counted = Object.fromEntries(groups.map(([what, , rows]) => [what, rows.length]));
  const words = effective ? `预计${countsOf(counted)}${rest}。` : found.faults.length ? '没有能导入的改动，请先改正有错的行。' : '和现在的名单一样，不用导入。';
  sheet('预览', el('p', { id: 'list-sum' }, words),
    section('请留意', found.notes, (sentence) => el('li', { class: 'note' }, sentence), found.notes.length > MOST_NOTES, (n) => `${n} 条`),
    section('有错', found.faults, faultLine, false),
    groups.map(([what, title, rows]) => section(title, rows, rowLine, what === 'same')),
    news, effective ? go : null,
    el('button', { type: 'button', class: 'act', onclick: () => open(done) }, '换一份名单'));
}

function finished(made) {
  const words = `名单导入好了：${countsOf(made)}。`;
  if (!made.hints.length) {
    document.getElementById('sheet').close();
    toast(words);
    return;
  }
  const hints = el('ul', { class: 'faults' });
  fill(hints, made.hints.slice(0, MOST_SHOWN).map((hint) => el('li', {}, hint)));
  sheet('导入好了', el('p', {}, words), hints);
}
