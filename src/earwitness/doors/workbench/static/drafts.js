// What somebody is writing, kept in their browser until it is answered: it survives a reload,
// a lost connection, an expired lease and a crash.

const PREFIX = "earwitness draft ";
const KEPT_HOURS = 24;

/** @typedef {{text: string, at: number}} Draft */

export class Drafts {
  /** @param {string} account */
  constructor(account) {
    this._prefix = `${PREFIX}${account} `;
    this._forgetOld();
  }

  /** @param {string} utterance @returns {string} */
  of(utterance) {
    return read(this._prefix + utterance)?.text ?? "";
  }

  /** @param {string} utterance @param {string} text @returns {boolean} Whether it is kept. */
  keep(utterance, text) {
    try {
      if (text) localStorage.setItem(this._prefix + utterance, JSON.stringify({ text, at: Date.now() }));
      else localStorage.removeItem(this._prefix + utterance);
      return true;
    } catch {
      return false;
    }
  }

  /** @param {string} utterance */
  drop(utterance) {
    localStorage.removeItem(this._prefix + utterance);
  }

  /** How many answers of theirs are kept here. */
  count() {
    return this._keys().length;
  }

  forget() {
    for (const key of this._keys()) localStorage.removeItem(key);
  }

  /** None where the browser keeps nothing. */
  _keys() {
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith(this._prefix));
    } catch {
      return [];
    }
  }

  /** Nobody's words stay for longer than a day. */
  _forgetOld() {
    const oldest = Date.now() - KEPT_HOURS * 3600_000;
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(PREFIX) && (read(key)?.at ?? 0) < oldest) localStorage.removeItem(key);
    }
  }
}

/** @param {string} key @returns {Draft | null} */
function read(key) {
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? "null");
    return kept && typeof kept.text === "string" ? kept : null;
  } catch {
    return null;
  }
}
