// What every phone page must keep, measured in the page: nothing overflows, type >= 16 px, targets >= 48 px,
// contrast >= 4.5. Answers the list of what is wrong, in words. A transition that runs is brought to its end first:
// a button whose colour is changing has any contrast, depending on the machine's speed.
() => {
  for (const running of document.getAnimations()) if (running.effect.getComputedTiming().endTime !== Infinity) running.finish();
  const wrong = [];
  const name = (node) => `${node.tagName.toLowerCase()}${node.id ? '#' + node.id : ''} "${(node.innerText || node.value || '').trim().slice(0, 20)}"`;
  const rgb = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const shade = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const found = rgb(getComputedStyle(at).backgroundColor);
      if (found.length < 4 || found[3] > 0.99) return found;
    }
    return [255, 255, 255];
  };
  const contrast = (a, b) => { const [x, y] = [shade(a), shade(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const seen = (node) => { const box = node.getBoundingClientRect(); return box.width > 1 && box.height > 1 && getComputedStyle(node).visibility === 'visible' && !node.closest('.hide'); };

  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) wrong.push(`the page is ${document.documentElement.scrollWidth} wide on ${width}`);
  for (const node of document.querySelectorAll('body *')) {
    if (!seen(node)) continue;
    const box = node.getBoundingClientRect();
    if (box.right > width + 1 || box.left < -1) wrong.push(`${name(node)} leaves the screen: ${Math.round(box.left)}..${Math.round(box.right)}`);
    const words = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    const style = getComputedStyle(node);
    if (words || node.matches('input, textarea')) {
      if (parseFloat(style.fontSize) < 16) wrong.push(`${name(node)} has type of ${style.fontSize}`);
      const ratio = contrast(rgb(style.color), behind(node));
      if (ratio < 4.5 && !node.closest('[disabled]')) wrong.push(`${name(node)} has a contrast of ${ratio.toFixed(2)}`);
      if (node.scrollWidth > node.clientWidth + 1 && style.display !== 'inline' && style.overflowX !== 'visible' && !node.matches('input')) wrong.push(`${name(node)} is cut`);
    }
    if (node.matches('button, a, input:not([type=checkbox]), textarea, summary, label.check')) {
      const inText = node.matches('p a');
      const field = node.matches('.amount input');
      if (!inText && !field && (box.height < 47.5 || box.width < 44)) wrong.push(`${name(node)} is a target of ${Math.round(box.width)}×${Math.round(box.height)}`);
    }
  }
  return wrong;
}
