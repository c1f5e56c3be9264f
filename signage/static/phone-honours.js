// 表彰: awards, the month's ceremony, and a person's page with trend and awards.
import { $, call, dayText, el, fill, loadedSheet, money, row, tap, toast } from './phone-kit.js';

const NAMES = { day: '当天开拓能手', week: '一周开拓能手', month: '月度开拓能手' };
const COUNTED = { month: '次月度', week: '次周度', day: '次当天', contest: '次比赛' };
const SVG = 'http://www.w3.org/2000/svg';
let refresh = () => {};
let more = null;

function when(award) {
  if (award.period === 'month') return `${award.since.slice(0, 4)}年${Number(award.since.slice(5, 7))}月`;
  return award.since === award.until ? dayText(award.since) : `${dayText(award.since)}至${dayText(award.until)}`;
}

export function awardRow(award, open) {
  const title = award.period === 'contest' ? award.title : NAMES[award.period];
  const second = [`${when(award)}，${title}`, award.prize ? `奖品：${award.prize}` : ''].filter(Boolean).join('；');
  const line = row([el('b', {}, award.person || award.team), ' ', award.person ? el('span', { class: 'dim' }, award.team) : ''],
    el('span', { class: 'money' }, money(award.amount)), second, `${award.count} 单`, { open: open && award.person_id ? () => person(award.person_id, award.person) : null });
  // In the list only for weeks and months; on the person's page for each award.
  if (award.person_id && (!open || award.period !== 'day')) {
    line.append(el('a', { class: 'act link', href: `/api/awards/${award.id}/poster`, download: `喜报-${award.person}.png` }, '下载喜报海报'));
  }
  if (award.note) line.append(el('p', { class: 'wrong' }, award.note));
  return line;
}

async function loadAwards(before) {
  const found = await call('GET', '/api/awards' + (before ? `?before=${before}` : ''));
  const rows = found.awards.map((award) => awardRow(award, true));
  if (before) $('award-rows').append(...rows);
  else fill($('award-rows'), rows.slice(0, 10));
  more = before || found.awards.length <= 10 ? found.more : found.awards[9].id;
  $('award-more').hidden = !more;
  if (!before && !rows.length) fill($('award-rows'), el('li', { class: 'dim' }, '还没有获奖记录。每天的战报公布时，开拓能手会记在这里。'));
}

// ---- the ceremony

function drawCeremony(found) {
  const slide = found.held ? found.slides[found.at] : null;
  const month = `${Number(found.month.slice(5))}月`;
  $('ceremony-note').textContent = found.held ? '大屏跟着翻，下一位会念出来。' : found.slides.length
    ? `${month}有 ${found.slides.length} 位可以表彰：${found.slides.slice(0, 4).map((one) => one.person).join('、')}${found.slides.length > 4 ? '……' : ''}。`
    : `${month}还没有可以表彰的人。`;
  $('ceremony-start').hidden = found.held || !found.slides.length;
  $('ceremony-walk').hidden = $('ceremony-now').hidden = !found.held;
  if (!slide) return;
  $('ceremony-place').textContent = `${found.at + 1} / ${found.slides.length}`;
  $('ceremony-name').textContent = slide.person;
  $('ceremony-text').textContent = slide.text + (slide.prize ? `奖品：${slide.prize}。` : '');
  $('ceremony-back').disabled = found.at === 0;
  $('ceremony-on').disabled = found.at === found.slides.length - 1;
}

function control(button, action) {
  $(button).addEventListener('click', async () => {
    await tap($(button), async () => { await call('POST', '/api/ceremony', { action }); });
    await loadCeremony().catch((error) => toast(error.message));
    refresh();
  });
}

async function loadCeremony() {
  drawCeremony(await call('GET', '/api/ceremony'));
}

// ---- a person's page

function bars(weeks) {
  const most = Math.max(...weeks.map((week) => week.amount), 1);
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 240 80');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', `最近 ${weeks.length} 周：${weeks.map((week) => `${dayText(week.monday)}起 ${money(week.amount)}`).join('，')}`);
  weeks.forEach((week, at) => {
    const high = Math.max(week.amount ? 2 : 0.8, 76 * week.amount / most);
    const rect = document.createElementNS(SVG, 'rect');
    for (const [name, value] of Object.entries({ x: at * 20 + 2, y: 80 - high, width: 16, height: high })) rect.setAttribute(name, value);
    rect.setAttribute('class', at === weeks.length - 1 ? 'now' : 'past');
    svg.append(rect);
  });
  return svg;
}

function results(found) {
  const best = Math.max(...found.weeks.map((week) => week.amount));
  const won = Object.keys(COUNTED).filter((period) => found.counts[period]).map((period) => `${found.counts[period]} ${COUNTED[period]}`);
  return [
    el('p', { class: 'dim' }, found.team),
    el('p', {}, `本月 ${found.month.count} 单，${money(found.month.amount)}。`),
    el('h3', {}, '最近 12 周'),
    el('figure', { class: 'trend' }, bars(found.weeks), el('figcaption', { class: 'ends dim' }, el('span', {}, dayText(found.weeks[0].monday)), el('span', {}, best ? `最高 ${money(best)}` : '还没有开单'), el('span', {}, '本周'))),
    el('h3', {}, '获奖'),
    el('p', { class: 'dim' }, won.length ? won.join('，') + '。' : '还没有。'),
    el('ul', { class: 'rows' }, found.awards.map((award) => awardRow(award, false))),
  ];
}

export const person = (id, name) => loadedSheet(name, () => call('GET', `/api/people/${id}/results`), results);

export function start(again) {
  refresh = again;
  for (const [button, action] of [['ceremony-start', 'start'], ['ceremony-back', 'previous'], ['ceremony-on', 'next'], ['ceremony-end', 'end']]) control(button, action);
  $('award-more').addEventListener('click', () => tap($('award-more'), () => loadAwards(more)));
}

export function draw(state, shown) {
  if (shown) Promise.all([loadCeremony(), loadAwards()]).catch((error) => toast(error.message));
}
