// The connection to head office and the other cities: state, joining by a code, names, pause.
import { $, ask, call, closeSheet, el, field, fill, prose, row, sheet, tap, toast } from './phone-kit.js';

let shown = null;
let today = '';

async function change(method, data, said) {
  await call(method, '/api/cities/link', data);
  closeSheet();
  toast(said);
  await load();
}

function joinSheet() {
  const words = el('textarea', { class: 'line', id: 'city-code', rows: 5, maxlength: 4000, autocomplete: 'off', spellcheck: 'false', placeholder: 'zhangu-city:…' });
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const join = async (replace) => {
    wrong.textContent = '';
    try {
      await change('PUT', { code: words.value, replace }, '已经加入，正在连接总部。');
    } catch (error) {
      wrong.textContent = error.message;
      again.hidden = error.status !== 409;
    }
  };
  const again = el('button', { type: 'button', class: 'act warn', hidden: true, onclick: () => tap(again, () => join(true)) }, '确认换成另一家公司');
  const go = el('button', { type: 'button', class: 'go', onclick: () => tap(go, () => join(false)) }, '加入');
  sheet('加入总部', el('p', { class: 'dim' }, '把总部给的邀请码整段贴在这里。收到的是二维码，就先用手机扫一下，复制扫出来的文字。'),
    el('label', {}, '邀请码', words), wrong, again, go);
}

const BY = { mqtt: 'MQTT', https: 'HTTPS' };
const WAYS = [['auto', '自动：先用 MQTT，不通就用 HTTPS'], ['mqtt', '只用 MQTT'], ['https', '只用 HTTPS']];
const clock = (iso) => (iso.slice(0, 10) === today ? iso.slice(11, 16) : `${Number(iso.slice(5, 7))}月${Number(iso.slice(8, 10))}日 ${iso.slice(11, 16)}`);

function stateOf() {
  if (shown.paused) return ['暂停', 'live'];
  return shown.up ? ['开', 'ok'] : ['没有连上', 'bad'];
}

function notes() {
  const sent = shown.last_sent ? `最近发出 ${clock(shown.last_sent)}。` : shown.observer ? '' : '这次开机还没有发过。';
  const waits = shown.waiting ? `有 ${shown.waiting} 天的数字等着发，连上以后自动发。` : '';
  return [shown.paused ? '暂停着，其他城市看不到这里的新数字。' : '', waits, sent].filter(Boolean);
}

async function test() {
  try {
    const done = await call('POST', '/api/cities/link/test', {});
    closeSheet();
    toast(done.sentence);
  } catch (error) {
    $('city-wrong').textContent = error.message;
  }
  await load();
}

function wayForm() {
  const way = el('select', { class: 'line', id: 'city-way' }, WAYS.map(([value, words]) => el('option', { value, selected: value === shown.way }, words)));
  const proxy = field('公司的代理服务器（没有就空着）', 'city-proxy', '', { maxlength: 300, inputmode: 'url', autocomplete: 'off', placeholder: shown.proxy || 'http://10.0.0.1:8080' });
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const keep = async (address) => {
    const typed = proxy.querySelector('input').value.trim();
    try {
      await change('PATCH', address === '' ? { way: way.value, proxy: '' } : typed ? { way: way.value, proxy: typed } : { way: way.value }, '存好了，正在重新连接。');
    } catch (error) {
      wrong.textContent = error.message;
    }
  };
  const save = el('button', { type: 'button', class: 'act', onclick: () => tap(save, () => keep()) }, '保存方式');
  const none = shown.proxy ? el('button', { type: 'button', class: 'act', onclick: () => tap(none, () => keep('')) }, '不用代理了') : null;
  return el('details', { class: 'block' }, el('summary', {}, '连接的方式'),
    el('p', { class: 'dim' }, shown.https ? `总部也收 HTTPS（端口 ${shown.https}），网络只放行网页时用它。` : '总部没有打开 HTTPS，或者邀请码是打开以前发的。要用就请总部再发一个。'),
    el('label', {}, '方式', way), proxy, wrong, save, none);
}

