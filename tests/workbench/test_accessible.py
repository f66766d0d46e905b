"""The pages by axe-core's rules (WCAG 2.2 A and AA), light and dark, and as they look."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from tests.doors.servers import up
from tests.workbench.browsing import first_secret
from tests.workbench.chromium import chromium, signed_in
from tests.workbench.clips import keep, quiet
from tests.workbench.examining import EXAMINE, add_steps, open_page, secret_clip
from tests.workbench.test_listening import CLIPS, say

from earwitness.accounts import Role
from earwitness.flow import accounts
from earwitness.wiring import Earwitness

AXE = (Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js").read_text("utf-8")
RUN = """() => axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
.then((found) => found.violations.map((each) => `${each.id}: ${each.help}: ` +
  each.nodes.map((node) => node.target + " " + node.failureSummary).join(" | ")))"""
PICTURES = os.environ.get("EARWITNESS_PICTURES")
"""Where the pictures of docs/ go (make pictures); otherwise nowhere."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def looks(page: Page, name: str, scheme: str) -> None:
    """Nothing that axe finds wrong. It styles elements as our policy forbids; so that is off."""
    page.evaluate(AXE)
    assert page.evaluate(RUN) == [], (name, scheme)
    picture = Path(PICTURES or ".") / f"{name}-{scheme}.png"
    if PICTURES and picture.exists():  # those that the docs show
        page.screenshot(path=picture)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_listening_page_at_every_step(browser: Browser, tmp_path: Path, scheme: str) -> None:
    with (
        up(tmp_path, scripted=False, second_listener_fraction=0) as server,
        signed_in(
            browser, server, first_secret(server), color_scheme=scheme, bypass_csp=True
        ) as page,
    ):
        home = f"http://127.0.0.1:{server.http_port}/workbench"
        for name in ("saoirse-1.opus", "gochujang-2.opus"):
            say(server, name)
        page.goto(home + "/listen")
        page.locator("#desk[data-ready]").wait_for()
        page.keyboard.press("Alt+l")
        page.keyboard.type(_said(page)[:12])
        page.locator("[data-saved]:not(:empty)").wait_for()
        looks(page, "listening", scheme)
        page.locator("#text").fill(_said(page))
        page.keyboard.press("Enter")
        page.locator("button[data-primary]").wait_for()
        looks(page, "heard", scheme)
        page.wait_for_timeout(500)  # Enter does nothing for a moment
        page.keyboard.press("Enter")
        page.locator('[data-lesson]:not([data-state="pending"])').wait_for()
        looks(page, "taught", scheme)
        page.keyboard.press("Alt+/")
        page.get_by_role("dialog").wait_for()
        looks(page, "keys", scheme)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_other_pages(browser: Browser, tmp_path: Path, scheme: str) -> None:
    with up(tmp_path) as server:
        keep(server, quiet(1.0), flags=[("scream", 0.2, 0.5)])
        with signed_in(
            browser, server, first_secret(server), color_scheme=scheme, bypass_csp=True
        ) as page:
            home = f"http://127.0.0.1:{server.http_port}/workbench"
            for name, path in PLACES.items():
                page.goto(home + path)
                page.wait_for_load_state("networkidle")
                looks(page, name, scheme)
            page.keyboard.press("Alt+p")
            page.locator("#desk[data-nothing]").wait_for()
            looks(page, "nothing", scheme)
            _report(page, home)
            looks(page, "acknowledged", scheme)
            code = page.locator("#secret").inner_text()
            with Earwitness.open(server.settings) as program:
                account = program.records.accounts()[0]
                accounts.set_roles(account.id, frozenset(Role), records=program.records)
                secret = accounts.begin(account, "", datetime.now(UTC), records=program.records)
            page.context.add_cookies([{"name": "earwitness", "value": secret.secret, "url": home}])
            page.goto(home + "/reports")
            page.locator("td a").first.click()
            page.get_by_role("heading", name="On record").wait_for()
            looks(page, "case", scheme)
            page.goto(home + "/../reporter")
            page.locator("[name=code]").fill(code)
            page.get_by_role("button", name="Open").click()
            page.get_by_role("heading", name="On record").wait_for()
            looks(page, "own", scheme)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sound_page(browser: Browser, tmp_path: Path, scheme: str) -> None:
    with up(tmp_path) as server:
        clip = secret_clip(server)
        secret_clip(server, device="hall")
        secret_clip(server, quiet(2.0), device="garage")
        with signed_in(
            browser, server, first_secret(server), color_scheme=scheme, bypass_csp=True
        ) as page:
            page.goto(f"http://127.0.0.1:{server.http_port}{EXAMINE}/{clip}")
            looks(page, "why-examined", scheme)
            open_page(page, server, clip)
            page.locator("[data-integrity]").wait_for()
            page.locator("[data-seen]").press("ArrowRight")
            add_steps(page)
            for box in page.locator("[data-align] input").all():
                box.check()
            page.get_by_role("button", name="Align and add").click()
            page.locator("[data-lanes]").wait_for()
            page.evaluate("scrollTo(0, 0)")
            looks(page, "sound", scheme)
            page.get_by_label("What is to be found out?").fill("What is thrown away?")
            page.get_by_role("button", name="Begin a finding with this chain").click()
            page.get_by_role("heading", name="Versions").wait_for()
            looks(page, "finding", scheme)
            page.goto(f"http://127.0.0.1:{server.http_port}/workbench/findings")
            looks(page, "findings", scheme)
            page.goto(f"http://127.0.0.1:{server.http_port}/workbench/blind")
            looks(page, "blind-tests", scheme)


def _report(page: Page, home: str) -> None:
    page.goto(home + "/report")
    page.get_by_label("What did you hear?").fill("somebody cried for help")
    page.locator('input[value="recent"]').check()
    page.locator('input[value="violence"]').check()
    page.get_by_role("button", name="Report it").click()
    page.locator("#secret").wait_for()


PLACES = {
    "home": "", "accounts": "/accounts", "me": "/me", "reports": "/reports", "report": "/report",
    "settings": "/settings", "queue": "/lead/queue", "terms": "/lead/terms",
    "revisions": "/lead/revisions", "words": "/lead/words", "agreement": "/lead/agreement",
    "clips": "/lead/clips", "accuracy": "/lead/accuracy", "guess-first": "/lead/guess-first",
    "files": "/lead/files", "reporter": "/../reporter", "escalation": "/escalation",
    "announced": "/listen",
}  # fmt: skip


def _said(page: Page) -> str:
    """What a listener with good ears would write: the recording of this length."""
    seconds = float(page.locator("#desk").get_attribute("data-seconds") or 0)
    return min(CLIPS.values(), key=lambda clip: abs(clip.seconds - seconds)).text or ""
