// The sliders of the calculator. Python works out the answer; this moves the sliders and shows what it says.

const STEPS = 200;
const DARK = '[data-jp-theme-light="false"], .vscode-dark, .vscode-high-contrast:not(.vscode-high-contrast-light)';
const PAUSE = 600; // ms without a change, after which a screen reader is told the answer

// What a slider stops at, from least to most in equal steps of the logarithm: round numbers, each of them once.
function stopsOf({ least, most, whole }) {
  const round = (value) => (whole && value < 10 ? Math.round(value) : Number(value.toPrecision(2)));
  const stops = Array.from({ length: STEPS + 1 }, (_, step) => round(least * (most / least) ** (step / STEPS)));
  return [...new Set(stops)];
}

// A label, a slider, and a field for who would rather type. `changed` is called with each new value.
function makeControl(control, id, changed) {
  const label = document.createElement("label");
  label.textContent = control.label;
  label.htmlFor = id;

  const stops = stopsOf(control);
  const slider = document.createElement("input");
  Object.assign(slider, { id, type: "range", min: 0, max: stops.length - 1, step: 1 });
  slider.addEventListener("input", () => changed(stops[slider.value]));

  const field = document.createElement("input");
  Object.assign(field, { type: "number", min: 0, step: control.whole ? 1 : "any" });
  field.setAttribute("aria-label", `${control.label}, as a number`);
  field.addEventListener("change", () => changed(field.value === "" ? null : Number(field.value)));

  const show = (value) => {
    if (value === null) return; // An emptied field: Python says what to give.
    slider.value = stops.filter((stop) => stop <= value).length - 1;
    slider.setAttribute("aria-valuetext", String(value));
    field.value = value;
  };
  return { elements: [label, slider, field], show };
}

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "pool-calculator";
  const form = document.createElement("div");
  form.className = "controls";
  const answer = document.createElement("p");
  answer.className = "answer";
  const spoken = document.createElement("p");
  spoken.className = "spoken";
  spoken.setAttribute("role", "status");
  const picture = document.createElement("img");
  root.append(form, answer, picture, spoken);

  // A notebook may show the same calculator twice: each view has ids of its own.
  const prefix = `calculator-${Math.random().toString(36).slice(2)}`;
  const controls = model.get("controls").map((control) => {
    const made = makeControl(control, `${prefix}-${control.name}`, (value) => {
      model.set("values", { ...model.get("values"), [control.name]: value });
      model.save_changes();
    });
    form.append(...made.elements);
    return { ...made, name: control.name };
  });

  const showValues = () => {
    const values = model.get("values");
    controls.forEach(({ name, show }) => show(values[name]));
  };
  let pause;
  const showAnswer = () => {
    answer.textContent = model.get("words");
    answer.dataset.fits = model.get("fits");
    picture.src = model.get("picture");
    picture.alt = model.get("picture_words");
    clearTimeout(pause);
    pause = setTimeout(() => (spoken.textContent = model.get("words")), PAUSE);
  };
  model.on("change:values", showValues);
  model.on("change:words change:fits change:picture", showAnswer);
  showValues();
  showAnswer();
  el.append(root);

  const tellTheme = () => {
    const dark = document.body.matches(DARK);
    if (dark === model.get("dark")) return;
    model.set("dark", dark);
    model.save_changes();
  };
  const theme = new MutationObserver(tellTheme);
  theme.observe(document.body, { attributes: true, attributeFilter: ["class", "data-jp-theme-light"] });
  tellTheme();

  // JupyterLab listens on the document. It would take these keys to move between cells, Enter, which ends the typing of
  // a number, to edit the cell, and a digit that is typed while a slider has the focus to make the cell a heading.
  const ours = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown", "Enter"];
  const keepKeys = (event) => {
    const isCommand = event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter");
    const isOurs = event.key.length === 1 || ours.includes(event.key);
    if (isOurs && !isCommand && form.contains(event.target)) event.stopPropagation();
  };
  window.addEventListener("keydown", keepKeys, true);

  return () => {
    clearTimeout(pause);
    theme.disconnect();
    window.removeEventListener("keydown", keepKeys, true);
    model.off("change:values", showValues);
    model.off("change:words change:fits change:picture", showAnswer);
  };
}

export default { render };
