// A report that is half written, kept in this browser until it is acknowledged.

import { Drafts } from "./drafts.js";

const account = /** @type {HTMLElement | null} */ (document.querySelector("[data-sign-out]"))?.dataset["signOut"];
const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-draft]"));
const sent = /** @type {HTMLElement | null} */ (document.querySelector("[data-sent]"));
const drafts = account ? new Drafts(account) : null;
const WRITTEN = ["heard", "when", "implicated"];
const CHOSEN = ["imminence", "harm", "confidential"];

/** @param {HTMLFormElement} of @returns {Record<string, string>} */
function written(of) {
  const all = new FormData(of);
  return Object.fromEntries([...WRITTEN, ...CHOSEN].map((name) => [name, String(all.get(name) ?? "")]));
}

/** @param {HTMLFormElement} of @param {Record<string, string>} kept */
function restore(of, kept) {
  for (const name of WRITTEN) {
    const field = /** @type {HTMLInputElement | null} */ (of.elements.namedItem(name));
    if (field) field.value = kept[name] ?? "";
  }
  for (const name of CHOSEN) {
    for (const box of of.querySelectorAll("input")) if (box.name === name) box.checked = box.value === kept[name];
  }
}

if (sent) drafts?.drop(sent.dataset["sent"] ?? "");
if (form && drafts) {
  const name = form.dataset["draft"] ?? "";
  const kept = drafts.of(name);
  if (kept && !WRITTEN.some((each) => written(form)[each])) restore(form, JSON.parse(kept));
  form.addEventListener("input", () => {
    const now = written(form);
    drafts.keep(name, WRITTEN.some((each) => now[each]) ? JSON.stringify(now) : "");
  });
}
