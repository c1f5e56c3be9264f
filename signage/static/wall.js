/* The wall draws the server's state: one state in, one picture out. Times are of the server's clock. */
(function (W) {
  'use strict';
  var LATE_MS = 60000, SHIFT_MS = 180000, SHIFTS = [[0, 0], [3, 2], [-2, 4], [-4, -1], [1, -3]];
  var stage, strip = null, head, foot, over, made = {}, shown = null, begun = null, state = null, frozen = null, stale = null, offset = 0, dirty = true;

  W.now = function () { return frozen === null ? Date.now() + offset : frozen; };
  W.setOffset = function (ms) { offset = ms; };
  W.state = function () { return state; };
  W.scene = function () { return shown; };
  W.painted = function () {};

  function hash(scene) { return W.scenes.hasOwnProperty(scene) ? scene : 'rhythm'; }

  /* A celebration lasts as long as its sound and never starts more than a minute late. */
  function sceneAt(now) {
    var c = state.celebration;
    if (state.scene !== 'celebration') { return hash(state.scene); }
    if (c && begun !== c.id && now - c.started_ms <= LATE_MS) { begun = c.id; }
    if (c && begun === c.id && now < (c.ends_ms || c.started_ms + 2 * LATE_MS)) { return 'celebration'; }
    return hash(state.base === 'celebration' ? 'rhythm' : state.base);
  }

  function sceneOf(name) {
    if (!made[name]) {
      var root = W.make('div', 'scene ' + name, stage.body);
      made[name] = W.scenes[name](root);
      made[name].root = root;
    }
    return made[name];
  }

  function change(name) {
    var old = shown && made[shown], scene = sceneOf(name);
    if (old) { W.show(old.root, false); }
    W.show(scene.root, true);
    W.mark(stage.node, 'bare', Boolean(scene.bare));
    W.mark(document.body, 'unlit', Boolean(scene.dark));
    W.mark(document.body, 'red', false);
    shown = name;
    return scene;
  }

  function words() {
    W.lang = state.lang === 'en' ? 'en' : 'zh';
    document.documentElement.lang = W.lang === 'en' ? 'en' : 'zh-CN';
    W.mark(document.body, 'light', Boolean(state.wall && state.wall.theme === 'paper'));
    W.rescale(state.wall && state.wall.diagonal, state.wall && state.wall.distance);
    var high = window.innerHeight > window.innerWidth, turned = Boolean(state.wall && state.wall.portrait && !high);
    W.mark(document.body, 'upright', high || turned);
    W.mark(document.body, 'turned', turned); /* a screen mounted upright whose browser reports landscape */
    W.sheet(stage.node, high || turned, turned);
  }

  function overlay() {
    var wall = state.wall || {}, on = wall.identify !== null && wall.identify !== undefined;
    W.show(over.node, on);
    W.text(over.number, on ? wall.identify : '');
    W.text(over.name, on ? W.word('screen') : '');
    if (on) { W.fit(over.number, 24, 4); }
  }

  function draw(now) {
    var name = sceneAt(now), scene = shown === name ? made[name] : change(name);
    var picture = name === state.scene ? state : W.under(state, name);
    dirty = false;
    words();
    scene.draw(picture);
    head.draw(picture);
    foot.draw(picture, stale);
    head.frame(picture, now);
    if (scene.frame) { scene.frame(picture, now); }
    if (scene.layout) { scene.layout(); }
    if (scene.frame) { scene.frame(picture, now); }
    foot.frame(picture, now);
    if (strip) { W.text(strip, W.word('rehearsal')); }
    overlay();
    W.painted(name, state, now);
  }

  /* Return the same state with another scene. */
  W.under = function (whole, name) {
    var copy = {}, key;
    for (key in whole) { if (whole.hasOwnProperty(key)) { copy[key] = whole[key]; } }
    copy.scene = name;
    return copy;
  };

  function frame() {
    var now = W.now(), scene;
    if (!state) { return; }
    if (dirty || sceneAt(now) !== shown) { draw(now); return; }
    scene = made[shown];
    if (scene.frame) { scene.frame(state, now); }
    head.frame(state, now);
    foot.frame(state, now);
  }

  function shift() { /* move everything every few minutes: panels burn in */
    var at = SHIFTS[Math.floor(W.now() / SHIFT_MS) % SHIFTS.length];
    stage.node.style.marginLeft = at[0] + 'px';
    stage.node.style.marginTop = at[1] + 'px';
  }

  function tick() {
    var name = shown;
    try { frame(); } catch (error) { /* one broken picture must not stop the next */
      if (window.console) { window.console.error(error); }
      dirty = false;
    }
    window.setTimeout(tick, name === 'celebration' ? 33 : name === 'dark' || name === 'rest' ? 1000 : 200);
  }

  W.show_state = function (next) {
    state = next;
    dirty = true;
    frame();
  };

  W.setStale = function (asOf) {
    if (stale === asOf) { return; }
    stale = asOf;
    dirty = true;
    W.mark(document.body, 'stale', Boolean(asOf));
  };

  /* Entry for the storybook: draw a made-up state with a stopped clock. */
  W.story = function (next, still) {
    frozen = next.now;
    begun = null;
    W.mark(document.body, 'still', still !== false);
    W.setStale(next.stale || null);
    W.show_state(next);
  };

  function build() {
    var node = W.make('div', 'stage', document.body);
    stage = { node: node };
    if (document.body.getAttribute('data-rehearsal')) { strip = W.make('div', 'rehearsal', node); }
    head = W.header(node);
    stage.body = W.make('div', 'body', node);
    foot = W.footer(node);
    over = { node: W.make('div', 'identify', document.body) };
    over.number = W.make('div', 'number', over.node);
    over.name = W.make('div', 'label', over.node);
    W.show(over.node, false);
  }

  function start() {
    var given = document.getElementById('state'), story = given && JSON.parse(given.textContent);
    build();
    W.rescale();
    window.addEventListener('resize', function () { dirty = true; });
    if (!W.hasChinese()) { /* in Latin letters, which every screen has */
      W.text(W.make('div', 'fontless', document.body), 'No Chinese font on this screen: install fonts-noto-cjk (or Noto Sans CJK), then reload.');
    }
    if (story) {
      W.story(story, document.body.getAttribute('data-play') !== '1');
      if (document.body.getAttribute('data-play') === '1') { offset = story.now - Date.now(); frozen = null; }
    } else {
      W.connect();
      window.setInterval(shift, 10000);
    }
    tick();
  }

  W.start = start;
}(window.Wall = window.Wall || {}));
