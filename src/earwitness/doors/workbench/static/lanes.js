// Several recordings of one moment, of which one is heard at a time. Switching is scheduled on
// the clock of the sound card, where one fades into the other: there is no gap between them.

const FADE = 0.01; // seconds
const AHEAD = 0.03; // seconds from asking to sounding
const PATIENCE = 2000; // ms until a browser that gives no sound is taken at its word

/**
 * @typedef {object} Lane
 * @property {string} name
 * @property {AudioBuffer} buffer
 * @property {number} gain Linear; at most 1.
 * @property {(moment: number) => number} at A moment of the first lane, in this one's own seconds.
 * @property {string} playback Under which it is on record that it was heard.
 */
/** @typedef {{source: AudioBufferSourceNode, gain: GainNode}} Sounding */

export class Lanes extends EventTarget {
  constructor() {
    super();
    /** @type {(Lane | null)[]} */
    this.all = [];
    this.active = 0;
    this.playing = false;
    /** @type {{start: number, end: number} | null} Repeated while it is there. */
    this.loop = null;
    /** @type {Map<string, number>} Seconds that were heard, by playback. */
    this.heard = new Map();
    this._position = 0;
    this._since = 0;
    this._counted = 0;
    /** @type {Sounding | null} */
    this._sounding = null;
    /** @type {AudioContext | undefined} Made by the first gesture: browsers allow none before. */
    this._context = undefined;
  }

  /** Of the first lane, in seconds. */
  get seconds() {
    return this.all[0]?.buffer.duration ?? 0;
  }

  /** @param {number} place @param {Lane | null} lane */
  set(place, lane) {
    while (this.all.length <= place) this.all.push(null);
    this.all[place] = lane;
    if (place === this.active && this.playing) this._begin(this.time() + AHEAD);
    this._changed();
  }

  /** @param {number} place */
  choose(place) {
    if (!this.all[place] || place === this.active) return;
    this._count();
    this.active = place;
    if (this.playing) this._begin(this.time() + AHEAD); // the old one sounds until then
    this._changed();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (!this.all[this.active]) return;
    this._context ??= new AudioContext({ latencyHint: "interactive" });
    this._context.resume().catch(() => undefined);
    setTimeout(() => this._expectSound(), PATIENCE);
    const from = this._position >= this.seconds - 0.02 ? 0 : this._position;
    this.playing = true;
    this._begin(this.loop && (from < this.loop.start || from >= this.loop.end) ? this.loop.start : from);
    this._watch();
    this._changed();
  }

  /** Without an output, or where it is not allowed, the clock of the sound stands still. */
  _expectSound() {
    if (!this.playing || this._context?.state === "running") return;
    this.pause();
    this.dispatchEvent(new Event("silent"));
  }

  pause() {
    if (!this.playing) return;
    this._count();
    this._position = this.time();
    this.playing = false;
    this._end(this._context?.currentTime ?? 0);
    this._changed();
    this.dispatchEvent(new Event("paused"));
  }

  /** @param {number} moment */
  seek(moment) {
    const to = Math.max(0, Math.min(moment, this.seconds));
    if (this.playing) {
      this._count();
      this._begin(to);
    } else this._position = to;
    this.dispatchEvent(new Event("tick"));
  }

  /** Where the first lane is. */
  time() {
    if (!this.playing || !this._context) return this._position;
    return this._position + Math.max(0, this._context.currentTime - this._since);
  }

  /** The active lane from here on; whatever sounds fades out meanwhile. @param {number} moment */
  _begin(moment) {
    const context = this._context;
    const lane = this.all[this.active];
    if (!context || !lane) return;
    const when = context.currentTime + AHEAD;
    this._end(when);
    const own = lane.at(moment);
    const source = new AudioBufferSourceNode(context, { buffer: lane.buffer });
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setValueAtTime(0, when);
    gain.gain.linearRampToValueAtTime(lane.gain, when + FADE);
    source.connect(gain).connect(context.destination);
    if (own < lane.buffer.duration) source.start(when + Math.max(0, -own), Math.max(0, own));
    this._sounding = { source, gain };
    this._position = moment;
    this._since = when;
    this._counted = when;
  }

  /** @param {number} when */
  _end(when) {
    if (!this._sounding) return;
    const { source, gain } = this._sounding;
    this._sounding = null;
    gain.gain.cancelScheduledValues(when);
    gain.gain.setValueAtTime(gain.gain.value, when);
    gain.gain.linearRampToValueAtTime(0, when + FADE);
    try {
      source.stop(when + FADE);
    } catch {
      // it never began: the lane ends before this moment
    }
  }

  _watch() {
    if (!this.playing) return;
    const now = this.time();
    if (this.loop && now >= this.loop.end) this.seek(this.loop.start);
    else if (now >= this.seconds) {
      this.pause();
      this._position = this.seconds;
    }
    this.dispatchEvent(new Event("tick"));
    requestAnimationFrame(() => this._watch());
  }

  _count() {
    const lane = this.all[this.active];
    const now = this._context?.currentTime ?? 0;
    const from = this._counted;
    this._counted = now;
    if (!lane?.playback || !this.playing || now <= from) return;
    this.heard.set(lane.playback, (this.heard.get(lane.playback) ?? 0) + now - from);
  }

  _changed() {
    this.dispatchEvent(new Event("changed"));
  }
}
