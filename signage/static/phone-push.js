// 设备 → 连接: the systems that push deals here, with their signature, mapping and last push.
import { $, ask, call, chips, closeSheet, el, field, fill, row, sheet, tap, toast } from './phone-kit.js';

const KINDS = { jiandaoyun: '简道云', hmac: 'HMAC 签名', token: '固定的口令' };
const FIELDS = [
  ['person', '姓名', true, 'data.owner.name'], ['product', '产品', true, '=铂金套餐'], ['amount', '金额', true, 'data.items[0].sum'],
  ['external_id', '对方的编号', true, 'data._id'], ['team', '团队', false, ''], ['version', '版本', false, 'data.updateTime'],
  ['occurred_at', '签单的时间', false, 'data.createTime'], ['cancelled', '是否作废', false, ''],
];
const PROOF = {
  jiandaoyun: '在简道云的“数据推送”里填推送的地址和密钥。简道云在外网，办公室的主机要能从外网连到。',
  hmac: '对方的程序用密钥给每次推送签名，最稳妥。做那个程序的人知道怎么做。',
  token: '对方每次推送都带上密钥原文。最简单，只在办公室的网络里用。',
};
const MOST_PLACES = 60;
const WAIT_MS = 400;
let today = '';

const when = (iso) => (iso.slice(0, 10) === today ? iso.slice(11, 16) : `${Number(iso.slice(5, 7))}月${Number(iso.slice(8, 10))}日 ${iso.slice(11, 16)}`);
const path = (name) => `/api/push/${encodeURIComponent(name)}`;
const button = (words, work, look = 'act') => {
  const node = el('button', { type: 'button', class: look, onclick: () => tap(node, work) }, words);
  return node;
};

function secretSheet(name, secret) {
  sheet(`“${name}”的密钥`, el('p', { class: 'dim' }, '推送到这个地址'), el('p', {}, el('code', { class: 'secret' }, location.origin + path(name))),
    el('p', { class: 'dim' }, '密钥'), el('p', {}, el('code', { class: 'secret' }, secret)),
    el('p', {}, '只显示这一次。请把两样都复制到对方系统里，关掉以后密钥就看不到了，只能换一个新的。'));
}

// Each value of a sample with its place, to choose from in the fields of the mapping.
function placesIn(value, place, found) {
  if (found.length >= MOST_PLACES) return found;
  if (value !== null && typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) placesIn(inner, Array.isArray(value) ? `${place}[${key}]` : [place, key].filter(Boolean).join('.'), found);
  } else if (place) found.push([place, String(value).slice(0, 40)]);
  return found;
}

// The inputs of the mapping; `values()`: the places entered.
function mappingForm(known, changed) {
  const inputs = FIELDS.map(([key, label, needed, example]) => {
    const box = field(needed ? label : `${label}（可以不写）`, `map-${key}`, known[key] || '', { maxlength: 120, placeholder: example, autocapitalize: 'off', autocomplete: 'off', spellcheck: 'false', list: 'push-places', oninput: changed });
    return { key, box, input: box.querySelector('input') };
  });
  const missing = () => {
    const labels = FIELDS.filter(([, , needed], number) => needed && !inputs[number].input.value.trim()).map(([, label]) => label).join(' · ');
    return labels && `还要写：${labels}。`;
  };
  return { missing, nodes: inputs.map(({ box }) => box), values: () => Object.fromEntries(inputs.filter(({ input }) => input.value.trim()).map(({ key, input }) => [key, input.value.trim()])) };
}

function previewRows(answer) {
  const rows = FIELDS.filter(([key]) => answer.fields[key] !== undefined).map(([key, label]) => row(label, answer.fields[key], '', ''));
  return [el('ul', { class: 'rows' }, rows), answer.problem ? el('p', { class: 'wrong' }, answer.problem) : el('p', { class: 'ok' }, '这样能收下。')];
}

