// The listening page: one clip, one question, both hands on the keyboard.

import htmx from "htmx";
import { Clip, deskOf, fetchDesk, post, ready, say, shown, SignedOut } from "./desk.js";
import { Drafts } from "./drafts.js";
import { showKeys } from "./help.js";
import { Keys } from "./keys.js";
import { Player } from "./player.js";

const LISTEN = "/workbench/listen";
const HOLD_EVERY = 60_000; // ms
const SEE_FIRST = 400; // ms: a second Enter that was meant for the first does nothing
const KEPT = "saved on this computer";
const GONE = "No connection.";
const ALONE = `${GONE} What you write is kept on this computer; send it when it is back.`;

const keys = new Keys();
const player = new Player(document.querySelector('meta[name="csp-nonce"]')?.getAttribute("content") ?? "");
/** @type {Clip | null} */
let clip = null;
/** @type {Drafts | null} */
let drafts = null;
/** @type {Promise<import("./desk.js").Ready | null> | null} */
let next = null;
/** @type {{utterance: string, text: string} | null} */
let last = null;
let playback = "";
let reported = 0;
let pressedAt = 0;
let pressed = "";
let starting = 0;
let shownAt = 0;
/** @type {Element | null} What the server answered last. */
let answered = null;
let tried = false; // a word of this clip is on trial: what it settles no longer waits
let again = ""; // what was pressed while the answer before it was on its way: sent if that one fails

// --- a clip ---------------------------------------------------------------------

/** @param {HTMLElement} desk @param {import("./desk.js").Ready | null} fetched @param {boolean} plays */
async function begin(desk, fetched, plays) {
  keys.label(document);
  next = null;
  clip = desk.dataset["utterance"] ? new Clip(desk) : null;
  answered = desk.querySelector("#after")?.firstElementChild ?? null;
  if (!clip) return;
  const mine = clip;
  const start = ++starting;
  drafts ??= new Drafts(mine.account);
  desk.querySelector("#waveform")?.replaceChildren(player.place);
  writeDraft(mine);
  shown("[data-announcement]", mine.announced);
  showPlayer();
  try {
    const got = fetched ?? (await ready(desk));
    if (start !== starting) return;
    await take(got, plays && !mine.announced);
  } catch (error) {
    say("[data-loudness]", error instanceof Error ? error.message : "The sound cannot be fetched.");
  }
  if (start === starting) prefetch(mine);
}

/** @param {import("./desk.js").Ready} got @param {boolean} plays */
async function take(got, plays) {
  if (!clip || !got.sound) return;
  report();
  playback = got.playback;
  reported = 0;
  const loaded = player.load(got.sound, clip.doubts, clip.words);
  say("[data-loudness]", got.turnedDown > 0.5 ? `turned down by ${Math.round(got.turnedDown)} dB` : "loudness ok");
  if (plays && !(await player.play())) say("[data-loudness]", "Press play: the browser waits for a key.");
  await loaded;
  clip.desk.dataset["ready"] = "true";
  performance.mark("ready");
}

/** @param {Clip} mine */
function prefetch(mine) {
  const wanted = fetchDesk(`${LISTEN}?besides=${mine.utterance}`);
  next = wanted.then((desk) => ready(desk)).catch(() => null);
}

/** A word is being taught: it may settle what was made ready and is not begun. */
async function letGo() {
  const got = await next;
  next = null;
  const { utterance, token, csrf } = got?.desk.dataset ?? {};
  if (utterance && token) await post(`${LISTEN}/${utterance}/release`, csrf ?? "", { token }).catch(() => undefined);
}

/** The next clip, at once when it is here already. */
async function goOn() {
  report();
  const waiting = next;
  next = null;
  let got = waiting ? await waiting : null;
  try {
    if (!got?.desk.dataset["utterance"]) got = { desk: await fetchDesk(LISTEN), sound: null, playback: "", turnedDown: 0 };
  } catch (error) {
    return failed(error, "The next clip cannot come now.");
  }
  show(got.desk, got.sound ? got : null);
}

