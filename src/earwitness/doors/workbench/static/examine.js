// The Sound page: the picture, what is selected in it, and the sound itself.

import htmx from "htmx";
import { post, say } from "./desk.js";
import { Keys } from "./keys.js";
import { Lanes } from "./lanes.js";
import { Selection } from "./selection.js";

const page = /** @type {HTMLElement} */ (document.querySelector("#examine"));
const at = page.dataset["at"] ?? "";
const csrf = page.dataset["csrf"] ?? "";
const rate = Number(page.dataset["rate"]);
const seconds = Number(page.dataset["seconds"]);
const keys = new Keys();
const lanes = new Lanes();
const picture = /** @type {HTMLImageElement} */ (page.querySelector("[data-picture]"));
const selection = new Selection(
  /** @type {HTMLElement} */ (page.querySelector("[data-seen]")),
  /** @type {HTMLElement} */ (page.querySelector("[data-selection]")), seconds, rate / 2);

// --- sound ------------------------------------------------------------------------

/**
 * @param {string} path
 * @returns {Promise<{buffer: AudioBuffer, playback: string, turnedDown: number}>}
 */
async function fetched(path) {
  const answer = await fetch(path);
  if (!answer.ok) {
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    throw new Error(found.querySelector("[role=alert]")?.textContent ?? "The sound cannot be fetched.");
  }
  const context = new OfflineAudioContext(1, 1, rate);
  return {
    buffer: await context.decodeAudioData(await answer.arrayBuffer()),
    playback: answer.headers.get("X-Playback") ?? "",
    turnedDown: Number(answer.headers.get("X-Turned-Down") ?? 0),
  };
}

/** @param {unknown} error */
function trouble(error) {
  const place = /** @type {HTMLElement} */ (page.querySelector("[data-trouble]"));
  place.hidden = !error;
  place.textContent = error instanceof Error ? error.message : String(error || "");
}

async function begin() {
  try {
    const original = await fetched(`${at}/sound`);
    lanes.set(0, { name: "original", gain: 1, at: (moment) => moment, ...original });
    if (original.turnedDown > 0.1) say("[data-loudness]", `${original.turnedDown.toFixed(0)} dB softer than it was recorded`);
    page.dataset["ready"] = "";
  } catch (error) {
    trouble(error);
  }
}

// --- what is done -----------------------------------------------------------------

/** @type {Record<string, () => void>} */
const DOES = {
  play: () => lanes.toggle(),
  back: () => lanes.seek(lanes.time() - 1),
  loop: () => {
    const box = selection.box ?? { start: 0, end: lanes.seconds };
    lanes.loop = lanes.loop ? null : { start: box.start, end: box.end };
    if (lanes.loop && !lanes.playing) lanes.play();
    show();
  },
  clear: () => selection.choose(null),
};

page.addEventListener("click", (event) => {
  const name = event.target instanceof Element ? event.target.closest("[data-do]")?.getAttribute("data-do") : null;
  if (name) DOES[name]?.();
});
document.addEventListener("keydown", (event) => {
  const does = DOES[keys.action(event) ?? ""];
  if (!does) return;
  event.preventDefault();
  does();
});
for (const input of page.querySelectorAll('input[name="window"]')) input.addEventListener("change", () => draw());
selection.addEventListener("changed", () => {
  const box = selection.box;
  if (lanes.loop) lanes.loop = { start: box?.start ?? 0, end: box?.end ?? lanes.seconds };
});
selection.addEventListener("moment", (event) => lanes.seek(/** @type {CustomEvent<number>} */ (event).detail));

// --- what is shown ----------------------------------------------------------------

function draw() {
  const window = /** @type {HTMLInputElement | null} */ (page.querySelector('input[name="window"]:checked'))?.value;
  picture.src = `${at}/picture/${window ?? "speech"}`;
}

function show() {
  say("[data-play]", lanes.playing ? "Pause" : "Play");
  page.querySelector('[data-do="play"]')?.setAttribute("aria-pressed", String(lanes.playing));
  page.querySelector('[data-do="loop"]')?.setAttribute("aria-pressed", String(Boolean(lanes.loop)));
  tick();
}

function tick() {
  const now = lanes.time();
  say("[data-clock]", `${now.toFixed(1)} / ${seconds.toFixed(1)} s`);
  const line = page.querySelector("[data-now]");
  if (line instanceof HTMLElement) line.style.left = `${(100 * now) / seconds}%`;
}

/** The event track under the picture. */
function drawTrack() {
  const given = /** @type {HTMLTemplateElement | null} */ (page.querySelector("[data-bars]"))?.content.querySelector("svg");
  const track = page.querySelector("[data-track]");
  if (!given || !(track instanceof SVGSVGElement)) return;
  const box = given.getAttribute("viewBox") ?? "";
  track.setAttribute("viewBox", box);
  track.style.height = `${box.split(" ")[3] ?? 0}px`;
  track.replaceChildren(...given.children);
}

/** How much was heard goes on record. */
function report() {
  for (const [playback, heard] of lanes.heard) {
    post(`/workbench/played/${playback}`, csrf, { seconds: heard.toFixed(2) }).catch(() => undefined);
  }
}

lanes.addEventListener("changed", show);
lanes.addEventListener("tick", tick);
lanes.addEventListener("paused", report);
addEventListener("pagehide", () => { lanes.pause(); report(); });
document.body.addEventListener("htmx:after:swap", drawTrack);
keys.label(document);
htmx.process(page);
begin();
