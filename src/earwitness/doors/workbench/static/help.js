// The list of keys, where each can be changed.

import { ACTIONS, combination, words } from "./keys.js";

/** @param {import("./keys.js").Keys} keys */
export function showKeys(keys) {
  const dialog = document.createElement("dialog");
  dialog.className = "keys";
  dialog.setAttribute("aria-label", "Keys");
  const note = element("p", "Press a key's button, then the new key. Enter sends what you wrote.");
  note.setAttribute("role", "status");
  const table = document.createElement("table");
  const rows = () => {
    table.replaceChildren(...ACTIONS.map((action) => row(action, keys, note, rows)));
  };
  rows();
  const reset = element("button", "All as they were");
  reset.addEventListener("click", () => { keys.reset(); rows(); });
  const close = element("button", "Close");
  close.addEventListener("click", () => dialog.close());
  const buttons = element("p");
  buttons.className = "buttons";
  buttons.append(close, reset);
  dialog.append(element("h2", "Keys"), note, table, buttons);
  dialog.addEventListener("close", () => { dialog.remove(); keys.label(document); });
  document.body.append(dialog);
  dialog.showModal();
}

/**
 * @param {import("./keys.js").Action} action @param {import("./keys.js").Keys} keys
 * @param {HTMLElement} note @param {() => void} changed
 */
function row(action, keys, note, changed) {
  const line = document.createElement("tr");
  const title = element("th", action.title);
  title.setAttribute("scope", "row");
  const button = element("button", words(keys.of(action.name)));
  button.setAttribute("aria-label", `${action.title}: ${words(keys.of(action.name))}. Change`);
  button.addEventListener("click", () => {
    note.textContent = `The new key for: ${action.title}. Escape leaves it.`;
    button.addEventListener("keydown", take);
  });
  /** @param {KeyboardEvent} event */
  const take = (event) => {
    if (["AltLeft", "AltRight", "ControlLeft", "ControlRight", "ShiftLeft", "ShiftRight"].includes(event.code)) return;
    event.preventDefault();
    event.stopPropagation();
    button.removeEventListener("keydown", take);
    const why = event.code === "Escape" ? "Left as it was." : keys.change(action.name, combination(event));
    note.textContent = why || `${action.title}: ${words(keys.of(action.name))}.`;
    changed();
  };
  const cell = document.createElement("td");
  cell.append(button);
  line.append(title, cell);
  return line;
}

/** @template {keyof HTMLElementTagNameMap} K @param {K} name @param {string} [text] */
function element(name, text = "") {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
