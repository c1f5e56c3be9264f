// 录一段话: hold to record where the browser allows it, else choose a file; preview it here, then announce it.
import { $, call, closeSheet, el, field, fill, inWeChat, newKey, prose, Refusal, sheet, tap, toast } from './phone-kit.js';
import { presses } from './phone-old.js';
import { fileButton, send, sending, SOUNDS } from './phone-media.js';

const MOST_MB = 20;
const LONGEST_S = 60;
const SHORT_TAP_MS = 400;
const WHO = 'zhangu-who';
let refresh = () => {};
let recorder = null;
let since = 0;
let clock = 0;
let encrypted = false;

const note = (words, wrong = false) => {
  $('mic-note').textContent = words || prose([whyNot(), `最多 ${LONGEST_S} 秒。先在这台手机上听，再播给大家。`]);
  $('mic-note').className = wrong ? 'wrong' : 'dim';
};

async function take(file) {
  try {
    const clip = await send('POST', '/api/clips', file, MOST_MB, (part) => note(sending(part)));
    note('');
    heard(clip);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    note(error.message, true);
  }
}

function heard(clip) {
  const key = newKey(); // one per clip: a second tap never announces it twice
  const who = field('署名（显示在大屏上）', 'clip-who', localStorage.getItem(WHO), { maxlength: 20, placeholder: '可以不写' });
  const address = `/api/clips/${clip.id}`;
  const go = el('button', { type: 'button', class: 'go', onclick: () => tap(go, async () => {
    const name = who.querySelector('input').value.trim();
    localStorage.setItem(WHO, name);
    const answer = await call('POST', `${address}/send`, { who: name, key });
    toast(answer.decision.why);
    closeSheet();
    refresh();
  }) }, '播给大家');
  const drop = el('button', { type: 'button', class: 'act stop', onclick: () => tap(drop, async () => {
    await call('DELETE', address, {});
    closeSheet();
    note('');
  }) }, '不要了');
  sheet(`录好了，${Math.max(1, Math.round(clip.seconds))} 秒`, el('audio', { controls: true, src: address }), who, go, drop);
}

// ---- hold to talk: only on a page loaded over HTTPS

const mayRecord = () => Boolean(window.isSecureContext && navigator.mediaDevices && window.MediaRecorder);

// Explain why hold to talk is not available here, and how to get it; nothing when it is available.
function whyNot() {
  if (mayRecord()) return '';
  if (inWeChat()) return '在微信里不能按住说话。请点右上角“…”，选“在浏览器中打开”；也可以选手机里录好的文件。';
  if (window.isSecureContext) return '这个浏览器不能按住说话，请换手机自带的浏览器打开；或者选一段录好的文件。';
  return encrypted ? '想在页面里按住说话，请用加密的地址打开，“设备”页里写着怎么做。' : '';
}

async function begin(button) {
  const pieces = [];
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true } });
  } catch (error) {
    return note('没有拿到话筒。请在浏览器的设置里允许这个页面用话筒。', true);
  }
  recorder = new MediaRecorder(stream);
  recorder.ondataavailable = (event) => pieces.push(event.data);
  recorder.onstop = () => {
    clearInterval(clock);
    stream.getTracks().forEach((track) => track.stop());
    const kind = recorder.mimeType;
    recorder = null;
    button.textContent = '按住说话';
    button.classList.remove('live');
    take(new Blob(pieces, { type: kind.split(';')[0] }));
  };
  recorder.start();
  since = Date.now();
  button.classList.add('live');
  clock = setInterval(() => {
    const seconds = Math.floor((Date.now() - since) / 1000);
    button.textContent = `正在录 ${seconds} 秒`;
    if (seconds >= LONGEST_S - 1) end();
  }, 200);
  note('松手就停。轻点一下开始的，再点一下停。');
}

function end() {
  if (recorder && recorder.state === 'recording') recorder.stop();
}

function holdButton() {
  const button = el('button', { type: 'button', class: 'act hold' }, '按住说话');
  let pressed = 0;
  let wanted = false;
  const down = async () => {
    if (recorder) return end();
    pressed = Date.now();
    wanted = true;
    await begin(button);
    if (!wanted && Date.now() - pressed > SHORT_TAP_MS) end(); // released while the browser asked for permission
  };
  const up = () => {
    wanted = false;
    if (recorder && Date.now() - pressed > SHORT_TAP_MS) end();
  };
  presses(button, down, up, false);
  button.addEventListener('contextmenu', (event) => event.preventDefault());
  button.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    if (!event.repeat) { if (recorder) end(); else begin(button); }
  });
  return button;
}

export function draw(state) {
  if (encrypted || !state.tls) return;
  encrypted = true;
  note('');
}

// Inside WeChat the button for the phone's recorder does nothing, so offer only files there.
function buttons(picked) {
  const pick = fileButton('选一段录音', SOUNDS, picked);
  if (mayRecord()) return [holdButton(), pick];
  return inWeChat() ? [pick] : [fileButton('现在录', 'audio/*', picked, { capture: 'microphone' }), pick];
}

export function start(again) {
  refresh = again;
  fill($('mic'), ...buttons(([file]) => take(file)));
  note('');
}
