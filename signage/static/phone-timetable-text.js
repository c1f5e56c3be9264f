// The text of the timetable for experts, and its history.
import { $, call, closeSheet, el, fill, loadedSheet, Refusal, row, tap, toast } from './phone-kit.js';
import { changedLines, moment, save } from './phone-timetable-sheet.js';

let context = null;
let base = '';
let original = '';
let shown = [];
let asked = 0;
let timer = 0;

const dirty = () => $('source').value !== original;

function problemRow(problem) {
  const to = el('button', { type: 'button', class: 'act problem', onclick: () => select(problem.line) }, problem.full || problem.sentence);
  return el('li', {}, to);
}

function select(line) {
  const area = $('source');
  const lines = area.value.split('\n');
  const first = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  area.focus();
  area.setSelectionRange(first, first + (lines[line - 1] || '').length);
  area.scrollTop = Math.max(0, (line / lines.length) * area.scrollHeight - area.clientHeight / 2);
}

async function check() {
  const number = asked += 1;
  $('source-back').hidden = !dirty();
  let answer;
  try {
    answer = dirty() ? await call('POST', '/api/timetable/check', { text: $('source').value }) : { problems: context.problems, changed: [], valid: false };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    answer = { problems: [{ sentence: error.message, line: 1 }], changed: [], valid: false };
  }
  if (number !== asked) return;
  shown = answer.changed;
  fill($('source-problems'), answer.problems.map(problemRow));
  fill($('source-changed'), shown.length ? [el('h3', {}, '和现在的文件比'), changedLines(shown)] : '');
  $('source-save').disabled = !answer.valid || !shown.length;
}

export function start() {
  $('source').addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(check, 500);
  });
  $('source-save').addEventListener('click', (event) => tap(event.currentTarget, async () => {
    await save(context, { base, text: $('source').value }, shown);
  }));
  $('source-back').addEventListener('click', () => draw(context, true));
}

// Show the present text. Typed text stays until it is saved or given up, and so does the version it is based on.
export function draw(found, given = false) {
  context = found;
  if (!given && dirty()) return;
  base = context.version;
  $('source').value = context.text.replace(/^\ufeff/, '');
  original = $('source').value;
  check();
}

// ---- history

export function drawHistory(found) {
  context = found;
  fill($('versions'), context.versions.map((version, n) => row(moment(version.when), n ? '比较' : '现在的', version.who, '', { open: () => openVersion(version, n === 0) })));
}

function comparison(version, present, full) {
  const back = present ? [] : el('button', { type: 'button', class: 'go', onclick: () => tap(back, async () => {
    try {
      await call('POST', `/api/timetable/history/${version.number}`, { base: context.version });
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 409) throw error;
      await context.reload(true);
      throw new Refusal(409, '作息表刚被改过，没有恢复。请看看新的，再试一次。');
    }
    closeSheet();
    await context.reload(true);
    toast('已恢复，马上生效。');
  }) }, '恢复这个版本');
  return [
    el('p', { class: 'dim' }, version.who),
    present ? [] : [el('h3', {}, '从那时到现在'), full.changed.length ? changedLines(full.changed) : el('p', { class: 'dim' }, '和现在的一样。')],
    el('details', {}, el('summary', {}, '看全文'), el('pre', { class: 'whole' }, full.text)), back,
  ];
}

const openVersion = (version, present) => loadedSheet(`${moment(version.when)}的版本`,
  () => call('GET', `/api/timetable/history/${version.number}`), (full) => comparison(version, present, full));
