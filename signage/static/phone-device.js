// 设备: health of the machine. Walls: phone-walls.js; people: phone-people.js.
import { $, call, el, fill, row, tap } from './phone-kit.js';
import * as access from './phone-access.js';
import * as backup from './phone-backup.js';
import * as officeLoudness from './phone-office-loudness.js';
import * as outputs from './phone-outputs.js';
import * as speakerTest from './phone-speaker-test.js';
import * as upgrade from './phone-upgrade.js';
import * as calendar from './phone-calendar.js';
import * as voice from './phone-voice.js';
import * as walls from './phone-walls.js';

let state = null;
let refresh = () => {};

const line = (name, value, look = '', mend = '') => row(name, el('span', { class: look }, value), mend, '');

const LOOKS = { ok: 'ok', fault: 'bad', missing: 'todo', optional: 'dim', unknown: 'dim' };

const hostOf = (host) => (state.reach.port === 80 ? host : `${host}:${state.reach.port}`);

function drawMachine() {
  // A fault stands above with its remedy; here each part has one line, also one that is well.
  fill($('machine'),
    state.readings.map((part) => line(part.label, part.words, LOOKS[part.state], part.mend)),
    state.reach.name ? line('名字', hostOf(state.reach.name)) : null,
    line('地址', state.reach.addresses.map(hostOf).join('，')),
    line('版本', state.version));
  fill($('day-line'), state.day_lines.map((words) => row(words, '', '', '')));
  const faults = state.troubles.flatMap((trouble) => trouble.details || []);
  $('faults-block').hidden = !faults.length;
  fill($('faults'), faults.map((fault) => el('li', {}, fault)));
  $('clock-right').hidden = state.clock_trusted;
  $('unmute').hidden = !state.output_muted;
  $('clock-right').textContent = `时间是对的：${state.date} ${state.time}`;
}

function drawSecure() {
  $('secure').hidden = !state.tls || location.protocol === 'https:';
  if (!state.tls) return;
  const address = `https://${location.hostname}:${state.tls.port}/`;
  $('secure-address').textContent = address;
  $('secure-address').href = address;
}

export function start(again) {
  refresh = again;
  voice.start(again);
  walls.start(again);
  access.start();
  backup.start();
  outputs.start();
  speakerTest.start();
  officeLoudness.start();
  upgrade.start();
  calendar.start();
  $('clock-right').addEventListener('click', (event) => tap(event.currentTarget, async () => {
    await call('POST', '/api/clock', {});
    refresh();
  }));
  $('unmute').addEventListener('click', (event) => tap(event.currentTarget, async () => {
    await call('POST', '/api/outputs/unmute', {});
    refresh();
  }));
}

export function draw(found) {
  state = found;
  drawMachine();
  access.draw(state);
  backup.draw(state);
  upgrade.draw(state);
  voice.draw(state);
  walls.draw(state);
  $('people-count').textContent = `${state.teams.length} 个团队，${state.people.length} 人`;
  drawSecure();
}
