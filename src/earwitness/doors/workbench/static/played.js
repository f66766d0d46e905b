// How much was heard of a sound that has the browser's own controls: it goes on record, too.

import { post } from "./desk.js";

/** @param {HTMLAudioElement} sound */
async function tell(sound) {
  let heard = 0;
  let told = 0;
  let last = sound.currentTime;
  sound.addEventListener("timeupdate", () => {
    const step = sound.currentTime - last;
    last = sound.currentTime;
    if (step > 0 && step < 1) heard += step; // longer is a jump
  });
  const answer = await fetch(sound.src, { headers: { Range: "bytes=0-0" } }); // whose name it has
  const playback = answer.headers.get("X-Playback");
  const csrf = /** @type {HTMLInputElement | null} */ (document.querySelector('input[name="csrf"]'))?.value;
  if (!playback || !csrf) return;
  const report = () => {
    if (heard <= told) return;
    told = heard;
    post(`/workbench/played/${playback}`, csrf, { seconds: heard.toFixed(2) }).catch(() => undefined);
  };
  sound.addEventListener("pause", report);
  addEventListener("pagehide", report);
  if (sound.paused) report();
}

for (const sound of document.querySelectorAll("audio")) tell(sound).catch(() => undefined);
