// 广播: announcements, music, volume, mute.
import { $, ask, call, closeSheet, el, fill, newKey, Refusal, row, sheet, tap, toast, undoable } from './phone-kit.js';
import { presses } from './phone-old.js';
import { hear, silence } from './phone-media.js';
import * as mic from './phone-mic.js';
import * as tracks from './phone-tracks.js';

const LIMIT = 300;
let key = newKey();
let refresh = () => {};
let state = null;
let sliding = 0;

const length = () => Array.from($('text').value.trim()).length;

function count() {
  const now = length();
  $('count').textContent = now > LIMIT ? `多了 ${now - LIMIT} 个字` : `${now} / ${LIMIT}`;
  $('count').classList.toggle('over', now > LIMIT);
  $('say-go').disabled = $('say-hear').disabled = now === 0 || now > LIMIT;
}

function fault(sentence) {
  const node = document.querySelector('#say [data-field]');
  node.hidden = !sentence;
  node.textContent = sentence;
}

async function send(event) {
  event.preventDefault();
  fault('');
  $('say-go').disabled = true;
  try {
    const answer = await call('POST', '/api/announcements', { text: $('text').value.trim(), key });
    key = newKey();
    $('text').value = '';
    silence($('say-sound'));
    toast(answer.decision.why);
    refresh();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // Server not reached: keep the words and the key, so that a second tap never announces twice.
    if (error.status === 409) key = newKey();
    fault(error.status === 0 ? '还没送到主机，字都还在，请再点一次播报。不会播两遍。' : error.message);
  } finally {
    count();
  }
}

function act(method, path, data, done) {
  return (event) => tap(event.currentTarget, async () => {
    await call(method, path, data());
    if (done) toast(done);
    refresh();
  });
}

function drawMusic() {
  const sound = state.sound;
  const playing = Boolean(sound.playlist);
  $('track').textContent = !sound.device ? '没有音响设备，音乐停着。' : playing ? sound.track || playlistName(sound.playlist) : state.quiet_until ? `安静时间，${state.quiet_until} 以后才有音乐。` : '音乐停着。';
  $('music-why').textContent = whyMusic(sound);
  $('volume-note').textContent = lowVolume(sound.volume);
  $('music-go').textContent = playing ? '停止' : '播放';
  $('music-go').dataset.action = playing ? 'stop' : 'play';
  $('music-next').disabled = !playing;
  fill($('playlists'), state.playlists.map((name) => el('button', {
    type: 'button', class: 'chip', 'aria-pressed': String(name === sound.playlist), onclick: act('POST', '/api/music', () => ({ action: 'play', playlist: name })),
  }, playlistName(name))));
  if (Date.now() > sliding) {
    $('volume').value = sound.volume;
    $('volume-now').textContent = sound.volume;
    $('music-volume').value = sound.music_volume;
    $('music-volume-now').textContent = `${sound.music_volume}%`;
  }
}

const lowVolume = (volume) => (volume === 0 ? '总音量是 0，办公室听不到。' : volume < 10 ? '总音量很小，办公室可能听不清。' : '');

// Explain why music plays or not, and until when.
function whyMusic(sound) {
  const until = sound.playing_until ? `，到 ${sound.playing_until.slice(0, 5)}` : '';
  if (sound.manual === 'stop') return `有人在手机上停了音乐${until}。`;
  if (!sound.playlist) return '';
  const by = sound.manual === 'play' ? '有人在手机上放的' : '作息表安排的';
  return `${by}“${playlistName(sound.playlist)}”${until}，音量 ${sound.playing_volume}。`;
}

// The display name of a playlist: its folder may have an English name.
const playlistName = (folder) => state.playlist_names[folder] || folder;

function drawHush() {
  const until = state.sound.hushed_until;
  $('hush-now').textContent = until ? `正在静音，到 ${until.slice(0, 5)} 为止。` : '客户来访、开会时用。其间的播报等到结束以后。';
  const choices = until ? [[{ minutes: 0 }, '现在结束']] : [[{ minutes: 10 }, '10 分钟'], [{ minutes: 30 }, '30 分钟'], [{ minutes: 60 }, '1 小时'], ...nextHalves()];
  const mark = JSON.stringify(choices);
  if (hushed === mark) return;
  hushed = mark;
  fill($('hush'), choices.map(([wish, name]) => el('button', { type: 'button', class: 'act', onclick: act('POST', '/api/hush', () => wish) }, name)));
}
let hushed = '';

// 到 14:00, 到 14:30, 到 15:00: the next half hours that are at least ten minutes away.
function nextHalves() {
  const [hour, minute] = state.time.split(':').map(Number);
  const first = Math.ceil((hour * 60 + minute + 10) / 30);
  return [first, first + 1, first + 2].filter((half) => half < 48).map((half) => {
    const at = `${String(Math.floor(half / 2)).padStart(2, '0')}:${half % 2 ? '30' : '00'}`;
    return [{ until: at }, `到 ${at}`];
  });
}

