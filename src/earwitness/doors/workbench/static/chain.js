// The editor of a chain: steps and their settings, as the server describes them.

/**
 * @typedef {object} Setting
 * @property {"number" | "whole" | "choice" | "stretch"} is
 * @property {any} default @property {string} allowed @property {string} means
 * @property {number} [low] @property {number} [high] @property {string} [unit] @property {string[]} [options]
 */
/**
 * @typedef {object} Kind
 * @property {string} says @property {string} reference @property {boolean} invents
 * @property {string[]} selected Settings that a selection gives: a stretch, a band, or a box.
 * @property {Record<string, Setting>} settings
 */
/** @typedef {{do: string, [setting: string]: any}} Step */
/** @typedef {{chain: 1, stretch: [number, number] | null, steps: Step[]}} Chain */
/** @typedef {import("./selection.js").Box} Box */

const WAIT = 400; // ms after the last change
const UNDER_HALF = 0.9; // of the highest frequency there is

export class ChainEditor extends EventTarget {
  /**
   * @param {HTMLElement} page @param {Record<string, Kind>} kinds @param {number} rate
   * @param {() => Box | null} chosen What is selected in the picture.
   */
  constructor(page, kinds, rate, chosen) {
    super();
    this._kinds = kinds;
    this._rate = rate;
    this._chosen = chosen;
    this._list = /** @type {HTMLOListElement} */ (page.querySelector("[data-steps]"));
    this._select = /** @type {HTMLSelectElement} */ (page.querySelector("[data-kinds-list]"));
    this._stretch = /** @type {HTMLElement} */ (page.querySelector("[data-stretch]"));
    this._timer = 0;
    /** @type {Chain} */
    this.chain = { chain: 1, stretch: null, steps: [] };
    this._select.replaceChildren(...Object.entries(kinds).map(([name, kind]) => {
      const option = element("option", {}, `${name}: ${kind.says}${kind.invents ? " (for listening)" : ""}`);
      option.value = name;
      return option;
    }));
    this._draw();
  }

  /** Whether it changes anything. */
  get isEmpty() {
    return !this.chain.steps.length;
  }

  /** @param {Chain} chain */
  load(chain) {
    this.chain = chain;
    this._draw();
    this._changed(0);
  }

  /** The step that is chosen in the list. */
  add() {
    const name = this._select.value;
    const kind = this._kinds[name];
    if (!kind) return;
    /** @type {Step} */
    const step = { do: name };
    for (const [setting, each] of Object.entries(kind.settings)) step[setting] = this._first(kind, each);
    this.chain.steps.push(step);
    if (kind.selected.length && this._chosen()) this._fill(step, kind);
    this._draw();
    this._changed(0);
    this._focus(this.chain.steps.length - 1, "input, select, button");
  }

  /** A frequency that this recording can hold. @param {Kind} kind @param {Setting} setting */
  _first(kind, setting) {
    const most = (this._rate / 2) * UNDER_HALF;
    return setting.unit === "Hz" && !kind.selected.includes("start") && setting.default > most ? Math.max(setting.low ?? 0, most) : setting.default;
  }

  /** From what is selected, in seconds of the stretch and Hz. @param {Step} step @param {Kind} kind */
  _fill(step, kind) {
    const box = this._chosen();
    if (!box) return false;
    const [start, end] = this._moments(box);
    const whole = kind.selected.includes("start");
    const edges = [box.low, box.high].map((hz) => Math.round(whole ? hz : this._inside(hz, kind)));
    /** @type {Record<string, number | undefined>} */
    const given = { start, end, low_hz: edges[0], high_hz: edges[1] };
    for (const name of kind.selected) step[name] = given[name];
    return true;
  }

  /** A filter takes no frequency at the very edges. @param {number} hz @param {Kind} kind */
  _inside(hz, kind) {
    return Math.min((this._rate / 2) * UNDER_HALF, Math.max(kind.settings["low_hz"]?.low ?? 0, hz));
  }

  /** @param {Box} box @returns {[number, number]} To the millisecond, from where the chain begins. */
  _moments(box) {
    const from = this.chain.stretch?.[0] ?? 0;
    const at = (/** @type {number} */ moment) => Math.round(Math.max(0, moment - from) * 1000) / 1000;
    return [at(box.start), at(box.end)];
  }

  /** @param {number} place @param {-1 | 1} by */
  _move(place, by) {
    const { steps } = this.chain;
    const [moved] = steps.splice(place, 1);
    if (!moved) return;
    steps.splice(place + by, 0, moved);
    this._draw();
    this._changed(0);
    this._focus(place + by, by < 0 ? "[data-up]:enabled, button" : "[data-down]:enabled, button");
  }

  /** @param {number} place @param {string} what */
  _focus(place, what) {
    const found = this._list.children[place]?.querySelector(what);
    if (found instanceof HTMLElement) found.focus();
  }

