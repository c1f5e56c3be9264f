// The timetable's page: the table of all entries, a day's plan, texts and settings; drawn from one answer of the server.
import { $, call, el, fill, newKey, Refusal, row, sheet, toast } from './phone-kit.js';
import { dayWords, entry, planRows, remove, settings } from './phone-timetable-sheet.js';
import { handle } from './phone-timetable-drag.js';
import * as source from './phone-timetable-text.js';

const TABS = ['day', 'texts', 'settings', 'history', 'file'];
const context = { reload: load, forget: () => source.draw(context, true), date: '', versions: [], values: null };
let stale = false;

const words = (value) => (value === null || value === undefined ? '' : typeof value === 'object' ? Object.entries(value).map(([day, list]) => (Array.isArray(value) ? list : `${day} ${list}`)).join('，') : String(value));

function about(section, one) {
  const names = context.forms.names;
  const list = typeof one.music === 'object' ? null : context.playlists.find((found) => found.name === one.music);
  const parts = [one.on ? words(one.on) : ''];
  if (section === 'rhythm') {
    parts.push(one.quiet && !/^(false|no|off|否|关)$/i.test(one.quiet) ? '安静' : '', one.music ? `音乐 ${list ? list.title : words(one.music)}` : '',
      one.volume ? `音量 ${one.volume}` : '');
  }
  const scene = one.wall || one.show;
  parts.push(scene ? `画面 ${names[scene] || scene}` : '');
  return parts.filter(Boolean).join('，');
}

const headline = (section, one) => (section === 'rhythm' || section === 'measures' ? words(one.name)
  : section === 'cues' ? (one.say ? `播报：${context.forms.names[one.say] || words(one.say)}` : '换画面')
    : `${context.forms.names[one.who] || words(one.who)}：${words(one.what)}`);

// One row per entry, in the order of the day; the whole row opens the form.
function drawSection(section) {
  const all = context.values ? context.values[section] || [] : [];
  const order = all.map((one, number) => [one, number]).filter(([one]) => one && typeof one === 'object')
    .sort(([a, n], [b, m]) => (String(a.at || '99') < String(b.at || '99') ? -1 : String(a.at || '99') > String(b.at || '99') ? 1 : n - m));
  fill($(section), order.map(([one, number]) => {
    const wrong = context.problems.some((problem) => problem.path && problem.path[0] === section && problem.path[1] === number);
    const item = el('li', { 'data-number': number }, el('button', { type: 'button', class: 'line-row' + (wrong ? ' bad' : ''), onclick: () => entry(context, section, number) },
      el('span', { class: 'at' }, one.at ? words(one.at).replace('-', '–') : section === 'measures' ? words(one.unit) || '个' : '全天'), el('b', {}, headline(section, one)), el('span', { class: 'dim' }, wrong ? '这里有错' : about(section, one))));
    if (section === 'rhythm') item.append(handle(context, number, item, (other) => Number(other.dataset.number)));
    return item;
  }));
}

function drawTexts() {
  const groups = [...new Set(context.forms.texts.map((text) => text.group))];
  const at = (path) => path.reduce((value, step) => (value === null || value === undefined ? value : value[step]), context.values);
  fill($('texts'), groups.map((group) => el('div', { class: 'block' }, el('h2', {}, group), el('ul', { class: 'rows' },
    context.forms.texts.filter((text) => text.group === group).map((text) => {
      const found = at(text.path);
      const own = found !== null && found !== undefined;
      const all = own ? (Array.isArray(found) ? found : [found]) : [].concat(text.usual === undefined ? [] : text.usual);
      const state = text.kind === 'texts' ? (own ? (all.length > 1 ? `${all.length} 种` : '') : '自带的') : '';
      return row(text.title, state, words(all[0]), '', { open: () => settings(context, text.title, [text]) });
    })))));
}

function drawSettings() {
  fill($('pages'), context.forms.pages.map((page) => row(page.title, '', page.fields.map((field) => field.label).slice(0, 3).join('、'), '', { open: () => settings(context, page.title, page.fields) })));
  const screens = (context.values && context.values.walls && context.values.walls.screens) || {};
  fill($('screens'), Object.keys(screens).map((name) => row(name, '', Object.entries(screens[name] || {}).map(([key, value]) => `${screenLabel(key)} ${context.forms.names[value] || value}`).join('，'), '', { open: () => openScreen(name) })));
}

// ---- links by name: groups, robots, programs; and the mailbox

const LINKS = {
  groups: { title: (name) => `群“${name}”`, gone: (name) => `去掉群“${name}”`, add: '加一个群', label: '怎么称呼这个群', hint: '先在群里加一个机器人，它的密钥等保存以后在手机“设备 → 连接”里填，不写在作息表里。' },
  bots: { title: (name) => `机器人“${name}”`, gone: (name) => `去掉机器人“${name}”`, add: '加一个收单的机器人', label: '怎么称呼这个机器人', hint: '先在企业微信、钉钉或飞书建一个机器人，它的密钥等保存以后在手机“设备 → 连接”里填，不写在作息表里。' },
  webhooks: { title: (name) => `程序“${name}”`, gone: (name) => `去掉程序“${name}”`, add: '加一个接收推送的程序', label: '怎么称呼这个程序', hint: '接收的地址由负责人填，签名密钥可以让战鼓生成：保存以后都在手机“设备 → 连接”里，不写在作息表里。' },
};
const linksOf = () => (context.values && context.values.links) || {};
const namesOf = (list) => [].concat(list || []).map((name) => context.forms.names[name] || name).join('、');

