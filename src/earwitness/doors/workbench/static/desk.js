// What a page says of one clip, how it is fetched ahead of its turn, and how a place of it is changed.

const FRAGMENT = { "HX-Request": "true" };

/** @typedef {{desk: HTMLElement, sound: Blob | null, playback: string, turnedDown: number}} Ready */

/** A clip, from a page's desk. */
export class Clip {
  /** @param {HTMLElement} desk */
  constructor(desk) {
    this.desk = desk;
    this.utterance = desk.dataset["utterance"] ?? "";
    this.token = desk.dataset["token"] ?? "";
    this.account = desk.dataset["account"] ?? "";
    this.csrf = desk.dataset["csrf"] ?? "";
    this.announced = desk.dataset["announced"] !== "0";
    this.words = (desk.dataset["words"] ?? "").split(",").filter(Boolean).map(Number);
    this.doubts = [...desk.querySelectorAll("[data-start]")].map((place) => ({
      start: Number(place.getAttribute("data-start")), end: Number(place.getAttribute("data-end")),
    }));
    this.judged = false;
  }
}

/** The session is over; what was written is kept until somebody is back. */
export class SignedOut extends Error {}

/** @param {string} path @returns {Promise<HTMLElement>} The desk of the page there. Rejects when there is none. */
export async function fetchDesk(path) {
  return deskOf(await fetch(path, { headers: FRAGMENT }));
}

/** @param {Response} answer */
export async function deskOf(answer) {
  if (new URL(answer.url).pathname === "/sign-in" || answer.status === 401) throw new SignedOut();
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const desk = page.querySelector("#desk");
  if (!(desk instanceof HTMLElement)) throw new Error(page.querySelector("[role=alert]")?.textContent ?? "no clip");
  return document.importNode(desk, true);
}

/** With its sound, on a slow line a small one. @param {HTMLElement} desk @returns {Promise<Ready>} */
export async function ready(desk, asRecorded = false) {
  const from = desk.dataset[asRecorded ? "asRecorded" : "sound"];
  if (!from) return { desk, sound: null, playback: "", turnedDown: 0 };
  const answer = await fetch(isSlow() ? `${from}?codec=opus` : from);
  if (!answer.ok) throw new Error("The sound of this clip could not be fetched.");
  return {
    desk,
    sound: await answer.blob(),
    playback: answer.headers.get("X-Playback") ?? "",
    turnedDown: Number(answer.headers.get("X-Turned-Down") ?? 0),
  };
}

/** @param {string} path @param {string} csrf @param {Record<string, string>} [fields] */
export function post(path, csrf, fields = {}) {
  const headers = { ...FRAGMENT, "X-CSRF-Token": csrf };
  return fetch(path, { method: "POST", headers, body: new URLSearchParams(fields), keepalive: true });
}

/** @param {string} where @param {string} what */
export function say(where, what) {
  const place = document.querySelector(where);
  if (place && place.textContent !== what) place.textContent = what;
}

/** @param {string} what @param {boolean} is */
export function shown(what, is) {
  const place = document.querySelector(what);
  if (place instanceof HTMLElement) place.hidden = !is;
}

function isSlow() {
  const line = /** @type {any} */ (navigator).connection;
  const plays = new Audio().canPlayType('audio/ogg; codecs="opus"') !== "";
  return plays && Boolean(line?.saveData || /2g/.test(line?.effectiveType ?? ""));
}
