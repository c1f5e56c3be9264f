// 广播: a sentence to all, music, volume, quiet.
import { $, call, closeSheet, el, fill, newKey, Refusal, row, sheet, tap, toast } from './phone-kit.js';
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
    // Not reached: the words stay, and so does the key, so that a second tap is never a second broadcast.
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
  $('track').textContent = !sound.device ? '没有音响设备，音乐停着。' : playing ? sound.track || state.playlist_names[sound.playlist] || sound.playlist : state.quiet_until ? `安静时间，${state.quiet_until} 以后才有音乐。` : '音乐停着。';
  $('music-go').textContent = playing ? '停止' : '播放';
  $('music-go').dataset.action = playing ? 'stop' : 'play';
  $('music-next').disabled = !playing;
  fill($('playlists'), state.playlists.map((name) => el('button', {
    type: 'button', class: 'chip', 'aria-pressed': String(name === sound.playlist), onclick: act('POST', '/api/music', () => ({ action: 'play', playlist: name })),
  }, state.playlist_names[name] || name)));
  if (Date.now() > sliding) {
    $('volume').value = sound.volume;
    $('volume-now').textContent = sound.volume;
  }
}

function drawHush() {
  const until = state.sound.hushed_until;
  $('hush-now').textContent = until ? `正在静音，到 ${until.slice(0, 5)} 为止。` : '客户来访、开会时用。其间的播报等到结束以后。';
  const choices = until ? [[0, '现在结束']] : [[10, '10 分钟'], [30, '30 分钟'], [60, '1 小时']];
  fill($('hush'), choices.map(([minutes, name]) => el('button', { type: 'button', class: 'act', onclick: act('POST', '/api/hush', () => ({ minutes })) }, name)));
}

function drawSaid() {
  fill($('said'), state.said.map((line) => row(
    line.text, el('span', { class: line.look }, line.state), line.at, line.again || line.open ? el('span', { class: 'more' }, line.open ? '撤回' : '再播一次') : line.why,
    { open: line.open ? () => takeBack(line) : !line.again ? null : act('POST', `/api/announcements/${line.id}/repeat`, () => ({}), '好，再播一次。') },
  )));
  if (!state.said.length) fill($('said'), el('li', { class: 'dim' }, '今天还没有说过。'));
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

export function start(again) {
  refresh = again;
  mic.start(again);
  $('say-hear').addEventListener('click', (event) => tap(event.currentTarget, () => hear({ text: $('text').value.trim() }, $('say-sound'))).then(count));
  $('tracks').addEventListener('click', (event) => tap(event.currentTarget, () => tracks.open(state.playlists, state.playlist_names, state.sound.playlist, refresh)));
  $('say-form').addEventListener('submit', send);
  $('text').addEventListener('input', () => { fault(''); silence($('say-sound')); count(); });
  $('music-go').addEventListener('click', act('POST', '/api/music', () => ({ action: $('music-go').dataset.action })));
  $('music-next').addEventListener('click', act('POST', '/api/music', () => ({ action: 'next' })));
  $('stop').addEventListener('click', act('POST', '/api/stop', () => ({}), '已全部停下。'));
  $('volume').addEventListener('input', () => { sliding = Date.now() + 1500; $('volume-now').textContent = $('volume').value; });
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
