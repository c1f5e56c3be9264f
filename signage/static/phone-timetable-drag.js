// Move a span of the day: dragged by its handle with a finger or mouse, by the arrow keys on it, or from a list.
import { el, sheet, toast } from './phone-kit.js';
import { open } from './phone-timetable-sheet.js';

const EDGE_PX = 90; // near the upper or lower edge the page scrolls along
const STEP_PX = 12;
const STILL_PX = 6; // less is a tap

const words = (value) => (value === null || value === undefined ? '' : String(value));
const seconds = (at) => at.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) * (at.split(':').length === 2 ? 60 : 1);
const two = (number) => String(number).padStart(2, '0');

function clock(at) {
  return `${two(Math.floor(at / 3600))}:${two(Math.floor(at / 60) % 60)}${at % 60 ? `:${two(at % 60)}` : ''}`;
}

// The spans of the same days in the order of the day, as {number, one, from, until}; null without a readable time.
function spansLike(context, number) {
  const all = context.values.rhythm;
  const day = JSON.stringify(all[number].on || null);
  const like = all.map((one, at) => ({ one, number: at })).filter(({ one }) => one && JSON.stringify(one.on || null) === day);
  const timed = like.map(({ one, number: at }) => {
    const [from, until] = words(one.at).split('-').map((part) => (/^\d{1,2}:\d\d(:\d\d)?$/.test(part.trim()) ? seconds(part.trim()) : NaN));
    return { one, number: at, from, until };
  });
  return timed.some((span) => !(span.until > span.from)) ? null : timed.sort((a, b) => a.from - b.from);
}

// The new times after span `from` of `spans` has moved to place `to`: those between move up or down, each keeps its
// length, and the pauses stay where they were.
function moved(spans, from, to) {
  const [first, last] = [Math.min(from, to), Math.max(from, to)];
  const order = spans.slice(first, last + 1);
  const pauses = order.slice(1).map((span, n) => span.from - order[n].until);
  const [one] = order.splice(from - first, 1);
  order.splice(to - first, 0, one);
  let at = spans[first].from;
  return order.map((span, n) => {
    const start = at;
    const end = start + span.until - span.from;
    at = end + (pauses[n] || 0);
    return { span, at: `${clock(start)}-${clock(end)}` };
  });
}

// Propose the move: the new times, the day before saving. `to`: a place among the spans of the same days.
function propose(context, number, to) {
  const spans = spansLike(context, number);
  const from = spans.findIndex((span) => span.number === number);
  if (to < 0 || to >= spans.length || to === from) return;
  const name = words(spans[from].one.name);
  const changed = moved(spans, from, to).filter(({ span, at }) => at !== words(span.one.at));
  const set = changed.map(({ span, at }) => ({ op: 'set', path: ['rhythm', span.number, 'at'], value: at, was: words(span.one.at) }));
  const place = spans[to].number;
  const operations = [...set, { op: 'move', path: ['rhythm', number], to: place }];
  open(context, {
    title: `挪动“${name}”`, fields: [], operations: () => operations, prefix: ['rhythm'],
    extra: [el('p', { class: 'dim' }, '每一段还是原来那么长，时间这样变：'), el('ul', { class: 'plan' }, changed.map(({ span, at }) => el('li', {},
      el('span', {}, at.replace('-', '–')), el('b', {}, words(span.one.name)), el('p', {}, `原来是 ${words(span.one.at).replace('-', '–')}`))))],
  });
}

// Without dragging: choose the span before which it goes.
function choose(context, number) {
  const spans = spansLike(context, number);
  const from = spans.findIndex((span) => span.number === number);
  const button = (label, to) => el('button', { type: 'button', class: 'act', onclick: () => propose(context, number, to) }, label);
  sheet(`挪动“${words(spans[from].one.name)}”`, el('p', { class: 'dim' }, '挪到哪一段前面？也可以按住右边的把手上下拖。'),
    spans.map((span, at) => (at === from || at === from + 1 ? '' : button(`${words(span.one.at).replace('-', '–')}　${words(span.one.name)}`, at > from ? at - 1 : at))),
    from < spans.length - 1 ? button('挪到最后', spans.length - 1) : '');
}

