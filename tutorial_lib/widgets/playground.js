// The sliders and buttons of the playground. Python has the pool and the callers; this says what is to be changed.

const AT_MOST_EVERY = 150; // ms between two messages while a slider is moved

function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function seconds(value) {
  return value && value < 0.0995 ? `${Number((value * 1000).toPrecision(2))} ms` : `${Number(value.toPrecision(2))} s`;
}

// A label, a slider that stops at the given values, and the value in words. `moved` is called with each new value.
function makeSlider({ label, unit, stops }, id, moved) {
  const name = make("label", "", label);
  name.htmlFor = id;
  const slider = document.createElement("input");
  Object.assign(slider, { id, type: "range", min: 0, max: stops.length - 1, step: 1 });
  const said = make("span", "pg-value");
  said.setAttribute("aria-hidden", "true"); // The slider says it.
  const say = (value) => {
    const words = unit ? seconds(value) : String(value);
    write(said, words);
    slider.setAttribute("aria-valuetext", words);
  };
  slider.addEventListener("input", () => {
    say(stops[slider.value]);
    moved(stops[slider.value]);
  });
  const show = (value) => {
    slider.value = stops.reduce((best, stop, at) => (Math.abs(stop - value) < Math.abs(stops[best] - value) ? at : best), 0);
    say(value);
  };
  return { elements: [name, slider, said], slider, show };
}

// What is set reaches Python at once, and then at most every AT_MOST_EVERY ms: each pool that is made is a real one.
function makeSender(model) {
  let waiting = null;
  let pause;
  const send = () => {
    if (waiting) {
      model.set("settings", { ...model.get("settings"), ...waiting });
      model.save_changes();
      waiting = null;
      pause = setTimeout(send, AT_MOST_EVERY);
    } else pause = undefined;
  };
  return {
    change: (name, value) => {
      waiting = { ...waiting, [name]: value };
      if (pause === undefined) send();
    },
    isWaiting: (name) => waiting !== null && name in waiting,
    stop: () => clearTimeout(pause),
  };
}

// What a pool does at its limit: two radio buttons.
function makeChoice(prefix, chosen) {
  const group = make("fieldset", "pg-choice");
  const legend = make("legend", "", "at its limit the pool");
  group.append(legend);
  const buttons = [
    [false, "raises", "ConnectionPool"],
    [true, "waits", "BlockingConnectionPool"],
  ].map(([wait, words, kind]) => {
    const button = document.createElement("input");
    Object.assign(button, { type: "radio", name: `${prefix}-wait` });
    button.addEventListener("change", () => chosen(wait));
    const label = make("label");
    label.append(button, make("span", "", words), make("code", "", kind));
    group.append(label);
    return { wait, button };
  });
  const show = (wait) => buttons.forEach((one) => (one.button.checked = one.wait === wait));
  return { group, show, buttons: buttons.map(({ button }) => button) };
}

const TILES = [
  ["done", "done"],
  ["waited", "had to wait"],
  ["refused", "refused"],
  ["timed_out", "timed out"],
  ["failed", "failed"],
];

function makeCounts() {
  const row = make("div", "pg-counts");
  const numbers = TILES.map(([name, words]) => {
    const tile = make("div", `pg-count pg-${name}`);
    const number = make("span", "pg-number", "0");
    tile.append(number, make("span", "pg-label", words));
    row.append(tile);
    return { name, tile, number };
  });
  const waits = make("p", "pg-waits");
  const error = make("p", "pg-error");
  const show = (counts) => {
    for (const { name, tile, number } of numbers) {
      write(number, (counts[name] ?? 0).toLocaleString("en"));
      tile.classList.toggle("pg-none", !counts[name]);
    }
    write(waits, waitWords(counts.waits));
    write(error, counts.last_error ? `Last error: ${counts.last_error}` : "");
  };
  return { elements: [row, waits, error], show };
}

function waitWords(waits) {
  if (!waits) return "No caller has come in the last 30 s.";
  if (!waits.longest) return "No caller has had to wait in the last 30 s.";
  const [half, most, longest] = [waits.half, waits.most, waits.longest].map(seconds);
  return `Waits of the last 30 s: half of the callers at most ${half}, 95 of 100 at most ${most}, the longest ${longest}.`;
}

