// Plays a recording in the view of pool_view.js. `recording` is what tutorial_lib/pools/replay_page.py wrote into the page:
//
//   { kind, limit, waits, duration, title, shown, who: […], lines: [[where, text], …],
//     leases: [[asked, waited, opening, held, connection, who, line, outcome, cut], …], moments: [[at, in use, waiting], …] }
//
// Times are seconds since the recording began; connection is 0 for a caller who got none. cut is 1 if the connection
// was closed while it was borrowed, 2 if it was open again when it came back; a recording learns both at the return.

const SPEEDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
const PLAYS_FOR = 8; // seconds, about, at the speed that is chosen at first
const STEPS = 1000; // of the slider
const UNSERVED = { refused: "refused", "timed out": "timed out", failed: "failed" };

class Replay extends View {
  constructor(recording, el) {
    const model = { get: (name) => (name === "title" ? recording.title : states.at(recording.shown)), on() {}, off() {}, send() {} };
    const states = new States(recording);
    super(model, el);
    this.recording = recording;
    this.states = states;
    this.samples = states.samples;
    this.drawnFor = null;
    this.at = recording.shown;
    this.buildControls();
    this.drawAt(this.at);
  }

  // ---- time is the slider's

  now() {
    return this.at ?? this.recording?.shown ?? this.state.now;
  }

  span() {
    return [0, this.recording?.duration || 1];
  }

  ageWords(seconds) {
    return time(Math.max(0, seconds));
  }

  drawStrip() {
    // All of the recording is drawn once, and again for another width or theme; what moves is the line on it.
    const { canvas } = this;
    const key = [canvas.clientWidth, canvas.clientHeight, getComputedStyle(this.root).color].join(" ");
    if (key !== this.drawnFor) {
      super.drawStrip();
      this.drawnFor = key;
      this.strip = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
      if (canvas.width && canvas.height) this.strip.getContext("2d").drawImage(canvas, 0, 0);
    }
    if (!this.recording || !canvas.width) return;
    const context = canvas.getContext("2d");
    const scale = devicePixelRatio || 1;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(this.strip, 0, 0);
    context.fillStyle = getComputedStyle(this.root).color;
    const wide = 2 * scale;
    context.fillRect((canvas.width - wide) * (this.now() / this.recording.duration), 0, wide, canvas.height);
  }

  stripWords() {
    return "The whole recording";
  }

  axisWords() {
    return ["0 s", this.recording ? time(this.recording.duration) : ""];
  }

  announce() {} // The slider says where it is; a picture that runs by would talk without end.

  receive(state) {
    this.state = state;
    this.heard = performance.now() / 1000;
    this.show();
  }

  drawAt(at) {
    this.at = Math.min(Math.max(0, at), this.recording.duration);
    this.receive(this.states.at(this.at));
    const words = `${time(this.at)} of ${time(this.recording.duration)}`;
    write(this.clock, words);
    this.slider.value = Math.round((STEPS * this.at) / this.recording.duration);
    setAttribute(this.slider, "aria-valuetext", `${words}: ${this.state.in_use} in use, ${this.state.waiting} waiting`);
  }

  // ---- the controls

  buildControls() {
    const { duration } = this.recording;
    this.button = make("button", "pv-play", { type: "button" }, "Play");
    this.button.addEventListener("click", () => (this.playing ? this.pause() : this.play()));
    this.slider = make("input", "pv-slider", { type: "range", min: "0", max: String(STEPS), "aria-label": "Moment of the recording" });
    this.slider.addEventListener("input", () => {
      this.pause();
      this.touched = true;
      this.drawAt((duration * this.slider.value) / STEPS);
    });
    this.clock = make("span", "pv-clock");
    this.speed = make("select", "pv-speed", { "aria-label": "Speed" });
    const first = SPEEDS.findLast((speed) => duration / speed >= PLAYS_FOR) ?? SPEEDS[0];
    for (const speed of SPEEDS) {
      const option = make("option", "", { value: String(speed) }, `${speed}×`);
      option.selected = speed === first;
      this.speed.append(option);
    }
    const controls = make("div", "pv-controls");
    controls.append(this.button, this.slider, this.clock, this.speed);
    this.canvas.before(controls);
  }