function openLink(table, name) {
  const path = ['links', table, name];
  const { title, gone } = LINKS[table];
  const there = name in (linksOf()[table] || {});
  settings(context, title(name), context.forms.links[table], path, there ? remove(context, path, gone(name)) : [], there);
}

function addLink(table) {
  const { add, label, hint } = LINKS[table];
  const input = el('input', { class: 'line', maxlength: 20, id: 'link-name' });
  const go = el('button', { type: 'button', class: 'go', onclick: () => input.value.trim() && openLink(table, input.value.trim()) }, '下一步');
  sheet(add, el('p', { class: 'dim' }, hint), el('label', { for: 'link-name' }, label), input, go);
}

function linkRows(table) {
  const send = context.forms.links[table].find((field) => field.path[0] === 'send');
  return Object.entries(linksOf()[table] || {}).map(([name, one]) => row(name, namesOf((one || {}).kind), namesOf((one || {}).send || (send && send.usual)), '', { open: () => openLink(table, name) }));
}

function drawLinks() {
  const { mail } = linksOf();
  fill($('bots'), linkRows('bots'));
  fill($('webhooks'), linkRows('webhooks'));
  fill($('groups'), linkRows('groups'),
    row('邮件', mail ? '' : '没有设', mail ? words(mail.sender) : '每周、每月把开拓能手的喜报发给大家', '', { open: () => settings(context, '邮件', context.forms.mail, [], remove(context, ['links', 'mail'], '去掉邮件')) }));
}

const screenLabel = (key) => (context.forms.screen.find((field) => field.path[0] === key) || { label: key }).label;
const openScreen = (name) => settings(context, `大屏“${name}”`, context.forms.screen, ['walls', 'screens', name]);

function addScreen() {
  const input = el('input', { class: 'line', maxlength: 40, id: 'screen-name' });
  const go = el('button', { type: 'button', class: 'go', onclick: () => input.value.trim() && openScreen(input.value.trim()) }, '下一步');
  sheet('给一块大屏单独设置', el('label', { for: 'screen-name' }, '大屏的名字'), input, go);
}

async function drawPlan() {
  if (!context.values) return;
  try {
    const answer = await call('POST', '/api/timetable/check', { text: context.text, date: context.date });
    fill($('plan'), el('p', { class: 'dim' }, dayWords(answer.day)), planRows(context, answer.day, false),
      answer.day.warnings.map((warning) => el('p', { class: 'wrong' }, warning)));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    fill($('plan'), el('p', { class: 'wrong' }, error.message));
  }
}

function drawNotes() {
  const unreadable = context.values === null;
  fill($('notes'), context.problems.length ? el('div', { class: 'trouble' },
    el('p', {}, el('b', {}, '文件里有错，没有生效，用的是上一份对的作息表。')),
    el('ul', { class: 'faults' }, context.problems.slice(0, 5).map((problem) => el('li', {}, problem.full))),
    el('p', {}, unreadable ? '请到“文字”里改好。' : '点开标着“这里有错”的一条来改，或者到“文字”里改。')) : '');
  for (const button of document.querySelectorAll('[data-add], [data-link], #add-screen')) button.disabled = unreadable;
}

function draw() {
  drawNotes();
  ['rhythm', 'cues', 'duties', 'measures'].forEach(drawSection);
  if (context.values) {
    drawTexts();
    drawSettings();
    drawLinks();
  }
  source.drawHistory(context);
  drawPlan();
}

// Read the file again. While a form is open its version stays: saving then asks.
async function load(given = false) {
  if ($('sheet').open && !given) {
    stale = true;
    return;
  }
  stale = false;
  try {
    context.versions = await call('GET', '/api/timetable/history');
    Object.assign(context, await call('GET', '/api/timetable'));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    fill($('notes'), el('div', { class: 'trouble' }, el('p', {}, error.message)));
    if (context.forms) source.drawHistory(context);
    return;
  }
  if (!context.date) context.date = $('date').value = context.today;
  draw();
  source.draw(context);
}

// Somebody else's edit arrives as a hint.
function listen() {
  const name = 'phone-' + newKey().slice(6, 18);
  const stream = new EventSource('/events?wall=' + name + '&screen=' + name);
  stream.addEventListener('hint', async () => {
    try {
      const versions = await call('GET', '/api/timetable/history');
      if (versions.length && versions[0].version !== context.version) await load();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  });
}

function show() {
  const wanted = location.hash.slice(1);
  const tab = TABS.includes(wanted) ? wanted : 'day';
  for (const name of TABS) $(name).hidden = name !== tab;
  for (const link of document.querySelectorAll('.tabs a')) {
    if (link.hash === '#' + tab) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  scrollTo(0, 0);
}

for (const button of document.querySelectorAll('[data-add]')) button.addEventListener('click', () => entry(context, button.dataset.add));
$('add-screen').addEventListener('click', addScreen);
for (const button of document.querySelectorAll('[data-link]')) button.addEventListener('click', () => addLink(button.dataset.link));
$('date').addEventListener('change', () => {
  context.date = $('date').value || context.today;
  drawPlan();
});
$('sheet').addEventListener('close', () => {
  $('sheet').classList.remove('wide');
  if (stale) load();
});
source.start();
show();
load().catch(() => toast('页面没有打开，请刷新。'));
listen();
addEventListener('hashchange', show);
