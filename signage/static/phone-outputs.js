// 设备 → 音响: the machine's outputs, the choice, and a test tone.
import { $, call, el, fill, loadedSheet, tap, toast } from './phone-kit.js';

const KINDS = { usb: 'USB 声卡', jack: '耳机孔', hdmi: 'HDMI 电视', bluetooth: '蓝牙音箱', other: '音响' };
const POLL_MS = 1200;

function words(one) {
  return one.used ? '现在从这里响' : one.here ? '接着' : '没有接上';
}

function draw(list, found) {
  const pick = (key, name, state, chosen, look) => {
    const button = el('button', {
      type: 'button', class: 'row', 'aria-pressed': String(chosen),
      onclick: () => tap(button, async () => {
        draw(list, await call('PUT', '/api/outputs', { output: key }));
        toast('换好了，正在播报的会再播一次。');
        setTimeout(() => { if (list.isConnected) follow(list).catch(() => {}); }, POLL_MS);
      }),
    }, el(chosen ? 'b' : 'span', {}, name), el('span', { class: look }, state));
    return button;
  };
  const line = (one) => {
    const test = el('button', {
      type: 'button', class: 'quiet', disabled: !one.here, 'aria-label': `试音 ${one.name}`,
      onclick: () => tap(test, async () => {
        await call('POST', '/api/outputs/test', { output: one.key });
        toast('刚才放了一声提示音。');
      }),
    }, '试音');
    const look = one.chosen && !one.here ? 'bad' : one.used ? 'ok' : 'dim';
    return el('li', { class: 'voice' }, pick(one.key, `${KINDS[one.kind] || KINDS.other} · ${one.name}`, words(one), one.chosen, look), test);
  };
  const auto = el('li', { class: 'voice' }, pick(null, '自动，由主机决定', found.automatic ? '选中' : '', found.automatic, 'ok'));
  fill(list, auto, found.outputs.map(line));
  if (!found.outputs.length) list.append(el('li', { class: 'dim' }, '主机没有报出音响的名单，声音走默认的那一个。'));
}

async function follow(list) {
  draw(list, await call('GET', '/api/outputs'));
}

function open() {
  const list = el('ul', { class: 'rows', id: 'outputs' });
  loadedSheet('音响', () => follow(list), () => [el('p', { class: 'dim' }, '声音从哪里出来。选定的没有接上时，先用别的，接回来自动换回去。'), list]);
}

export function start() {
  $('output').addEventListener('click', open);
}
