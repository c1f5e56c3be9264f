/* A celebration: the whole screen in red for exactly as long as the sound; several deals at once become a list. */
(function (W) {
  'use strict';
  W.scenes = W.scenes || {};
  var PIECES = 36, COUNT_MS = 1600;

  function paper(parent) { /* firecracker paper, falling at the edges: created once, animated by the style sheet only */
    var box = W.make('div', 'paper', parent), i, piece, at;
    for (i = 0; i < PIECES; i += 1) {
      piece = W.make('i', 'p' + i % 4, box);
      at = (i * i * 7 + i * 29) % 83 / 17; /* beside the frame, never over a figure */
      piece.style.left = (i % 2 ? 99 - at : at) + '%';
      piece.style.top = (i * 53 + i * i * 11) % 100 + '%';
      piece.style.animationDelay = -(i * 0.61).toFixed(2) + 's';
      piece.style.animationDuration = (7 + i % 5) + 's';
    }
  }

  function itemRow() {
    var node = W.make('div', 'deal line'), who = W.make('span', 'name', node), row = { node: node };
    row.name = W.make('span', '', who);
    row.team = W.make('span', 'small dim after', who);
    row.amount = W.make('span', 'sum gold', node);
    return row;
  }

  function eased(part) {
    return part >= 1 ? 1 : 1 - Math.pow(1 - Math.max(0, part), 3);
  }

  W.scenes.celebration = function (root) {
    var mark, drawn = null;
    paper(root);
    var box = W.make('div', 'praise', root), seal = W.make('div', 'chop', box), face = W.face(seal, 'square'), side = W.make('div', 'words', box);
    var title = W.make('div', 'kicker', side), name = W.make('h1', '', side), team = W.make('div', 'from', side), amount = W.make('div', 'amount', side);
    var product = W.make('div', 'what', side), text = W.make('p', 'speech', side), items = W.make('div', 'items', side);
    for (mark = 0; mark < 3; mark += 1) { W.make('i', 'ring', seal); }

    function kindOf(c) { return c.items && c.items.length > 1 ? 'many' : c.person || c.team ? 'one' : 'words'; }

    /* Measure boxes: a font's leading above and below its letters does not count as a line. */
    function holds() {
      var last = side.lastElementChild;
      while (last.previousElementSibling && !last.offsetHeight) { last = last.previousElementSibling; }
      return last.offsetTop + last.offsetHeight <= side.clientHeight + 2;
    }

    return {
      bare: true,
      draw: function (state) {
        var c = drawn = state.celebration || {}, kind = kindOf(c);
        root.className = 'scene celebration ' + kind + (c.calm ? ' calm' : '');
        W.mark(document.body, 'red', !c.calm);
        W.text(title, c.title || W.word(c.kind || 'say') + (kind === 'many' ? ' · ' + W.orders(c.items.length) : ''));
        face(kind === 'one' ? { person: c.person || c.team, photo: c.photo } : { person: '' });
        W.text(name, kind === 'one' ? c.person || c.team : '');
        W.text(team, kind === 'one' && c.person ? c.team : '');
        W.text(product, kind !== 'one' ? '' : c.reached ? W.word('dayTotal') + ' ' + W.money(c.reached.amount) + ' / ' + W.money(c.reached.target) : c.product);
        W.phrase(text, kind === 'words' ? c.text || W.word('live') : '');
        W.list(items, kind === 'many' ? c.items : [], function (item, i) { return i; }, itemRow, function (row, item) {
          W.text(row.name, item.person);
          W.text(row.team, item.team ? ' ' + item.team : '');
          W.text(row.amount, W.money(item.amount));
        });
        W.show(seal, kind === 'one');
        W.show(name, kind === 'one');
        W.show(team, Boolean(kind === 'one' && c.person && c.team));
        W.show(product, Boolean(kind === 'one' && (c.product || c.reached)));
        W.show(amount, kind !== 'words' && Number(c.amount) > 0);
        W.show(text, kind === 'words');
        W.show(items, kind === 'many');
      },
      layout: function () { /* measure the amount at its full length, then count up to it */
        var many = root.classList.contains('many'), size;
        W.text(amount, W.money(drawn && drawn.amount));
        W.fit(title, many ? 7.5 : 5, 2.5);
        for (size = 1; size > 0.4; size -= 0.1) { /* as large as the sheet allows */
          W.fit(name, 15 * size, 4);
          W.fit(amount, (many ? 6 : 11) * size, 4);
          if (holds()) { break; }
        }
        W.fit(text, 8.4, 2.5, true);
      },
      frame: function (state, now) {
        var c = state.celebration || {}, part = eased((now - c.started_ms) / COUNT_MS), whole = Number(c.amount || 0);
        W.text(amount, W.money(part >= 1 ? whole : Math.floor(whole * part)));
        W.turn(items, now);
      }
    };
  };
}(window.Wall = window.Wall || {}));