function drawSaid() {
  fill($('said'), state.said.map((line) => row(
    line.text, el('span', { class: line.look }, line.state), line.reason ? `${line.at} · ${line.reason}` : line.at, line.again || line.open ? el('span', { class: 'more' }, line.open ? '撤回' : '再播一次') : line.why,
    { open: line.open ? () => takeBack(line) : line.again ? () => again(line) : null },
  )));
  if (!state.said.length) fill($('said'), el('li', { class: 'dim' }, '今天还没有说过。'));
}

function again(line) {
  ask('再播一次', [line.text, line.why, '全办公室都会听到。'], '再播一次', async () => {
    const answer = await call('POST', `/api/announcements/${line.id}/repeat`, {});
    toast(answer.decision.why);
    refresh();
  });
}

async function stopAll() {
  const answer = await call('POST', '/api/stop', {});
  undoable(answer.waited ? `已全部停下，排队的 ${answer.waited} 条没有播。` : '已全部停下。', '恢复', async () => {
    await call('POST', '/api/stop/undo', {});
    toast('已恢复。');
    refresh();
  });
  refresh();
}

// The only exception to silence: a press of 1.5 s, then a confirmation.
const HOLD_MS = 1500;
function emergency() {
  const text = el('textarea', { id: 'emergency-text', rows: 3, maxlength: 100 });
  text.value = '请大家马上离开大楼，不要乘电梯。';
  const ours = newKey();
  const go = el('button', { type: 'button', class: 'act stop', onclick: () => tap(go, async () => {
    const answer = await call('POST', '/api/emergency', { text: text.value.trim(), key: ours });
    toast(answer.decision.why);
    closeSheet();
    refresh();
  }) }, '马上播报，打断一切');
  sheet('紧急广播', el('p', {}, '马上播两遍，所有大屏同时显示；安静时间、静音和音量都挡不住它。确定要播吗？'), text, go);
}

function holdFor(button, work) {
  let timer = 0;
  const off = () => { clearTimeout(timer); button.classList.remove('held'); };
  presses(button, () => { button.classList.add('held'); timer = setTimeout(() => { off(); work(); }, HOLD_MS); }, off);
  button.addEventListener('contextmenu', (event) => event.preventDefault());
  button.addEventListener('click', (event) => { if (event.detail === 0) work(); }); // from a keyboard: the confirmation remains
}

function takeBack(line) {
  const go = el('button', { type: 'button', class: 'act stop', onclick: () => tap(go, async () => {
    await call('DELETE', `/api/announcements/${line.id}`, {});
    toast('已撤回。');
    closeSheet();
    refresh();
  }) }, '撤回，不播了');
  sheet(line.state, el('p', {}, line.text), el('p', { class: 'dim' }, line.why), go);
}

export function start(reload) {
  refresh = reload;
  mic.start(reload);
  $('say-hear').addEventListener('click', (event) => tap(event.currentTarget, () => hear({ text: $('text').value.trim() }, $('say-sound'))).then(count));
  $('tracks').addEventListener('click', (event) => tap(event.currentTarget, () => tracks.open(state.playlists, state.playlist_names, state.sound.playlist, refresh)));
  $('say-form').addEventListener('submit', send);
  $('text').addEventListener('input', () => { fault(''); silence($('say-sound')); count(); });
  $('music-go').addEventListener('click', act('POST', '/api/music', () => ({ action: $('music-go').dataset.action })));
  $('music-next').addEventListener('click', act('POST', '/api/music', () => ({ action: 'next' })));
  $('stop').addEventListener('click', (event) => tap(event.currentTarget, stopAll));
  holdFor($('emergency'), emergency);
  $('music-volume').addEventListener('input', () => { sliding = Date.now() + 1500; $('music-volume-now').textContent = `${$('music-volume').value}%`; });
  $('music-volume').addEventListener('change', (event) => tap(event.currentTarget, () => call('PUT', '/api/volume', { music: Number($('music-volume').value) })));
  $('volume').addEventListener('input', () => {
    sliding = Date.now() + 1500;
    $('volume-now').textContent = $('volume').value;
    $('volume-note').textContent = lowVolume(Number($('volume').value));
  });
  $('volume').addEventListener('change', async () => {
    try {
      await call('PUT', '/api/volume', { volume: Number($('volume').value) });
    } catch (error) {
      toast(error.message);
    }
  });
  count();
}

export function draw(found) {
  state = found;
  drawMusic();
  drawHush();
  drawSaid();
  mic.draw(found);
}
