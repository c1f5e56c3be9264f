// 比赛: the running contests, a form that is previewed before it is made, an early end, removal.
import { $, ask, call, chips, closeSheet, dayText, el, field, fill, loadedSheet, money, newKey, percent, row, sheet, tap, toast } from './phone-kit.js';

const KINDS = { teams: '队和队', people: '人和人', groups: '水平相近的分组' };
const MEASURES = { amount: '金额', count: '单数', improved: '进步最大', target: '目标完成率' };
const GROUPS = '甲乙丙丁戊己庚辛壬癸';
let refresh = () => {};
let state = null;
let teams = [];

const groupName = (group) => (group ? `${GROUPS[group - 1] || `第${group}`}组` : '');

function score(contest, side) {
  if (contest.measure === 'count') return `${side.count} 单`;
  if (contest.measure === 'amount' || side.score === null) return money(Number(side.amount));
  return (contest.measure === 'improved' ? '平时的 ' : '') + percent(Number(side.score));
}

function leaders(contest) {
  const first = contest.sides.filter((side) => side.place === 1);
  if (!first.length) return '还没有开单';
  return first.slice(0, 3).map((side) => `${groupName(side.group)} ${side.name} ${score(contest, side)}`.trim()).join('；') + (first.length > 3 ? '……' : '');
}

function left(contest) {
  if (contest.ended) return `${dayText(contest.ended)}结束`;
  if (contest.since > state.date) return `${dayText(contest.since)}开始`;
  return contest.days_left > 1 ? `还剩 ${contest.days_left} 天` : '今天揭晓';
}

function contestRow(contest) {
  return row(el('b', {}, contest.name), left(contest), contest.text || leaders(contest), `${KINDS[contest.kind]}，${MEASURES[contest.measure]}`, { open: () => loadedSheet(contest.name, () => call('GET', `/api/contests/${contest.id}`), content) });
}

function sideRows(contest) {
  let group = 0;
  return contest.sides.flatMap((side) => {
    const head = side.group && side.group !== group ? [el('li', { class: 'dim' }, groupName(side.group))] : [];
    group = side.group;
    const note = side.left ? '已离开' : contest.kind === 'teams' ? '' : side.team;
    return [...head, row([side.place ? `${side.place}　` : '', el('b', {}, side.name)], score(contest, side), note, `${side.count} 单`, { look: side.place === 1 ? 'first' : '' })];
  });
}

function about(contest) {
  const span = contest.since === contest.until ? dayText(contest.since) : `${dayText(contest.since)}到${dayText(contest.until)}`;
  return `${KINDS[contest.kind]}，比${MEASURES[contest.measure]}，${span}` + (contest.prize ? `，奖品：${contest.prize}` : '') + '。';
}

function content(contest) {
  const begun = contest.since <= state.date;
  const may = state.me.rights.includes('contests');
  const end = contest.ended || !begun || !may ? null : el('button', { type: 'button', class: 'act', onclick: () => ask(`现在结束“${contest.name}”？`, ['结果马上公布、念出来，不能再改。'], '现在结束', async () => {
    await call('POST', `/api/contests/${contest.id}/end`, {});
    toast(`“${contest.name}”结束了。`);
    refresh();
  }) }, '提前结束');
  const remove = !may ? null : el('button', { type: 'button', class: 'act stop', onclick: () => ask(`删除“${contest.name}”？`, ['比赛从所有地方去掉，不公布结果。'], '删除', async () => {
    await call('DELETE', `/api/contests/${contest.id}`, {});
    toast(`“${contest.name}”已删除。`);
    refresh();
  }, 'act stop') }, '删除');
  return [el('p', { class: 'dim' }, about(contest)), contest.text ? el('p', {}, contest.text) : el('p', {}, left(contest)),
    el('ol', { class: 'rows' }, sideRows(contest)), end, remove];
}

// ---- a new contest

const form = { kind: 'teams', measure: 'amount', sides: [], key: '' };

