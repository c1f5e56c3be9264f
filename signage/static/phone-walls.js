// The walls on the 设备 tab: connection, current scene and settings of each.
import { $, call, closeSheet, el, field, fill, row, sheet, tap, toast } from './phone-kit.js';

let state = null;
let refresh = () => {};

const PICTURES = [['', '按作息表'], ['rhythm', '时段'], ['leaderboard', '战报'], ['cities', '各地战果'], ['measures', '过程数据'], ['countdown', '倒计时'], ['welcome', '迎接'], ['rest', '休息'], ['dark', '熄屏']];
const THEMES = [['', '按作息表'], ['ink', '深色'], ['paper', '浅色']];
const LANGUAGES = [['', '按作息表'], ['zh', '中文'], ['en', 'English']];
const STANDING = [['', '按作息表'], ['false', '横屏'], ['true', '竖屏']];

const sizes = (numbers, unit) => [['', '按作息表'], ...numbers.map((n) => [String(n), `${n} ${unit}`])];
const DIAGONALS = [24, 27, 32, 40, 43, 50, 55, 65, 75, 86, 98];
const DISTANCES = [2, 3, 4, 5, 6, 8, 10, 12, 15];

// The wall without a name in its address is "main" there; people call it 大屏.
const wallName = (wall) => (wall.name === 'main' ? '大屏' : wall.name);

// The page's own address may be localhost. Many a TV does not know names such as zhangu.local, so numbers come first.
function addresses({ addresses: numbers, name, port }) {
  return [...numbers, ...(name ? [name] : [])].map((host) => `http://${host}${port === 80 ? '' : `:${port}`}`);
}

const path = (wall) => `/api/walls/${encodeURIComponent(wall.name)}`;

function shown(wall, all = false) {
  if (wall.silent) return `${wall.silent} 起没有消息`;
  if (!wall.scene) return '还没有消息';
  const delay = !all || wall.delay_ms === null ? '' : `，延迟 ${wall.delay_ms} 毫秒`;
  return `${wall.scene}，最后画面 ${wall.painted}${delay}`;
}

export function draw(found) {
  state = found;
  fill($('walls'), state.walls.map((wall) => row(
    el('b', {}, wallName(wall)), el('span', { class: wall.online ? 'ok' : 'bad' }, wall.online ? '在线' : '没有连上'),
    wall.no_chinese ? '没有中文字体' : wall.stray ? `没有叫“${wall.stray}”的团队` : shown(wall), wall.size || '', { open: () => wallSheet(wall) },
  )));
  if (!state.walls.length) fill($('walls'), el('li', { class: 'dim' }, '还没有大屏连上。'));
  fill($('wall-address'), addresses(state.reach).map((address, n) => [n ? [' ', '或', ' '] : '', el('b', {}, `${address}/wall/new`)]));
}

const button = (words, act, look = 'act') => el('button', { type: 'button', class: look, onclick: (event) => tap(event.currentTarget, act) }, words);

function choice(label, id, options, chosen) {
  if (chosen && !options.some(([value]) => value === chosen)) options = [...options, [chosen, chosen]]; // chosen elsewhere
  const select = el('select', { class: 'line', id }, options.map(([value, words]) => el('option', { value, selected: value === chosen }, words)));
  return el('label', {}, label, select);
}

function wallSheet(wall) {
  const order = (action, done) => button(action[1], async () => {
    await call('POST', `${path(wall)}/${action[0]}`, {});
    toast(done);
  });
  const facts = [wall.size ? `画面 ${wall.size}。${shown(wall, true)}。` : `${shown(wall)}。`, wall.no_chinese ? '这块屏幕没有中文字体，字会变成方框。请装上字体（fonts-noto-cjk），再重新打开页面。' : '', wall.stray ? `这块屏幕给了“${wall.stray}”，但没有这个团队，现在显示全部团队。请在显示设置里选一个。` : '', wall.device ? `设备：${wall.device}。` : ''].filter(Boolean);
  const off = (wall.chosen || {}).scene === 'off';
  sheet(wallName(wall), facts.map((fact) => el('p', { class: 'dim' }, fact)),
    order(['identify', '在屏幕上显示名字'], '屏幕上显示着名字，十五秒。'),
    order(['reload', '重新打开页面'], '已叫它重新打开页面。'),
    button('显示设置', () => choices(wall)),
    button('改名', () => rename(wall)),
    button(off ? '打开这块屏幕' : '关掉这块屏幕', async () => {
      await call('PATCH', path(wall), { scene: off ? null : 'off' });
      toast(off ? '屏幕打开了。' : '屏幕关掉了，页面还在，随时可以打开。');
      closeSheet();
      refresh();
    }),
    wall.online ? null : button('不再用了，从这里去掉', async () => {
      await call('DELETE', path(wall));
      toast(`${wallName(wall)}已去掉。`);
      closeSheet();
      refresh();
    }, 'act stop'));
}

function choices(wall) {
  const chosen = wall.chosen || {};
  const teams = [['', '按作息表'], ...state.teams.map((team) => [team.name, team.name])];
  const boxes = {
    scene: choice('固定显示', 'w-scene', PICTURES, chosen.scene || ''),
    team: choice('哪个团队的屏幕', 'w-team', teams, chosen.team || ''),
    theme: choice('颜色', 'w-theme', THEMES, chosen.theme || ''),
    diagonal: choice('屏幕尺寸', 'w-diagonal', sizes(DIAGONALS, '英寸'), String(chosen.diagonal || '')),
    distance: choice('观看距离', 'w-distance', sizes(DISTANCES, '米'), String(chosen.distance || '')),
    portrait: choice('方向', 'w-portrait', STANDING, chosen.portrait === undefined ? '' : String(chosen.portrait)),
    language: choice('语言', 'w-language', LANGUAGES, chosen.language || ''),
  };
  const go = button('保存', async () => {
    const data = {};
    Object.entries(boxes).forEach(([name, box]) => { data[name] = box.querySelector('select').value || null; });
    for (const name of ['diagonal', 'distance']) if (data[name] !== null) data[name] = Number(data[name]);
    if (data.portrait !== null) data.portrait = data.portrait === 'true';
    if (chosen.scene === 'off' && data.scene === null) delete data.scene;
    await call('PATCH', path(wall), data);
    toast('显示设置已保存。');
    closeSheet();
    refresh();
  }, 'go');
  sheet(`${wallName(wall)} 的显示设置`, Object.values(boxes), go);
}

function rename(wall) {
  const words = field('新的名字', 'wall-name', wallName(wall), { maxlength: 40 });
  const go = button('改名', async () => {
    await call('POST', `${path(wall)}/rename`, { name: words.querySelector('input').value.trim() });
    toast('屏幕正在换到新名字。');
    closeSheet();
    refresh();
  }, 'go');
  sheet(`给 ${wallName(wall)} 改名`, words, go);
}

function add() {
  const code = field('屏幕上的六位数字', 'wall-code', '', { inputmode: 'numeric', maxlength: 7, autocomplete: 'off' });
  const name = field('给屏幕起个名字', 'wall-new-name', '', { maxlength: 30, placeholder: '例如：前台' });
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const value = (label) => label.querySelector('input').value.trim();
  const go = button('连上', async () => {
    try {
      await call('POST', '/api/pairings', { code: value(code), name: value(name) });
    } catch (error) {
      wrong.textContent = error.message;
      return;
    }
    toast('屏幕连上了。');
    closeSheet();
    refresh();
  }, 'go');
  sheet('添加大屏', code, name, wrong, go);
}

export function start(again) {
  refresh = again;
  $('add-wall').addEventListener('click', add);
}
