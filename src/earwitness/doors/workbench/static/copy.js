// A secret that is shown once, into the clipboard by one button.

/** @param {HTMLElement} button */
function prepare(button) {
  const secret = document.getElementById(button.dataset["copy"] ?? "");
  const said = button.nextElementSibling;
  if (!secret || !said) return;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(secret.textContent ?? "");
      said.textContent = "Copied.";
    } catch {
      getSelection()?.selectAllChildren(secret);
      said.textContent = "Selected: copy it with Ctrl C.";
    }
  });
  button.hidden = false;
}

for (const button of document.querySelectorAll("[data-copy]")) prepare(/** @type {HTMLElement} */ (button));
