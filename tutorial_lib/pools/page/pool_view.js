// Draws what Python says about a pool. Python sends `state` when something changed, and at least every two seconds;
// between two messages the durations go on here, unless the picture is frozen. Nothing is loaded from anywhere.
// A replay (pool_replay.js) shows its states in the same view.

const AS_ROWS_UP_TO = 10;
const AS_TILES_UP_TO = 40;
const STRIP_SECONDS = 30;
const OLD_AFTER = 6; // seconds without news
const HERE_EVERY = 5000; // ms
const CALM = 1.2; // seconds without change before something is announced
const ANNOUNCE_AT_LEAST_EVERY = 10; // seconds, while it keeps changing

const GLYPHS = { "in use": "use", opening: "opening", idle: "idle", closed: "closed", unopened: "unopened" };

export default {
  render({ model, el }) {
    const view = new View(model, el);
    return () => view.remove();
  },
};

class View {
  constructor(model, el) {
    this.model = model;
    this.browser = Math.random().toString(36).slice(2);
    this.samples = [];
    this.focused = 1;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.build(el);
    this.listeners = new AbortController();
    const { signal } = this.listeners;

    this.onState = () => this.receive(model.get("state"));
    this.onMessage = (message) => this.receiveHistory(message);
    model.on("change:state", this.onState);
    model.on("msg:custom", this.onMessage);
    addEventListener("pagehide", () => this.say("goodbye"), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.say("hello"), { signal });
    this.slots.addEventListener("keydown", (event) => this.onKey(event), { signal });
    for (const name of ["focusin", "pointerover"]) {
      this.stage.addEventListener(name, (event) => this.inspect(event.target.closest("[data-n]")), { signal });
    }
    this.stage.addEventListener("pointerleave", () => this.inspect(null), { signal });

    this.resizing = new ResizeObserver(() => this.drawStrip());
    this.resizing.observe(this.canvas);
    this.here = setInterval(() => document.hidden || this.say("here"), HERE_EVERY);
    this.ticking = setInterval(() => this.tick(), 100);
    this.receive(model.get("state"));
    this.say("hello");
  }

  remove() {
    this.say("goodbye");
    clearInterval(this.here);
    clearInterval(this.ticking);
    this.listeners.abort();
    this.resizing.disconnect();
    this.model.off("change:state", this.onState);
    this.model.off("msg:custom", this.onMessage);
  }

  say(word) {
    try {
      this.model.send({ says: word, browser: this.browser });
    } catch {
      // The kernel has gone. What is on the screen says so by itself.
    }
  }

  // ---- time: the kernel's clock, carried on by the browser's

  receive(state) {
    this.heard = performance.now() / 1000;
    this.state = state;
    if (!state.error && !state.gone) {
      const troubles = Object.values(state.totals).reduce((sum, count) => sum + count, 0);
      this.samples.push([state.now, state.in_use, state.waiting, troubles]);
    }
    this.show();
  }

  receiveHistory(message) {
    if (message.to !== this.browser) return;
    const known = this.samples.length ? this.samples[0][0] : Infinity;
    this.samples.unshift(...message.history.filter(([at]) => at < known));
    this.drawStrip();
  }

  now() {
    return this.state.now + (this.state.frozen || this.state.replayed ? 0 : performance.now() / 1000 - this.heard);
  }

  tick() {
    if (document.hidden || !this.root.isConnected) return;
    const second = Math.floor(performance.now() / 1000);
    if (this.calm.matches && second === this.second) return; // Less motion: once a second.
    this.second = second;
    this.showAges();
    this.showNote();
    this.drawStrip();
    this.announce();
  }

  // ---- the frame, built once

  build(el) {
    this.root = make("div", "pool-view", { role: "group", "aria-label": "Connection pool" });
    const head = make("div", "pv-head");
    this.counts = {};
    for (const [key, glyph, label] of [
      ["in_use", "use", "in use"],
      ["idle", "idle", "idle"],
      ["unopened", "unopened", "never opened"],
      ["waiting", "waiting", "waiting"],
      ["lost", "lost", "on one side only"],
    ]) {
      const box = make("div", `pv-count pv-count-${glyph}`);
      this.counts[key] = make("span", "pv-number");
      box.append(this.counts[key], icon(glyph), make("span", "pv-label", {}, label));
      this.counts[key].box = box;
      head.append(box);
    }
    const top = make("div", "pv-top");
    this.title = make("span", "pv-title");
    this.troubles = make("span", "pv-troubles");
    top.append(this.title, this.troubles);

    this.note = make("p", "pv-note");
    this.queue = make("div", "pv-queue");
    this.stage = make("div", "pv-stage");
    this.columns = make("div", "pv-columns", { "aria-hidden": "true" });
    this.columns.append(make("span", "", {}, "the pool"), make("span"), make("span", "", {}, "the server"));
    this.slots = make("ul", "pv-slots", { role: "list", "aria-label": "Slots of the pool" });
    this.stage.append(this.columns, this.slots);
    this.detail = make("p", "pv-detail");
    this.canvas = make("canvas", "pv-strip", { role: "img" });
    this.axis = make("div", "pv-axis", { "aria-hidden": "true" });
    this.axis.append(make("span"), make("span"));
    this.live = make("p", "pv-live", { "aria-live": "polite" });
    this.root.append(top, head, this.note, this.queue, this.stage, this.detail, this.canvas, this.axis, this.live);
    el.append(this.root);
  }

