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
    try {
      const answer = await this._ask(chosen);
      if (!answer.ok) throw new Error(await refusal(answer));
      await this._take(await answer.text());
    } catch (error) {
      this._told(error instanceof Error ? error.message : "They could not be aligned.");
    }
    this._say("");
  }

  /** @param {string[]} chosen */
  _ask(chosen) {
    const body = new URLSearchParams(chosen.map((each) => ["others", each]));
    const headers = { "HX-Request": "true", "X-CSRF-Token": this._csrf };
    return fetch(`${this._at}/align`, { method: "POST", headers, body });
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
