// One clip that can be seen and heard: a media element, what stands between it and the ear,
// and the picture. There is one player a page; clips come and go.

import Regions from "wavesurfer/regions";
import Spectrogram from "wavesurfer/spectrogram";
import Timeline from "wavesurfer/timeline";
import WaveSurfer from "wavesurfer";

const RATE = 16000;
const SLOWEST = 0.5;
const FASTEST = 2;
const LEAST_LOOP = 0.1; // seconds
const DARK = matchMedia("(prefers-color-scheme: dark)");
const LEAD = 0.15; // seconds before a word, so that its first sound is heard

/** @typedef {{start: number, end: number}} Span In seconds. */
/** @typedef {{highpass: number, lowpass: number, gain: number}} Treatment In Hz and dB. */

export class Player extends EventTarget {
  /** @param {string} nonce Of the page, for the styles of the picture. */
  constructor(nonce) {
    super();
    this.place = document.createElement("div");
    this.place.className = "picture";
    this.media = new Audio();
    this.media.preservesPitch = true;
    this.loops = false;
    this.treated = false;
    /** @type {Treatment} */
    this.treatment = { highpass: 150, lowpass: 4000, gain: 6 };
    /** @type {number[]} When words begin, in seconds. */
    this.words = [];
    /** @type {Span | null} */
    this.span = null;
    /** Seconds that were heard of this clip, repeats included. */
    this.heard = 0;
    this._counted = 0;
    this._url = "";
    this._regions = Regions.create();
    this._picture = WaveSurfer.create({
      container: this.place,
      media: this.media,
      sampleRate: RATE,
      height: 72,
      ...colours(),
      cspNonce: nonce,
      plugins: [
        this._regions,
        Timeline.create({ height: 16, timeInterval: 0.5, primaryLabelInterval: 1, formatTimeCallback: (at) => at.toFixed(0) }),
      ],
    });
    this._spectrogram = this._picture.registerPlugin(spectrogram());
    DARK.addEventListener("change", () => this._repaint());
    this._regions.enableDragSelection({ id: "loop", color: "var(--doubt-wash)" });
    this._regions.on("region-created", (region) => {
      if (region.id !== "loop") return;
      this.span = { start: region.start, end: region.end };
      for (const other of this._regions.getRegions()) {
        if (other.id === "loop" && other !== region) other.remove();
      }
    });
    this._regions.on("region-updated", (region) => {
      this.span = { start: region.start, end: region.end };
      this._changed();
    });
    this._picture.on("timeupdate", (at) => this._tick(at));
    for (const name of ["play", "pause", "ended", "ratechange"]) {
      this.media.addEventListener(name, () => this._changed());
    }
    this.media.addEventListener("playing", () => this.dispatchEvent(new Event("sounds")));
    this._count = () => this._counting();
    this.media.addEventListener("timeupdate", this._count);
  }

  /**
   * Takes another clip; what was there before is let go.
   * @param {Blob} sound
   * @param {Span[]} doubts @param {number[]} words
   */
  async load(sound, doubts, words) {
    this.pause();
    this.words = words;
    this.span = doubts[0] ?? null;
    this.loops = false;
    this.heard = this._counted = 0;
    if (this._url) URL.revokeObjectURL(this._url);
    this._url = URL.createObjectURL(sound);
    this._regions.clearRegions();
    const speed = this.media.playbackRate;
    this.media.src = this._url;
    this.media.playbackRate = this.media.defaultPlaybackRate = speed;
    this._changed();
    await this._picture.load(this._url).catch(() => undefined); // another came meanwhile
    this._mark(doubts);
  }

  /** Plays, or says why the browser does not let it. @returns {Promise<boolean>} */
  async play() {
    this._resume();
    try {
      await this.media.play();
      return true;
    } catch {
      return false;
    }
  }

  pause() {
    this.media.pause();
  }

  toggle() {
    if (this.media.paused) return this.play();
    this.pause();
    return Promise.resolve(true);
  }

  /** @param {number} seconds */
  back(seconds) {
    this._seek(this.media.currentTime - seconds);
  }

  /** On: from the start of the stretch, again and again. */
  toggleLoop() {
    this.loops = !this.loops;
    if (this.loops) {
      this.span ??= { start: 0, end: this.media.duration || 0 };
      this._show(this.span);
      this._seek(this.span.start);
      this.play();
    }
    this._changed();
  }

  /** The stretch that is looped begins, or ends, where the clip is now. @param {"start" | "end"} edge */
  setLoop(edge) {
    const at = this.media.currentTime;
    const span = this.span ?? { start: 0, end: this.media.duration || 0 };
    const set = { ...span, [edge]: at };
    if (set.end - set.start < LEAST_LOOP) return;
    this.span = set;
    this._show(set);
    this._changed();
  }