/** @param {HTMLElement} desk @param {import("./desk.js").Ready | null} [fetched] */
function show(desk, fetched = null) {
  document.querySelector("#desk")?.replaceWith(desk);
  htmx.process(desk);
  begin(desk, fetched, true);
  field()?.focus();
}

// --- writing --------------------------------------------------------------------

/** @returns {HTMLTextAreaElement | null} */
function field() {
  return document.querySelector("#text");
}

/** @param {Clip} mine */
function writeDraft(mine) {
  const text = field();
  if (!text || !drafts) return;
  const kept = drafts.of(mine.utterance);
  if (kept && !text.value) {
    text.value = kept;
    say("[data-saved]", "what you wrote before is back");
  }
  text.setSelectionRange(text.value.length, text.value.length);
}

function keep() {
  const text = field();
  if (!clip || !drafts || !text || clip.judged) return;
  say("[data-saved]", drafts.keep(clip.utterance, text.value) ? (text.value ? KEPT : "") : "This browser keeps nothing.");
}

/** [Brackets] around the word at the cursor, or away again. */
function mark() {
  const text = field();
  if (!text || text.readOnly) return;
  const before = text.value.slice(0, text.selectionStart).search(/\S*$/);
  const after = text.selectionEnd + text.value.slice(text.selectionEnd).search(/\s|$/);
  const word = text.value.slice(before, after);
  if (!word.trim()) return;
  const bare = word.replace(/[[\]]/g, "");
  const inner = bare.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "");
  text.setRangeText(bare === word ? word.replace(inner, `[${inner}]`) : bare, before, after, "end");
  keep();
}

/** @param {string} verdict */
function answer(verdict) {
  const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-answer]"));
  const button = /** @type {HTMLButtonElement | null} */ (form?.querySelector(`button[value="${verdict}"]`));
  if (!form || !button || !clip || clip.judged) return;
  if (form.classList.contains("htmx-request")) again = verdict;
  else form.requestSubmit(button);
}

/** The machine's text is there now: what was written stays as it is. @param {Element} after */
function judged(after) {
  if (clip && !clip.judged) {
    clip.judged = true;
    shownAt = performance.now();
    clip.desk.dataset["judged"] = "true";
    last = { utterance: clip.utterance, text: field()?.value ?? "" };
    report().then(() => htmx.ajax("GET", "/workbench/day", { target: "[data-status]", swap: "innerHTML" }));
    drafts?.drop(clip.utterance);
    say("[data-saved]", "");
    const form = document.querySelector("form[data-answer]");
    form?.querySelectorAll("button").forEach((button) => { button.disabled = true; });
    const text = field();
    if (text) text.readOnly = true;
  }
  keys.label(after);
  player.label(JSON.parse(after.querySelector("[data-timed]")?.getAttribute("data-timed") ?? "[]"));
  /** @type {HTMLElement | null} */ (after.querySelector("[data-primary]"))?.focus();
}

async function undo() {
  if (!clip && !last) return;
  const { utterance, text } = last ?? { utterance: "", text: "" };
  if (!utterance) return;
  const csrf = clip?.csrf ?? "";
  try {
    const desk = await deskOf(await post(`/workbench/heard/${utterance}/undo`, csrf));
    last = null;
    drafts?.keep(utterance, text);
    show(desk);
  } catch (error) {
    failed(error, "Your answer stands; nothing was undone.");
  }
}

async function pass() {
  if (!clip || clip.judged) return;
  const { utterance, token, csrf } = clip;
  const waiting = next;
  try {
    const desk = await deskOf(await post(`${LISTEN}/${utterance}/pass`, csrf, { token }));
    drafts?.drop(utterance);
    const got = await waiting;
    const same = got && got.desk.dataset["utterance"] === desk.dataset["utterance"];
    show(same ? got.desk : desk, same ? got : null);
  } catch (error) {
    failed(error, "The clip was not passed on.");
  }
}

