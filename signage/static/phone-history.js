// 以前的战报: any day, week or month with its ranking and every deal, a page at a time, and the export.
import { $, call, chips, dayText, el, fill, money, row, tap, toast } from './phone-kit.js';
import { person } from './phone-honours.js';

const PERIODS = { day: '天', week: '周', month: '月' };
let period = 'day';
let date = '';
let today = '';
let more = null;

function dealRow(deal) {
  return row([el('b', {}, deal.person), ' ', el('span', { class: 'dim' }, deal.team)], el('span', { class: 'money' }, money(deal.amount)),
    deal.voided ? `已撤回：${deal.voided}` : deal.product, `${period === 'day' ? '' : dayText(deal.date) + ' '}${deal.at}`, { look: deal.voided ? 'gone' : '', open: () => person(deal.person_id, deal.person) });
}

function drawTop(found) {
  fill($('past-top'), found.top.map((one) => row([`${one.place}　`, el('b', {}, one.name)], el('span', { class: 'money' }, money(one.amount)), one.team, `${one.count} 单`,
    { look: one.place === 1 ? 'first' : '', open: () => person(one.id, one.name) })));
}

async function load(before) {
  const asked = `period=${period}&date=${date}`;
  const found = await call('GET', `/api/results?${asked}` + (before ? `&before=${before}` : ''));
  if (asked !== `period=${period}&date=${date}`) return;
  const rows = found.deals.map(dealRow);
  more = found.more;
  $('past-more').hidden = !more;
  if (before) {
    $('past-deals').append(...rows);
    return;
  }
  fill($('past-deals'), rows.length ? rows : el('li', { class: 'dim' }, '这段时间没有单。'));
  $('past-sum').textContent = money(found.amount);
  $('past-note').textContent = `${found.from === found.until ? dayText(found.from) : `${dayText(found.from)}到${dayText(found.until)}`}，${found.count} 单`;
  $('past-export').href = `/api/deals.csv?from=${found.from}&until=${found.until}`;
  $('past-xlsx').href = `/api/deals.csv?from=${found.from}&until=${found.until}&format=xlsx`;
  drawTop(found);
}

function show() {
  $('past-date').value = date;
  chips($('past-periods'), Object.keys(PERIODS), period, (name) => { period = name; show(); }, PERIODS);
  load().catch((error) => toast(error.message));
}

function turn(steps) {
  const at = new Date((date || today) + 'T12:00:00Z');
  if (period === 'month') at.setUTCMonth(at.getUTCMonth() + steps, 1);
  else at.setUTCDate(at.getUTCDate() + steps * (period === 'week' ? 7 : 1));
  date = at.toISOString().slice(0, 10);
  show();
}

export function start() {
  $('past-back').addEventListener('click', () => turn(-1));
  $('past-on').addEventListener('click', () => turn(1));
  $('past-date').addEventListener('change', () => { if ($('past-date').value) { date = $('past-date').value; show(); } });
  $('past-more').addEventListener('click', () => tap($('past-more'), () => load(more)));
}

export function draw(state, shown) {
  today = state.date;
  if (!date) date = today;
  if (shown && $('past-date').value !== date) show();
}
