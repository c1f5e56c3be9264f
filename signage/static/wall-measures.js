/* The numbers beside the deals: one board per measure and period, each for ROUND_MS, in turn. */
(function (W) {
  'use strict';
  var ROUND_MS = 20000;
  W.scenes = W.scenes || {};

  function team(box, rows, value) {
    W.list(box, rows, function (one) { return one.name; }, function () {
      var node = W.make('div', 'team'), line = W.make('div', 'line', node), row = { node: node, place: W.make('span', 'place', line), name: W.make('span', 'name', line) };
      row.value = W.make('span', 'sum', line);
      row.fill = W.make('i', '', W.make('span', 'bar', W.make('div', 'under', node)));
      return row;
    }, function (row, one, at) {
      W.text(row.place, Number(one.value) ? W.place(placeOf(rows, at)) : '–');
      W.text(row.name, one.name);
      W.text(row.value, value(one.value));
      row.fill.style.width = (Number(one.part) * 100).toFixed(1) + '%';
      W.mark(row.node, 'mine', Boolean(one.mine));
    });
  }

  function tallRows(box) { /* a name of three lines is higher than a row usually may be */
    var rows = box.children, i;
    for (i = 0; i < rows.length; i += 1) { W.mark(rows[i], 'tall', false); }
    for (i = 0; i < rows.length; i += 1) { W.mark(rows[i], 'tall', rows[i].scrollHeight > rows[i].clientHeight + 1); }
  }

  function placeOf(rows, at) { /* equals share a place */
    while (at > 0 && rows[at - 1].value === rows[at].value) { at -= 1; }
    return at + 1;
  }

  function person(box, rows, value) {
    W.list(box, rows, function (one, i) { return one.name + '/' + one.team + '/' + i; }, function () {
      var node = W.make('div', 'person line'), row = { node: node, place: W.make('span', 'place', node), who: W.make('span', 'name', node) };
      row.name = W.make('span', '', row.who);
      row.team = W.make('span', 'small dim after', row.who);
      row.value = W.make('span', 'sum gold', node);
      return row;
    }, function (row, one) {
      W.text(row.place, W.place(one.place));
      W.text(row.name, one.name);
      W.text(row.team, one.team);
      W.text(row.value, value(one.value));
    });
  }

  W.scenes.measures = function (root) {
    var main = W.make('div', 'two counted', root), left = W.make('div', 'podium', main), side = W.make('div', 'side', main);
    var head = W.make('div', 'title', left), title = W.make('h1', '', head), period = W.make('span', 'gold', head), total = W.make('div', 'amount gold', head);
    var people = W.make('div', 'teams people', left), none = W.make('p', 'none', left);
    var teamsHead = W.heading(side), teams = W.make('div', 'teams ranked', side), at = -1;
    people.wallEven = teams.wallEven = true;

    function turnAt(state, now) {
      var boards = state.measures || [];
      return boards.length ? Math.floor(now / ROUND_MS) % boards.length : -1;
    }

    return {
      draw: function (state) {
        var board, own = state.wall && state.wall.team, i, value;
        at = turnAt(state, W.now());
        board = (state.measures || [])[at] || { name: W.word('measures'), unit: '', period: '', total: 0, teams: [], people: [] };
        value = function (number) { return W.amount(number, board.unit === '元' ? '元' : ''); }; /* the sum above has the unit */
        for (i = 0; i < board.teams.length; i += 1) { board.teams[i].mine = board.teams[i].name === own; }
        W.text(title, board.name);
        W.text(period, board.period ? W.word('of_' + board.period) : '');
        W.text(total, at < 0 ? '' : W.amount(board.total, board.unit));
        W.show(total, at >= 0);
        person(people, board.people, value);
        W.phrase(none, W.word(at < 0 ? 'noMeasures' : 'nobodyCounted'));
        W.show(none, !board.people.length);
        W.show(people, board.people.length > 0);
        W.show(side, board.teams.length > 0);
        teamsHead.draw(W.word('ofTeams'));
        team(teams, board.teams, value);
      },
      layout: function () {
        W.fit(title, 5.4, 4);
        W.mark(head, 'stack', false);
        W.fit(total, 5.4, 3);
        W.mark(head, 'stack', total.scrollWidth > total.clientWidth + 1); /* an old screen with large type */
        W.fit(total, 5.4, 3);
        tallRows(teams);
      },
      frame: function (state, now) {
        if (turnAt(state, now) !== at) { this.draw(state); this.layout(); }
        W.turn(people, now % ROUND_MS);
        teamsHead.page(W.turn(teams, now % ROUND_MS));
      }
    };
  };
}(window.Wall = window.Wall || {}));
