// 设备 → 日历: the address at which calendars of phones and computers read the day plans.
import { $, ask, call, el, loadedSheet, sheet, tap } from './phone-kit.js';

const button = (words, act, look = 'act') => el('button', { type: 'button', class: look, onclick: act }, words);

function content(found) {
  if (!found.address) {
    const on = button('打开日历', () => tap(on, renew), 'go');
    return [el('p', {}, '打开以后有一个地址，手机和电脑的日历订阅它，就能看到以后三十天的时段、播报和要做的事，也有放假和临时安排。'), on];
  }
  return [el('p', {}, '用手机的日历扫这个码，或者在日历里订阅这个地址。要连着办公室的网络。'),
    el('img', { class: 'qr', src: found.qr, alt: '日历地址的二维码' }), el('p', { class: 'secret' }, found.address),
    el('p', { class: 'dim' }, '知道这个地址的人都能看到安排，里面没有人名和业绩。'),
    button('换一个地址', () => ask('换一个地址', ['原来的地址马上失效，订阅过的人要重新订阅。'], '换', renew, 'act stop')),
    button('关掉日历', () => ask('关掉日历', ['原来的地址马上失效。'], '关掉', async () => { await call('DELETE', '/api/calendar'); }, 'act stop'))];
}

async function renew() {
  const renewed = await call('POST', '/api/calendar', {});
  setTimeout(() => sheet('日历', content(renewed)), 0); // a question closes its sheet after its work: the address comes after that
}

export function start() {
  $('calendar').addEventListener('click', () => loadedSheet('日历', () => call('GET', '/api/calendar'), content));
}
