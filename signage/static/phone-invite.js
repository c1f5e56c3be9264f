// Adding a phone by a link or code that works once, and personal PINs for phones that several people use.
import { $, ask, call, chips, el, field, fill, loadedSheet, row, sheet, tap } from './phone-kit.js';

const MAY = {
  owner: '什么都可以，也能开关公用 PIN、添加别的负责人。',
  manager: '什么都可以，也管手机和操作记录；不能开关公用 PIN。',
  director: '看战报，定各队的目标，改当天的安排。',
  leader: '看战报，定自己团队的目标。',
  sales: '报自己的单，等助理确认；记自己的数。',
  assistant: '报单、广播、音乐、目标、人员和大屏。',
  program: '报单、播报、音乐、目标，能读业绩和安排；不能改人员、作息表和权限。',
  wall: '只能读，适合看板和监控。',
};
let current = () => null;

// The choice of a person; a person may be left out where `none` names what that means.
function personChoice(id, none) {
  const select = el('select', { class: 'line', id }, el('option', { value: '' }, none),
    current().people.map((person) => el('option', { value: String(person.id) }, `${person.name}（${person.team}）`)));
  return el('label', {}, '是谁的', select);
}

const chosen = (label) => Number(label.querySelector('select').value) || null;

// The choice of a role. The answer's `value` is the role that is chosen now.
function roleChoice(roles, usual = 'assistant') {
  const buttons = el('div', { class: 'chips', role: 'radiogroup', 'aria-label': '身份' });
  const may = el('p', { class: 'dim', role: 'status' });
  const choice = { node: [el('p', { class: 'dim' }, '身份'), buttons, may], value: (roles.find((one) => one.role === usual) || roles[roles.length - 1]).role };
  const names = Object.fromEntries(roles.map((one) => [one.role, one.name]));
  const draw = () => {
    chips(buttons, roles.map((one) => one.role), choice.value, (role) => { choice.value = role; draw(); }, names);
    may.textContent = MAY[choice.value];
  };
  draw();
  return choice;
}

// A button that sends something and shows a refusal above itself.
function sending(verb, work) {
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const go = el('button', { type: 'button', class: 'go', onclick: () => tap(go, async () => {
    wrong.textContent = '';
    try {
      await work();
    } catch (error) {
      wrong.textContent = error.message;
    }
  }) }, verb);
  return [wrong, go];
}

function hostOf(link) {
  return link.split('/')[2];
}

function show(made) {
  const code = `${made.code.slice(0, 4)} ${made.code.slice(4)}`;
  const codes = [el('img', { class: 'qr', src: made.qr, alt: '添加手机的二维码' }), el('p', { class: 'dim' }, hostOf(made.link))];
  if (made.named_link) {
    codes.push(el('img', { class: 'qr', src: made.named_qr, alt: '添加手机的二维码，用主机的名字' }), el('p', { class: 'dim' }, hostOf(made.named_link)),
      el('p', { class: 'dim' }, '两个码一样。用名字的，主机换了地址也能打开；打不开就扫上面一个。'));
  }
  sheet('用那台手机扫这个码', ...codes,
    el('p', {}, '扫不了就打开这里的登录页，输入这八位数字：'), el('p', { class: 'pin', id: 'phone-code' }, code),
    el('p', { class: 'dim' }, `${made.minutes} 分钟内有效，只能用一次。`));
}

const access = () => call('GET', '/api/access');

const addPhone = () => loadedSheet('添加手机', access, ({ roles }) => {
  const role = roleChoice(roles);
  const person = personChoice('phone-person', '不是某一个人的');
  const name = field('怎么称呼（不选人时填，例如 前台）', 'phone-name', '', { maxlength: 20 });
  return [role.node, person, name, sending('下一步', async () => {
    show(await call('POST', '/api/access/phones', { role: role.value, person: chosen(person), name: name.querySelector('input').value.trim() }));
  })];
});

const givePin = () => loadedSheet('给一个人设个人 PIN', access, ({ roles }) => {
  const role = roleChoice(roles.filter((one) => one.personal));
  const person = personChoice('pin-person', '请选择');
  return [person, role.node, sending('下一步', async () => {
    if (!chosen(person)) throw new Error('请选择是谁的。');
    const made = await call('PUT', `/api/access/personal/${chosen(person)}`, { role: role.value });
    sheet('个人 PIN', el('p', { class: 'pin', id: 'personal-pin' }, made.pin),
      el('p', {}, '只显示这一次，请本人记下。在共用的手机上选自己的名字，再输入它，12 小时内有效。'));
  })];
});

const personalPins = () => loadedSheet('个人 PIN', access, ({ personal }) => {
  const remove = (one) => ask(`去掉${one.name}的个人 PIN`, ['用它登录的手机马上退出。'], '去掉', async () => {
    await call('DELETE', `/api/access/personal/${one.person}`);
  }, 'act stop');
  const list = el('ul', { class: 'rows' }, personal.map((one) => row(one.name, one.role_name, one.team, one.removable ? '去掉' : '', { open: one.removable ? () => remove(one) : null })));
  if (!personal.length) fill(list, el('li', { class: 'dim' }, '还没有人有个人 PIN。'));
  const give = el('button', { type: 'button', class: 'act', onclick: givePin }, '给一个人设个人 PIN');
  return [el('p', { class: 'dim' }, '几个人共用一台手机时，各人用自己的名字和 PIN 登录。'), list, give];
});

const giveToken = () => loadedSheet('给程序一个令牌', access, ({ token_roles: roles }) => {
  const role = roleChoice(roles, 'program');
  const name = field('哪个程序', 'token-name', '', { maxlength: 40, placeholder: '例如 客户系统' });
  return [el('p', { class: 'dim' }, '程序带着令牌就能用战鼓的接口，不用的随时可以作废。'), name, role.node, sending('生成', async () => {
    const made = await call('POST', '/api/access/tokens', { name: name.querySelector('input').value.trim(), role: role.value });
    sheet(made.name, el('p', {}, '只显示这一次，请复制到程序里。'), el('p', { class: 'secret', id: 'token' }, made.token),
      el('a', { class: 'act link', href: '/api/docs' }, '看接口怎么用'));
  })];
});

export function start(state) {
  $('new-token').addEventListener('click', giveToken);
  current = state;
  $('add-phone').addEventListener('click', addPhone);
  $('personal-pins').addEventListener('click', personalPins);
}
