// 语音: the voice in use and why, the choice of voice and speed, and the voice for the results.
import { $, call, el, fill, prose, row, tap, toast } from './phone-kit.js';
import { hear } from './phone-media.js';

const SAMPLE = '大家好！恭喜我们又签下一单，金额是一万两千八百元，请大家鼓掌！';
const SAME = ['same', '和平时一样'];
let voice = null;
let refresh = () => {};
let drawn = '';
let sliding = 0;

function pace(speed) {
  const words = speed < 0.9 ? '慢' : speed < 0.98 ? '稍慢' : speed <= 1.02 ? '正常' : speed <= 1.1 ? '稍快' : '快';
  return `${words}（${speed}）`;
}

const nameOf = (key) => (voice.voices.find((one) => one.key === key) || { name: key }).name;

async function choose(data, done) {
  await call('PUT', '/api/voice', data);
  toast(done);
  refresh();
}

function drawNow() {
  const now = voice.state;
  const look = now.kind === 'none' ? 'bad' : now.kind === 'backup' ? '' : 'ok';
  fill($('voice-now'), row('现在播报的', el('span', { class: look }, now.name), now.why, ''));
}

// State of the natural voice's installer; an older server does not send it.
function drawInstall(install) {
  const part = install && Number.isFinite(install.percent) ? install.percent : null;
  const words = !install || install.state === 'installed' ? ''
    : install.state === 'installing' ? `正在安装自然语音${part === null ? '…' : ` ${Math.floor(part)}%`}`
      : install.why || (install.state === 'failed' ? '自然语音没有装上。' : '');
  fill($('voice-install'), words ? el('p', { class: install.state === 'failed' ? 'wrong' : 'dim' }, words) : null,
    words && install.state === 'installing' ? el('progress', { max: 100, value: part, 'aria-label': '安装进度' }) : null);
}

function option(one) {
  const chosen = one.key === voice.voice;
  const state = !one.installed ? '还没有安装' : chosen ? '选中' : el('span', { class: 'more' }, '选它');
  const pick = el('button', {
    type: 'button', class: 'row', 'aria-pressed': String(chosen), disabled: !one.installed && !chosen,
    onclick: () => tap(pick, () => choose({ voice: one.key }, '选好了，下一次播报起用。')),
  }, el(chosen ? 'b' : 'span', {}, one.name), el('span', { class: chosen ? 'ok' : 'dim' }, state));
  const listen = el('button', {
    type: 'button', class: 'quiet', disabled: !one.installed, 'aria-label': `试听${one.name}`,
    onclick: () => tap(listen, () => hear({ text: SAMPLE, voice: one.key, speed: voice.speed }, $('voice-sound'))),
  }, '试听');
  return el('li', { class: 'voice' }, pick, listen);
}

function drawChoice() {
  $('voice-chosen').textContent = nameOf(voice.voice);
  $('voice-why').textContent = prose([voice.state.missing, '试听只在这台手机上。']);
  fill($('voices'), voice.voices.map(option));
}

function drawResults() {
  const natural = (one) => one.natural || one.key === 'auto';
  const options = [SAME, ...voice.voices.filter(natural).map((one) => [one.key, one.name, !one.installed])];
  const alone = !voice.voices.some((one) => one.key === voice.voice && natural(one));
  $('voice-results').disabled = alone;
  $('voice-results-why').hidden = !alone;
  fill($('voice-results'), options.map(([value, words, missing]) => el('option', {
    value, selected: value === voice.results_voice, disabled: Boolean(missing) && value !== voice.results_voice,
  }, missing ? `${words}，还没有安装` : words)));
}

export function start(again) {
  refresh = again;
  const speed = $('voice-speed');
  speed.addEventListener('input', () => { sliding = Date.now() + 1500; $('voice-speed-now').textContent = pace(Number(speed.value)); });
  speed.addEventListener('change', async () => {
    try {
      await choose({ speed: Number(speed.value) }, '语速改好了，下一次播报起用。');
    } catch (error) {
      toast(error.message);
    }
  });
  $('voice-results').addEventListener('change', (event) => tap(event.target, () => choose(
    { results_voice: event.target.value }, '选好了，今晚起用。',
  )));
  $('voice-reset').addEventListener('click', (event) => tap(event.currentTarget, () => choose(
    { voice: null, speed: null, results_voice: null }, '语音都按作息表了。',
  )));
}

export function draw(state) {
  voice = state.voice;
  if (Date.now() > sliding) {
    $('voice-speed').value = voice.speed;
    $('voice-speed-now').textContent = pace(voice.speed);
  }
  const mark = JSON.stringify([voice, state.voice_install]);
  if (mark === drawn) return; // keep the element that a finger or screen reader is on
  drawn = mark;
  drawNow();
  drawInstall(state.voice_install);
  drawChoice();
  drawResults();
  const told = voice.from_timetable;
  $('voice-reset').hidden = ['voice', 'speed', 'results_voice'].every((key) => voice[key] === told[key]);
}