function detailSheet() {
  const check = el('button', { type: 'button', class: 'act', onclick: () => tap(check, test) }, '测试：把今天的数字再发一次');
  const heard = shown.heard.map((one) => row(one.city, one.minutes ? `${one.minutes} 分钟前` : '刚刚', '', ''));
  const names = el('button', { type: 'button', class: 'act', onclick: () => tap(names, () => change('PATCH', { names: !shown.names },
    shown.names ? '以后不带姓名。' : '以后大单和前三名带姓名。')) }, shown.names ? '以后不带姓名' : '大单和前三名带姓名');
  const pause = el('button', { type: 'button', class: 'act', onclick: () => tap(pause, () => change('PATCH', { paused: !shown.paused },
    shown.paused ? '继续了。' : '暂停了，其他城市看不到这里的新数字。')) }, shown.paused ? '继续' : '暂停');
  const code = el('button', { type: 'button', class: 'act', onclick: joinSheet }, '换邀请码');
  const leave = el('button', { type: 'button', class: 'act', onclick: () => ask('离开总部', ['其他城市的数字从这里清掉；这里的单不受影响。要再加入，得有一个邀请码。'], '离开', () => change('DELETE', null, '已经离开。')) }, '离开总部');
  sheet('和总部的连接',
    el('p', {}, shown.observer ? `以“${shown.branch}”的名字看其他城市，自己不报数字。` : `以“${shown.branch}”的名字报数字，公司代号 ${shown.org}。`),
    el('p', { class: 'dim' }, shown.up ? `${shown.since} 连上的，走 ${BY[shown.by]}。` : shown.last_up ? `上次连着是 ${shown.last_up}。` : '还没有连上过。'),
    notes().map((words) => el('p', {}, words)), shown.problems.map((words) => el('p', { class: 'wrong' }, words)),
    el('p', { class: 'wrong', role: 'alert', id: 'city-wrong' }), shown.paused ? null : check,
    heard.length ? [el('h3', {}, '上次收到'), el('ul', { class: 'rows' }, heard)] : null,
    shown.may ? [pause, names, wayForm(), code, leave] : null);
}

function draw() {
  const problems = shown.problems.map((words) => el('li', { class: 'wrong' }, words));
  if (!shown.joined) {
    fill($('city-link-rows'), row('没有加入总部', '', '加入以后，各城市的完成率自动出现在排行里。', shown.may ? '加入' : '', { open: shown.may ? joinSheet : null }));
    return;
  }
  fill($('city-link-rows'), row(el('b', {}, shown.branch), el('span', { class: stateOf()[1] }, stateOf()[0]), prose(notes()), '详情', { open: detailSheet }), problems);
}

async function load() {
  shown = await call('GET', '/api/cities/link');
  draw();
  drawAssistant(await call('GET', '/api/home-assistant'));
}

// ---- Home Assistant

function assistantSheet(now) {
  const [host, port, user, password] = [field('MQTT 服务器的地址', 'ha-host', now.host || '', { placeholder: 'homeassistant.local', maxlength: 253 }),
    field('端口', 'ha-port', String(now.port || 1883), { inputmode: 'numeric' }), field('用户名', 'ha-user', now.user || '', { maxlength: 200 }),
    field('密码', 'ha-password', '', { type: 'password', maxlength: 200, autocomplete: 'off' })];
  const text = (label) => label.querySelector('input').value.trim();
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const save = async () => {
    try {
      await call('PUT', '/api/home-assistant', { host: text(host), port: Number(text(port)), user: text(user), password: text(password), tls: Number(text(port)) === 8883 });
    } catch (error) {
      wrong.textContent = error.message;
      return;
    }
    closeSheet();
    toast('保存了，几秒后在 Home Assistant 里出现。');
    await load();
  };
  const go = el('button', { type: 'button', class: 'go', onclick: () => tap(go, save) }, '连接');
  const off = el('button', { type: 'button', class: 'act', onclick: () => tap(off, async () => { await call('DELETE', '/api/home-assistant'); closeSheet(); toast('断开了。'); await load(); }) }, '断开');
  sheet('Home Assistant', el('p', { class: 'dim' }, '战鼓会作为一台设备出现：业绩、时段、故障，放和停音乐、静音、音量、播报。端口 8883 用加密连接。'),
    host, port, user, password, wrong, go, now.on ? off : null);
}

function drawAssistant(now) {
  const open = now.may ? () => assistantSheet(now) : null;
  fill($('ha-rows'), row(now.on ? now.host : '没有连接', now.on ? el('span', { class: now.up ? 'ok' : 'bad' }, now.up ? '连着' : '没有连上') : '', now.on ? '' : '智能家居的主机。没有就不用管。', now.may ? (now.on ? '修改' : '连接') : '', { open }),
    now.why ? el('li', { class: 'wrong' }, now.why) : null);
}

export function show(state, visible) {
  today = state.date;
  if (visible && state.me.rights.includes('manage')) load().catch((error) => toast(error.message));
}
