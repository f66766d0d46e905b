"""The pages fit: on a phone, at 1366 x 768, in light and in dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.doors.servers import Running, up
from tests.workbench.browsing import first_secret
from tests.workbench.chromium import signed_in
from tests.workbench.clips import keep, quiet
from tests.workbench.examining import add_steps, open_page, secret_clip
from tests.workbench.leading import house
from tests.workbench.test_accessible import PLACES

from earwitness.accounts import Role
from earwitness.flow import access
from earwitness.model import ItemState, Source, Term, TrialOutcome
from earwitness.wiring import Earwitness

MANY = [
    (name, 0.1, 0.4)
    for name in (
        "unknown_word", "low_confidence", "low_utterance_confidence", "nbest_disagreement",
        "second_engine", "rephrase", "scream", "glass", "smoke_alarm", "empty_result",
    )
]  # fmt: skip
LONG = " ".join(["gochujang"] * 60)
SEEN_WITH_FOCUS = """(name) => {
  const chosen = document.querySelector(name);
  chosen.blur();
  scrollTo(0, 0);
  chosen.focus();
  const at = chosen.getBoundingClientRect();
  return chosen.contains(document.elementFromPoint(at.x + at.width / 2, at.bottom - 2));
}"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with up(tmp_path, second_listener_fraction=0) as running:
        yield running


@pytest.fixture
def page(real_browser: Browser, server: Running) -> Iterator[Page]:
    with signed_in(real_browser, server, first_secret(server)) as opened:
        yield opened


def home(server: Running) -> str:
    return f"http://127.0.0.1:{server.http_port}/workbench"


def test_no_page_is_wider_than_a_small_screen(server: Running, page: Page) -> None:
    keep(server, quiet(1.0), LONG, flags=MANY)
    page.set_viewport_size({"width": 360, "height": 780})
    for name, path in PLACES.items():
        page.goto(home(server) + path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
        expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_in_viewport()


def test_pages_full_of_what_was_done_fit_a_small_screen(
    real_browser: Browser, tmp_path: Path
) -> None:
    with (
        house(tmp_path) as kept,
        signed_in(real_browser, kept.server, first_secret(kept.server)) as page,
    ):
        for name in ("agreed", "disputed"):
            kept.keep(name, LONG, source=Source("0123456789abcdef" * 2, "home-1"))
        kept.judge("agreed", ("ann", LONG), ("bob", LONG))
        kept.judge("disputed", ("ann", LONG), ("bob", "no"), end=ItemState.ADJUDICATION)
        kept.publish(Term("Saoirse", misheard=("sir shall", LONG[:100])), why=LONG)
        kept.tried("tteokbokki", TrialOutcome.HELD)
        page.set_viewport_size({"width": 360, "height": 780})
        for path in (
            "/lead/queue", "/lead/agreement", "/lead/clips", "/lead/clips/agreed", "/lead/accuracy",
            "/lead/adjudication/disputed", "/lead/term?key=saoirse", "/lead/term?key=tteokbokki",
            "/lead/revisions", "/lead/revision?number=1", "/lead/words", "/hear/agreed",
        ):  # fmt: skip
            answer = page.goto(home(kept.server) + path)
            assert answer, path
            assert answer.ok, path
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, path


def test_the_sound_page_fits_a_small_screen(server: Running, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 780})
    for device in ("hall" * 20, "garage" * 20):
        secret_clip(server, device=device)
    open_page(page, server, secret_clip(server, device="0123456789abcdef" * 2))
    page.locator("[data-integrity]").wait_for()
    add_steps(page)
    for box in page.locator("[data-align] input").all():
        box.check()
    page.get_by_role("button", name="Align and add").click()
    page.locator("[data-lanes]").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_on_a_phone_the_foot_leaves_room_for_the_answer(server: Running, page: Page) -> None:
    keep(server, quiet(1.0), "eat that", flags=[each for each in MANY if each[0] != "scream"])
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(home(server) + "/listen")
    page.locator("#desk[data-ready]").wait_for()
    foot = page.locator(".foot").bounding_box()
    assert foot
    assert foot["height"] < 64
    for chosen in ("#text", 'button[value="transcript"]', "[data-primary]"):
        if chosen == "[data-primary]":
            page.locator("#text").fill("eat that")
            page.locator("#text").press("Enter")
            page.locator(chosen).wait_for()
        assert page.evaluate(SEEN_WITH_FOCUS, chosen), chosen


def test_what_has_the_focus_is_never_under_the_foot(server: Running, page: Page) -> None:
    keep(server, quiet(1.0), "eat that", flags=[each for each in MANY if each[0] != "scream"])
    page.goto(home(server) + "/listen")
    page.locator("#desk[data-ready]").wait_for()
    page.keyboard.type("eat that")
    page.keyboard.press("Enter")
    page.locator("[data-primary]").wait_for()
    expect(page.locator("[data-primary]")).to_be_focused()
    for height in range(480, 769, 16):
        page.set_viewport_size({"width": 1366, "height": height})
        assert page.evaluate(SEEN_WITH_FOCUS, "[data-primary]"), height