function dragged(context, number, item, event) {
  const list = item.parentNode;
  const rows = [...list.children];
  const start = event.clientY + scrollY;
  const tops = rows.map((one) => one.getBoundingClientRect().top + scrollY + one.offsetHeight / 2);
  const own = rows.indexOf(item);
  let y = event.clientY;
  let to = own;
  let timer = 0;

  const place = () => {
    const middle = tops[own] + y + scrollY - start;
    to = tops.filter((top, n) => n !== own && top < middle).length;
    item.style.transform = `translateY(${Math.round(y + scrollY - start)}px)`;
    rows.forEach((one, n) => {
      one.classList.toggle('before', n !== own && (n > own ? n - 1 : n) === to);
      one.classList.toggle('behind', n !== own && n === rows.length - 1 && to === rows.length - 1);
    });
  };
  const follow = () => {
    const by = y < EDGE_PX ? -STEP_PX : y > innerHeight - EDGE_PX ? STEP_PX : 0;
    if (by) scrollBy(0, by);
    place();
    timer = requestAnimationFrame(follow);
  };
  const end = () => {
    cancelAnimationFrame(timer);
    item.classList.remove('dragged');
    item.style.transform = '';
    rows.forEach((one) => one.classList.remove('before', 'behind'));
  };
  item.classList.add('dragged');
  follow();
  return {
    move: (at) => { y = at; },
    end,
    drop: () => {
      place();
      end();
      return to === own ? null : rows[to];
    },
  };
}

// The place among the spans of the same days at which a row was dropped; -1: only rows of other days were passed.
function nearest(context, number, onto, item, numberOf) {
  const spans = spansLike(context, number);
  const rows = [...item.parentNode.children];
  const own = rows.indexOf(item);
  for (let at = rows.indexOf(onto); at !== own; at += at < own ? 1 : -1) {
    const place = spans.findIndex((span) => span.number === numberOf(rows[at]));
    if (place >= 0) return place;
  }
  return -1;
}

// The handle of a row. `number`: of its span in the file; `numberOf`: of the span of another row.
export function handle(context, number, item, numberOf) {
  const name = words(context.values.rhythm[number].name);
  let drag = null;
  let pressed = 0;
  let done = 0;
  const timed = () => {
    if (spansLike(context, number)) return true;
    toast('有一段的时间看不懂，请先改好，再挪动。');
    return false;
  };
  const at = () => spansLike(context, number).findIndex((span) => span.number === number);
  const node = el('button', { type: 'button', class: 'handle', 'aria-label': `挪动“${name}”`, title: '按住上下拖，或者按上下方向键',
    onclick: () => { if (Date.now() - done > 300 && timed()) choose(context, number); },
    onkeydown: (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      if (timed()) propose(context, number, at() + by);
    },
    onpointerdown: (event) => {
      if (event.button) return;
      pressed = event.clientY;
      node.setPointerCapture(event.pointerId);
    },
    onpointermove: (event) => {
      if (!node.hasPointerCapture || !node.hasPointerCapture(event.pointerId)) return;
      if (!drag && Math.abs(event.clientY - pressed) > STILL_PX && timed()) drag = dragged(context, number, item, event);
      if (drag) drag.move(event.clientY);
    },
    onpointerup: () => {
      if (!drag) return;
      const onto = drag.drop();
      drag = null;
      done = Date.now();
      if (!onto) return;
      const other = nearest(context, number, onto, item, numberOf);
      if (other < 0) toast('只能挪到同样日子的时段之间。');
      else propose(context, number, other);
    },
    onpointercancel: () => {
      if (drag) drag.end();
      drag = null;
    } }, el('span', { 'aria-hidden': 'true' }));
  return node;
}
