// The radio buttons of one prediction. Python asks the question and holds the choice; this draws them.

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
  const group = document.createElement("fieldset");
  group.className = "prediction";

  const question = document.createElement("legend");
  write(question, model.get("question"));
  group.append(question);

  // A notebook may show the same prediction twice: each view is a group of its own.
  const name = `prediction-${Math.random().toString(36).slice(2)}`;
  const buttons = model.get("labels").map((text, index) => {
    const button = document.createElement("input");
    button.type = "radio";
    button.name = name;
    button.addEventListener("change", () => {
      model.set("choice", index);
      model.save_changes();
    });
    const label = document.createElement("label");
    const words = document.createElement("span");
    write(words, text);
    label.append(button, words);
    group.append(label);
    return button;
  });

  const reply = document.createElement("p");
  reply.setAttribute("role", "status"); // a screen reader says it when it changes
  group.append(reply);

  const showChoice = () => {
    buttons.forEach((button, index) => (button.checked = index === model.get("choice")));
  };
  const showReply = () => write(reply, model.get("reply"));
  model.on("change:choice", showChoice);
  model.on("change:reply", showReply);
  showChoice();
  showReply();
  el.append(group);

  // Arrow keys move between radio buttons. JupyterLab listens on the document and would take them to move
  // between cells, so they are kept from it on their way down. Shift+Enter and all others pass.
  const keepArrows = (event) => {
    if (event.key.startsWith("Arrow") && group.contains(event.target)) event.stopPropagation();
  };
  window.addEventListener("keydown", keepArrows, true);

  return () => {
    window.removeEventListener("keydown", keepArrows, true);
    model.off("change:choice", showChoice);
    model.off("change:reply", showReply);
  };
}

export default { render };
