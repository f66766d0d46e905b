// The link's secret never leaves the browser before the form is sent.
const field = /** @type {HTMLInputElement} */ (document.querySelector('input[name="secret"]'));
if (location.hash) {
  field.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
}
