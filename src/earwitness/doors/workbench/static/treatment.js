// The treated version beside the original: made by the server, as loud, one key apart.

import { post } from "./desk.js";
import { fetched, refusal } from "./fetching.js";

/**
 * @typedef {object} Treated
 * @property {string} key @property {number} seconds @property {number} of @property {[number, number] | null} stretch
 * @property {string[]} notes @property {string} for_listening @property {number} softer_db
 */
/** @typedef {import("./lanes.js").Lanes} Lanes */

export const ORIGINAL = 0;
export const TREATED = 1;

export class Treatment extends EventTarget {
  /** @param {Lanes} lanes @param {string} at @param {string} csrf @param {number} rate */
  constructor(lanes, at, csrf, rate) {
    super();
    /** @type {Treated | null} */
    this.made = null;
    this.original = { turnedDown: 0 };
    this._lanes = lanes;
    this._at = at;
    this._csrf = csrf;
    this._rate = rate;
    this._asked = 0;
    this._page = Math.random().toString(36).slice(2);
  }

  /** Nothing is treated any more. */
  clear() {
    this._asked += 1;
    this.made = null;
    if (this._lanes.active === TREATED) this._lanes.choose(ORIGINAL);
    this._lanes.set(TREATED, null);
    this.dispatchEvent(new Event("changed"));
  }

  /** What the server refuses is thrown in its words; what is late is nothing. @param {string} chain */
  async ask(chain) {
    const mine = ++this._asked;
    const answer = await post(`${this._at}/treat`, this._csrf, { chain, page: this._page });
    if (mine !== this._asked || answer.status === 409) return;
    if (!answer.ok) throw new Error(await refusal(answer));
    this.made = /** @type {Treated} */ (await answer.json());
    if (this._lanes.active === TREATED) await this._load();
    else this._lanes.set(TREATED, null);
    this.dispatchEvent(new Event("changed"));
  }

  /** From the one to the other. */
  async toggle() {
    if (!this.made) return;
    if (this._lanes.active === TREATED) return this._lanes.choose(ORIGINAL);
    if (!this._lanes.all[TREATED]) await this._load();
    this._lanes.choose(TREATED);
  }

  /** Its sound, for who listens to it: each time is on record. */
  async _load() {
    const made = this.made;
    if (!made) return;
    const got = await fetched(`${this._at}/treated/${made.key}`, this._rate);
    if (made !== this.made) return;
    const [from, to] = made.stretch ?? [0, made.of];
    const pace = made.seconds / Math.min(made.of, to - from);
    const [softer, louder] = gains(this.original.turnedDown, got.turnedDown, made.softer_db);
    const first = this._lanes.all[ORIGINAL];
    if (first && first.gain !== softer) this._lanes.set(ORIGINAL, { ...first, gain: softer });
    this._lanes.set(TREATED, { name: "treated", gain: louder, at: (moment) => (moment - from) * pace, ...got });
  }
}

/**
 * Factors for the original and for the treated version with which both are as loud, and none is
 * raised. Each was turned down by the server, in dB; `softer` is by how much the original has to
 * be lowered besides, since the treated one would have clipped.
 * @param {number} original @param {number} treated @param {number} softer
 */
export function gains(original, treated, softer) {
  const common = Math.min(-original - softer, -treated);
  const factor = (/** @type {number} */ db) => 10 ** (db / 20);
  return /** @type {const} */ ([factor(softer + common + original), factor(common + treated)]);
}