PAINTED = """() => [...document.querySelectorAll("#waveform .picture > *")].flatMap((host) =>
  [...host.shadowRoot.querySelectorAll("canvas")].filter((each) => each.width && each.height)
    .map((each) => each.toDataURL())).join()"""


def test_the_picture_of_a_sound_follows_light_and_dark(server: Running, page: Page) -> None:
    """As if the page had been loaded in it."""
    keep(server, quiet(1.0))
    pictures = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(home(server) + "/listen")
        page.locator("#desk[data-ready]").wait_for()
        page.wait_for_function(f"({PAINTED})().length > 100")
        pictures[scheme] = page.evaluate(PAINTED)
    assert pictures["light"] != pictures["dark"]
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"(wanted) => ({PAINTED})() === wanted", arg=pictures["light"])


def test_a_secret_is_copied_by_one_button(server: Running, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(home(server) + "/accounts")
    page.get_by_label("analyst").check()
    page.get_by_role("button", name="Make a one-time link").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status")).to_have_text("Copied.")
    shown = page.locator("#secret").inner_text()
    assert page.evaluate("navigator.clipboard.readText()") == shown
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("shown once")


def test_a_secret_is_chosen_where_the_clipboard_is_refused(server: Running, page: Page) -> None:
    page.add_init_script(
        "Clipboard.prototype.writeText = () => Promise.reject(new DOMException('no'))"
    )
    page.goto(home(server) + "/accounts")
    page.get_by_label("analyst").check()
    page.get_by_role("button", name="Make a one-time link").click()
    page.get_by_role("button", name="Copy").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Selected")
    assert page.evaluate("String(getSelection())") == page.locator("#secret").inner_text()


TURNED = "\u202e\u2067evil\u202e"
"""Right to left from here on, unless the page ends it."""


def test_what_somebody_wrote_turns_nothing_around_it(tmp_path: Path, real_browser: Browser) -> None:
    with (
        house(tmp_path) as kept,
        signed_in(real_browser, kept.server, first_secret(kept.server)) as page,
    ):
        kept.publish(Term(f"a{TURNED}", misheard=(f"b{TURNED}", f"c{TURNED}")), why=TURNED)
        kept.keep("agreed", TURNED)
        kept.judge("agreed", ("ann", TURNED), ("bob", TURNED))
        for path in ("/lead/clips/agreed", "/lead/revision?number=1", "/lead/terms", ""):
            if path:
                page.goto(home(kept.server) + path)
            else:
                page.locator("td a").first.click()
                page.wait_for_url("**/lead/term?*")
            assert page.evaluate(NEIGHBOURS) == [], path


NEIGHBOURS = r"""() => [...document.querySelectorAll("main *")]
  .filter((each) => [...each.childNodes].some(
    (node) => node.nodeType === 3 && node.data.includes("\u202e")))
  .filter((each) => getComputedStyle(each).display === "inline"
    && !getComputedStyle(each).unicodeBidi.includes("isolate")
    || getComputedStyle(each).display !== "inline" && each.childNodes.length > 1)
  .map((each) => each.outerHTML)"""
"""What holds such text beside other text, or inline and open to what is around it."""


def test_whoever_signs_in_listens_with_one_key(server: Running, page: Page) -> None:
    keep(server, quiet(0.5))
    page.goto(home(server))
    page.keyboard.press("Enter")
    page.locator("#desk[data-ready]").wait_for()


def test_a_device_is_named_by_its_room(server: Running, page: Page) -> None:
    now = datetime.now(UTC)
    with Earwitness.open(server.settings) as program:
        code = access.invite("h1", "nursery", now, records=program.records).code
        enrolled = access.enrol(code, bytes(range(32)), now, records=program.records)
    unknown = "0123456789abcdef0123456789abcdef"
    for device, shown in ((enrolled.id, "nursery"), (unknown, "01234567…")):
        keep(server, quiet(0.5), device=device)
        page.goto(home(server) + "/listen")
        place = page.locator(f'.from [title="Device {device}"]')
        expect(place).to_have_text(shown)
        page.locator("#desk[data-ready]").wait_for()
        page.keyboard.press("Alt+n")
        page.locator("[data-heard]").wait_for(state="attached")


def test_the_lead_reads_rooms_too(tmp_path: Path) -> None:
    with house(tmp_path) as kept, kept.browser(Role.LEAD) as lead:
        code = access.invite("h1", "nursery", kept.now, records=kept.records).code
        key = bytes(range(32))
        enrolled = access.enrol(code, key, kept.now, records=kept.records).id
        for name in ("waits", "agreed", "disputed"):
            kept.keep(name, source=Source(enrolled, "h1"))
        kept.judge("agreed", ("ann", "no"), ("bob", "no"))
        kept.judge("disputed", ("ann", "yes"), ("bob", "no"), end=ItemState.ADJUDICATION)
        for path in ("lead/queue", "lead/clips/agreed", "lead/adjudication/disputed", "hear/waits"):
            text = lead.get(f"/workbench/{path}").text
            assert "nursery" in text, path
            assert enrolled not in re.sub(r' title="[^"]*"', "", text), path