  /** @param {number} [wait] */
  _changed(wait = WAIT) {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this.dispatchEvent(new Event("changed")), wait);
  }

  // --- what is shown ----------------------------------------------------------------

  _draw() {
    this._list.replaceChildren(...this.chain.steps.map((step, place) => this._step(step, place)));
    const shown = this.chain.stretch;
    const take = button(shown ? "All of it" : "Only what is selected", () => {
      const box = this._chosen();
      const wanted = box && /** @type {[number, number]} */ ([box.start, box.end].map((each) => Math.round(each * 1000) / 1000));
      if (!shown && !wanted) return this._say("Select a stretch in the picture first.");
      this.chain.stretch = shown ? null : wanted;
      this._draw();
      this._changed(0);
    });
    const words = shown ? `On ${shown[0]} to ${shown[1]} s; moments in settings count from there.` : "On all of the clip.";
    this._stretch.replaceChildren(element("span", { className: "number" }, words), " ", take);
  }

  /** @param {string} what */
  _say(what) {
    this.dispatchEvent(new CustomEvent("said", { detail: what }));
  }

  /** @param {Step} step @param {number} place */
  _step(step, place) {
    const kind = this._kinds[step.do];
    const group = element("fieldset", {});
    const name = `${place + 1}. ${step.do}`;
    group.append(element("legend", {}, name));
    if (!kind) return element("li", {}, group);
    const about = element("p", { className: "quiet" }, `${kind.says} `);
    if (kind.invents) about.append(element("span", { className: "doubt" }, "May put in what never was there. "));
    about.append(element("span", { className: "reference" }, kind.reference));
    const fields = Object.entries(kind.settings).map(([each, setting]) => this._field(step, each, setting, name));
    const buttons = element("p", { className: "buttons" });
    if (kind.selected.length) buttons.append(button("Use the selection", () => this._use(() => this._fill(step, kind))));
    const up = button("Up", () => this._move(place, -1), `${name}: up`);
    const down = button("Down", () => this._move(place, 1), `${name}: down`);
    up.dataset["up"] = down.dataset["down"] = "";
    up.disabled = !place;
    down.disabled = place + 1 === this.chain.steps.length;
    buttons.append(up, down, button("Remove", () => {
      this.chain.steps.splice(place, 1);
      this._draw();
      this._changed(0);
      this._focus(Math.min(place, this.chain.steps.length - 1), "button");
    }, `${name}: remove`));
    group.append(about, element("div", { className: "settings" }, ...fields), buttons);
    return element("li", {}, group);
  }

  /** @param {() => boolean} fill */
  _use(fill) {
    if (!fill()) return this._say("Select something in the picture first.");
    this._draw();
    this._changed(0);
  }

  /** @param {Step} step @param {string} name @param {Setting} setting @param {string} of */
  _field(step, name, setting, of) {
    if (setting.is === "stretch") return this._pair(step, name, setting, of);
    const input = setting.is === "choice" ? choices(setting, step[name]) : number(setting, step[name]);
    input.addEventListener("input", () => {
      step[name] = setting.is === "choice" ? input.value : asNumber(input.value);
      this._changed();
    });
    return element("label", {}, label(name, setting), input);
  }

  /** @param {Step} step @param {string} name @param {Setting} setting @param {string} of */
  _pair(step, name, setting, of) {
    const ends = ["from", "to"].map((end, place) => {
      const input = number({ ...setting, low: 0, high: 600 }, step[name][place] ?? "");
      input.setAttribute("aria-label", `${of}: ${name}, ${end}, seconds`);
      return input;
    });
    for (const input of ends) {
      input.addEventListener("input", () => {
        const values = ends.map((each) => each.value.trim());
        step[name] = values.every((each) => !each) ? [] : values.map(asNumber);
        this._changed();
      });
    }
    const use = button("Use the selection", () => this._use(() => {
      const box = this._chosen();
      if (box) step[name] = this._moments(box);
      return Boolean(box);
    }), `${of}: ${name}: use the selection`);
    return element("div", { className: "pair" }, label(name, setting), ...ends, use);
  }
}

/** @param {string} name @param {Setting} setting */
function label(name, setting) {
  const range = setting.is === "choice" ? "" : setting.allowed;
  const words = `${range}${range && ": "}${setting.means}`;
  return element("span", {}, name.replaceAll("_", " "), " ", element("span", { className: "quiet" }, words));
}

/** @param {Setting} setting @param {any} value */
function number(setting, value) {
  const input = element("input", { type: "number", value: String(value ?? ""), step: setting.is === "whole" ? "1" : "any" });
  if (setting.low !== undefined) input.min = String(setting.low);
  if (setting.high !== undefined) input.max = String(setting.high);
  return input;
}

/** @param {Setting} setting @param {string} value */
function choices(setting, value) {
  const options = (setting.options ?? []).map((each) => {
    const option = element("option", { value: each }, each);
    option.selected = each === value;
    return option;
  });
  return element("select", {}, ...options);
}

/** Nothing, or no number, is left for the server to refuse in words. @param {string} text */
function asNumber(text) {
  return text.trim() === "" || !Number.isFinite(Number(text)) ? null : Number(text);
}

/** @param {string} text @param {() => void} does @param {string} [named] */
function button(text, does, named = "") {
  const made = element("button", { type: "button" }, text);
  if (named) made.setAttribute("aria-label", named);
  made.addEventListener("click", does);
  return made;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name @param {Partial<HTMLElementTagNameMap[K]>} properties @param {(Node | string)[]} inside
 */
export function element(name, properties, ...inside) {
  const made = document.createElement(name);
  Object.assign(made, properties);
  made.append(...inside);
  return made;
}
