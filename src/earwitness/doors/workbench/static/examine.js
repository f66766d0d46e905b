// The Sound page: the picture, what is selected in it, the chain, and the sound itself.

import htmx from "htmx";
import { ChainEditor, element } from "./chain.js";
import { post, say } from "./desk.js";
import { fetched } from "./fetching.js";
import { Keys } from "./keys.js";
import { Lanes } from "./lanes.js";
import { Selection } from "./selection.js";
import { ORIGINAL, TREATED, Treatment } from "./treatment.js";
import { laid, Vantages } from "./vantages.js";

const page = /** @type {HTMLElement} */ (document.querySelector("#examine"));
const data = page.dataset;
const at = data["at"] ?? "";
const csrf = data["csrf"] ?? "";
const rate = Number(data["rate"]);
const seconds = Number(data["seconds"]);
const SILENT = "This browser gives no sound: is there an output, and may pages use it?";
const DRAFT = `earwitness chain ${data["account"]} ${data["subject"]}`;

const keys = new Keys();
const lanes = new Lanes();
const picture = /** @type {HTMLImageElement} */ (page.querySelector("[data-picture]"));
const selection = new Selection(
  /** @type {HTMLElement} */ (page.querySelector("[data-seen]")),
  /** @type {HTMLElement} */ (page.querySelector("[data-selection]")), seconds, rate / 2);
const editor = new ChainEditor(page, JSON.parse(data["kinds"] ?? "{}"), rate, () => selection.box);
const treatment = new Treatment(lanes, at, csrf, rate);
const vantages = new Vantages(page, lanes, at, csrf, rate);

/** @param {string} where @param {unknown} error Nothing, or what somebody should read. */
function told(where, error) {
  const place = /** @type {HTMLElement} */ (page.querySelector(where));
  place.hidden = !error;
  place.textContent = error instanceof Error ? error.message : String(error || "");
}

async function begin() {
  try {
    const original = await fetched(`${at}/sound`, rate);
    treatment.original = original;
    lanes.set(ORIGINAL, { name: "original", gain: 1, at: (moment) => moment, ...original });
    if (original.turnedDown > 0.1) say("[data-loudness]", `${original.turnedDown.toFixed(0)} dB softer than it was recorded`);
    page.dataset["ready"] = "";
  } catch (error) {
    told("[data-trouble]", error);
  }
  const kept = data["chain"] || sessionStorage.getItem(DRAFT);
  if (kept) editor.load(JSON.parse(kept));
}

// --- the chain --------------------------------------------------------------------

async function treat() {
  const chain = JSON.stringify(editor.chain);
  sessionStorage.setItem(DRAFT, chain);
  for (const input of document.querySelectorAll("[data-chain]")) {
    if (input instanceof HTMLInputElement) input.value = chain;
  }
  told("[data-refused]", "");
  if (editor.isEmpty) return treatment.clear();
  say("[data-working]", "Working…");
  try {
    await treatment.ask(chain);
  } catch (error) {
    told("[data-refused]", error);
  }
  say("[data-working]", "");
}

function showTreated() {
  const made = treatment.made;
  const button = /** @type {HTMLButtonElement} */ (page.querySelector('[data-do="treated"]'));
  button.disabled = !made;
  told("[data-for-listening]", made?.for_listening ? `For listening. ${made.for_listening}` : "");
  page.querySelector("[data-notes]")?.replaceChildren(...(made?.notes ?? []).map((note) => element("li", {}, note)));
  page.dataset["treated"] = made?.key ?? "";
  htmx.ajax("GET", `${at}/levels${made ? `?treated=${made.key}` : ""}`, { target: "[data-levels]", swap: "innerHTML" });
  draw();
}

async function toggleTreated() {
  told("[data-trouble]", "");
  try {
    await treatment.toggle();
  } catch (error) {
    told("[data-trouble]", error);
    treat(); // the server had forgotten it
  }
}

editor.addEventListener("changed", treat);
editor.addEventListener("said", (event) => told("[data-refused]", /** @type {CustomEvent<string>} */ (event).detail));
treatment.addEventListener("changed", showTreated);

