// Passkeys: a form that asks the authenticator before it is sent. Forms are hidden where there
// are none; a page works without them.

/** @typedef {Record<string, any>} Json */

/** @param {string} text */
const bytes = (text) => {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (each) => each.charCodeAt(0));
};

/** @param {ArrayBuffer} buffer */
const base64url = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

/** @param {Json[] | undefined} described */
const credentials = (described) => (described ?? []).map((each) => ({ ...each, id: bytes(each["id"]) }));

/** @param {Json} options @returns {PublicKeyCredentialCreationOptions} */
function creation(options) {
  if (PublicKeyCredential.parseCreationOptionsFromJSON) {
    return PublicKeyCredential.parseCreationOptionsFromJSON(/** @type {any} */ (options));
  }
  return /** @type {any} */ ({
    ...options,
    challenge: bytes(options["challenge"]),
    user: { ...options["user"], id: bytes(options["user"].id) },
    excludeCredentials: credentials(options["excludeCredentials"]),
  });
}

/** @param {Json} options @returns {PublicKeyCredentialRequestOptions} */
function request(options) {
  if (PublicKeyCredential.parseRequestOptionsFromJSON) {
    return PublicKeyCredential.parseRequestOptionsFromJSON(/** @type {any} */ (options));
  }
  return /** @type {any} */ ({
    ...options,
    challenge: bytes(options["challenge"]),
    allowCredentials: credentials(options["allowCredentials"]),
  });
}

/** @param {PublicKeyCredential} credential @returns {Json} */
function json(credential) {
  if (credential.toJSON) return credential.toJSON();
  const response = /** @type {Json} */ (credential.response);
  /** @type {Json} */
  const answer = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) answer[name] = base64url(response[name]);
  }
  if (response["getTransports"]) answer["transports"] = response["getTransports"]();
  const { id, type } = credential;
  return { id, rawId: base64url(credential.rawId), type, response: answer };
}

/** @param {HTMLFormElement} form @returns {Promise<string>} */
async function asked(form) {
  const url = new URL(form.dataset["options"] ?? "", location.href);
  const name = form.querySelector('input[name="name"]');
  if (name instanceof HTMLInputElement) url.searchParams.set("name", name.value);
  const answer = await fetch(url);
  if (!answer.headers.get("content-type")?.startsWith("application/json")) {
    throw new Error("The server gives no passkey for this; load the page again.");
  }
  const options = await answer.json();
  if (options.problem) throw new Error(options.problem);
  const credential =
    form.dataset["passkey"] === "create"
      ? await navigator.credentials.create({ publicKey: creation(options) })
      : await navigator.credentials.get({ publicKey: request(options) });
  return JSON.stringify(json(/** @type {PublicKeyCredential} */ (credential)));
}

/** @param {unknown} error */
function explained(error) {
  if (!(error instanceof Error)) return "This did not work; try again.";
  if (error.name === "NotAllowedError") return "No passkey was given, or it took too long; try again.";
  if (error.name === "InvalidStateError") return "This authenticator has a passkey of yours already.";
  return error.message;
}

/** @param {HTMLFormElement} form */
function prepare(form) {
  const button = /** @type {HTMLButtonElement} */ (form.querySelector("button"));
  const field = /** @type {HTMLInputElement} */ (form.querySelector('input[name="answer"]'));
  const alert = /** @type {HTMLElement} */ (form.querySelector('[role="alert"]'));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    alert.hidden = true;
    try {
      field.value = await asked(form);
      form.submit();
    } catch (error) {
      alert.textContent = explained(error);
      alert.hidden = false;
    } finally {
      button.disabled = false;
    }
  });
  form.hidden = false;
}

if ("PublicKeyCredential" in window) {
  const forms = /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-passkey]"));
  forms.forEach(prepare);
  const problem = document.querySelector('main > [role="alert"]');
  if (forms.length && !problem) {
    for (const other of document.querySelectorAll("details.other")) other.removeAttribute("open");
  }
}
