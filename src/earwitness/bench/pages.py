"""The listening page in a real browser: how soon it is ready, how soon a key is a sound."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from typing import Any

from earwitness.bench.figures import Plain, percentiles

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
VISITS = 5
CLIPS = 30
SETTLE_MS = 400
"""Between two keys, as nobody is faster; the next clip is fetched meanwhile."""


def missing() -> str:
    """What a browser needs that is not here; empty when it can run."""
    if find_spec("playwright") is None:
        return "the package playwright is not installed"
    return "" if shutil.which("chromium") else "Chromium is not installed"


def run(url: str, cookie: tuple[str, str]) -> Plain:
    """``key_to_sound_ms`` of replays and of next clips, ``page_kb`` without sound, ``ready_ms``."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        ready = [_visit(browser, url, cookie)[0] for _ in range(VISITS)]
        context = _context(browser, url, cookie)
        weight, page = _weight(context, url)
        sounds = _keys(page)
        browser.close()
    return {
        "ready_ms": percentiles([each / 1000 for each in ready], factor=1000.0),
        "page_kb": weight,
        "key_to_sound_ms": percentiles([each / 1000 for each in sounds], factor=1000.0),
    }


def _context(browser: Any, url: str, cookie: tuple[str, str]) -> Any:
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": url}])
    return context


def _visit(browser: Any, url: str, cookie: tuple[str, str]) -> tuple[float, Any]:
    """With an empty cache: milliseconds until the clip is drawn and can be played."""
    context = _context(browser, url, cookie)
    page = context.new_page()
    page.goto(url + "/workbench/listen")
    page.locator("#desk[data-ready]").wait_for()
    took: float = page.evaluate("performance.getEntriesByName('ready')[0].startTime")
    context.close()
    return took, page


def _weight(context: Any, url: str) -> tuple[float, Any]:
    """Everything that is fetched but sound, in kB as it comes over the line."""
    page = context.new_page()
    sizes: list[int] = []

    def count(response: Any) -> None:
        if "/workbench/sound/" not in response.url:
            sizes.append(len(response.body()))

    page.on("response", count)
    page.goto(url + "/workbench/listen")
    page.locator("#desk[data-ready]").wait_for()
    page.wait_for_timeout(SETTLE_MS)
    page.remove_listener("response", count)
    return sum(sizes) / 1000, page


def _keys(page: Any) -> list[float]:
    """From the key to the media element that plays: again, and with the next clip."""
    for _ in range(CLIPS):
        page.keyboard.press("Alt+k")
        page.wait_for_timeout(SETTLE_MS)
        page.keyboard.press("Alt+k")
        page.wait_for_timeout(SETTLE_MS)
        page.keyboard.press("Alt+n")
        page.locator("[data-heard]").wait_for()
        page.keyboard.press("Alt+x")
        page.locator("#desk[data-ready]:not([data-judged])").wait_for()
        page.wait_for_timeout(SETTLE_MS)
    found: list[float] = page.evaluate(
        "performance.getEntriesByName('key to sound').map((each) => each.duration)"
    )
    return found