function editSheet(one) {
  let { kind } = one;
  let timer = 0;
  let asked = 0;
  const kinds = el('div', { class: 'chips', role: 'radiogroup', 'aria-label': '怎么证明是它发的' });
  const name = field('怎么称呼这个系统（地址里用）', 'push-name', one.name, { maxlength: 40, placeholder: 'crm' });
  const sample = el('textarea', { class: 'line', id: 'push-sample', rows: 6, maxlength: 20000, spellcheck: 'false', autocapitalize: 'off', placeholder: '{"data": {"_id": "66f0", "owner": {"name": "王小明"}}}', oninput: () => later() });
  const shown = el('div', { role: 'status' });
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const mapping = mappingForm(one.mapping, () => later());
  const places = el('datalist', { id: 'push-places' });
  const proof = el('p', { class: 'dim' });

  async function preview() {
    const number = asked += 1;
    if (!sample.value.trim()) return fill(shown);
    let answer;
    try {
      const parsed = JSON.parse(sample.value);
      fill(places, placesIn(parsed, '', []).map(([place, value]) => el('option', { value: place, label: `${place} = ${value}` })));
      if (mapping.missing()) return fill(shown, el('p', { class: 'dim' }, mapping.missing()));
      answer = await call('POST', `${path('sample')}/preview`, { kind, mapping: mapping.values(), sample: parsed });
    } catch (error) {
      const words = error instanceof SyntaxError ? '这段不是 JSON，请整段复制对方发来的内容。' : error.message;
      if (number === asked) fill(shown, el('p', { class: 'wrong' }, words));
      return undefined;
    }
    if (number === asked) fill(shown, el('h3', {}, '按上面的位置找到的'), previewRows(answer));
    return undefined;
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(preview, WAIT_MS);
  }

  const draw = () => {
    chips(kinds, Object.keys(KINDS), kind, (chosen) => { kind = chosen; draw(); later(); }, KINDS);
    proof.textContent = PROOF[kind];
  };
  const secret = field(one.name ? '换成对方给的密钥（不换就不写）' : '对方给的密钥（不写就生成一个）', 'push-secret', '', { type: 'password', maxlength: 200, autocomplete: 'off' });
  const go = button('保存', async () => {
    wrong.textContent = '';
    const called = one.name || name.querySelector('input').value.trim();
    if (!called) {
      wrong.textContent = '请写一个名字。';
      return;
    }
    if (mapping.missing()) {
      wrong.textContent = mapping.missing();
      return;
    }
    try {
      const made = await call('PUT', path(called), { kind, mapping: mapping.values(), secret: secret.querySelector('input').value.trim() || null, on: one.on });
      closeSheet();
      await load();
      if (made.secret) secretSheet(called, made.secret);
      else toast('保存好了。');
    } catch (error) {
      wrong.textContent = error.message;
    }
  }, 'go');
  draw();
  sheet(one.name ? `改“${one.name}”` : '加一个推送的系统',
    el('p', {}, '客户系统里签了单，就自己送到战鼓来。设一次，要做那个系统的人帮忙：他给一段样子，您把地址和密钥给他。'),
    one.name ? null : name, el('p', { class: 'dim' }, '怎么证明是它发的'), kinds, proof, secret,
    el('label', { for: 'push-sample' }, '贴一段对方发来的样子'), sample,
    el('h3', {}, '每一项在样子的哪里'), el('p', { class: 'dim' }, '贴好样子，点一下格子就能选。自己写也行，例如 data.owner.name；固定不变的，用 = 开头，例如 =铂金套餐。'), mapping.nodes, places,
    shown, wrong, go);
}

function linkSheet(one) {
  const renew = () => ask(`给“${one.name}”换一个新密钥`, ['原来的马上不能用了，要在对方系统里也换掉。'], '换一个', async () => {
    const letters = crypto.getRandomValues(new Uint8Array(32));
    const secret = Array.from(letters, (byte) => byte.toString(16).padStart(2, '0')).join('');
    await call('PUT', path(one.name), { kind: one.kind, mapping: one.mapping, secret, on: one.on });
    setTimeout(() => secretSheet(one.name, secret), 0);
  }, 'act stop');
  const gone = () => ask(`去掉“${one.name}”`, ['它推送来的单以后都不收，已经记下的不变。'], '去掉', async () => {
    await call('DELETE', path(one.name));
    await load();
  }, 'act stop');
  sheet(one.name, el('p', {}, `推送到 ${location.origin}${one.address}`), el('p', { class: 'dim' }, KINDS[one.kind]),
    el('p', {}, one.last_at ? `最近一次 ${when(one.last_at)}：${one.last}` : '还没有推送来过。'),
    button(one.on ? '先关掉，不收' : '打开，接着收', async () => {
      await call('PUT', path(one.name), { kind: one.kind, mapping: one.mapping, on: !one.on });
      closeSheet();
      toast(one.on ? '关掉了，它推送来的不收。' : '打开了。');
      await load();
    }),
    button('改位置和密钥', async () => editSheet(one)), button('换一个新密钥', async () => renew()), button('去掉', async () => gone(), 'act stop'));
}

async function load() {
  const { links } = await call('GET', '/api/push');
  fill($('push-rows'), links.map((one) => row(el('b', {}, one.name), el('span', { class: one.on ? 'ok' : '' }, one.on ? '开' : '关'),
    one.last_at ? `${when(one.last_at)} ${one.last}` : '还没有推送来过。', KINDS[one.kind], { open: () => linkSheet(one) })));
  if (!links.length) fill($('push-rows'), el('li', { class: 'dim' }, '还没有。客户系统（例如简道云）签了单，可以自己推送过来。'));
}

export function start() {
  $('add-push').addEventListener('click', () => editSheet({ name: '', kind: 'jiandaoyun', mapping: {}, on: true }));
}

export function show(state, opened) {
  today = state.date;
  if (opened && state.me.rights.includes('access')) load().catch((error) => toast(error.message));
}
