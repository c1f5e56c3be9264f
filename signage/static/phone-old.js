// What browsers of 2019 (Chrome 73, Safari 12.1) lack: <dialog>, pointer events, and the gap of flexbox.

// Call `down` when a finger or mouse presses `node`, `up` when it is lifted, cancelled or (`leaves`) moved away.
export function presses(node, down, up, leaves = true) {
  const pointers = 'PointerEvent' in window;
  let touched = 0; // a touch is followed by emulated mouse events
  const on = (names, work) => names.forEach((name) => node.addEventListener(name, (event) => {
    if (name.startsWith('touch')) touched = Date.now();
    if (!name.startsWith('mouse') || Date.now() - touched > 1000) work(event);
  }));
  on(pointers ? ['pointerdown'] : ['touchstart', 'mousedown'], down);
  on(pointers ? ['pointerup', 'pointercancel'] : ['touchend', 'touchcancel', 'mouseup'], up);
  if (leaves) on([pointers ? 'pointerleave' : 'mouseleave'], up);
}

const FOCUSABLE = 'a[href], button:not([disabled]), input:not([disabled]), select, textarea, summary, [tabindex="0"]';

// Give a <dialog> that the browser does not know its methods: it covers the page, keeps the focus, Escape closes it.
function asDialog(node) {
  const shade = document.createElement('div');
  let before = null;
  shade.className = 'shade';
  node.classList.add('own');
  node.setAttribute('role', 'dialog');
  node.setAttribute('aria-modal', 'true');
  Object.defineProperty(node, 'open', { get: () => node.hasAttribute('open') });
  node.showModal = () => {
    before = document.activeElement;
    document.body.insertBefore(shade, node);
    node.setAttribute('open', '');
    (node.querySelector('[autofocus]') || node).focus();
  };
  node.close = () => {
    if (!node.open) return;
    node.removeAttribute('open');
    shade.remove();
    if (before) before.focus();
    node.dispatchEvent(new Event('close'));
  };
  shade.addEventListener('click', () => node.close());
  document.addEventListener('keydown', (event) => {
    if (!node.open) return;
    if (event.key === 'Escape') node.close();
    if (event.key !== 'Tab') return;
    const all = [...node.querySelectorAll(FOCUSABLE)];
    const end = event.shiftKey ? all[0] : all[all.length - 1];
    if (all.length && (document.activeElement === end || !node.contains(document.activeElement))) {
      event.preventDefault();
      (event.shiftKey ? all[all.length - 1] : all[0]).focus();
    }
  });
}

// @supports does not distinguish the gaps of flexbox and grid: measure it.
function knowsGap() {
  const probe = document.createElement('div');
  probe.className = 'gap-probe';
  probe.append(document.createElement('i'), document.createElement('i'));
  document.body.append(probe);
  const tall = probe.scrollHeight > 0;
  probe.remove();
  return tall;
}

const sheet = document.getElementById('sheet');
if (sheet && !sheet.showModal) asDialog(sheet);
if (!knowsGap()) document.documentElement.classList.add('no-gap');
