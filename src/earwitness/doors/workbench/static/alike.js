// Same or different, by one key; there is nothing to write on this page.

const sound = /** @type {HTMLAudioElement | null} */ (document.querySelector("audio"));
const again = /** @type {HTMLElement | null} */ (document.querySelector("[data-again]"));

function play() {
  if (!sound) return;
  sound.currentTime = 0;
  sound.play();
}

if (again) {
  again.hidden = false;
  again.addEventListener("click", play);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  const value = { s: "yes", d: "no" }[event.key.toLowerCase()];
  if (value) /** @type {HTMLElement | null} */ (document.querySelector(`button[value="${value}"]`))?.click();
  if (event.key.toLowerCase() === "a") play();
});
