// The link's secret never leaves the browser before a form is sent, but to ask what it is good for.

const fields = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll('input[name="secret"]'));
const secret = location.hash.slice(1) || (fields[0]?.value ?? "");
for (const field of fields) field.value = secret;
const links = /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("a[data-keeps-secret]"));
for (const link of links) link.hash = secret;
if (location.hash) history.replaceState(null, "", location.pathname);

/** @param {string} problem */
function useless(problem) {
  const place = document.querySelector("[data-link]");
  if (place) place.textContent = problem;
  place?.setAttribute("role", "alert");
  document.querySelector("[data-joining]")?.remove();
}

async function check() {
  if (!secret) return useless("This page needs a link that somebody made for you: open that link.");
  const csrf = /** @type {HTMLInputElement | null} */ (document.querySelector('input[name="csrf"]'));
  const body = new URLSearchParams({ secret, ...(csrf ? { csrf: csrf.value } : {}) });
  const answer = await fetch("/join/link", { method: "POST", body });
  if (!answer.headers.get("content-type")?.startsWith("application/json")) return;
  const said = await answer.json();
  if (answer.status === 403) return useless(said.problem);
  const place = document.querySelector("[data-link]");
  if (place && said.roles) place.textContent = `You will be ${said.roles.join(", ")}.`;
}

check().catch(() => undefined); // the form itself says what is wrong
