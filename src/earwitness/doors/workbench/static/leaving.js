// Signing out where something is written and not sent: whether it stays is the writer's to say.

import { Drafts } from "./drafts.js";

const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-sign-out]"));
const dialog = /** @type {HTMLDialogElement | null} */ (document.querySelector("dialog[data-leaving]"));
const drafts = form && new Drafts(form.dataset["signOut"] ?? "");

form?.addEventListener("submit", (event) => {
  const count = drafts?.count() ?? 0;
  const unsent = dialog?.querySelector("[data-unsent]");
  if (!count || !dialog || !unsent) return;
  event.preventDefault();
  unsent.textContent = count === 1 ? "One answer was written and not sent." : `${count} answers were written and not sent.`;
  dialog.returnValue = "";
  dialog.showModal();
});

dialog?.addEventListener("close", () => {
  if (dialog.returnValue === "forget") drafts?.forget();
  if (dialog.returnValue) form?.submit();
});
