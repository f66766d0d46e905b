// Other recordings of the same moment: aligned by the server, played in step.

import { element } from "./chain.js";
import { fetched, refusal } from "./fetching.js";
import { TREATED } from "./treatment.js";

/** @typedef {{offset: number, drift_ppm: number, breaks: [number, number][], seconds: number}} Timing */
/** @typedef {{start: number, seconds: number, path: string}} Shown Where on the clip's time line. */

export class Vantages extends EventTarget {
  /** @param {HTMLElement} page @param {import("./lanes.js").Lanes} lanes @param {string} at @param {string} csrf @param {number} rate */
  constructor(page, lanes, at, csrf, rate) {
    super();
    this._lanes = lanes;
    this._at = at;
    this._csrf = csrf;
    this._rate = rate;
    /** @type {Map<number, Shown>} By the place of the lane. */
    this.shown = new Map();
    this._page = page;
    this._own = Math.random().toString(36).slice(2);
    this._cancel = /** @type {HTMLButtonElement | null} */ (page.querySelector("[data-cancel]"));
    /** @type {AbortController | null} */
    this._asking = null;
    this._cancel?.addEventListener("click", () => {
      this._asking?.abort();
      this._ask("/align/cancel", []).catch(() => undefined); // or it works on for nobody
    });
    this._list = /** @type {HTMLOListElement | null} */ (page.querySelector("[data-lanes]"));
    this._form = /** @type {HTMLFormElement | null} */ (page.querySelector("[data-align]"));
    this._form?.addEventListener("submit", (event) => {
      event.preventDefault();
      this._align();
    });
    this._list?.addEventListener("click", (event) => {
      const pressed = event.target instanceof Element ? event.target.closest("[data-vantage]") : null;
      if (pressed) this.choose(Number(pressed.getAttribute("data-vantage")));
    });
  }

  /** @param {number} number From 1: this clip; the others follow. */
  choose(number) {
    this._lanes.choose(number === 1 ? 0 : number);
  }

  /** Which of them is heard. */
  mark() {
    for (const button of this._list?.querySelectorAll("[data-vantage]") ?? []) {
      const number = Number(button.getAttribute("data-vantage"));
      const is = number === 1 ? this._lanes.active <= TREATED : this._lanes.active === number;
      button.setAttribute("aria-pressed", String(is));
    }
  }

  async _align() {
    const chosen = new FormData(/** @type {HTMLFormElement} */ (this._form)).getAll("others").map(String);
    this._told("");
    this._say("Aligning…");
    this._cancellable(true);
    const asking = new AbortController();
    this._asking = asking;
    try {
      const answer = await this._ask("/align", chosen, asking.signal);
      this._cancellable(false);
      if (!answer.ok) throw new Error(await refusal(answer));
      await this._take(await answer.text());
    } catch (error) {
      const why = error instanceof Error ? error.message : "They could not be aligned.";
      this._told(asking.signal.aborted ? "The alignment was cancelled." : why);
    }
    this._cancellable(false);
    this._say("");
  }

  /** @param {boolean} is */
  _cancellable(is) {
    if (!this._cancel) return;
    const left = !is && document.activeElement === this._cancel;
    this._cancel.hidden = !is;
    if (left) /** @type {HTMLElement | null} */ (this._form?.querySelector("button"))?.focus();
  }

  /** @param {string} what @param {string[]} chosen @param {AbortSignal | null} signal */
  _ask(what, chosen, signal = null) {
    const body = new URLSearchParams([["page", this._own], ...chosen.map((each) => ["others", each])]);
    const headers = { "HX-Request": "true", "X-CSRF-Token": this._csrf };
    return fetch(`${this._at}${what}`, { method: "POST", headers, body, signal });
  }

  /** @param {string} html */
  async _take(html) {
    const list = this._list;
    if (!list) return;
    const rows = [...new DOMParser().parseFromString(`<ol>${html}</ol>`, "text/html").querySelectorAll("li")];
    list.replaceChildren(.../** @type {Element[]} */ ([list.firstElementChild]), ...rows.map((row) => document.importNode(row, true)));
    list.hidden = false;
    this._lanes.choose(0);
    for (const place of this.shown.keys()) this._lanes.set(place, null);
    this.shown.clear();
    for (const [place, row] of [.../** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("[data-timing]"))].entries()) {
      const timing = row.dataset["timing"];
      if (timing) await this._load(place + 2, row, JSON.parse(timing));
    }
    this._name(rows.map((row) => row.dataset["subject"]).filter((each) => each !== undefined));
    this.dispatchEvent(new Event("changed"));
  }

  /** In the forms of findings: they name these recordings, too. @param {string[]} others */
  _name(others) {
    for (const place of this._page.querySelectorAll("[data-beside]")) {
      place.replaceChildren(...others.map((value) => element("input", { type: "hidden", name: "beside", value })));
    }
  }

  /** @param {number} place @param {HTMLElement} row @param {Timing} timing */
  async _load(place, row, timing) {
    const other = row.dataset["subject"] ?? "";
    const path = `${this._at}/beside/${other}`;
    const strip = row.querySelector("[data-strip]");
    if (strip instanceof HTMLElement) laid(strip, -timing.offset, timing.seconds, this._lanes.seconds);
    const got = await fetched(`${path}/sound`, this._rate);
    this._lanes.set(place, { name: other, gain: 1, at: (moment) => inOther(moment, timing), ...got });
    this.shown.set(place, { start: -timing.offset, seconds: timing.seconds, path });
  }

  /** @param {string} what */
  _told(what) {
    const place = /** @type {HTMLElement} */ (this._page.querySelector("[data-not-aligned]"));
    place.hidden = !what;
    place.textContent = what;
  }

  /** @param {string} what */
  _say(what) {
    const place = this._page.querySelector("[data-aligning]");
    if (place) place.textContent = what;
  }
}

/**
 * A picture where it lies on the time line of the clip; what is outside of that is not seen.
 * @param {HTMLElement} picture @param {number} start @param {number} length @param {number} whole In seconds.
 */
export function laid(picture, start, length, whole) {
  picture.style.marginLeft = `${(100 * start) / whole}%`;
  picture.style.width = `${(100 * length) / whole}%`;
}

/** As `sound/align.py` has it: a moment of the clip, in the other one's seconds. @param {number} moment @param {Timing} timing */
export function inOther(moment, timing) {
  const jumped = timing.breaks.reduce((sum, [at, jump]) => (at <= moment ? sum + jump : sum), 0);
  return moment * (1 + timing.drift_ppm * 1e-6) + timing.offset + jumped;
}