// --- holding on -----------------------------------------------------------------

async function hold() {
  const held = [clip && !clip.judged ? clip.desk : null, (await next)?.desk ?? null];
  for (const desk of held) {
    const { utterance, token, csrf } = desk?.dataset ?? {};
    if (!utterance || !token) continue;
    try {
      const said = await post(`${LISTEN}/${utterance}/hold`, csrf ?? "", { token });
      reached();
      if (said.status === 401 && desk === clip?.desk) {
        say("[data-saved]", "You are signed out. What you wrote is kept here; sign in again to go on.");
      }
      if (said.status === 409 && desk === clip?.desk) {
        say("[data-saved]", "Your time with this clip is over; somebody else may have it. What you wrote is kept here.");
      }
      if (said.status === 409 && desk !== clip?.desk) next = null;
    } catch {
      alone();
    }
  }
}

/** Says why, as far as it is known; a network that fails is a TypeError.
 * @param {unknown} error @param {string} so What that means. */
function failed(error, so) {
  if (error instanceof SignedOut) location.assign(LISTEN);
  else if (error instanceof Error && !(error instanceof TypeError)) say("[data-trouble]", error.message);
  else say("[data-trouble]", `${GONE} ${so}`);
}

/** Says so, unless it is said already what that means for what somebody wanted to do. */
function alone() {
  if (!document.querySelector("[data-trouble]")?.textContent?.startsWith(GONE)) say("[data-trouble]", ALONE);
}

/** The server has answered, whatever it said. */
function reached() {
  if (document.querySelector("[data-trouble]")?.textContent?.startsWith(GONE)) say("[data-trouble]", "");
}

/** How much was heard goes on record. */
async function report() {
  if (!playback || !clip || player.heard <= reported) return;
  reported = player.heard;
  const seconds = player.heard.toFixed(2);
  await post(`/workbench/played/${playback}`, clip.csrf, { seconds }).catch(() => undefined);
}

// --- what is shown --------------------------------------------------------------

function showPlayer() {
  say("[data-play]", player.media.paused ? "Play" : "Pause");
  say("[data-speed]", `${player.media.playbackRate.toFixed(1)}x`);
  for (const [name, is] of Object.entries({ play: !player.media.paused, loop: player.loops, treated: player.treated })) {
    document.querySelector(`[data-do="${name}"]`)?.setAttribute("aria-pressed", String(is));
  }
  for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("[data-filter][type=range]"))) {
    const name = /** @type {keyof import("./player.js").Treatment} */ (input.dataset["filter"]);
    input.value = String(player.treatment[name]);
    const output = input.parentElement?.querySelector("output");
    if (output) output.textContent = `${input.value} ${name === "gain" ? "dB" : "Hz"}`;
  }
}

function showClock() {
  const { currentTime, duration } = player.media;
  say("[data-clock]", `${currentTime.toFixed(1)} / ${(duration || 0).toFixed(1)} s`);
}

// --- keys and buttons -----------------------------------------------------------

/** @type {Record<string, () => unknown>} */
const DO = {
  play: () => player.toggle(),
  back: () => player.back(1),
  loop: () => player.toggleLoop(),
  loop_start: () => player.setLoop("start"),
  loop_end: () => player.setLoop("end"),
  slower: () => player.speed(-0.1),
  faster: () => player.speed(0.1),
  word_before: () => player.word(-1),
  word_after: () => player.word(1),
  treated: () => player.toggleTreated(),
  mark,
  no_speech: () => answer("no_speech"),
  unintelligible: () => answer("unintelligible"),
  not_addressed: () => answer("not_addressed"),
  other_language: () => answer("other_language"),
  teach: () => /** @type {HTMLElement | null} */ (document.querySelector("[data-teach]"))?.click(),
  next: () => (!clip || clip.judged || document.querySelector("[data-late]") ? goOn() : undefined),
  pass,
  undo,
  report: () => { location.href = `/workbench/report?utterance=${clip?.utterance ?? last?.utterance ?? ""}`; },
  help: () => showKeys(keys),
  "listen-anyway": () => { shown("[data-announcement]", false); return player.play(); },
};
const SUBMITS = new Set(["no_speech", "unintelligible", "not_addressed", "other_language"]);

