/* Tools for drawing. Nodes are created once and reused for months; text from people is inserted as text only. */
(function (W) {
  'use strict';

  W.make = function (tag, name, parent) {
    var node = document.createElement(tag);
    if (name) { node.className = name; }
    if (parent) { parent.appendChild(node); }
    return node;
  };

  /* On an English wall mark the office's Chinese texts as Chinese, so that commas stay as wide as characters. */
  function tongue(node, value) {
    var wanted = W.lang === 'en' && /[\u4e00-\u9fff]/.test(value) ? 'zh-CN' : '';
    node.wallLang = W.lang;
    if ((node.getAttribute('lang') || '') === wanted) { return; }
    if (wanted) { node.setAttribute('lang', wanted); } else { node.removeAttribute('lang'); }
  }

  W.text = function (node, value) {
    value = value === null || value === undefined ? '' : String(value);
    if (node.wallText === value && node.wallLang === W.lang) { return; }
    node.wallText = value;
    tongue(node, value);
    if (node.firstChild) { node.firstChild.nodeValue = value; } else { node.appendChild(document.createTextNode(value)); }
  };

  /* Break a short Chinese sentence after commas and stops, where a reader pauses, not within a word: each clause is
     a separate element. A long sentence, or another language, is plain text. */
  var SHORT = 48, CLAUSE = /[^，。！？；：\n]*(?:[，。！？；：]+[”』」）]?|$)/g;
  /* In a clause that is wider than the screen: after 的, and before and after brackets, never within （A类）. */
  var LONG = 8, PAUSES = /(的(?=[^，。！？；：、」』”）])|）(?=[^，。！？；：、」』”的]))|(（)/g;
  function clause(node, value) {
    var parts = value.length > LONG ? value.replace(PAUSES, function (all, after, before) { return after ? after + '\n' : '\n' + before; }).split('\n') : [value], i;
    for (i = 0; i < parts.length; i += 1) {
      if (parts[i]) { (parts.length > 1 ? W.make('span', 'clause', node) : node).appendChild(document.createTextNode(parts[i])); }
    }
  }

  W.phrase = function (node, value) {
    var lines, i, j, clauses;
    value = value === null || value === undefined ? '' : String(value);
    if (node.wallText === value && node.wallLang === W.lang) { return; }
    node.wallText = value;
    tongue(node, value);
    node.textContent = '';
    if (value.length > SHORT || !/[，。！？；：]/.test(value)) { node.appendChild(document.createTextNode(value)); return; }
    lines = value.split('\n');
    for (i = 0; i < lines.length; i += 1) {
      if (i) { W.make('br', '', node); }
      clauses = lines[i].match(CLAUSE);
      for (j = 0; j < clauses.length; j += 1) {
        if (clauses[j]) { clause(W.make('span', 'clause', node), clauses[j]); }
      }
    }
  };

  /* Return whether this screen has Chinese characters: without a font it draws each as the same box. Assume yes where
     the browser cannot measure it. */
  var chinese = null;
  W.hasChinese = function () {
    if (chinese === null) { chinese = differs(); }
    return chinese;
  };

  function differs() {
    var canvas = document.createElement('canvas'), pen, drawn = [], words = ['战', '鼓'], i;
    try {
      canvas.width = canvas.height = 40;
      pen = canvas.getContext('2d');
      pen.font = '32px sans-serif';
      pen.textBaseline = 'top';
      for (i = 0; i < words.length; i += 1) {
        pen.clearRect(0, 0, 40, 40);
        pen.fillText(words[i], 2, 2);
        drawn.push(canvas.toDataURL());
      }
      return drawn[0] !== drawn[1];
    } catch (refused) { return true; }
  }

  W.show = function (node, on) {
    var wanted = on ? '' : 'none';
    if (node.style.display !== wanted) { node.style.display = wanted; }
  };

  W.mark = function (node, name, on) {
    if (on) { node.classList.add(name); } else { node.classList.remove(name); }
  };

  /* One unit is 1/54 of the screen's shorter side; W.scale enlarges type for distant viewers. */
  W.scale = 1;
  W.unit = function () { return Math.min(window.innerWidth, window.innerHeight) / 54; };
  W.rescale = function (diagonal, distance) {
    var wanted = (distance || 5) / 5 * 55 / (diagonal || 55);
    W.scale = Math.max(1, Math.min(1.6, wanted));
    document.documentElement.style.fontSize = (100 / 54 * W.scale).toFixed(4) + 'vmin';
    W.mark(document.body, 'far', W.scale > 1.2);
  };

  /* A sheet is at least 16:10, an upright one 16:9. On a screen nearer to a square (4:3, 5:4) the whole sheet is drawn
     smaller until its longer side fits, and the shorter side has more room: type is still about as large as on a 16:9
     screen of the same diagonal. */
  var SLIM = 1.6, SLIM_UPRIGHT = 16 / 9;
  W.sheet = function (node, upright, turned) {
    var wide = window.innerWidth, high = window.innerHeight;
    var part = Math.min(1, Math.max(wide, high) / Math.min(wide, high) / (upright ? SLIM_UPRIGHT : SLIM));
    node.style.width = part < 1 ? (100 / part).toFixed(3) + (turned ? 'vh' : '%') : '';
    node.style.height = part < 1 ? (100 / part).toFixed(3) + (turned ? 'vw' : '%') : '';
    node.style.transform = part < 1 ? (turned ? 'rotate(90deg) ' : '') + 'scale(' + part.toFixed(5) + ')' : '';
  };

  function broken(node, above) { /* a clause on two lines, while the type is still large enough to shrink */
    var size = parseFloat(node.style.fontSize), i;
    if (size <= above) { return false; }
    for (i = 0; i < node.children.length; i += 1) {
      if (node.children[i].className === 'clause' && node.children[i].offsetHeight > 2 * size) { return true; }
    }
    return false;
  }

  function spills(node, above) { /* a third of a line is only the font's leading, not an extra line */
    return broken(node, above) || node.scrollWidth > node.clientWidth + 1 || node.scrollHeight > node.clientHeight + parseFloat(node.style.fontSize) / 3;
  }

  /* Set the largest type, from `max` units down to `min` scaled units, with which the text fits its box: on one line
     if possible (`lines` 1), else wrapped. Measure again only when text or screen changed. */
  W.fit = function (node, max, min, wrap) {
    var key = [node.textContent, node.clientWidth, wrap ? node.clientHeight : 0, W.unit(), W.scale, max, min].join('|');
    if (node.wallFit === key || !node.clientWidth) { return; }
    var low = min * W.unit() * W.scale, high = Math.max(max * W.unit(), low), above = Math.max(low, high * 0.7), size, step;
    node.style.whiteSpace = wrap ? 'pre-line' : 'nowrap';
    node.style.fontSize = high + 'px';
    if (wrap ? spills(node, above) : node.scrollWidth > node.clientWidth + 1) {
      for (step = 0; step < 7; step += 1) {
        size = (low + high) / 2;
        node.style.fontSize = size + 'px';
        if (wrap ? spills(node, above) : node.scrollWidth > node.clientWidth + 1) { high = size; } else { low = size; }
      }
      node.style.fontSize = low + 'px';
      if (!wrap && node.scrollWidth > node.clientWidth + 1) { node.style.whiteSpace = 'normal'; }
    }
    node.wallFit = [node.textContent, node.clientWidth, wrap ? node.clientHeight : 0, W.unit(), W.scale, max, min].join('|');
  };

  /* Rows by key: a remaining row keeps its node and slides to its new place; spare nodes are reused. */
  W.list = function (box, items, keyOf, makeRow, drawRow) {
    var rows = box.wallRows || (box.wallRows = {}), spare = box.wallSpare || (box.wallSpare = []);
    var next = {}, before = {}, key, row, i;
    for (key in rows) {
      if (rows.hasOwnProperty(key) && rows[key].node.style.display !== 'none') { before[key] = rows[key].node.offsetTop; }
    }
    for (i = 0; i < items.length; i += 1) { next['k' + keyOf(items[i], i)] = true; }
    for (key in rows) {
      if (rows.hasOwnProperty(key) && !next[key]) {
        box.removeChild(rows[key].node);
        spare.push(rows[key]);
        delete rows[key];
      }
    }
    for (i = 0; i < items.length; i += 1) {
      key = 'k' + keyOf(items[i], i);
      row = rows[key] || spare.pop() || makeRow();
      rows[key] = row;
      if (box.children[i] !== row.node) { box.insertBefore(row.node, box.children[i] || null); }
      W.show(row.node, true);
      drawRow(row, items[i], i);
    }
    slide(rows, before);
    box.wallPages = null;
  };

  function slide(rows, before) {
    var key, node, moved, any = false;
    for (key in before) {
      if (before.hasOwnProperty(key) && rows[key]) {
        node = rows[key].node;
        moved = before[key] - node.offsetTop;
        node.style.transition = 'none';
        node.style.transform = moved ? 'translateY(' + moved + 'px)' : '';
        any = any || moved !== 0;
      }
    }
    if (!any) { return; }
    void document.body.offsetWidth; /* force layout at the old place before the new one */
    for (key in before) {
      if (before.hasOwnProperty(key) && rows[key]) {
        rows[key].node.style.transition = '';
        rows[key].node.style.transform = '';
      }
    }
  }

  /* Split rows that do not fit the box into pages; never shrink type for them. */
  function breaks(box) {
    var starts = [0], i, node, top = 0, even;
    for (i = 0; i < box.children.length; i += 1) { W.show(box.children[i], true); }
    if (box.wallBefore) { box.wallBefore(box); }
    for (i = 0; i < box.children.length; i += 1) {
      node = box.children[i];
      if (i === 0) { top = node.offsetTop; }
      if (node.offsetTop + node.offsetHeight - top > box.clientHeight + 1 && i > starts[starts.length - 1]) {
        starts.push(i);
        top = node.offsetTop;
      }
    }
    even = box.wallEven && starts.length > 1 ? evenly(box, starts.length) : null;
    return even || starts;
  }

  /* Balance the rows over the pages: five and four rather than eight and one. Null when a page cannot hold them. */
  function evenly(box, pages) {
    var rows = box.children, each = Math.ceil(rows.length / pages), starts = [], i, last;
    for (i = 0; i < rows.length; i += each) {
      last = rows[Math.min(i + each, rows.length) - 1];
      if (last.offsetTop + last.offsetHeight - rows[i].offsetTop > box.clientHeight + 1) { return null; }
      starts.push(i);
    }
    return starts;
  }

  W.PAGE_MS = 10000;
  /* Show the page for this moment, or page `only`. */
  W.turn = function (box, now, only) {
    var size = box.clientHeight + 'x' + box.clientWidth + 'x' + W.scale, pages = box.wallPages, page, i, end;
    if (!pages || box.wallSize !== size) {
      pages = box.wallPages = breaks(box);
      box.wallSize = box.clientHeight + 'x' + box.clientWidth + 'x' + W.scale;
      box.wallPage = -1;
    }
    page = Math.min(pages.length - 1, only === undefined ? Math.floor(now / W.PAGE_MS) % pages.length : only);
    if (page === box.wallPage) { return { page: page, of: pages.length }; }
    box.wallPage = page;
    end = page + 1 < pages.length ? pages[page + 1] : box.children.length;
    for (i = 0; i < box.children.length; i += 1) { W.show(box.children[i], i >= pages[page] && i < end); }
    return { page: page, of: pages.length };
  };
}(window.Wall = window.Wall || {}));
