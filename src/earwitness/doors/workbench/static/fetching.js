// Sounds and answers of the Sound page, from the server.

/** @typedef {{buffer: AudioBuffer, playback: string, turnedDown: number}} Fetched */

/** @param {string} path @param {number} rate In Hz, as it is kept. @returns {Promise<Fetched>} */
export async function fetched(path, rate) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(await refusal(answer));
  const context = new OfflineAudioContext(1, 1, rate);
  return {
    buffer: await context.decodeAudioData(await answer.arrayBuffer()),
    playback: answer.headers.get("X-Playback") ?? "",
    turnedDown: Number(answer.headers.get("X-Turned-Down") ?? 0),
  };
}

/** What a page says of why not. @param {Response} answer */
export async function refusal(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (new URL(answer.url).pathname === "/sign-in") return "You are signed out; sign in again in another tab.";
  return page.querySelector("[role=alert]")?.textContent ?? "The server could not do this.";
}
