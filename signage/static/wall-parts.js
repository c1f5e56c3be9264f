/* Parts that several scenes share: header, footer, team rows, people rows, deals, a face. */
(function (W) {
  'use strict';

  function makeTeam() {
    var node = W.make('div', 'team'), line = W.make('div', 'line', node), bar = W.make('div', 'under', node);
    var row = { node: node, place: W.make('span', 'place', line), name: W.make('span', 'name', line), sum: W.make('span', 'sum', line) };
    row.amount = W.make('b', '', row.sum);
    row.target = W.make('span', 'small dim', row.sum);
    row.rate = W.make('span', 'rate', line);
    row.bar = W.make('span', 'bar', bar);
    row.fill = W.make('i', '', row.bar);
    row.gap = W.make('span', 'gap small dim', bar);
    return row;
  }

  function drawTeam(row, team) {
    var target = Number(team.target || 0), short = target - Number(team.amount), rate = target ? Number(team.amount) / target : 0;
    W.text(row.place, team.count ? W.place(team.place) : ''); /* no place without a deal */
    W.text(row.name, team.name);
    W.text(row.amount, W.sum(team.amount));
    W.text(row.target, target ? ' / ' + W.sum(team.target) : ' · ' + W.orders(team.count));
    W.text(row.rate, target ? W.percent(rate) : '');
    W.text(row.gap, !target ? '' : short > 0 ? W.word('gap') + ' ' + W.sum(short) : short < 0 ? W.word('over') + ' ' + W.sum(-short) : '');
    W.show(row.rate, target > 0);
    W.show(row.gap, target > 0);
    W.show(row.bar, target > 0);
    row.fill.style.width = Math.min(100, rate * 100).toFixed(1) + '%';
    W.mark(row.node, 'won', target > 0 && rate >= 1);
    W.mark(row.node, 'mine', Boolean(team.mine));
  }

  /* Up to so many rows have more space around them. */
  var FEW_ROWS = 4;

  /* `own`: the team of this wall, shown in gold. */
  W.teams = function (box, teams, own) {
    var i;
    W.mark(box, 'few', (teams || []).length <= FEW_ROWS);
    for (i = 0; i < (teams || []).length; i += 1) { teams[i].mine = teams[i].name === own; }
    W.list(box, teams || [], function (team) { return team.name; }, makeTeam, drawTeam);
  };

  /* A city's completion, else its amount; a dash when it has reported neither. */
  W.cityFigure = function (c) {
    if (c.rate !== null && c.rate !== undefined) { return W.percent(Number(c.rate)); }
    return c.amount === null || c.amount === undefined ? '–' : W.sum(c.amount);
  };

  /* After the name: an arrow for one that has overtaken another; for one that is cut off the time of its last figures,
     or that it has not reported. */
  W.cityNote = function (parent) {
    var up = W.make('span', 'rising', parent), when = W.make('span', 'small dim after', parent);
    return function (c) {
      W.text(up, c.rising ? '▲' : '');
      W.text(when, !c.missing ? '' : ' ' + (c.as_of ? W.word('asOf', c.as_of) : W.word('notReported')));
    };
  };

  function wideName(box) {
    var i, who;
    for (i = 0; i < box.children.length; i += 1) {
      W.mark(box.children[i], 'tall', false);
      who = box.children[i].children[1];
      if (who.firstChild.offsetWidth > who.clientWidth) { return true; }
    }
    return false;
  }

  /* With a name that is wider than its column all names stand above their bars: bars of a list have one length. So do
     they where the rows are narrow. */
  function stacked(box) {
    var all = (document.body.classList.contains('upright') && box.wallSums) || wideName(box), i;
    for (i = 0; i < box.children.length; i += 1) { W.mark(box.children[i], 'tall', all); }
  }

  /* Cities, each with its completion as a bar. `sums`: with amounts. */
  W.branches = function (box, cities, sums) {
    box.wallBefore = stacked;
    box.wallSums = Boolean(sums);
    W.mark(box, 'few', cities.length <= FEW_ROWS);
    W.list(box, cities, function (c) { return c.name; }, function () {
      var node = W.make('div', 'branch line'), row = { node: node, place: W.make('span', 'place', node), who: W.make('span', 'name', node) };
      row.name = W.make('span', '', row.who);
      row.note = W.cityNote(row.who);
      row.fill = W.make('i', '', W.make('span', 'bar', node));
      row.amount = W.make('span', 'taken', node);
      row.rate = W.make('span', 'sum', node);
      return row;
    }, function (row, c) {
      W.text(row.place, W.place(c.place));
      W.text(row.name, c.name);
      row.note(c);
      W.text(row.rate, W.cityFigure(c));
      W.text(row.amount, sums && c.rate !== null && c.amount !== null ? W.sum(c.amount) : '');
      W.mark(row.node, 'missing', Boolean(c.missing));
      row.fill.style.width = Math.max(0, Math.min(100, c.rate * 100)).toFixed(1) + '%';
      W.mark(row.node, 'won', Number(c.rate) >= 1);
      W.mark(row.node, 'mine', Boolean(c.own));
    });
  };

  function makePerson() {
    var node = W.make('div', 'person line'), row = { node: node, place: W.make('span', 'place', node), who: W.make('span', 'name', node) };
    row.name = W.make('span', '', row.who);
    row.team = W.make('span', 'small dim after', row.who);
    row.amount = W.make('span', 'sum gold', node);
    return row;
  }

  /* All members of one team, including those without a deal. */
  W.members = function (box, people) {
    W.list(box, people || [], function (p, i) { return p.name + '/' + i; }, makePerson, function (row, p) {
      W.text(row.place, p.place ? W.place(p.place) : '–');
      W.text(row.name, p.name);
      W.text(row.team, p.count ? ' ' + W.orders(p.count) : '');
      W.text(row.amount, W.price(p.amount));
    });
  };

  W.people = function (box, people) {
    W.list(box, people || [], function (p, i) { return p.name + '/' + p.team + '/' + i; }, makePerson, function (row, p) {
      W.text(row.place, W.place(p.place));
      W.text(row.name, p.name);
      W.text(row.team, p.team ? ' ' + p.team : '');
      W.text(row.amount, W.price(p.amount));
    });
  };

  /* The highlights: kind, person, figure. */
  W.honours = function (box, honours) {
    W.list(box, honours || [], function (h) { return h.kind; }, function () {
      var node = W.make('div', 'honour'), label = W.make('div', 'small dim', node), line = W.make('div', 'line', node), who = W.make('span', 'name', line);
      return { node: node, label: label, name: W.make('span', '', who), team: W.make('span', 'small dim after', who), figure: W.make('span', 'sum gold', line) };
    }, function (row, h) {
      var said = W.honour(h);
      W.text(row.label, said.label);
      W.text(row.name, h.name);
      W.text(row.team, h.team ? ' ' + h.team : '');
      W.text(row.figure, said.figure);
    });
  };

  function makeDeal() {
    var node = W.make('div', 'deal line'), row = { node: node, at: W.make('span', 'at dim', node), name: W.make('span', 'name', node) };
    row.amount = W.make('span', 'sum gold', node);
    return row;
  }

  W.deals = function (box, deals) {
    W.list(box, deals || [], function (deal, i) { return deal.id === undefined ? i : deal.id; }, makeDeal, function (row, deal) {
      W.text(row.at, deal.at || '');
      W.show(row.at, Boolean(deal.at));
      W.text(row.name, deal.person);
      W.text(row.amount, W.price(deal.amount));
    });
  };

  /* The duties that are due now (from their time on, for the duration that the server sends), else the next ones;
     duties at the same time are shown together. `due`: now rather than later. */
  W.dutiesNow = function (state, now) {
    var all = state.duties || [], stays = state.duty_stays_ms || 0, at = null, due = false, found = [], i;
    for (i = 0; i < all.length; i += 1) {
      if (!all[i].at_ms || all[i].at_ms + stays <= now) { continue; }
      if (at === null || (all[i].at_ms <= now && all[i].at_ms > at)) { at = all[i].at_ms; }
    }
    for (i = 0; i < all.length; i += 1) {
      if (at !== null && all[i].at_ms === at) { found.push(all[i]); }
    }
    due = at !== null && at <= now;
    return { due: due, rows: found };
  };

  /* The duty that is due or comes next, larger than all other words around it. */
  W.todo = function (parent) {
    var box = W.make('div', 'todo', parent), shown = '';
    return {
      draw: function (state, now) {
        var found = W.dutiesNow(state, now), key = found.due + JSON.stringify(found.rows);
        if (key === shown) { return false; }
        shown = key;
        W.show(box, found.rows.length > 0);
        W.mark(box, 'due', found.due);
        W.list(box, found.rows, function (duty, i) { return i; }, function () {
          return { node: W.make('div', 'duty') };
        }, function (row, duty) {
          W.phrase(row.node, W.duty(duty));
          W.mark(row.node, 'long', W.duty(duty).length > 36);
        });
        return true;
      },
      turn: function (now) { W.turn(box, now); }
    };
  };

  /* A heading with page number and page count. */
  W.heading = function (parent, extra) {
    var node = W.make('h2', extra || '', parent), label = W.make('span', '', node), pages = W.make('span', 'pages', node);
    return {
      node: node,
      draw: function (text) { W.text(label, text); },
      page: function (turned) { W.text(pages, turned.of > 1 ? (turned.page + 1) + ' / ' + turned.of : ''); }
    };
  };

  /* The photo, or the first character of the name when there is none or it fails to load. */
  W.face = function (parent, extra) {
    var node = W.make('div', 'face ' + (extra || ''), parent), letter = W.make('span', 'initial', node), image = W.make('img', '', node), shown = null;
    image.alt = '';
    W.show(image, false);
    image.onload = function () { W.show(image, true); };
    image.onerror = function () { W.show(image, false); };
    return function (person) {
      var photo = person && /^\/[^/\\]/.test(person.photo || '') ? person.photo : null;
      W.text(letter, W.initial(person && (person.person || person.name)));
      if (photo === shown) { return; }
      shown = photo;
      W.show(image, false);
      if (photo) { image.src = photo; } else { image.removeAttribute('src'); }
    };
  };

  W.header = function (stage) {
    var node = W.make('div', 'head', stage), seal = W.make('span', 'seal', node), place = W.make('div', 'where', node);
    var office = W.make('span', 'office', place), date = W.make('span', 'date dim', place), clock = W.make('span', 'clock', node);
    return {
      draw: function (state) {
        W.text(seal, W.word(state.scene === 'leaderboard' ? 'report' : 'seal'));
        W.text(office, state.office + (state.wall && state.wall.team ? ' · ' + state.wall.team : ''));
        W.text(date, W.date(state.date));
      },
      frame: function (state, now) { W.text(clock, W.hhmm(now, state.offset_min)); }
    };
  };

  function totals(state) {
    var names = ['day', 'week', 'month'], items = [], i, total;
    for (i = 0; i < names.length; i += 1) {
      total = (state.totals || {})[names[i]];
      if (total) { items.push({ label: W.word(names[i]), sum: W.sum(total.amount), of: Number(total.target) ? ' / ' + W.sum(total.target) : '' }); }
    }
    return items;
  }

  /* Totals stay; notices and duties alternate beside them. With large type all alternate. Offline: only that notice. */
  W.footer = function (stage) {
    var node = W.make('div', 'foot', stage), fixed = W.make('div', 'totals', node), box = W.make('div', 'ticker', node), drawn = '', late = null;
    function make() {
      var item = W.make('span', 'item');
      return { node: item, label: W.make('span', '', item), sum: W.make('b', '', item), of: W.make('span', '', item) };
    }
    function draw(row, item) {
      W.text(row.label, item.label.length > 40 ? item.label.substr(0, 39) + '…' : item.label);
      W.text(row.sum, item.sum ? ' ' + item.sum : '');
      W.text(row.of, item.of || '');
      W.mark(row.node, 'loud', Boolean(item.loud));
      W.mark(row.node, 'due', Boolean(item.due));
    }
    function fill(sums, items) {
      W.list(fixed, sums, function (item, i) { return i; }, make, draw);
      W.list(box, items, function (item, i) { return i; }, make, draw);
      W.show(fixed, sums.length > 0);
    }
    /* An item too long for its place beside the totals gets the whole line in turn, without the totals. */
    function stretch() {
      var i, row, far, items = box.children;
      W.show(box, items.length > 0);
      for (i = 0; i < items.length; i += 1) { W.mark(items[i], 'long', false); items[i].style.left = ''; W.show(items[i], true); }
      far = box.offsetLeft - fixed.offsetLeft;
      W.mark(box, 'tall', false);
      for (i = 0; i < items.length && W.scale <= 1.2; i += 1) {
        row = items[i];
        if (far <= 0) { /* upright: below the totals, on two lines when one is too short */
          if (row.offsetHeight > 1.5 * box.clientHeight) { W.mark(box, 'tall', true); break; }
          continue;
        }
        if (row.offsetHeight > 1.5 * box.clientHeight) { W.mark(row, 'long', true); row.style.left = -far + 'px'; }
      }
    }
    function stretched() {
      for (var i = 0; i < box.children.length; i += 1) {
        if (box.children[i].classList.contains('long') && box.children[i].style.display !== 'none') { return true; }
      }
      return false;
    }
    return {
      draw: function (state, stale) {
        var items = [], quiet = [], lead = W.dutiesNow(state, W.now()), sums = stale ? [] : totals(state), i, honour;
        late = stale;
        drawn = [lead.due, lead.rows.length && lead.rows[0].at_ms, late].join();
        for (i = 0; i < (state.notices || []).length; i += 1) { items.push({ label: state.notices[i], loud: true }); }
        for (i = 0; (state.scene !== 'rhythm' || W.scale > 1.2) && i < lead.rows.length; i += 1) { /* the rhythm scene shows them elsewhere */
          items.push({ label: W.duty(lead.rows[i]), due: lead.due });
        }
        for (i = 0; i < (state.city_news || []).length; i += 1) { items.unshift({ label: state.city_news[i], due: true }); }
        if (state.quiet_line) { quiet.push({ label: state.quiet_line }); }
        for (i = 0; (state.scene === 'rhythm' || state.scene === 'leaderboard') && i < (state.contests || []).length; i += 1) {
          quiet.push(W.contest(state.contests[i]));
        }
        for (i = 0; !items.length && i < (state.duties || []).length; i += 1) {
          if (!state.duties[i].at_ms) { quiet.push({ label: W.duty(state.duties[i]) }); }
        }
        for (i = 0; !items.length && state.scene === 'rhythm' && i < (state.honours || []).length; i += 1) {
          honour = W.honour(state.honours[i]);
          quiet.push({ label: honour.label + (W.lang === 'en' ? ': ' : '：') + state.honours[i].name, sum: honour.figure });
        }
        items = items.concat(quiet);
        if (stale) { items = [{ label: W.word('stale', stale), loud: true }]; }
        if (W.scale > 1.2) { items = sums.concat(items); sums = []; }
        fill(sums, items);
        stretch();
      },
      frame: function (state, now) {
        var lead = W.dutiesNow(state, now), alone, rest;
        if (drawn !== [lead.due, lead.rows.length && lead.rows[0].at_ms, late].join()) { this.draw(state, late); }
        alone = W.turn(box, now).of === 1 && !lead.due; /* a line that needs the whole foot alternates with the totals */
        rest = alone && fixed.children.length > 0 && stretched() && Math.floor(now / W.PAGE_MS) % 2 === 1;
        box.style.visibility = rest ? 'hidden' : '';
        fixed.style.visibility = stretched() && !rest ? 'hidden' : '';
      }
    };
  };
}(window.Wall = window.Wall || {}));