function picker(sides) {
  const box = el('div', { class: 'chips' });
  const shown = () => (form.kind === 'teams' ? teams : form.kind === 'people' ? state.people.filter((one) => !one.hidden) : []);
  const redraw = () => fill(box, shown().map((one) => {
    const on = form.sides.includes(one.id);
    return el('button', { type: 'button', class: 'chip', 'aria-pressed': String(on), onclick: () => {
      form.sides = on ? form.sides.filter((id) => id !== one.id) : [...form.sides, one.id];
      redraw();
    } }, one.name);
  }));
  fill(sides, el('label', {}, form.kind === 'groups' ? '按上个月的成绩，把相近的人分在一组。' : '谁和谁比？不选就是大家都参加。'), box);
  redraw();
}

function asked(inputs) {
  const value = (label) => label.querySelector('input').value.trim();
  const days = value(inputs.days);
  return { name: value(inputs.name), kind: form.kind, measure: form.measure, since: value(inputs.since), days: /^\d{1,4}$/.test(days) ? Number(days) : days, prize: value(inputs.prize), sides: form.sides };
}

function newContest() {
  Object.assign(form, { kind: 'teams', measure: 'amount', sides: [], key: newKey() });
  const inputs = {
    name: field('名称', 'contest-name', '', { maxlength: 20, placeholder: '例如 冲刺周' }),
    since: field('从哪天开始', 'contest-since', state.date, { type: 'date' }),
    days: field('比几个工作日', 'contest-days', '5', { inputmode: 'numeric' }),
    prize: field('奖品（可以不写）', 'contest-prize', '', { maxlength: 40 }),
  };
  const kinds = el('div', { class: 'chips', role: 'radiogroup', 'aria-label': '谁和谁比' });
  const measures = el('div', { class: 'chips', role: 'radiogroup', 'aria-label': '比什么' });
  const sides = el('div', {});
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const choose = () => {
    chips(kinds, Object.keys(KINDS), form.kind, (kind) => { form.kind = kind; form.sides = []; choose(); }, KINDS);
    chips(measures, Object.keys(MEASURES), form.measure, (measure) => { form.measure = measure; choose(); }, MEASURES);
    picker(sides);
  };
  choose();
  const go = el('button', { type: 'button', class: 'go', onclick: () => tap(go, async () => {
    wrong.textContent = '';
    try {
      const fields = asked(inputs);
      confirm(fields, await call('POST', '/api/contests/preview', fields));
    } catch (error) {
      wrong.textContent = error.message;
    }
  }) }, '看看会怎样');
  sheet('办一个比赛', inputs.name, kinds, measures, sides, inputs.since, inputs.days, inputs.prize, wrong, go);
}

function confirm(fields, contest) {
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const go = el('button', { type: 'button', class: 'go', onclick: () => tap(go, async () => {
    try {
      await call('POST', '/api/contests', { ...fields, key: form.key });
    } catch (error) {
      wrong.textContent = error.message;
      return;
    }
    closeSheet();
    toast(`“${contest.name}”开始了，${dayText(contest.until)}的战报以后揭晓。`);
    refresh();
  }) }, '就这样办');
  sheet(`“${contest.name}”会是这样`, el('p', {}, about(contest)), el('p', { class: 'dim' }, `${dayText(contest.until)}的战报以后揭晓，当场播报；在这以前，大屏下面有一行字写着谁领先。`), wrong, go,
    el('ol', { class: 'rows' }, sideRows(contest).slice(0, 60)));
}

async function load() {
  const found = await call('GET', '/api/contests');
  teams = found.teams;
  fill($('contest-rows'), found.open.map(contestRow));
  if (!found.open.length) fill($('contest-rows'), el('li', { class: 'dim' }, '现在没有比赛。'));
  $('contest-past').hidden = !found.past.length;
  fill($('contest-past-rows'), found.past.map(contestRow));
}

export function start(again) {
  refresh = again;
  $('add-contest').addEventListener('click', newContest);
}

export function draw(found, shown) {
  state = found;
  if (shown) load().catch((error) => toast(error.message));
}
