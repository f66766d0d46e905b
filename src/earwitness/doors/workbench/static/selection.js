// A box in time and frequency: drawn on the picture, moved by arrow keys, written as numbers.

const LEAST = 0.005; // of the picture; less is a click
const STEP = 100; // arrow presses across the picture

/** @typedef {{start: number, end: number, low: number, high: number}} Box In seconds and Hz. */
/** @typedef {"start" | "end" | "low" | "high"} Edge */
/** @type {Edge[]} */
const EDGES = ["start", "end", "low", "high"];

export class Selection extends EventTarget {
  /**
   * @param {HTMLElement} place The picture. @param {HTMLElement} fields With an input an edge.
   * @param {number} seconds @param {number} hertz What the picture spans.
   */
  constructor(place, fields, seconds, hertz) {
    super();
    /** @type {Box | null} */
    this.box = null;
    this._place = place;
    this._seconds = seconds;
    this._hertz = hertz;
    this._shown = /** @type {HTMLElement} */ (place.querySelector("[data-chosen]"));
    this._inputs = EDGES.map((edge) => /** @type {HTMLInputElement} */ (fields.querySelector(`[name="${edge}"]`)));
    place.addEventListener("pointerdown", (event) => this._drag(event));
    place.addEventListener("keydown", (event) => this._key(event));
    for (const input of this._inputs) input.addEventListener("change", () => this._typed());
  }

  /** @param {Box | null} box */
  choose(box) {
    this.box = box && this._within(box);
    this._show();
    this.dispatchEvent(new Event("changed"));
  }

  /** @param {PointerEvent} event */
  _drag(event) {
    if (event.button) return;
    const from = this._at(event);
    let moved = false;
    /** @param {PointerEvent} later */
    const move = (later) => {
      const to = this._at(later);
      moved ||= Math.abs(to.x - from.x) > LEAST || Math.abs(to.y - from.y) > LEAST;
      if (moved) this.choose(this._between(from, to));
    };
    const up = () => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", up);
      removeEventListener("pointercancel", up);
      if (!moved) this.dispatchEvent(new CustomEvent("moment", { detail: from.x * this._seconds }));
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", up);
    addEventListener("pointercancel", up);
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    const across = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const up = { ArrowDown: -1, ArrowUp: 1 }[event.key];
    if ((!across && !up) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const box = this.box ?? { start: 0, end: this._seconds / 4, low: 0, high: this._hertz };
    const time = ((across ?? 0) * this._seconds) / STEP;
    const hertz = ((up ?? 0) * this._hertz) / STEP;
    const held = event.shiftKey;
    if (!this.box) return this.choose(box);
    const moves = held || this._fits(box, time, hertz);
    if (moves) {
      this.choose({
        start: box.start + (held ? 0 : time), end: box.end + time, low: box.low + (held ? 0 : hertz), high: box.high + hertz,
      });
    }
  }

  /** @param {Box} box @param {number} time @param {number} hertz */
  _fits(box, time, hertz) {
    return box.start + time > -1e-9 && box.end + time < this._seconds + 1e-9
      && box.low + hertz > -1e-9 && box.high + hertz < this._hertz + 1e-9;
  }

  _typed() {
    const values = this._inputs.map((input) => (input.value.trim() === "" ? NaN : Number(input.value)));
    if (values.every(Number.isNaN)) return this.choose(null);
    const [start, end, low, high] = values.map((value, place) =>
      Number.isNaN(value) ? [0, this._seconds, 0, this._hertz][place] ?? 0 : value);
    this.choose({ start: start ?? 0, end: end ?? 0, low: low ?? 0, high: high ?? 0 });
  }

  /** @param {PointerEvent} event From 0 to 1, from the lower left. */
  _at(event) {
    const { left, top, width, height } = this._place.getBoundingClientRect();
    const share = (/** @type {number} */ value) => Math.min(1, Math.max(0, value));
    return { x: share((event.clientX - left) / width), y: share(1 - (event.clientY - top) / height) };
  }

  /** @param {{x: number, y: number}} one @param {{x: number, y: number}} other @returns {Box} */
  _between(one, other) {
    return {
      start: Math.min(one.x, other.x) * this._seconds, end: Math.max(one.x, other.x) * this._seconds,
      low: Math.min(one.y, other.y) * this._hertz, high: Math.max(one.y, other.y) * this._hertz,
    };
  }

  /** In its order, and inside of the picture; null where nothing is left. @param {Box} box @returns {Box | null} */
  _within(box) {
    const [start, end] = ordered(box.start, box.end, this._seconds);
    const [low, high] = ordered(box.low, box.high, this._hertz);
    return start < end && low < high ? { start, end, low, high } : null;
  }

  _show() {
    const box = this.box;
    this._shown.hidden = !box;
    EDGES.forEach((edge, place) => {
      const input = this._inputs[place];
      if (input) input.value = box ? String(rounded(box[edge], edge)) : "";
    });
    if (!box) return;
    const percent = (/** @type {number} */ part, /** @type {number} */ whole) => `${(100 * part) / whole}%`;
    Object.assign(this._shown.style, {
      left: percent(box.start, this._seconds), width: percent(box.end - box.start, this._seconds),
      bottom: percent(box.low, this._hertz), height: percent(box.high - box.low, this._hertz),
    });
  }
}

/** @param {number} one @param {number} other @param {number} most @returns {[number, number]} */
function ordered(one, other, most) {
  const held = [one, other].map((value) => Math.min(most, Math.max(0, value))).sort((a, b) => a - b);
  return [held[0] ?? 0, held[1] ?? 0];
}

/** @param {number} value @param {Edge} edge To the millisecond, and the Hz. */
function rounded(value, edge) {
  return edge === "low" || edge === "high" ? Math.round(value) : Math.round(value * 1000) / 1000;
}