document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]")) return;
  const writes = event.target instanceof HTMLTextAreaElement || event.target instanceof HTMLInputElement;
  if (event.key === "Enter" && event.target === field() && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    answer("transcript");
    return;
  }
  const chosen = event.target instanceof Element && event.target.closest("[data-primary]");
  if (event.key === "Enter" && chosen && (event.repeat || performance.now() - shownAt < SEE_FIRST)) {
    event.preventDefault();
    return;
  }
  const name = event.key === "?" && !writes ? "help" : keys.action(event);
  if (!name) return;
  event.preventDefault();
  if (event.repeat && name !== "back") return;
  pressedAt = performance.now();
  pressed = name;
  if (clip?.announced && name === "play") shown("[data-announcement]", false);
  DO[name]?.();
});

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-do]") : null;
  const name = button?.getAttribute("data-do") ?? "";
  if (!button || SUBMITS.has(name) || name === "report") return;
  event.preventDefault();
  pressedAt = performance.now();
  pressed = name;
  DO[name]?.();
});

document.addEventListener("input", (event) => {
  if (event.target === field()) return keep();
  if (!(event.target instanceof HTMLInputElement)) return;
  const name = event.target.dataset["filter"];
  if (name === "as-recorded") return asRecorded(event.target.checked);
  if (name) player.treat({ [name]: Number(event.target.value) });
  showPlayer();
});

/** @param {boolean} wanted */
async function asRecorded(wanted) {
  if (!clip) return;
  try {
    await take(await ready(clip.desk, wanted), false);
    if (wanted) say("[data-loudness]", "as loud as it was recorded");
  } catch (error) {
    failed(error, "The clip sounds as before.");
  }
}

// Sound begins: how long after the key, for whoever measures.
player.addEventListener("sounds", () => {
  if (!pressedAt) return;
  performance.measure("key to sound", { start: pressedAt, end: performance.now(), detail: pressed });
  pressedAt = 0;
});
player.addEventListener("changed", () => { showPlayer(); if (player.media.paused) report(); });
player.addEventListener("tick", showClock);

document.addEventListener("htmx:after:swap", () => {
  const after = document.querySelector("#after");
  const taught = after?.querySelector("[data-lesson]");
  const tries = Boolean(after?.querySelector('[data-state="pending"]'));
  if (tried && taught && !tries) htmx.ajax("GET", "/workbench/day", { target: "[data-status]", swap: "innerHTML" });
  tried = tries;
  if (taught && tries) letGo();
  else if (taught && !next && clip) prefetch(clip);
  const answer = after?.firstElementChild ?? null;
  if (answer !== answered) { answered = answer; again = ""; say("[data-trouble]", ""); } // else it was another part
  if (after?.querySelector("[data-late]")) {
    shownAt = performance.now();
    /** @type {HTMLElement | null} */ (after.querySelector("[data-primary]"))?.focus();
  }
  if (taught) document.activeElement?.closest("[data-primary]")?.scrollIntoView({ block: "nearest" });
  if (after?.querySelector("[data-heard]")) { if (!after.contains(document.activeElement)) judged(after); }
  else if (after) keys.label(after);
});
document.addEventListener("htmx:error", () => { alone(); setTimeout(answer, 0, again); again = ""; });
addEventListener("online", () => { say("[data-trouble]", "The connection is back."); hold(); });
addEventListener("offline", alone);
addEventListener("pagehide", report);
setInterval(hold, HOLD_EVERY);

const desk = document.querySelector("#desk");
if (desk instanceof HTMLElement) begin(desk, null, true);
keys.label(document);