  // ---- what the state says

  show() {
    const { state } = this;
    const silent = Boolean(state.error || state.gone);
    this.root.classList.toggle("pv-dead", silent);
    this.showNote();
    if (state.error) return;
    const title = this.model.get("title");
    const kind = `${state.pool}, limit ${state.limit.toLocaleString("en")}`;
    this.title.replaceChildren(make("b", "", {}, title || state.pool), ` ${title ? kind : `limit ${kind.split(" ").at(-1)}`}`);
    setAttribute(this.root, "aria-label", title ? `Connection pool ${title}` : "Connection pool");
    if (silent) {
      this.inspect(null);
      return;
    }
    this.showCounts();
    this.showQueue();
    this.showSlots();
    this.showAges();
    const [begin, end] = this.axisWords();
    write(this.axis.firstChild, begin);
    write(this.axis.lastChild, end);
    this.drawStrip();
  }

  showCounts() {
    const { state } = this;
    const unopened = Math.max(0, state.limit - state.in_use - state.idle);
    const { in_use, idle, waiting } = state;
    const lost = this.lost() + (state.server?.left?.length ?? 0);
    for (const [key, number] of Object.entries({ in_use, idle, unopened, waiting, lost })) {
      write(this.counts[key], number > 9999 ? "9999+" : number);
      this.counts[key].box.classList.toggle("pv-none", number === 0);
    }
  }

  lost() {
    return this.state.slots.filter((slot) => slot.sides === "pool only").length;
  }

  showNote() {
    const notes = this.notes();
    this.note.hidden = notes.length === 0;
    this.note.classList.toggle("pv-alarm", Boolean(this.state.error || this.isOld() || this.state.server?.answers === false));
    write(this.note, notes.join(" "));
  }

  isOld() {
    return !this.state.frozen && !this.state.replayed && !this.state.gone && performance.now() / 1000 - this.heard > OLD_AFTER;
  }

  notes() {
    const { state } = this;
    if (state.error) return [`This view has stopped. ${state.error}`];
    if (state.gone) return ["The pool is gone: nothing refers to it any more, and its connections went with it."];
    const notes = [];
    if (state.frozen) notes.push(`Picture taken at ${state.frozen}${state.because ? `: ${state.because}` : ""}.`);
    if (this.isOld()) {
      const silence = Math.floor(performance.now() / 1000 - this.heard);
      notes.push(`No news for ${silence} s: the kernel has stopped, or this view was closed.`);
    }
    if (state.closed) notes.push(`Every connection is closed. ${this.afterClosing()}`);
    if (state.counts_only) notes.push("This kind of pool does not show its connections: the slots only count them.");
    const drawn = this.drawn().length;
    if (drawn < state.limit) {
      notes.push(`${drawn === 100 ? "The first 100 slots" : "Opened slots"} are drawn; the limit is too large for all.`);
    }
    if (state.server) notes.push(...serverNotes(state.server));
    return notes;
  }

  afterClosing() {
    // Closing disconnects and takes nothing back: a pool that was exhausted has no place for a new connection.
    const full = this.state.in_use >= this.state.limit;
    return full ? "All of them still count as in use, so no caller gets another." : "The next command opens one again.";
  }

  showQueue() {
    const { state } = this;
    const chips = state.queue.map((caller) => {
      const chip = make("span", "pv-caller", { title: caller.where });
      chip.append(icon("waiting"), make("span", "pv-who", {}, caller.who), age(caller.since));
      return chip;
    });
    const more = state.waiting - state.queue.length;
    if (more > 0) {
      // A caller who waited before anybody looked has no name.
      const words = chips.length ? `and ${more} more` : `${plural(more, "caller")} from before`;
      chips.push(make("span", "pv-more", {}, words));
    }
    if (!chips.length) {
      const words = state.waits ? "No caller is waiting." : "No caller waits: at its limit, this pool refuses.";
      chips.push(make("span", "pv-nobody", {}, words));
    }
    this.queue.replaceChildren(...chips);
    const troubles = Object.entries(state.totals).filter(([, count]) => count > 0);
    write(this.troubles, troubles.map(([what, count]) => `${count.toLocaleString("en")} ${what}`).join(", "));
    this.troubles.hidden = troubles.length === 0;
  }