// Start and Stop are one button, so that the keyboard's focus stays where it is.
function makeButtons(model) {
  const row = make("div", "pg-buttons");
  const button = (words, says, className = "") => {
    const made = make("button", className, words);
    made.type = "button";
    made.addEventListener("click", () => {
      try {
        model.send({ do: says() });
      } catch {
        // The kernel has gone. The view below says so by itself.
      }
    });
    row.append(made);
    return made;
  };
  const start = button("Start", () => (model.get("running") ? "stop" : "start"), "pg-start");
  const others = [
    button("Reset", () => "reset"),
    button("Close from the server's side", () => "close"),
    button("Go silent for 2 s", () => "silent"),
  ];
  const show = () => {
    write(start, model.get("running") ? "Stop" : "Start");
    for (const one of [start, ...others]) one.disabled = model.get("over");
  };
  return { row, show };
}

// All that can be set. What the learner has set and Python has not yet heard is left as it is.
function makeSettings(model, sender) {
  const grid = make("div", "pg-sliders");
  // A notebook may show the same playground twice: each view has ids of its own.
  const prefix = `playground-${Math.random().toString(36).slice(2)}`;
  const sliders = model.get("sliders").map((one) => {
    const made = makeSlider(one, `${prefix}-${one.name}`, (value) => sender.change(one.name, value));
    const row = make("div", "pg-slider");
    row.append(...made.elements);
    grid.append(row);
    return { ...made, name: one.name, row };
  });
  const timeout = sliders.find(({ name }) => name === "timeout");
  const allow = (wait = model.get("settings").wait) => {
    const over = model.get("over");
    for (const one of [...choice.buttons, ...sliders.map(({ slider }) => slider)]) one.disabled = over;
    timeout.slider.disabled = over || !wait;
    timeout.row.classList.toggle("pg-off", !wait);
  };
  const choice = makeChoice(prefix, (wait) => {
    sender.change("wait", wait);
    allow(wait);
  });
  timeout.row.before(choice.group);
  const show = () => {
    const settings = model.get("settings");
    for (const { name, show } of sliders) if (!sender.isWaiting(name)) show(settings[name]);
    if (sender.isWaiting("wait")) return;
    choice.show(settings.wait);
    allow();
  };
  return { grid, show, allow };
}

// What a caller does, which server this is, and what happened last.
function makeWords(model) {
  const place = make("p", "pg-place", model.get("place"));
  place.hidden = !model.get("place");
  const about = make("details", "pg-about");
  about.append(make("summary", "", "What a caller does"), make("p", "", model.get("about")));
  const note = make("p", "pg-note");
  note.setAttribute("role", "status");
  return { elements: [place, about, note], show: () => write(note, model.get("note")) };
}

// JupyterLab listens on the document. It would take these keys to move between cells, Enter to edit the cell, a letter
// or digit as one of its commands.
function keepKeys(root) {
  const ours = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown", "Enter"];
  const keep = (event) => {
    const isCommand = event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter");
    const isOurs = event.key.length === 1 || ours.includes(event.key);
    if (isOurs && !isCommand && root.contains(event.target)) event.stopPropagation();
  };
  window.addEventListener("keydown", keep, true);
  return () => window.removeEventListener("keydown", keep, true);
}

function render({ model, el }) {
  const root = make("div", "pool-playground");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Playground");
  const sender = makeSender(model);
  const buttons = makeButtons(model);
  const settings = makeSettings(model, sender);
  const counts = makeCounts();
  const words = makeWords(model);
  root.append(buttons.row, settings.grid, ...counts.elements, ...words.elements);
  el.append(root);

  const showState = () => {
    root.classList.toggle("pg-running", model.get("running"));
    buttons.show();
    settings.allow();
    words.show();
  };
  const shows = {
    "change:settings": settings.show,
    "change:running change:over change:note": showState,
    "change:counts": () => counts.show(model.get("counts")),
  };
  for (const [what, show] of Object.entries(shows)) {
    model.on(what, show);
    show();
  }
  const letKeysGo = keepKeys(root);
  return () => {
    sender.stop();
    letKeysGo();
    for (const [what, show] of Object.entries(shows)) model.off(what, show);
  };
}

export default { render };
