/* The 18:05 show: third, second, first; the teams' bars grow; cities; week and month; the comment. Each step appears
   with the voice, at the server's time; a wall that opens in the middle shows all steps so far. */
(function (W) {
  'use strict';
  W.scenes = W.scenes || {};

  function winner(parent, extra) {
    var node = W.make('div', 'winner ' + extra, parent), place = W.make('span', 'rank', node), face = W.face(node), words = W.make('div', 'words', node);
    var name = W.make('div', 'name', words), line = W.make('div', 'won-by', words), amount = W.make('span', 'amt gold', line), team = W.make('span', 'small dim', line), ahead = W.make('span', 'small ahead', line);
    return {
      draw: function (p, live) { /* outside the show the gap to the next place matters more than the team */
        var chasing;
        W.show(node, Boolean(p));
        if (!p) { return; }
        W.text(place, W.place(p.place));
        face(p);
        W.text(name, p.name);
        chasing = Boolean(live && p.place > 1 && Number(p.to_next) > 0);
        W.text(team, chasing ? '' : [p.team, p.count ? W.orders(p.count) : ''].filter(Boolean).join(' · '));
        W.text(amount, W.money(p.amount));
        W.text(ahead, W.word('toNext') + ' ' + W.price(p.to_next));
        W.show(ahead, chasing);
      },
      on: function (on) { W.mark(node, 'on', on); },
      layout: function (wide) { W.fit(name, (extra === 'first' ? 4.4 : 3.2) * (wide ? 1.4 : 1), 2.5); }
    };
  }

  function champion(parent) {
    var node = W.make('div', 'champion', parent), title = W.make('div', 'kicker gold', node), face = W.face(node, 'huge'), name = W.make('div', 'name', node);
    var team = W.make('div', 'dim', node), amount = W.make('div', 'amount gold', node), shown = null;
    return {
      node: node,
      draw: function (label, p) {
        if (!p) { return; }
        W.text(title, label);
        face(p);
        W.text(name, p.name);
        W.text(team, [p.team, p.count ? W.orders(p.count) : ''].filter(Boolean).join(' · '));
        W.text(amount, W.money(p.amount));
        if (shown !== label) { shown = label; W.mark(node, 'on', true); }
        W.fit(name, 6, 3);
        W.fit(amount, 5, 3);
      }
    };
  }

  /* Up to three cities fit one line under the teams; more get a separate page, with bars. */
  var IN_A_LINE = 3;
  function city(box, cities) {
    W.list(box, cities, function (c) { return c.name; }, function () {
      var node = W.make('span', 'city');
      return { node: node, name: W.make('span', '', node), note: W.cityNote(node), rate: W.make('b', '', node) };
    }, function (row, c) {
      W.text(row.name, c.name);
      row.note(c);
      W.text(row.rate, W.cityFigure(c));
      W.mark(row.node, 'missing', Boolean(c.missing));
      W.mark(row.node, 'own', Boolean(c.own));
    });
  }

  /* Without a reveal show everything; with one, show each step from its time on. */
  function told(board, step, now) {
    var steps = board.reveal || [], i;
    for (i = 0; i < steps.length; i += 1) {
      if (steps[i].step === step) { return now >= steps[i].at_ms; }
    }
    return !steps.length || now >= steps[steps.length - 1].at_ms;
  }

  /* Outside the show alternate between day, week and month; in the show, only its period. */
  var ROUND_MS = 30000;
  function roundAt(board, now) {
    var rounds = board.rounds || [];
    return rounds.length ? Math.floor(now / ROUND_MS) % rounds.length : -1;
  }

  function boardAt(state, now) {
    var board = state.board || {}, at = roundAt(board, now), shown = {}, key;
    if (at < 0) { return board; }
    for (key in board) { if (board.hasOwnProperty(key)) { shown[key] = board[key]; } }
    shown.period = board.rounds[at].period;
    shown.top = board.rounds[at].top;
    shown.teams = board.rounds[at].teams;
    if (shown.period !== 'day') { shown.cities = []; }
    return shown;
  }

  function byPlace(board, wanted) { /* top is sorted; equals share a place, so the position counts */
    return (board.top || [])[wanted];
  }

  W.scenes.leaderboard = function (root) {
    var main = W.make('div', 'two board', root), left = W.make('div', 'podium', main), side = W.make('div', 'side', main);
    var head = W.make('div', 'title', left), title = W.make('h1', '', head), period = W.make('span', 'gold', head), none = W.make('p', 'none', left);
    var stand = W.make('div', 'stand', left), first = winner(stand, 'first'), second = winner(stand, 'second'), third = winner(stand, 'third'), best = champion(left);
    var opening = W.make('div', 'opening', left), openLabel = W.make('div', 'kicker dim', opening), openSum = W.make('div', 'amount gold', opening);
    var teamsHead = W.heading(side), teams = W.make('div', 'teams ranked', side), people = W.make('div', 'teams people', side), honours = W.make('div', 'teams honours', side);
    var branches = W.make('div', 'teams branches', side), citiesHead = W.heading(side, 'second'), cities = W.make('div', 'cities', side), comment = W.make('p', 'comment', root);
    var LISTS = [[teams, 'done'], [branches, 'cities'], [people, 'people'], [honours, 'honours']], round = -1, citiesHigh = 0;
    teams.wallEven = branches.wallEven = people.wallEven = true;

    function stage(board, now) {
      var week = board.week_top && told(board, 'week', now) && board.reveal && board.reveal.length;
      var month = board.month_top && told(board, 'month', now) && board.reveal && board.reveal.length;
      var over = told(board, 'comment', now);
      W.mark(left, 'one', Boolean((week || month) && !over));
      if (over) { return; }
      if (month) { best.draw(W.word('monthTop'), board.month_top); } else if (week) { best.draw(W.word('weekTop'), board.week_top); }
    }

    function put(list, line) {
      var i, under = line && list[0] === teams;
      for (i = 0; i < LISTS.length; i += 1) { W.show(LISTS[i][0], LISTS[i] === list); }
      W.show(citiesHead.node, under);
      W.show(cities, under);
      teamsHead.draw(W.word(list[1]));
    }

    /* Number of pages of a list; measured while visible, cached until the rows or the screen change. */
    function pagesOf(list, line) {
      var box = list[0], screen = root.clientWidth + 'x' + root.clientHeight + 'x' + W.scale;
      if (!box.wallPages || box.wallScreen !== screen) {
        W.show(side, true);
        put(list, line);
        W.turn(box, 0, 0);
        box.wallScreen = screen;
      }
      return box.wallPages.length;
    }

    /* Lists to alternate: in the show the current step's, after it all that have rows, so that each row is seen. */
    function inTurn(board, now) {
      var all = told(board, 'comment', now), many = branches.children.length > 0 && told(board, 'cities', now), found = [], i;
      if (!all) { return [LISTS[many ? 1 : 0]]; }
      for (i = 0; i < LISTS.length; i += 1) {
        if (i === 0 || LISTS[i][0].children.length) { found.push(LISTS[i]); }
      }
      return found;
    }

    /* Alternate between all pages. The winners have the whole sheet until the teams appear. For distant viewers type is
       too large for two columns: then the winners get a separate page. */
    function turn(board, now) {
      var all = told(board, 'comment', now), grown = told(board, 'teams', now), alone = W.scale > 1.2;
      var line = cities.children.length > 0, pages = alone && (all || !grown) ? [null] : [], lists = grown ? inTurn(board, now) : [], i, page, shown;
      for (i = 0; i < lists.length; i += 1) {
        for (page = pagesOf(lists[i], line) - 1; page >= 0; page -= 1) { pages.push(lists[i]); }
      }
      i = pages.length ? Math.floor(now / W.PAGE_MS) % pages.length : 0;
      shown = pages[i];
      W.mark(left, 'wide', !grown);
      W.show(left, !alone || !shown || left.classList.contains('one'));
      W.show(side, Boolean(shown) && (!alone || !left.classList.contains('one')));
      first.layout(!grown); /* hidden elements have no width to measure */
      second.layout(!grown);
      third.layout(!grown);
      if (!shown) { return; }
      put(shown, line);
      teamsHead.page(W.turn(shown[0], now, i - pages.indexOf(shown)));
      if (shown[0] === teams && line) { W.turn(cities, now); }
    }

    return {
      draw: function (state) {
        var board = boardAt(state, W.now()), live = (board.rounds || []).length > 0, branched = board.cities || [];
        round = roundAt(board, W.now());
        W.text(title, board.title || W.word('people'));
        W.text(period, W.word('of_' + (board.period || 'day')));
        first.draw(byPlace(board, 0), live);
        second.draw(byPlace(board, 1), live);
        third.draw(byPlace(board, 2), live);
        W.text(openLabel, W.word('dayTotal'));
        W.text(openSum, W.money(state.totals && state.totals.day && state.totals.day.amount));
        W.phrase(none, W.word(board.live === false ? 'noneToday' : 'none'));
        W.show(none, !byPlace(board, 0));
        W.show(stand, Boolean(byPlace(board, 0)));
        W.teams(teams, board.teams, state.wall && state.wall.team);
        W.people(people, (board.top || []).slice(3));
        W.honours(honours, board.honours);
        citiesHead.draw(W.word('cities'));
        city(cities, branched.length > IN_A_LINE ? [] : branched);
        if (cities.clientHeight !== citiesHigh) { citiesHigh = cities.clientHeight; teams.wallPages = null; } /* the teams have the rest */
        W.branches(branches, branched.length > IN_A_LINE ? branched : []);
        W.phrase(comment, board.comment);
      },
      layout: function () { W.fit(title, 5.4, 4); W.fit(openSum, 12, 3); W.fit(comment, 2.6, document.body.classList.contains('upright') ? 2.6 : 2); },
      frame: function (state, now) {
        var board = boardAt(state, now);
        if (roundAt(board, now) !== round) { this.draw(state); }
        W.mark(left, 'before', Boolean(board.reveal && board.reveal.length && now < board.reveal[0].at_ms));
        third.on(told(board, 'third', now));
        second.on(told(board, 'second', now));
        first.on(told(board, 'first', now));
        W.mark(side, 'grown', told(board, 'teams', now));
        W.mark(side, 'citied', told(board, 'cities', now));
        W.mark(comment, 'said', told(board, 'comment', now));
        stage(board, now);
        W.show(comment, Boolean(board.comment) && told(board, 'teams', now)); /* first: the lists have the rest of the height */
        turn(board, now);
      }
    };
  };

  /* All cities on one screen, for head office: place, name, bar, amount, completion. */
  W.scenes.cities = function (root) {
    var main = W.make('div', 'all-cities', root), head = W.make('div', 'title', main), title = W.make('h1', '', head), note = W.make('span', 'gold', head);
    var pages = W.heading(main), list = W.make('div', 'teams branches', main), none = W.make('p', 'none', main);
    list.wallEven = true;
    return {
      draw: function (state) {
        var cities = state.cities || [], up = 0, i;
        for (i = 0; i < cities.length; i += 1) { if (!cities[i].missing) { up += 1; } }
        W.text(title, W.word('cities'));
        W.text(note, cities.length ? W.word('online', up) : '');
        W.branches(list, cities, true);
        W.phrase(none, W.word('noCities'));
        W.show(none, !cities.length);
      },
      layout: function () { W.fit(title, 5.4, 4); },
      frame: function (state, now) { pages.page(W.turn(list, now)); }
    };
  };
}(window.Wall = window.Wall || {}));