  drawn() {
    // Every slot up to 100; of a larger limit those that were opened.
    const { state } = this;
    const opened = new Map(state.slots.map((slot) => [slot.n, slot]));
    const last = Math.min(state.limit, state.limit <= 100 ? 100 : Math.max(0, ...opened.keys()), 100);
    return Array.from({ length: last }, (_, at) => opened.get(at + 1) ?? { n: at + 1, is: "unopened" });
  }

  showSlots() {
    const { state } = this;
    const drawn = this.drawn();
    const asRows = drawn.length <= AS_ROWS_UP_TO;
    this.root.classList.toggle("pv-rows", asRows);
    this.root.classList.toggle("pv-tiles", !asRows);
    this.root.classList.toggle("pv-dense", drawn.length > AS_TILES_UP_TO);
    this.root.classList.toggle("pv-with-server", Boolean(state.server));
    while (this.slots.children.length > drawn.length) this.slots.lastChild.remove();
    drawn.forEach((slot, at) => {
      const item = this.slots.children[at] ?? this.slots.appendChild(makeSlot());
      this.showSlot(item, slot);
    });
    this.showForgotten(state.server?.left ?? []);
    this.inspect(this.inspected);
  }

  showSlot(item, slot) {
    item.shows = slot;
    item.dataset.n = slot.n;
    item.tabIndex = slot.n === this.focused ? 0 : -1;
    const broken = slot.sides === "pool only";
    item.className = `pv-slot pv-is-${GLYPHS[slot.is]}${broken ? " pv-broken" : ""}`;
    const { parts } = item;
    write(parts.n, slot.n);
    setIcon(parts.icon, GLYPHS[slot.is]);
    write(parts.who, this.nameOf(slot));
    parts.age.since = slot.since ?? null;
    write(parts.where, slot.where ?? "");
    const side = slot.is === "unopened" || slot.is === "closed" ? "" : (slot.sides ?? "");
    parts.wire.className = `pv-wire pv-wire-${side.replace(" ", "-") || "none"}`;
    parts.client.className = `pv-client pv-client-${side.replace(" ", "-") || "none"}`;
    write(parts.client, { both: `client ${slot.client}`, "pool only": "not there", unknown: "?" }[side] ?? "");
  }

  nameOf(slot) {
    return { "in use": slot.who, opening: "opening …", idle: "idle", closed: "closed", unopened: "never opened" }[slot.is];
  }

  showForgotten(left) {
    // Clients of this pool in the server's list that the pool itself no longer knows.
    this.slots.querySelectorAll(".pv-forgotten").forEach((item) => item.remove());
    for (const { client } of left) {
      const item = makeSlot();
      item.className = "pv-slot pv-forgotten pv-broken";
      write(item.parts.n, "–");
      write(item.parts.who, "forgotten by the pool");
      item.parts.wire.className = "pv-wire pv-wire-server-only";
      item.parts.client.className = "pv-client pv-client-both";
      write(item.parts.client, `client ${client}`);
      item.setAttribute("aria-label", `The server still has client ${client}; the pool has forgotten it.`);
      this.slots.append(item);
    }
  }

  showAges() {
    const now = this.now();
    for (const element of this.root.querySelectorAll(".pv-age")) {
      write(element, element.since === null ? "" : this.ageWords(now - element.since));
    }
    for (const item of this.slots.children) {
      if (item.shows) setAttribute(item, "aria-label", this.sentence(item.shows, now));
    }
    this.inspect(this.inspected);
  }

  sentence(slot, now, withSides = true) {
    const time = slot.since ? ` for ${plural(Math.max(0, Math.floor(now - slot.since)), "second")}` : "";
    const state = {
      "in use": `in use by ${slot.who}${time}`,
      opening: "being opened",
      idle: "idle",
      closed: "closed; the next command that gets it opens it again",
      unopened: "never opened",
    }[slot.is];
    const sides = {
      both: ` The server has it as client ${slot.client}.`,
      "pool only": " The server does not have it: only the pool still believes in it.",
    };
    return `Slot ${slot.n}: ${state}.${(withSides && sides[slot.sides]) || ""}`;
  }

  // ---- one slot, looked at closely