  /** @param {number} step */
  speed(step) {
    const rate = Math.round((this.media.playbackRate + step) * 10) / 10;
    this.media.playbackRate = Math.min(FASTEST, Math.max(SLOWEST, rate));
    this.media.defaultPlaybackRate = this.media.playbackRate;
  }

  /** To the word before, or after, where the clip is. @param {1 | -1} direction */
  word(direction) {
    const at = this.media.currentTime;
    const starts = this.words.map((start) => Math.max(0, start - LEAD));
    const next = direction > 0
      ? starts.find((start) => start > at + 0.01)
      : starts.findLast((start) => start < at - 0.3);
    if (next !== undefined) this._seek(next);
  }

  /** Between the clip as it is and the treated one. */
  toggleTreated() {
    this.treated = !this.treated;
    this._wire();
    this._resume();
    this._connect();
    this._changed();
  }

  /** @param {Partial<Treatment>} change */
  treat(change) {
    Object.assign(this.treatment, change);
    this._tune();
  }

  /** What the machine heard, where it heard it. @param {[number, string][]} words */
  label(words) {
    for (const region of this._regions.getRegions()) if (region.id.startsWith("word")) region.remove();
    words.forEach(([start, text], number) => {
      const content = document.createElement("span");
      content.textContent = text;
      content.style.cssText = `font-size: .75rem; padding: 0 .2rem; color: var(--ink); background: var(--panel)`;
      this._regions.addRegion({ id: `word ${number}`, start, content, drag: false, resize: false, color: "var(--tick)" });
    });
  }

  _changed() {
    this.dispatchEvent(new Event("changed"));
  }

  /** Light became dark, or dark light: what is on a canvas is drawn anew. */
  _repaint() {
    this._spectrogram.destroy();
    this._spectrogram = this._picture.registerPlugin(spectrogram());
    this._picture.setOptions(colours());
  }

  /** @param {number} at */
  _tick(at) {
    if (this.loops && this.span && !this.media.paused && at >= this.span.end) this._seek(this.span.start);
    this.dispatchEvent(new Event("tick"));
  }

  _counting() {
    const step = this.media.currentTime - this._counted;
    if (step > 0 && step < 1) this.heard += step;
    this._counted = this.media.currentTime;
  }

  /** @param {number} at In seconds. */
  _seek(at) {
    this.media.currentTime = Math.max(0, Math.min(at, this.media.duration || 0));
    this._counted = this.media.currentTime;
  }

  /** @param {Span[]} doubts */
  _mark(doubts) {
    for (const [number, start] of this.words.entries()) {
      this._regions.addRegion({ id: `word ${number}`, start, drag: false, resize: false, color: "var(--tick)" });
    }
    doubts.forEach((span, number) => this._regions.addRegion({
      ...span, id: number ? undefined : "loop", drag: !number, resize: !number, color: "var(--doubt-wash)",
    }));
  }

  /** @param {Span} span */
  _show(span) {
    const shown = this._regions.getRegions().find((region) => region.id === "loop");
    if (shown) shown.setOptions(span);
    else this._regions.addRegion({ ...span, id: "loop", color: "var(--doubt-wash)" });
  }

  /** Not waited for: where nothing may sound yet, the browser never answers. */
  _resume() {
    this._context?.resume().catch(() => undefined);
  }

  /** Only what is treated goes through the context: the clip as it is needs none to be heard. */
  _wire() {
    if (this._context) return;
    const context = (this._context = new AudioContext({ latencyHint: "interactive" }));
    this._source = context.createMediaElementSource(this.media);
    this._highpass = new BiquadFilterNode(context, { type: "highpass" });
    this._lowpass = new BiquadFilterNode(context, { type: "lowpass" });
    this._gain = new GainNode(context);
    this._limiter = new DynamicsCompressorNode(context, { threshold: -12, ratio: 20, attack: 0.001, knee: 3 });
    this._highpass.connect(this._lowpass).connect(this._gain).connect(this._limiter).connect(context.destination);
    this._tune();
    this._connect();
  }

  _tune() {
    if (!this._highpass || !this._lowpass || !this._gain) return;
    this._highpass.frequency.value = this.treatment.highpass;
    this._lowpass.frequency.value = this.treatment.lowpass;
    this._gain.gain.value = 10 ** (this.treatment.gain / 20);
  }

  _connect() {
    if (!this._context || !this._source || !this._highpass) return;
    this._source.disconnect();
    this._source.connect(this.treated ? this._highpass : this._context.destination);
  }
}

function spectrogram() {
  return Spectrogram.create({
    height: 96, fftSamples: 512, labels: false, scale: "linear", frequencyMax: 8000,
    colorMap: DARK.matches ? "igray" : "gray", useWebWorker: false,
  });
}

function colours() {
  return { waveColor: colour("--wave"), progressColor: colour("--wave-heard"), cursorColor: colour("--ink") };
}

/** As a canvas takes it, for light or dark. @param {string} name Of a custom property of the page. */
function colour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
