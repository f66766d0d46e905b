// The link's secret never leaves the browser before a form is sent.
const secret = location.hash.slice(1);
if (secret) {
  const fields = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll('input[name="secret"]'));
  for (const field of fields) field.value = secret;
  const links = /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("a[data-keeps-secret]"));
  for (const link of links) link.hash = secret;
  history.replaceState(null, "", location.pathname);
}