  inspect(item) {
    this.inspected = item?.shows ? item : null;
    const slot = this.inspected?.shows;
    if (!slot) {
      const trouble = this.trouble();
      this.detail.classList.toggle("pv-trouble", Boolean(trouble));
      write(this.detail, trouble || this.calmSummary());
      return;
    }
    this.detail.classList.remove("pv-trouble");
    const where = slot.where ? ` Borrowed at ${slot.where}.` : "";
    const address = { both: `${slot.address} is client ${slot.client}.`, "pool only": `The server has no ${slot.address}.` };
    write(this.detail, `${this.sentence(slot, this.now(), false)}${where} ${address[slot.sides] ?? slot.address}`);
  }

  trouble() {
    const { state } = this;
    if (state.error || state.gone) return "";
    const lost = this.lost();
    const left = state.server?.left?.length ?? 0;
    const words = [];
    if (lost) words.push(`${plural(lost, "connection")}: the server has closed ${them(lost)}, and the pool does not know it yet.`);
    if (left) words.push(`${plural(left, "client")}: open on the server, and forgotten by the pool.`);
    return words.join(" ");
  }

  calmSummary() {
    const { state } = this;
    if (state.error || state.gone) return "";
    const others = state.server?.others;
    if (others) return `The server has ${plural(others, "more client", "more clients")}, not this pool's.`;
    return "Point at a slot, or use the arrow keys, to see more of it.";
  }

  onKey(event) {
    const items = [...this.slots.children].filter((item) => item.shows);
    const at = items.indexOf(event.target);
    const columns = items.filter((item) => item.offsetTop === items[0].offsetTop).length;
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
    const to = { Home: 0, End: items.length - 1 }[event.key] ?? at + (steps[event.key] ?? NaN);
    if (at < 0 || Number.isNaN(to)) return;
    // JupyterLab would move to another cell, or scroll.
    event.preventDefault();
    event.stopPropagation();
    if (!items[to]) return;
    this.focused = to + 1;
    items.forEach((item, place) => (item.tabIndex = place === to ? 0 : -1));
    items[to].focus();
  }

  // ---- said aloud, politely

  announce() {
    const { state } = this;
    if (state.error || state.gone) return write(this.live, this.notes().join(" "));
    const lost = this.lost();
    const words =
      `${state.in_use} of ${state.limit} in use, ${state.idle} idle, ${state.waiting} waiting.` +
      (lost ? ` ${lost} not on the server.` : "");
    const now = performance.now() / 1000;
    if (words !== this.words) {
      this.words = words;
      this.wordsSince = now;
      this.firstChange ??= now;
    }
    const settled = now - this.wordsSince > CALM || now - this.firstChange > ANNOUNCE_AT_LEAST_EVERY;
    if (this.live.textContent === words) this.firstChange = undefined;
    else if (settled) {
      write(this.live, words);
      this.firstChange = undefined;
    }
    return undefined;
  }

  // ---- the last half minute

  drawStrip() {
    const { canvas, state } = this;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (!width || state.error || state.gone) return;
    const scale = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    const [from, to] = this.span();
    while (this.samples.length > 1 && this.samples[1][0] < from) this.samples.shift();
    const style = getComputedStyle(this.root);
    const colour = (name) => style.getPropertyValue(name).trim();
    const font = `12px ${style.fontFamily}`;
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    strip(context, { width, height, scale, from, to, samples: this.samples, limit: state.limit, colour, font });
    const peak = Math.max(...this.samples.map(([, inUse]) => inUse));
    const waited = Math.max(...this.samples.map(([, , waiting]) => waiting));
    setAttribute(canvas, "aria-label", `${this.stripWords()}: at most ${peak} in use, at most ${waited} waiting.`);
  }

  // What a replay does in another way.

  span() {
    const now = this.now();
    return [now - STRIP_SECONDS, now];
  }

  ageWords(seconds) {
    return duration(seconds);
  }

  stripWords() {
    return `The last ${STRIP_SECONDS} seconds`;
  }

  axisWords() {
    const { frozen } = this.state;
    return frozen ? [`${STRIP_SECONDS} s before`, frozen] : [`${STRIP_SECONDS} s ago`, "now"];
  }
}

// ---- words

function serverNotes({ answers, says, unmatched }) {
  if (answers === null) return ["Asking the server …"];
  if (answers === false) return [`The server does not answer. ${says}`.trim()];
  if (unmatched === "hidden") return ["The connections do not show their address: the server's list cannot be matched."];
  if (unmatched) return [`The connections go to ${unmatched}, not straight to the server: its list cannot be matched.`];
  return [];
}

