// Moves to another team from a date on, last days and returns.
import { call, chips, closeSheet, dayText, el, field, sheet, tap, toast } from './phone-kit.js';

const DAY_MS = 86400000;

const added = (day, days) => new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
const monday = (today) => added(today, -((new Date(today + 'T00:00:00Z').getUTCDay() + 6) % 7));

const dateField = (label, id, day, extra = {}) => field(label, id, day, { type: 'date', maxlength: null, ...extra });
const valueOf = (label) => label.querySelector('input').value;

// ---- what is planned, in words

export function plans(person) {
  const leave = person.last_day ? `最后一天 ${dayText(person.last_day)}${person.returns ? `，${dayText(person.returns)}回来` : ''}` : '';
  return [person.move ? person.move.words : '', leave].filter(Boolean).join('；');
}

export function left(person) {
  const last = person.last_day ? `${person.last_day} 以后` : '';
  return [`${person.team}`, last, person.returns ? `${dayText(person.returns)}回来` : ''].filter(Boolean).join('，');
}

// The plans of a person, each with its way back.
export function planned(person, done) {
  const cancel = (words, method, path, said) => {
    const button = el('button', { type: 'button', class: 'act', onclick: () => tap(button, async () => {
      await call(method, `/api/people/${person.id}/${path}`, {});
      toast(said);
      closeSheet();
      done();
    }) }, words);
    return button;
  };
  return [
    person.move ? [el('p', {}, `${person.move.words}。`), cancel('取消这次调队', 'DELETE', 'move', '已取消，留在原来的团队。')] : null,
    person.last_day ? [el('p', {}, plans({ ...person, move: null }) + '。'), cancel('不走了', 'POST', 'return', '已取消，还在名单里。')] : null,
  ];
}

// ---- from which day on

export function sinceField(today) {
  const first = monday(today);
  const box = el('div', { class: 'since', hidden: true });
  const picked = dateField('从哪天起在新团队', 'p-since', today, { min: first });
  const quick = el('div', { class: 'chips' });
  const days = { '今天': today, ...(first === today ? {} : { '本周一': first }), '下周一': added(first, 7) };
  const draw = (name) => chips(quick, Object.keys(days), name, (chosen) => {
    picked.querySelector('input').value = days[chosen];
    draw(chosen);
  });
  draw('今天');
  picked.querySelector('input').addEventListener('input', () => draw(null));
  box.append(picked, quick, el('p', { class: 'dim' }, '以前的单仍算在原来的团队。以后的日子，到那天早上自己生效。'));
  return box;
}

export const since = (box) => valueOf(box);

// A leader who moves: does the person lead the new team? Nothing is chosen in advance.
export function leadsField() {
  const box = el('div', { class: 'leads', hidden: true });
  const which = el('div', { class: 'chips', role: 'radiogroup', 'aria-label': '到了新团队还当组长吗' });
  const names = { '在新团队当组长': true, '不再当组长': false };
  const draw = () => chips(which, Object.keys(names), box.dataset.chosen || '', (name) => { box.dataset.chosen = name; draw(); });
  draw();
  box.append(el('p', { class: 'dim' }, '到了新团队还当组长吗？'), which);
  return { box, chosen: () => (box.dataset.chosen ? names[box.dataset.chosen] : null) };
}

// ---- leave and return

// A button that sends the data of some fields; a refusal is shown above it.
function sender(words, look, path, data, said, done) {
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const button = el('button', { type: 'button', class: look, onclick: () => tap(button, async () => {
    wrong.textContent = '';
    try {
      await call('POST', path, data());
    } catch (error) {
      wrong.textContent = error.message;
      return;
    }
    toast(said);
    closeSheet();
    done();
  }) }, words);
  return [wrong, button];
}

export function leaveButton(person, roster, done) {
  return el('button', { type: 'button', class: 'act stop', onclick: () => leaveSheet(person, roster, done) }, '离职或休假');
}

function leaveSheet(person, roster, done) {
  const last = dateField('最后一天', 'l-last', roster.today);
  const returns = dateField('哪天回来（休假才填）', 'l-returns', '');
  const path = `/api/people/${person.id}/leave`;
  sheet(`${person.name}离职或休假`,
    person.last_owner ? el('p', { class: 'wrong' }, '这是最后一位负责人，离开以后就没有负责人的手机了。请先添加另一台负责人的手机；以后也可以在主机上用 zhangu owner 再要一个链接。') : '',
    el('p', {}, '过了最后一天，就不能再报他的单。以前的单、照片和歌都留着，回来时照旧。'), last, returns,
    sender('保存', 'go', path, () => ({ last_day: valueOf(last), returns: valueOf(returns) }), `${person.name}的最后一天记下了。`, done),
    sender('现在就从名单里去掉', 'act stop', path, () => ({ returns: valueOf(returns) }), `${person.name}已不在名单里，以前的单都留着。`, done));
}

export function returnSheet(person, roster, done) {
  const names = roster.teams.map((team) => team.name);
  let team = names.includes(person.team) ? person.team : '';
  const which = el('div', { class: 'chips', role: 'radiogroup', 'aria-label': '团队' });
  const draw = () => chips(which, names, team, (name) => { team = name; draw(); });
  draw();
  const on = dateField('哪天回来', 'r-on', roster.today, { min: roster.today });
  sheet(`${person.name}回来`, el('p', {}, '还是同一个人：以前的单、照片和歌都在。'), el('p', { class: 'dim' }, '回到哪个团队'), which, on,
    sender('回来', 'go', `/api/people/${person.id}/return`, () => ({ on: valueOf(on), team }), `${person.name}回来的日子记下了。`, done));
}
