/* The quiet scenes: rhythm (point of the day), the stand-up's countdown, welcome, award, nap, fault, rest. */
(function (W) {
  'use strict';
  W.scenes = W.scenes || {};

  function progress(entry, now) {
    if (!entry || !entry.at_ms || !entry.until_ms) { return 0; }
    return Math.max(0, Math.min(1, (now - entry.at_ms) / (entry.until_ms - entry.at_ms)));
  }

  /* Drop the advice first where type is large: better none than half a sentence. */
  W.advise = function (node) {
    node.style.visibility = '';
    W.fit(node, 3, 2, true);
    if (node.scrollHeight > node.clientHeight + parseFloat(node.style.fontSize) / 3) { node.style.visibility = 'hidden'; }
  };

  function next(state) {
    return state.next ? W.word('next') + ' ' + state.next.at + ' ' + state.next.name : '';
  }

  /* The phone's address as a QR code. */
  function scan(parent) {
    var image = W.make('img', '', parent);
    image.alt = W.word('scan');
    image.src = '/qr.svg';
  }

  W.scenes.rhythm = function (root) {
    var main = W.make('div', 'two', root), now = W.make('div', 'now', main), side = W.make('div', 'side', main);
    var span = W.make('div', 'spanof', now), name = W.make('h1', '', now), advice = W.make('p', 'advice', now), todo = W.todo(now), foot = W.make('div', 'left', now);
    var line = W.make('div', 'leftline', foot), label = W.make('span', 'dim', line), left = W.make('b', '', line), then = W.make('span', 'then dim', line);
    var fill = W.make('i', '', W.make('div', 'bar', foot));
    var teamsHead = W.heading(side), teams = W.make('div', 'teams', side), nobody = W.make('p', 'none few', side), help = W.make('div', 'help', side), members = W.make('div', 'teams people members', side), dealsHead = W.heading(side), deals = W.make('div', 'deals', side), none = W.make('p', 'none', side);

    teams.wallEven = members.wallEven = true;

    function crowded() { /* not even one deal fits: show none, rather than half of one */
      var first = deals.firstChild, out = Boolean(first && deals.clientHeight && first.offsetHeight > deals.clientHeight + 2);
      deals.style.visibility = dealsHead.node.style.visibility = out ? 'hidden' : '';
    }

    return {
      draw: function (state) {
        var entry = state.entry, has = state.deals && state.deals.length;
        W.text(span, entry ? entry.at + '–' + entry.until : '');
        W.text(name, entry ? entry.name : state.office);
        W.phrase(advice, entry ? entry.text : '');
        W.text(label, W.lang === 'zh' ? W.word('left') : '');
        W.text(then, next(state));
        W.show(foot, Boolean(entry));
        todo.draw(state, W.now());
        teamsHead.draw(W.word('teams'));
        W.teams(teams, state.teams, state.wall && state.wall.team);
        W.text(nobody, W.word('noTeams'));
        W.members(members, state.members);
        W.show(members, Boolean((state.members || []).length));
        W.show(nobody, !(state.teams || []).length);
        W.show(help, !(state.teams || []).length);
        if (!(state.teams || []).length && !help.firstChild) { scan(help); }
        dealsHead.draw(W.word('deals'));
        W.deals(deals, state.deals);
        W.show(deals, Boolean(has));
        W.text(none, W.word('none'));
        W.show(none, !has);
        W.mark(side, 'bare', !has);
      },
      layout: function () {
        W.fit(name, 10, 4);
        W.advise(advice);
      },
      frame: function (state, time) {
        if (state.entry) {
          W.text(left, W.span(state.entry.until_ms - time) + (W.lang === 'zh' ? '' : ' ' + W.word('left')));
          fill.style.width = (progress(state.entry, time) * 100).toFixed(2) + '%';
        }
        if (todo.draw(state, time)) { this.layout(); }
        todo.turn(time);
        teamsHead.page(W.turn(members.children.length ? members : teams, time));
        W.turn(deals, time, 0);
        crowded();
      }
    };
  };

  W.scenes.countdown = function (root) {
    var box = W.make('div', 'full', root), name = W.make('h1', '', box), clock = W.make('div', 'count', box);
    var fill = W.make('i', '', W.make('div', 'bar', box)), advice = W.make('p', 'advice', box);
    return {
      draw: function (state) {
        W.text(name, state.entry ? state.entry.name : '');
        W.phrase(advice, state.entry ? state.entry.text : '');
      },
      layout: function () { W.fit(name, 5.6, 4); W.advise(advice); },
      frame: function (state, time) {
        var rest = state.entry ? state.entry.until_ms - time : 0;
        W.text(clock, W.mmss(rest));
        W.fit(clock, 21, 8);
        W.mark(root, 'last', rest <= 60000);
        fill.style.width = (progress(state.entry, time) * 100).toFixed(2) + '%';
      }
    };
  };

  W.scenes.welcome = function (root) {
    var box = W.make('div', 'full frame', root), date = W.make('div', 'kicker gold', box), name = W.make('h1', '', box), text = W.make('p', 'advice', box), office = W.make('div', 'dim sign', box);
    return {
      bare: true,
      draw: function (state) {
        W.text(date, W.date(state.date));
        W.text(name, state.entry ? state.entry.name : W.word('welcome'));
        W.phrase(text, state.welcome && state.welcome.text);
        W.text(office, state.office);
      },
      layout: function () { W.fit(name, 13, 4); W.fit(text, 4.4, 2.5, true); }
    };
  };

  function titleOf(award) {
    if (W.lang === 'zh' || !award.period) { return award.title || W.word('award'); }
    return award.month ? W.word('people') + ', ' + W.month('0-' + award.month) : W.word(award.period + 'Top');
  }

  W.scenes.award = function (root) {
    var box = W.make('div', 'prize', root), face = W.face(box, 'huge'), side = W.make('div', 'words', box);
    var title = W.make('div', 'kicker gold', side), name = W.make('h1', '', side), team = W.make('div', 'team2 dim', side);
    var amount = W.make('div', 'amount gold', side), prize = W.make('div', 'gift', side), text = W.make('p', 'advice', side), at = W.make('div', 'walkat dim', side), drawn = -1;

    /* In the ceremony the slides turn with the voice: each has its moment. */
    function stepAt(award, now) {
      var steps = award.steps || [], i;
      for (i = steps.length - 1; i > 0; i -= 1) { if (now >= steps[i].at_ms) { return i; } }
      return 0;
    }

    return {
      bare: true,
      draw: function (state) {
        var award = state.award || {};
        drawn = stepAt(award, W.now());
        award = (award.steps || [])[drawn] || award;
        W.text(at, award.places > 1 ? award.place + ' / ' + award.places : '');
        W.show(at, award.places > 1);
        face(award);
        W.text(title, titleOf(award));
        W.text(name, award.person);
        W.text(team, [award.team, award.count ? W.orders(award.count) : ''].filter(Boolean).join(' · '));
        W.text(amount, award.amount ? W.money(award.amount) : '');
        W.text(prize, award.prize ? W.word('prize') + (W.lang === 'zh' ? '：' : ': ') + award.prize : '');
        W.phrase(text, award.text);
        W.show(amount, Boolean(award.amount));
        W.show(prize, Boolean(award.prize));
        W.show(text, Boolean(award.text));
      },
      frame: function (state, now) {
        if (stepAt(state.award || {}, now) !== drawn) { this.draw(state); this.layout(); }
      },
      layout: function () { W.fit(title, 3.6, 2.5); W.fit(name, 10, 4); W.fit(amount, 7, 4); W.fit(text, 2.8, 2, true); }
    };
  };

  W.scenes.dark = function (root) {
    var box = W.make('div', 'night', root), clock = W.make('div', 'nightclock', box);
    W.make('i', '', W.make('div', 'moon', null));
    box.insertBefore(W.make('div', 'moon'), clock);
    return { bare: true, dark: true, draw: function () {}, frame: function (state, time) { W.text(clock, W.hhmm(time, state.offset_min)); } };
  };

  /* Turned off by a person: not even the moon. */
  W.scenes.off = function () {
    return { bare: true, dark: true, draw: function () {} };
  };

  W.scenes.fault = function (root) {
    var box = W.make('div', 'full', root), kicker = W.make('div', 'seal big', box), what = W.make('h1', '', box), rows = W.make('div', 'steps', box);
    var now = W.make('p', '', rows), nowLabel = W.make('b', 'gold', now), nowText = W.make('span', '', now);
    var mend = W.make('p', '', rows), mendLabel = W.make('b', 'gold', mend), mendText = W.make('span', '', mend);
    return {
      draw: function (state) {
        var fault = state.fault || {};
        W.text(kicker, W.word('fault'));
        W.phrase(what, fault.what);
        W.text(nowLabel, W.word('meanwhile'));
        W.phrase(nowText, fault.meanwhile);
        W.text(mendLabel, W.word('mend'));
        W.phrase(mendText, fault.mend);
        W.show(now, Boolean(fault.meanwhile));
        W.show(mend, Boolean(fault.mend));
      },
      layout: function () { W.fit(what, 6.4, 2.5, true); W.fit(rows, 3, 2, true); }
    };
  };

  W.scenes.rest = function (root) {
    var box = W.make('div', 'full', root), clock = W.make('div', 'restclock', box), date = W.make('div', 'kicker dim', box), text = W.make('h1', '', box), then = W.make('div', 'then dim', box);
    return {
      bare: true,
      draw: function (state) {
        W.text(date, W.date(state.date));
        W.phrase(text, (state.rest && state.rest.text) || W.word('rest'));
        W.text(then, (state.rest && state.rest.next) || (state.next ? state.next.at + ' ' + state.next.name : ''));
      },
      layout: function () { W.fit(text, 5.6, 4, true); },
      frame: function (state, time) { W.text(clock, W.hhmm(time, state.offset_min)); }
    };
  };
}(window.Wall = window.Wall || {}));