// ---- pictures

function strip(context, { width, height, scale, from, to, samples, limit, colour, font }) {
  const most = Math.max(1, ...samples.map(([, inUse, waiting]) => inUse + waiting));
  const shown = limit <= 100 ? limit : 0;
  const top = Math.max(most, shown) * 1.12;
  // On whole pixels of the screen, or light would fall through between two stretches.
  const x = (moment) => Math.round((scale * width * (moment - from)) / (to - from)) / scale;
  const y = (count) => Math.round(height - 1 - (height - 2) * (count / top));
  const floor = height - 1;
  const runs = merged(samples).map(([left, right, inUse, waiting]) => [x(left), right === null ? width : x(right), inUse, waiting]);
  for (const [left, right, inUse, waiting] of runs) {
    const begin = Math.max(0, left);
    const wide = Math.max(2, right - begin); // What was there for one sample is still to be seen.
    const used = y(inUse);
    context.fillStyle = colour("--pv-use");
    context.fillRect(begin, used, wide, floor - used);
    if (!waiting) continue;
    const queued = y(inUse + waiting);
    context.fillStyle = colour("--pv-wait");
    context.fillRect(begin, queued, wide, used - queued);
    hatch(context, begin, queued, wide, used - queued, colour("--pv-hatch"));
  }
  context.strokeStyle = colour("--pv-bad");
  samples.forEach(([moment, , , troubles], place) => {
    if (place && troubles > samples[place - 1][3]) cross(context, x(moment), 5);
  });
  context.fillStyle = context.strokeStyle = colour("--pv-quiet");
  context.lineWidth = 1;
  line(context, 0, floor + 0.5, width, floor + 0.5);
  if (!shown) return;
  context.setLineDash([4, 3]);
  line(context, 0, y(limit) + 0.5, width, y(limit) + 0.5);
  context.setLineDash([]);
  if (runs.length && runs[0][0] < 60) return; // No room for words.
  context.font = font;
  context.fillText(`limit ${limit}`, 0, y(limit) + 13);
}

function merged(samples) {
  // [from, to, in use, waiting] of each stretch without a change; the last goes on to now.
  const runs = [];
  for (const [at, inUse, waiting] of samples) {
    const last = runs.at(-1);
    if (last && last[2] === inUse && last[3] === waiting) continue;
    if (last) last[1] = at;
    runs.push([at, null, inUse, waiting]);
  }
  return runs;
}

function hatch(context, left, top, width, height, colour) {
  // Stripes as well as a colour, for eyes that see no difference in colours.
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  const first = Math.floor((left - height) / 6) * 6;
  for (let at = first; at < left + width; at += 6) line(context, at, top + height, at + height, top);
  context.restore();
}

function cross(context, x, y) {
  context.lineWidth = 1.8;
  line(context, x - 3.5, y - 3.5, x + 3.5, y + 3.5);
  line(context, x - 3.5, y + 3.5, x + 3.5, y - 3.5);
}

function line(context, x1, y1, x2, y2) {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

// ---- elements

function make(tag, className = "", attributes = {}, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  for (const [name, value] of Object.entries(attributes)) if (value) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}

function makeSlot() {
  const item = make("li", "pv-slot");
  const body = make("span", "pv-body", { "aria-hidden": "true" });
  item.parts = {
    n: make("span", "pv-n"),
    icon: icon("idle"),
    who: make("span", "pv-who"),
    where: make("span", "pv-where"),
    age: age(null),
    wire: make("span", "pv-wire", { "aria-hidden": "true" }),
    client: make("span", "pv-client", { "aria-hidden": "true" }),
  };
  const { n, icon: sign, who, where, age: time, wire, client } = item.parts;
  body.append(n, sign, who, where, time);
  item.append(body, wire, client);
  return item;
}

function age(since) {
  const element = make("span", "pv-age");
  element.since = since;
  return element;
}

function icon(name) {
  return make("span", `pv-icon pv-icon-${name}`, { "aria-hidden": "true" });
}

function setIcon(element, name) {
  const className = `pv-icon pv-icon-${name}`;
  if (element.className !== className) element.className = className;
}

function write(element, text) {
  const words = String(text);
  if (element.textContent !== words) element.textContent = words;
}

function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

function plural(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

function them(count) {
  return count === 1 ? "it" : "them";
}

function duration(seconds) {
  const time = Math.max(0, seconds);
  if (time < 10) return `${time.toFixed(1)} s`;
  if (time < 100) return `${Math.floor(time)} s`;
  return time < 6000 ? `${Math.floor(time / 60)} min` : `${Math.floor(time / 3600)} h`;
}
