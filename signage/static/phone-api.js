// The page of the API (/api/docs): search, the choice of a role, copying, and trying what only reads.
const $ = (id) => document.getElementById(id);
const all = [...document.querySelectorAll('main details')];
const texts = new Map(all.map((one) => [one, one.textContent.toLowerCase()]));
const MOST = 20000;

function fits(one, words, role) {
  const roles = one.dataset.roles;
  return (!role || !roles || roles.split(' ').includes(role)) && words.every((word) => texts.get(one).includes(word));
}

// Show the addresses with every word that the role may use; open the only one that is found.
function search() {
  const words = $('search').value.toLowerCase().split(/\s+/).filter(Boolean);
  const role = $('role').value;
  const found = all.filter((one) => fits(one, words, role));
  const kept = new Set(found);
  all.forEach((one) => { one.hidden = !kept.has(one); });
  document.querySelectorAll('main section').forEach((section) => {
    const empty = !section.querySelector('details:not([hidden])');
    section.hidden = empty;
    document.querySelector(`nav a[href="#${section.id}"]`).hidden = empty;
  });
  $('found').textContent = words.length || role ? `${found.length} / ${all.length}` : '';
  $('none').hidden = found.length > 0;
  if (words.length && found.length === 1) found[0].open = true;
}

function unfold(event) {
  const button = event.currentTarget;
  const open = button.getAttribute('aria-pressed') !== 'true';
  all.filter((one) => !one.hidden).forEach((one) => { one.open = open; });
  button.setAttribute('aria-pressed', String(open));
  [button.textContent, button.dataset.fold] = [button.dataset.fold, button.textContent];
}

// Browsers copy over HTTPS and on localhost; elsewhere the text is selected, and the keyboard copies it.
async function copy(pre, button) {
  const range = document.createRange();
  range.selectNodeContents(pre);
  const chosen = document.getSelection();
  chosen.removeAllRanges();
  chosen.addRange(range);
  let done = false;
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(pre.textContent);
    done = Boolean(navigator.clipboard) || document.execCommand('copy');
  } catch (error) {
    done = false;
  }
  const before = button.textContent;
  button.textContent = done ? '已复制' : '已选中';
  setTimeout(() => { button.textContent = before; }, 1500);
}

function withCopy(box) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.textContent = '复制';
  button.addEventListener('click', () => copy(box.querySelector('pre'), button));
  box.append(button);
}

function shown(text, kind) {
  const whole = kind.includes('json') ? JSON.stringify(JSON.parse(text), null, 1) : text;
  return whole.length > MOST ? `${whole.slice(0, MOST)}…` : whole;
}

// Ask an address that only reads, as this browser is signed in.
async function attempt(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const out = form.querySelector('pre');
  const address = form.elements.path.value.trim();
  out.hidden = false;
  if (!/^\/(?!\/)/.test(address)) {
    out.textContent = '地址要以 / 开头。';
    return;
  }
  out.textContent = '…';
  const began = performance.now();
  try {
    const answer = await fetch(address, { credentials: 'same-origin', redirect: 'error' });
    const kind = answer.headers.get('Content-Type') || '';
    const readable = /json|text|csv|calendar/.test(kind);
    const text = readable ? await answer.text() : `${(await answer.blob()).size} bytes`;
    out.textContent = `${answer.status} · ${kind} · ${Math.round(performance.now() - began)} ms\n\n${shown(text, readable ? kind : '')}`;
  } catch (error) {
    out.textContent = '没有得到回答，请看网络。';
  }
}

function start() {
  $('tools').hidden = false;
  $('search').addEventListener('input', search);
  $('role').addEventListener('change', search);
  $('unfold').addEventListener('click', unfold);
  document.querySelectorAll('.shell').forEach(withCopy);
  document.querySelectorAll('.try').forEach((form) => {
    form.hidden = false;
    form.addEventListener('submit', attempt);
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === '/' && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      event.preventDefault();
      $('search').focus();
    }
  });
  const wanted = location.hash && $(decodeURIComponent(location.hash.slice(1)));
  if (wanted && wanted.tagName === 'DETAILS') {
    wanted.open = true;
    wanted.scrollIntoView();
  }
  all.forEach((one) => one.addEventListener('toggle', () => {
    if (one.open) history.replaceState(null, '', `#${one.id}`);
  }));
}

start();
