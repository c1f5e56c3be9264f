/* Finds the machine again after its address has changed. A page keeps the name and the addresses that the machine has
   told; when it is gone, the page asks each of them, then its neighbours in the same network, whether they are this
   machine, and opens the same page there. Plain HTTP only: a certificate holds for the addresses that are in it. */
(function (F) {
  'use strict';
  var GONE_MS = 15000, SWEEP_MS = 45000, AGAIN_MS = 300000, ANSWER_MS = 2500, AT_ONCE = 8, MOST = 8, KEY = 'zhangu-reach';
  var known = null, gone = 0, running = false, swept = 0;

  function load() {
    try { return JSON.parse(window.localStorage.getItem(KEY)); } catch (refused) { return null; }
  }

  function fits(reach) {
    return reach && typeof reach.machine === 'string' && reach.addresses instanceof Array && reach.port > 0;
  }

  F.learn = function (reach) {
    var hosts = [], i;
    gone = 0;
    if (!fits(reach)) { return; }
    known = known || load();
    hosts = (reach.name ? [reach.name] : []).concat(reach.addresses);
    if (fits(known) && known.machine === reach.machine) {
      for (i = 0; i < known.addresses.length; i += 1) {
        if (hosts.indexOf(known.addresses[i]) < 0) { hosts.push(known.addresses[i]); }
      }
    }
    known = { machine: reach.machine, addresses: hosts.slice(0, MOST), port: reach.port };
    try { window.localStorage.setItem(KEY, JSON.stringify(known)); } catch (full) { known.unsaved = true; }
  };

  /* The machine does not answer. Called again and again; `sweeps`: also ask the neighbours. */
  F.lost = function (sweeps) {
    var now = Date.now();
    gone = gone || now;
    known = known || load();
    if (!fits(known) || running || window.location.protocol !== 'http:' || now - gone < GONE_MS) { return; }
    running = true;
    ask(others(known.addresses), function () {
      if (sweeps && now - gone > SWEEP_MS && now - swept > AGAIN_MS) {
        swept = now;
        ask(neighbours(), function () { running = false; });
      } else {
        running = false;
      }
    });
  };

  function others(hosts) {
    return hosts.filter(function (host) { return host !== window.location.hostname; });
  }

  function neighbours() {
    var hosts = [], bases = {}, i, j, base;
    var seen = known.addresses.concat([window.location.hostname]);
    for (i = 0; i < seen.length; i += 1) {
      base = /^(\d+\.\d+\.\d+\.)\d+$/.exec(seen[i]);
      if (base && !bases[base[1]]) {
        bases[base[1]] = true;
        for (j = 1; j < 255; j += 1) { hosts.push(base[1] + j); }
      }
    }
    return others(hosts.slice(0, 4 * 254));
  }

  /* Ask a few at once; open the first that is this machine, else call `none`. */
  function ask(hosts, none) {
    var next = 0, open = 0, found = false;
    function one() {
      var host = hosts[next], request;
      if (found) { return; }
      if (next >= hosts.length) {
        if (!open) { none(); }
        return;
      }
      next += 1;
      open += 1;
      request = new XMLHttpRequest();
      request.open('GET', 'http://' + host + ':' + known.port + '/api/reach', true);
      request.timeout = ANSWER_MS;
      request.onreadystatechange = function () {
        var answer = null;
        if (request.readyState !== 4) { return; }
        open -= 1;
        try { answer = JSON.parse(request.responseText); } catch (error) { answer = null; }
        if (request.status === 200 && fits(answer) && answer.machine === known.machine && gone) {
          found = true;
          window.location.replace('http://' + host + ':' + known.port + window.location.pathname + window.location.hash);
        } else {
          one();
        }
      };
      try { request.send(null); } catch (refused) { open -= 1; one(); }
    }
    if (!hosts.length) { none(); return; }
    for (var i = 0; i < AT_ONCE; i += 1) { if (next < hosts.length) { one(); } }
  }
}(window.FindServer = window.FindServer || {}));
