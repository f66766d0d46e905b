"""A real browser: Debian's Chromium, driven over its own protocol.

Where the machine has Chromium's headless shell, the same engine without windows, it is that: a
new page costs a quarter of the processor's time. Where there is neither, tests with it are left
out, unless CI_REQUIRES_ALL is set.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, CDPSession, Page, expect, sync_playwright
from tests.doors.servers import Running
from tests.programs import installed
from tests.workbench.browsing import browser_at, join

QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip
"""The last: whoever works with it has long touched the page, which Chromium may forget here."""
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
SCREEN = {"width": 1366, "height": 768}
PATIENCE_MS = 60_000
"""For what comes sooner or later: how soon is for benchmarks to say, and machines are slow."""

expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Ended at the end."""
    found = installed(*PROGRAMS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        try:
            yield browser
        finally:
            browser.close()


class Authenticator:
    """A virtual one in this page's browser, which its owner always unlocks (CDP, WebAuthn)."""

    def __init__(self, page: Page, *, verifies: bool = True) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
            "hasUserVerification": True, "isUserVerified": verifies,
            "automaticPresenceSimulation": True,
        }  # fmt: skip
        made = self._session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self._name = {"authenticatorId": made["authenticatorId"]}

    def credentials(self) -> list[dict[str, object]]:
        """With their private keys, as the protocol gives them."""
        found = self._session.send("WebAuthn.getCredentials", self._name)
        return list(found["credentials"])

    def put(self, credential: dict[str, object]) -> None:
        """As ``credentials`` gave it."""
        self._session.send("WebAuthn.addCredential", self._name | {"credential": credential})

    def remove(self) -> None:
        self._session.send("WebAuthn.removeVirtualAuthenticator", self._name)


@contextmanager
def signed_in(
    browser: Browser, server: Running, secret: str, name: str = "Ada", **options: object
) -> Iterator[Page]:
    """A page of somebody who used a link to make an account; whatever goes wrong there fails."""
    with browser_at(server) as client:
        joined, _ = join(client, secret, name)
        assert joined.status_code == 303, joined.text
        cookies = dict(client.cookies)
    context = browser.new_context(viewport=SCREEN, **options)  # type: ignore[arg-type]
    url = f"http://127.0.0.1:{server.http_port}"
    context.add_cookies([{"name": n, "value": v, "url": url} for n, v in cookies.items()])
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if _is_bad(said.text) else None)
    page.set_default_timeout(PATIENCE_MS)
    yield page
    context.close()
    assert not wrong, wrong


def _is_bad(said: str) -> bool:
    """What the policy forbade; answers that are errors are for the tests to look at."""
    return "Content Security Policy" in said or "Uncaught" in said
