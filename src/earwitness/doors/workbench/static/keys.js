// What each key does. Alt with a letter works while one writes; no key that a browser or a
// screen reader needs is taken, and every one can be changed.

/** @typedef {{name: string, title: string, key: string}} Action */

/** @type {Action[]} */
export const ACTIONS = [
  { name: "play", title: "Play or pause", key: "Alt+KeyK" },
  { name: "back", title: "Back one second", key: "Alt+KeyJ" },
  { name: "loop", title: "Loop the doubtful stretch", key: "Alt+KeyL" },
  { name: "loop_start", title: "The loop begins here", key: "Alt+BracketLeft" },
  { name: "loop_end", title: "The loop ends here", key: "Alt+BracketRight" },
  { name: "slower", title: "Slower", key: "Alt+Comma" },
  { name: "faster", title: "Faster", key: "Alt+Period" },
  { name: "word_before", title: "To the word before", key: "Alt+KeyU" },
  { name: "word_after", title: "To the next word", key: "Alt+KeyI" },
  { name: "treated", title: "Treated or as it is", key: "Alt+KeyO" },
  { name: "mark", title: "Mark the word at the cursor, to teach it", key: "Alt+KeyM" },
  { name: "no_speech", title: "No speech", key: "Alt+KeyN" },
  { name: "unintelligible", title: "Can't tell", key: "Alt+KeyC" },
  { name: "not_addressed", title: "Not for the device", key: "Alt+KeyR" },
  { name: "other_language", title: "Other language", key: "Alt+KeyG" },
  { name: "teach", title: "Teach the first word that is offered", key: "Alt+KeyT" },
  { name: "next", title: "Next clip", key: "Alt+KeyX" },
  { name: "pass", title: "Pass on, without penalty", key: "Alt+KeyP" },
  { name: "undo", title: "Undo the last answer", key: "Alt+KeyZ" },
  { name: "report", title: "I heard something", key: "Alt+Shift+Digit1" },
  { name: "help", title: "These keys", key: "Alt+Slash" },
];

const STORED = "earwitness keys";
const TAKEN = new Set(["Alt+ArrowLeft", "Alt+ArrowRight", "Alt+Home", "Alt+F4", "Alt+KeyD", "Alt+KeyF", "Alt+KeyE",
  "Alt+Tab", "Alt+Space", "Alt+Enter"]);
const SIGNS = /** @type {Record<string, string>} */ ({
  BracketLeft: "[", BracketRight: "]", Comma: ",", Period: ".", Slash: "/", Digit1: "1", Semicolon: ";", Quote: "'",
  Minus: "-", Equal: "=", Backquote: "`", Backslash: "\\",
});

export class Keys {
  constructor() {
    /** @type {Record<string, string>} */
    this._chosen = stored();
  }

  /** @param {string} name Of an action. */
  of(name) {
    return this._chosen[name] ?? ACTIONS.find((action) => action.name === name)?.key ?? "";
  }

  /** @param {KeyboardEvent} event @returns {string | undefined} The action that it is for. */
  action(event) {
    const pressed = combination(event);
    return ACTIONS.find((action) => this.of(action.name) === pressed)?.name;
  }

  /** @param {string} name @param {string} key @returns {string} Why not; empty when it is done. */
  change(name, key) {
    if (!/^(Ctrl\+)?Alt\+/.test(key)) return "A key needs Alt, so that it works while you write.";
    if (TAKEN.has(key)) return "Browsers need this one.";
    const other = ACTIONS.find((action) => action.name !== name && this.of(action.name) === key);
    if (other) return `That is: ${other.title}.`;
    this._chosen[name] = key;
    localStorage.setItem(STORED, JSON.stringify(this._chosen));
    return "";
  }

  reset() {
    this._chosen = {};
    localStorage.removeItem(STORED);
  }

  /** Writes each key beside what it does. @param {ParentNode} place */
  label(place) {
    for (const kbd of /** @type {NodeListOf<HTMLElement>} */ (place.querySelectorAll("kbd[data-key]"))) {
      kbd.textContent = words(this.of(kbd.dataset["key"] ?? ""));
    }
  }
}

/** @returns {Record<string, string>} */
function stored() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORED) ?? "{}");
    return kept && typeof kept === "object" && !Array.isArray(kept) ? kept : {};
  } catch {
    return {};
  }
}

/** By place on the keyboard, so that a layout changes nothing. @param {KeyboardEvent} event */
export function combination(event) {
  const held = [event.ctrlKey && "Ctrl", event.altKey && "Alt", event.shiftKey && "Shift"].filter(Boolean);
  return [...held, event.code].join("+");
}

/** @param {string} key As `combination` gives it. */
export function words(key) {
  return key.split("+").map((part) => SIGNS[part] ?? part.replace(/^(Key|Digit)/, "")).join(" ");
}
