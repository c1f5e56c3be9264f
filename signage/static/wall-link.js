/* The connection to the server: snapshots by request, hints by server-sent events. EventSource never retries after an
   answer other than 200, so this script retries: after 1 to 20 s, at random, so that not all walls reconnect at once;
   it aborts an attempt without an answer within 8 s. So every wall is back within 30 s after its server. */
(function (W) {
  'use strict';
  var FIRST_MS = 1000, LONGEST_MS = 20000, SILENT_MS = 35000, STALE_MS = 6000, TIMEOUT_MS = 8000, REPORT_MS = 30000;
  var name = 'main', build = '', source = null, greeted = false, heard = 0, alive = 0, wait = FIRST_MS, retry = null, asking = false, again = false;
  var best = null, reload = null, hinted = 0, wanted = 0, lastReport = 0, reported = '', leaving = false, ownId = '';

  function ask(method, path, body, done) {
    var request = new XMLHttpRequest(), sent = Date.now();
    request.open(method, path, true);
    request.timeout = TIMEOUT_MS;
    if (body) { request.setRequestHeader('Content-Type', 'application/json'); }
    request.onreadystatechange = function () {
      if (request.readyState === 4) { done(request.status, request.responseText, sent); }
    };
    request.send(body || null);
  }

  function parsed(text) {
    try { return JSON.parse(text); } catch (error) { return null; }
  }

  /* Take the server's clock from the quickest answer; accept a jump of more than 2 s at once. */
  function tune(serverNow, sent) {
    var took = Date.now() - sent, guess = serverNow + took / 2 - Date.now();
    if (!best || took <= best.took || Date.now() - best.at > 600000 || Math.abs(guess - best.guess) > 2000 + took) {
      best = { took: took, guess: guess, at: Date.now() };
      W.setOffset(guess);
    }
  }

  function healthy(then) { /* reload only when the server answers; 503 with our JSON also means that it runs */
    ask('GET', '/health', null, function (status, text) {
      if (status === 200 || (status === 503 && parsed(text))) { then(); }
    });
  }

  function renew() {
    if (leaving) { return; }
    healthy(function () { leaving = true; window.location.reload(); });
  }

  function obey(state) {
    var wish = state.wall && state.wall.reload !== undefined ? state.wall.reload : null;
    if (reload !== null && wish !== reload.wish) { reload.wish = wish; if (wish !== null) { renew(); } }
    if (reload === null) { reload = { wish: wish }; }
    if (state.build && build && state.build !== build) { renew(); }
  }

  function snapshot() {
    if (asking) { again = true; return; }
    asking = true;
    ask('GET', '/api/wall?name=' + encodeURIComponent(name), null, function (status, text, sent) {
      var state = status === 200 ? parsed(text) : null;
      asking = false;
      if (state && typeof state === 'object' && state.scene) {
        window.FindServer.learn(state.reach);
        tune(state.now, sent);
        alive = Date.now();
        wanted = Math.max(wanted, state.revision || 0);
        W.setStale(null);
        obey(state);
        W.show_state(state);
      }
      if (again) { again = false; snapshot(); } else if (!state) { later(); }
    });
  }

  function later() {
    close();
    if (retry) { return; }
    retry = window.setTimeout(function () { retry = null; open(); }, wait * (0.5 + Math.random() / 2));
    wait = Math.min(LONGEST_MS, wait * 2);
  }

  /* Two TVs behind one address may show the same wall: each has a separate number. */
  function screenId() {
    var made = '', numbers, i;
    try { made = window.localStorage.getItem('screen') || ''; } catch (refused) { made = ownId; }
    if (!made) {
      numbers = window.crypto.getRandomValues(new window.Uint8Array(8));
      for (i = 0; i < numbers.length; i += 1) { made += (256 + numbers[i]).toString(16).substr(1); }
      try { window.localStorage.setItem('screen', made); } catch (full) { ownId = made; }
    }
    return made;
  }

  function close() {
    if (source) { source.onerror = null; source.close(); source = null; }
  }

  function on(type, act) {
    source.addEventListener(type, function (event) {
      heard = alive = Date.now();
      act(parsed(event.data) || {});
    });
  }

  function open() {
    close();
    heard = Date.now();
    greeted = false;
    source = new window.EventSource('/events?wall=' + encodeURIComponent(name) + '&screen=' + screenId());
    source.onerror = later;
    on('hello', function () { greeted = true; wait = FIRST_MS; snapshot(); });
    on('hint', function (hint) { hinted = Date.now(); wanted = hint.revision || 0; snapshot(); });
    on('tick', function (beat) {
      var known = W.state();
      W.setStale(null);
      if (Math.abs(beat.now - W.now()) > 2500) { best = null; }
      if (best === null || !known || (beat.revision && beat.revision !== known.revision)) { snapshot(); }
    });
  }

  /* No tick for 35 s: treat the connection as dead, even if the browser does not. Show the age of the picture. */
  function watch() {
    var state = W.state(), quiet = Date.now() - alive;
    if (source && Date.now() - heard > (greeted ? SILENT_MS : TIMEOUT_MS)) { later(); }
    if (state && alive && (quiet > SILENT_MS || (!source && quiet > STALE_MS))) {
      W.setStale(W.hhmm(alive + (W.now() - Date.now()), state.offset_min));
      window.FindServer.lost(true);
    }
  }

  function report(scene, state) {
    var key = scene + '/' + state.revision, from = hinted, painted;
    if (key === reported && Date.now() - lastReport < REPORT_MS) { return; }
    reported = key;
    lastReport = Date.now();
    hinted = 0;
    window.requestAnimationFrame(function () {
      window.requestAnimationFrame(function () { /* the second frame starts when the first is displayed */
        painted = Date.now();
        ask('POST', '/api/walls/' + encodeURIComponent(name) + '/painted', JSON.stringify({
          scene: scene, revision: state.revision, painted_ms: Math.round(W.now()), delay_ms: from ? painted - from : null,
          no_chinese: !W.hasChinese(), width: window.innerWidth, height: window.innerHeight, agent: String(navigator.userAgent).substr(0, 200)
        }), function () {});
      });
    });
  }

  W.connect = function () {
    name = document.body.getAttribute('data-wall') || 'main';
    build = document.body.getAttribute('data-build') || '';
    W.painted = report;
    window.setInterval(watch, 2000);
    window.setInterval(function () { var s = W.state(); if (s && W.scene()) { report(W.scene(), s); } }, REPORT_MS);
    window.addEventListener('online', function () { wait = FIRST_MS; later(); });
    open();
    snapshot();
  };
}(window.Wall = window.Wall || {}));