// --- what is done -----------------------------------------------------------------

/** @type {Record<string, () => void>} */
const DOES = {
  play: () => {
    told("[data-trouble]", "");
    lanes.toggle();
  },
  back: () => lanes.seek(lanes.time() - 1),
  loop: () => {
    lanes.loop = lanes.loop ? null : selected();
    if (lanes.loop && !lanes.playing) lanes.play();
    show();
  },
  clear: () => selection.choose(null),
  treated: toggleTreated,
  add: () => editor.add(),
};

/** Where a digit is a digit. @param {EventTarget | null} target */
function isField(target) {
  return target instanceof HTMLInputElement && !["radio", "checkbox"].includes(target.type);
}

function selected() {
  return { start: selection.box?.start ?? 0, end: selection.box?.end ?? lanes.seconds };
}

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
page.querySelector("[data-player]")?.addEventListener("keydown", (event) => {
  if (!(event instanceof KeyboardEvent) || !/^Digit[1-9]$/.test(event.code)) return;
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || isField(event.target)) return;
  vantages.choose(Number(event.code.slice(-1)));
});
for (const input of page.querySelectorAll('input[name="window"]')) input.addEventListener("change", draw);
selection.addEventListener("changed", () => { if (lanes.loop) lanes.loop = selected(); });
selection.addEventListener("moment", (event) => lanes.seek(/** @type {CustomEvent<number>} */ (event).detail));

// --- what is shown ----------------------------------------------------------------

/** The picture of what is heard, where it lies on the clip's time line. */
function draw() {
  const window = /** @type {HTMLInputElement | null} */ (page.querySelector('input[name="window"]:checked'))?.value;
  const made = lanes.active === TREATED ? treatment.made : null;
  const other = vantages.shown.get(lanes.active);
  const wanted = `${other?.path ?? at}/picture/${window ?? "speech"}${made ? `?treated=${made.key}` : ""}`;
  if (picture.getAttribute("src") !== wanted) picture.src = wanted;
  const [from, to] = made?.stretch ?? [0, seconds];
  const start = other?.start ?? from;
  const length = other?.seconds ?? Math.min(to, seconds) - from;
  laid(picture, start, length, seconds);
}

function show() {
  say("[data-play]", lanes.playing ? "Pause" : "Play");
  pressed("play", lanes.playing);
  pressed("loop", Boolean(lanes.loop));
  pressed("treated", lanes.active === TREATED);
  vantages.mark();
  draw();
  tick();
}

/** @param {string} name @param {boolean} is */
function pressed(name, is) {
  page.querySelector(`[data-do="${name}"]`)?.setAttribute("aria-pressed", String(is));
}

function tick() {
  const now = lanes.time();
  say("[data-clock]", `${now.toFixed(1)} / ${seconds.toFixed(1)} s`);
  for (const line of /** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll("[data-now]"))) {
    line.style.left = `${(100 * now) / seconds}%`;
  }
}

/** The event track under the picture. */
function drawTrack() {
  const given = /** @type {HTMLTemplateElement | null} */ (page.querySelector("[data-bars]"))?.content.querySelector("svg");
  const track = page.querySelector("[data-track]");
  if (!given || !(track instanceof SVGSVGElement)) return;
  const box = given.getAttribute("viewBox") ?? "";
  track.setAttribute("viewBox", box);
  track.style.height = `${box.split(" ")[3] ?? 0}px`;
  track.replaceChildren(...given.cloneNode(true).childNodes);
}

/** How much was heard goes on record. */
function report() {
  for (const [playback, heard] of lanes.heard) {
    post(`/workbench/played/${playback}`, csrf, { seconds: heard.toFixed(2) }).catch(() => undefined);
  }
}

vantages.addEventListener("changed", show);
lanes.addEventListener("changed", show);
lanes.addEventListener("tick", tick);
lanes.addEventListener("silent", () => told("[data-trouble]", SILENT));
lanes.addEventListener("paused", report);
addEventListener("pagehide", () => { lanes.pause(); report(); });
document.body.addEventListener("htmx:after:swap", drawTrack);
keys.label(document);
htmx.process(page);
begin();
