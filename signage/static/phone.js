// The phone: five tabs, and pages inside them, drawn from one state. The server sends "revision N", the page requests the state again.
import { $, call, el, fill, newKey } from './phone-kit.js';
import * as contests from './phone-contests.js';
import * as deal from './phone-deal.js';
import * as device from './phone-device.js';
import * as history from './phone-history.js';
import * as honours from './phone-honours.js';
import * as links from './phone-links.js';
import * as people from './phone-people.js';
import * as plan from './phone-plan.js';
import * as results from './phone-results.js';
import * as say from './phone-say.js';
import * as targets from './phone-targets.js';

const TABS = { deal: '报单', say: '广播', results: '战报', targets: '目标', days: '安排', colleagues: '团队', links: '连接', device: '设备' };
const INSIDE = { colleagues: 'device', links: 'device' }; // pages without a tab, by the tab that leads to them
const name = 'phone-' + newKey().slice(6, 18);
let tab = 'deal';
let state = JSON.parse($('first').textContent);
const { build } = state;
let away = false;
let again = 0;
let wait = 1;

function drawHead() {
  const sound = state.sound;
  const off = away || !sound.device || sound.cause === 'volume_0';
  $('dot').className = 'dot ' + (off ? 'off' : state.quiet_until || sound.hushed_until ? 'still' : '');
  const music = !sound.device ? '没有声音' : sound.cause === 'volume_0' ? '音量是 0' : sound.hushed_until ? `静音到 ${sound.hushed_until.slice(0, 5)}` : sound.playlist ? '音乐在放' : state.quiet_until ? '安静' : '音乐停';
  $('where-text').textContent = away ? '连不上主机' : `${state.entry ? state.entry.name : '不在工作时间'} · ${music}`;
}

let told = '';
function drawTroubles() {
  const found = away ? [{ what: '连不上主机。', meanwhile: '报的单留在手机里。', mend: '请看手机是否连着办公室的网络。', serious: true }] : state.troubles;
  const mark = JSON.stringify(found);
  if (mark === told) return; // keep open details open
  told = mark;
  fill($('troubles'), found.map((trouble) => el('details', { class: trouble.serious ? 'trouble' : 'trouble mild' },
    el('summary', {}, el('b', {}, trouble.what), el('span', { class: 'dim' }, '怎么办')),
    [trouble.meanwhile, trouble.mend, ...(trouble.details || [])].filter(Boolean).map((sentence) => el('p', {}, sentence)))));
}

// Hide everything that needs a right the caller does not have; the server refuses it anyway.
function drawRights() {
  for (const node of document.querySelectorAll('[data-right]')) node.toggleAttribute('data-off', !state.me.rights.includes(node.dataset.right));
}

function draw() {
  drawRights();
  drawHead();
  drawTroubles();
  deal.draw(state);
  say.draw(state);
  for (const part of [results, honours, contests, history]) part.draw(state, tab === 'results');
  targets.draw(state, tab === 'targets');
  plan.draw(state, tab === 'days');
  people.draw(state, tab === 'colleagues');
  links.draw(state, tab === 'links');
  device.draw(state);
}

async function load() {
  clearTimeout(again);
  try {
    state = await call('GET', '/api/phone');
    away = false;
    window.FindServer.learn(state.reach);
    draw();
  } catch (error) {
    if (error.status === 401) return;
    away = error.status === 0;
    if (away) window.FindServer.lost(false);
    drawHead();
    drawTroubles();
    again = setTimeout(load, 4000);
  }
}

// Several hints at once cause one request.
let asked = 0;
function refresh() {
  clearTimeout(asked);
  asked = setTimeout(load, 60);
}

let stream = null;
let watch = 0;
let fresh = true;
function listen() {
  clearTimeout(watch);
  if (stream) stream.close();
  if (document.hidden) return; // a phone in a pocket keeps no connection
  stream = new EventSource('/events?wall=' + name + '&screen=' + name);
  const alive = () => {
    wait = 1;
    clearTimeout(watch);
    watch = setTimeout(listen, 35000);
  };
  stream.addEventListener('hello', (event) => {
    alive();
    // The page brought its first state with it; only later connections may have missed something.
    if (!fresh || JSON.parse(event.data).revision !== state.revision) refresh();
    fresh = false;
  });
  stream.addEventListener('hint', () => { alive(); refresh(); });
  stream.addEventListener('tick', (event) => {
    alive();
    // Screens connect and disconnect without a revision: ticks keep an open list up to date.
    if (JSON.parse(event.data).revision !== state.revision || location.hash === '#device') refresh();
  });
  stream.onerror = () => {
    stream.close();
    clearTimeout(watch);
    watch = setTimeout(listen, 1000 * wait * (0.75 + Math.random() / 2));
    wait = Math.min(30, wait * 2);
    refresh();
  };
}

function show() {
  const open = [...document.querySelectorAll('.tabs a:not([data-off])')].map((link) => link.hash.slice(1));
  const wanted = location.hash.slice(1);
  const inside = Object.keys(INSIDE).filter((page) => !$(page).hasAttribute('data-off'));
  tab = [...open, ...inside].includes(wanted) ? wanted : state.sells ? open[0] : 'results';
  for (const found of Object.keys(TABS)) $(found).hidden = found !== tab;
  for (const link of document.querySelectorAll('.tabs a')) {
    if (link.hash === '#' + (INSIDE[tab] || tab)) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  $('title').textContent = TABS[tab];
  scrollTo(0, 0);
  for (const part of [results, honours, contests, history]) part.draw(state, tab === 'results');
  targets.draw(state, tab === 'targets');
  plan.draw(state, tab === 'days');
  people.draw(state, tab === 'colleagues');
  links.draw(state, tab === 'links');
}

for (const part of [deal, say, results, honours, contests, history, targets, plan, people, links, device]) part.start(refresh);
draw();
show();
listen();
addEventListener('hashchange', show);
addEventListener('online', refresh);
addEventListener('pageshow', (event) => { if (event.persisted) refresh(); }); // kept by the browser while another page was open
// After an upgrade the page is loaded again when the phone is taken out of the pocket, unless something is half written.
document.addEventListener('visibilitychange', () => {
  if (document.hidden) { if (stream) stream.close(); } else if (state.build !== build && !$('sheet').open && !$('amount').value) location.reload(); else listen();
});
$('sheet').addEventListener('click', (event) => { if (event.target === $('sheet')) $('sheet').close(); });
