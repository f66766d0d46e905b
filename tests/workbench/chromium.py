"""Debian's Chromium, driven by Playwright. At home its tests are left out where it is missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from tests.doors.servers import Running
from tests.workbench.browsing import browser_at, join

EXECUTABLE = shutil.which("chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SCREEN = {"width": 1366, "height": 768}

needs_chromium = pytest.mark.skipif(
    EXECUTABLE is None and "CI_REQUIRES_ALL" not in os.environ,
    reason="needs Chromium; on Debian: apt install chromium",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser; each test gets contexts of its own from it."""
    with sync_playwright() as playwright:
        assert EXECUTABLE, "Chromium is missing; on Debian: apt install chromium"
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=list(FLAGS))
        yield browser
        browser.close()


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
    page.set_default_timeout(20_000)
    yield page
    _end(context)
    assert wrong == []


def _is_bad(said: str) -> bool:
    """What the policy forbade; answers that are errors are for the tests to look at."""
    return "Content Security Policy" in said or "Uncaught" in said


def _end(context: BrowserContext) -> None:
    context.close()
