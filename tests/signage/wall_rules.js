/* Check the displayed wall and return violations of the layout rules as sentences for the test: text that is cut, that
   leaves the screen or covers other text, type that is too small, contrast under 7:1. */
(function () {
  'use strict';
  var rem = parseFloat(getComputedStyle(document.documentElement).fontSize), found = [], boxes = [];
  var sheet = document.querySelector('.stage'), around = sheet.getBoundingClientRect();
  /* A nearly square screen draws the whole sheet smaller; what counts for the eye is type against the screen's diagonal. */
  var drawn = Math.max(around.width, around.height) / Math.max(sheet.offsetWidth, sheet.offsetHeight);
  var same = Math.sqrt(innerWidth * innerWidth + innerHeight * innerHeight) / 110.15 * Wall.scale; /* 16:9 of that diagonal */

  function luminance(rgb) {
    return [0.2126, 0.7152, 0.0722].reduce(function (sum, weight, i) {
      var c = rgb[i] / 255;
      return sum + weight * (c <= 0.03928 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4));
    }, 0);
  }
  function colour(text) { return (text.match(/[\d.]+/g) || []).map(Number); }
  function behind(node) {
    var c;
    for (; node; node = node.parentElement) {
      c = colour(getComputedStyle(node).backgroundColor);
      if (c.length === 3 || c[3] === 1) { return c; }
    }
    return [255, 255, 255];
  }
  function seen(node) {
    for (; node && node !== document.documentElement; node = node.parentElement) {
      var style = getComputedStyle(node);
      if (style.display === 'none' || style.visibility === 'hidden' || Number(style.opacity) === 0) { return false; }
    }
    return true;
  }
  function clip(node) {
    var area = { left: 0, top: 0, right: innerWidth, bottom: innerHeight }, r;
    for (; node && node !== document.documentElement; node = node.parentElement) {
      if (getComputedStyle(node).overflow === 'hidden') {
        r = node.getBoundingClientRect();
        area = { left: Math.max(area.left, r.left), top: Math.max(area.top, r.top), right: Math.min(area.right, r.right), bottom: Math.min(area.bottom, r.bottom) };
      }
    }
    return area;
  }
  function say(node, what) { found.push(what + ': «' + node.textContent.substr(0, 24) + '» ' + (node.className || node.tagName)); }

  function inspect(node) {
    var style = getComputedStyle(node), size = parseFloat(style.fontSize), range = document.createRange(), rects, area, i, r, ink;
    var front = luminance(colour(style.color)), back = luminance(behind(node)), ratio;
    ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    if (ratio < 6.995) { say(node, 'contrast ' + ratio.toFixed(2)); }
    if (size * drawn < 0.97 * 1.699 * same) { say(node, 'small for this diagonal ' + (size * drawn / same).toFixed(2)); }
    if (size < 1.699 * rem) { say(node, 'small ' + (size / rem).toFixed(2) + 'rem'); }
    if (node.matches('.name, .name > span:first-child, .line .sum, .line .sum b, .rate, .amt, .amount, .city *') && size < 2.499 * rem) { say(node, 'row too small ' + (size / rem).toFixed(2) + 'rem'); }
    if (node.tagName === 'H1' && size < (document.body.classList.contains('far') ? 2.49 : 3.999) * rem) { say(node, 'headline small ' + (size / rem).toFixed(2) + 'rem'); }
    area = clip(node);
    for (i = 0; i < node.childNodes.length; i += 1) {
      if (node.childNodes[i].nodeType !== 3 || !node.childNodes[i].nodeValue.trim()) { continue; }
      range.selectNodeContents(node.childNodes[i]);
      rects = range.getClientRects();
      Array.prototype.forEach.call(rects, function (line) {
        var middle = (line.top + line.bottom) / 2;
        if (line.width < 1) { return; }
        ink = { left: line.left + 1, right: line.right - 1, top: middle - size * drawn * 0.44, bottom: middle + size * drawn * 0.44 };
        if (ink.left < area.left - 1 || ink.right > area.right + 2 || ink.top < area.top - 1 || ink.bottom > area.bottom + 1) { say(node, 'cut'); }
        for (var j = 0; j < boxes.length; j += 1) {
          r = boxes[j];
          if (r.node !== node && Math.min(r.right, ink.right) - Math.max(r.left, ink.left) > 1 && Math.min(r.bottom, ink.bottom) - Math.max(r.top, ink.top) > 1) {
            say(node, 'covers «' + r.node.textContent.substr(0, 12) + '»');
            break;
          }
        }
        boxes.push({ node: node, left: ink.left, right: ink.right, top: ink.top, bottom: ink.bottom });
      });
    }
  }

  /* Bars are compared by eye: in one list 100 % is as long in every row, and begins at the same place. */
  Array.prototype.forEach.call(document.querySelectorAll('.teams, .branches'), function (list) {
    var first = null;
    Array.prototype.forEach.call(list.querySelectorAll('.bar'), function (bar) {
      var r = bar.getBoundingClientRect();
      if (!r.width) { return; }
      first = first || r;
      if (Math.abs(r.left - first.left) > 0.6 || Math.abs(r.width - first.width) > 0.6) { say(bar.parentNode.parentNode, 'bar of another length'); }
      if (r.width < innerWidth / 10) { say(bar.parentNode.parentNode, 'bar too short'); }
    });
  });

  var layer = document.querySelector('.identify'), root = layer && layer.style.display !== 'none' ? layer : document.querySelector('.stage');
  Array.prototype.forEach.call(root.querySelectorAll('*'), function (node) {
    var own = Array.prototype.some.call(node.childNodes, function (child) { return child.nodeType === 3 && child.nodeValue.trim(); });
    if (own && seen(node)) { inspect(node); }
  });
  if (document.documentElement.scrollWidth > innerWidth || document.documentElement.scrollHeight > innerHeight) { found.push('the page scrolls'); }
  if (!boxes.length) { found.push('nothing is shown'); }
  return found;
}())