  play() {
    // The first picture is a telling one from the middle; what plays begins at the beginning.
    if (!this.touched || this.at >= this.recording.duration) this.drawAt(0);
    this.touched = true;
    this.playing = true;
    write(this.button, "Pause");
    let last = performance.now();
    const step = (now) => {
      if (!this.playing) return;
      this.drawAt(this.at + ((now - last) / 1000) * Number(this.speed.value));
      last = now;
      if (this.at >= this.recording.duration) this.pause();
      else requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  pause() {
    this.playing = false;
    write(this.button, "Play");
  }
}

// What the pool looked like at any moment, in the words of PoolView's state.
class States {
  constructor(recording) {
    this.recording = recording;
    this.leases = recording.leases.map(([asked, waited, opening, held, connection, who, line, outcome, cut]) => {
      const served = asked + waited; // or given up
      const got = served + opening;
      const [where, code] = recording.lines[line];
      return { asked, served, got, ended: got + held, connection, who: recording.who[who], where, code, outcome, cut, waited };
    });
    this.ofConnection = new Map();
    for (const lease of this.leases) {
      if (!lease.connection) continue;
      if (!this.ofConnection.has(lease.connection)) this.ofConnection.set(lease.connection, []);
      this.ofConnection.get(lease.connection).push(lease);
    }
    this.unserved = this.leases.filter((lease) => lease.outcome in UNSERVED).sort((one, other) => one.got - other.got);
    this.cut = this.leases.filter((lease) => lease.cut);
    this.samples = this.withTurned(recording.moments);
  }

  withTurned(moments) {
    // The strip's samples: [when, in use, waiting, without a connection or closed in use so far], one for each change.
    const changes = moments.map(([at, inUse, waiting]) => ({ at, inUse, waiting }));
    changes.push(...this.unserved.map(({ got }) => ({ at: got })), ...this.cut.map(({ ended }) => ({ at: ended })));
    changes.sort((one, other) => one.at - other.at);
    const samples = [];
    let [inUse, waiting, troubles] = [0, 0, 0];
    for (const change of changes) {
      if (change.inUse === undefined) troubles += 1;
      else [inUse, waiting] = [change.inUse, change.waiting];
      samples.push([change.at, inUse, waiting, troubles]);
    }
    return samples;
  }

  at(now) {
    const { recording } = this;
    const slots = [...this.ofConnection].map(([n, leases]) => this.slot(n, leases, now)).filter(Boolean);
    const queue = this.leases
      .filter((lease) => lease.waited && lease.asked <= now && now < lease.served)
      .sort((one, other) => one.asked - other.asked);
    const [, inUse] = lastBefore(this.samples, now) ?? [0, 0, 0, 0];
    const known = slots.filter((slot) => slot.is === "in use").length;
    const totals = { refused: 0, "timed out": 0, failed: 0 };
    for (const lease of this.unserved) if (lease.got <= now) totals[lease.outcome] += 1;
    totals["closed while in use"] = this.cut.filter((lease) => lease.ended <= now).length;
    // Connections that were in use before the recording began have no lease: the recording only counts them. They are
    // shown at a number that no connection has; if there is none, at that of one that nobody has borrowed so far.
    const shown = new Set(slots.map((slot) => slot.n));
    const last = Math.max(0, ...this.ofConnection.keys());
    const above = Array.from({ length: Math.max(0, recording.limit - last) }, (_, place) => last + 1 + place);
    const free = [...above, ...[...this.ofConnection.keys()].filter((n) => !shown.has(n)).reverse()];
    for (const n of free.slice(0, Math.max(0, inUse - known))) {
      slots.push({ n, is: "in use", who: "borrowed earlier", since: null, where: "", address: "" });
    }
    return {
      now,
      replayed: true,
      pool: recording.kind,
      limit: recording.limit,
      in_use: slots.filter((slot) => slot.is === "in use").length,
      idle: slots.filter((slot) => slot.is === "idle" || slot.is === "closed").length,
      waiting: queue.length,
      waits: recording.waits,
      slots: slots.sort((one, other) => one.n - other.n).slice(0, 100),
      queue: queue.slice(0, 12).map((lease) => ({ who: lease.who, since: lease.asked, where: lease.where, code: lease.code })),
      totals,
      gone: false,
    };
  }

  slot(n, leases, now) {
    // The leases of one connection follow each other; the last that has begun says how it is now.
    const lease = leases.findLast((one) => one.served <= now);
    if (!lease) return null;
    const slot = { n, address: "", who: lease.who, where: lease.where, code: lease.code };
    if (now < lease.got) return { ...slot, is: "opening", since: null };
    const isHeld = now < lease.ended || lease.outcome === "still held";
    if (isHeld) return { ...slot, is: "in use", since: lease.got };
    return { ...slot, is: lease.cut === 1 ? "closed" : "idle" };
  }
}

function lastBefore(samples, now) {
  let [low, high] = [0, samples.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (samples[middle][0] <= now) low = middle + 1;
    else high = middle;
  }
  return samples[low - 1];
}

function time(seconds) {
  return seconds < 1 ? `${(1000 * seconds).toFixed(seconds < 0.1 ? 1 : 0)} ms` : `${seconds.toFixed(2)} s`;
}
