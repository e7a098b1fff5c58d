// The card of one prediction. Python asks the question and holds the choice; this draws them.

// `code` in backticks becomes <code>; everything else is text, and nothing is read as HTML.
function write(element, markdown) {
  const parts = markdown.split("`").map((part, index) => {
    const piece = document.createElement(index % 2 ? "code" : "span");
    piece.textContent = part;
    return piece;
  });
  element.replaceChildren(...parts);
}

function render({ model, el }) {
  const card = document.createElement("fieldset");
  card.className = "prediction";

  const question = document.createElement("legend");
  write(question, model.get("question"));
  card.append(question);

  // A notebook may show the same prediction twice: each view is a group of its own.
  const name = `prediction-${Math.random().toString(36).slice(2)}`;
  const choices = model.get("labels").map((text, index) => {
    const button = document.createElement("input");
    button.type = "radio";
    button.name = name;
    button.addEventListener("change", () => {
      model.set("choice", index);
      // A message of its own: what save_changes() sends waits until the kernel has answered the change before it, and the
      // next cell may be run in the meantime.
      try {
        model.send({ choice: index });
      } catch {
        // The kernel has gone.
      }
    });
    const words = document.createElement("span");
    write(words, text);
    const sign = document.createElement("span");
    sign.className = "prediction-sign";
    const label = document.createElement("label");
    label.append(button, words, sign);
    card.append(label);
    return { button, label, sign };
  });

  const foot = document.createElement("div");
  foot.className = "prediction-foot";
  const said = document.createElement("p");
  said.setAttribute("role", "status"); // a screen reader says it when it changes
  const showCode = document.createElement("button");
  showCode.type = "button";
  foot.append(said, showCode);
  card.append(foot);
  el.append(card);

  const show = () => {
    const [choice, right] = [model.get("choice"), model.get("right")];
    const isRevealed = model.get("revealed") && choice !== null;
    choices.forEach(({ button, label, sign }, index) => {
      button.checked = index === choice;
      const mark = !isRevealed ? "" : index === right ? "right" : index === choice ? "wrong" : "";
      label.className = mark && `prediction-${mark}`;
      sign.textContent = { right: index === choice ? "✔ Right" : "✔ Measured", wrong: "✘ Not this" }[mark] ?? "";
    });
    card.classList.toggle("prediction-is-right", isRevealed && choice === right);
    card.classList.toggle("prediction-is-wrong", isRevealed && choice !== right);
    const next = choice === null ? "Choose an answer, or press Tab and use the arrow keys." : "Now run the next cell.";
    write(said, model.get("reply") || (model.get("revealed") ? "" : next));
  };
  const changes = ["choice", "reply", "right", "revealed"].map((trait) => `change:${trait}`);
  changes.forEach((change) => model.on(change, show));
  show();

  // ---- the notebook around it, where there is one: JupyterLab and Notebook 7

  const cell = () => card.closest(".jp-Cell");
  const nextCell = () => {
    let next = cell()?.nextElementSibling;
    while (next && !next.classList.contains("jp-Cell")) next = next.nextElementSibling;
    return next;
  };

  // The code that asks is no part of the question: it is hidden, and one click shows it.
  const hideCode = (isHidden) => {
    cell()?.classList.toggle("prediction-code-hidden", isHidden);
    showCode.textContent = isHidden ? "Show code" : "Hide code";
    showCode.setAttribute("aria-expanded", String(!isHidden));
  };
  showCode.addEventListener("click", () => hideCode(!cell()?.classList.contains("prediction-code-hidden")));
  const waiting = requestAnimationFrame(() => {
    showCode.hidden = !cell();
    hideCode(true);
  });

  // A notebook makes a cell the active one when it is pressed on.
  const moveOn = () => {
    const prompt = nextCell()?.querySelector(".jp-InputPrompt, .jp-Cell-inputArea");
    for (const type of ["mousedown", "mouseup"]) {
      prompt?.dispatchEvent(new MouseEvent(type, { bubbles: true, cancelable: true, button: 0, view: window }));
    }
  };
  // After a click. Arrow keys choose too, but whoever uses them may still be on the way to another choice.
  let byPointer = false;
  const pressed = () => (byPointer = true);
  const chosen = () => {
    if (byPointer) moveOn();
    byPointer = false;
  };
  card.addEventListener("pointerdown", pressed);
  card.addEventListener("change", chosen);

  // JupyterLab listens on the document. Keys that are meant for the card are caught on their way there.
  const onKey = (event) => {
    const inside = event.target instanceof Element && event.target.type === "radio" && card.contains(event.target);
    byPointer = false;
    if (inside && event.key.startsWith("Arrow")) event.stopPropagation();
    // It would run the question again. Once the next cell is the active one, JupyterLab runs that.
    if (inside && event.key === "Enter" && event.shiftKey) moveOn();
    // The cell was just run, and the next one is active: one Tab leads to the choices.
    const isNext = nextCell()?.classList.contains("jp-mod-active") && !event.target.closest?.(".cm-editor, input, button");
    if (event.key === "Tab" && !event.shiftKey && isNext && model.get("choice") === null && !model.get("revealed")) {
      event.preventDefault();
      event.stopPropagation();
      choices[0].button.focus();
    }
  };
  window.addEventListener("keydown", onKey, true);

  return () => {
    cancelAnimationFrame(waiting);
    cell()?.classList.remove("prediction-code-hidden");
    window.removeEventListener("keydown", onKey, true);
    changes.forEach((change) => model.off(change, show));
  };
}

export default { render };
