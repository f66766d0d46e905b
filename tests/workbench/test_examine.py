"""The Sound page of a clip: for a reason on record it is heard, seen and looked into."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.doors.servers import Running, up
from tests.workbench.browsing import browser_at, field, first_secret, join, offered, send
from tests.workbench.chromium import signed_in
from tests.workbench.clips import loud, quiet
from tests.workbench.examining import EXAMINE, WHY, open_page, played, secret_clip

from earwitness.accounts import Role
from earwitness.audio.clip import decode_flac
from earwitness.audio.loudness import loudness
from earwitness.listening import Playback
from earwitness.sound.png import parts
from earwitness.wiring import Earwitness


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with up(tmp_path) as running:
        yield running


@pytest.fixture
def lead(server: Running) -> Iterator[httpx.Client]:
    with browser_at(server) as client:
        join(client, offered(server, Role.LEAD), "Lea")
        yield client


def opened(browser: httpx.Client, clip: str, why: str = WHY) -> str:
    at = f"{EXAMINE}/{clip}"
    assert send(browser, at, {"why": why}, page=at).status_code == 303
    return at


def test_whoever_examines_a_clip_says_why_first(server: Running, lead: httpx.Client) -> None:
    clip = secret_clip(server)
    at = f"{EXAMINE}/{clip}"
    for part in ("sound", "levels", "facts", "picture/speech"):
        assert lead.get(f"{at}/{part}").status_code == 403, part
    assert send(lead, at, {"why": " a "}, page=at).status_code == 400
    opened(lead, clip)
    page = lead.get(at)
    assert WHY in page.text
    assert "uncovered" not in page.text
    assert played(server, clip) == []
    assert lead.get(f"{at}/sound").status_code == 200
    assert played(server, clip) == [("Lea", WHY)]
    assert lead.get(f"{EXAMINE}/none").status_code == 404


def test_what_one_opened_is_open_to_nobody_else(server: Running, lead: httpx.Client) -> None:
    at = opened(lead, secret_clip(server))
    with browser_at(server) as other:
        join(other, offered(server, Role.RESPONDER), "Ria")
        assert other.get(f"{at}/sound").status_code == 403
        assert "Why must you examine it?" in other.get(at).text


def test_an_analyst_examines_the_clip_that_they_are_at(server: Running) -> None:
    clip = secret_clip(server)
    with browser_at(server) as ann:
        join(ann, offered(server, Role.ANALYST), "Ann")
        at = f"{EXAMINE}/{clip}"
        assert "open it from the" in ann.get(at).text
        assert send(ann, at, {"why": WHY}).status_code == 403
        assert send(ann, at, {"token": "nonsense"}).status_code == 409
        listening = ann.get("/workbench/listen")
        token = field(listening, "token")
        assert send(ann, at, {"token": token}).status_code == 303
        assert ann.get(f"{at}/sound").status_code == 200
        assert played(server, clip) == [("Ann", "to judge it")]
        send(ann, f"/workbench/listen/{clip}/pass", {"token": token})
        for part in ("", "/sound", "/picture/speech", "/levels", "/facts"):
            assert ann.get(at + part).status_code == 409, part


def test_the_sound_is_no_louder_than_any(server: Running, lead: httpx.Client) -> None:
    at = opened(lead, secret_clip(server, loud(1.0)))
    heard = lead.get(f"{at}/sound")
    assert loudness(decode_flac(heard.content))[0] == pytest.approx(-23.0, abs=0.2)
    assert float(heard.headers["x-turned-down"]) > 15


def test_a_picture_for_each_window(server: Running, lead: httpx.Client) -> None:
    at = opened(lead, secret_clip(server))
    shapes = []
    for window in ("time", "speech", "frequency"):
        answer = lead.get(f"{at}/picture/{window}")
        assert answer.headers["content-type"] == "image/png"
        made = parts(answer.content)
        shapes.append((made.columns, made.rows))
    columns, rows = zip(*shapes, strict=True)
    assert list(columns) == sorted(columns, reverse=True)
    assert list(rows) == sorted(rows)
    assert lead.get(f"{at}/picture/huge").status_code == 400


def test_a_clip_of_no_length_has_a_page_all_the_same(server: Running, lead: httpx.Client) -> None:
    at = opened(lead, secret_clip(server, quiet(0.02)))
    for part in ("sound", "levels", "facts", "picture/frequency"):
        assert lead.get(f"{at}/{part}").status_code == 200, part


def test_levels_sounds_and_integrity_are_told(server: Running, lead: httpx.Client) -> None:
    at = opened(lead, secret_clip(server))
    levels = lead.get(f"{at}/levels").text
    assert "LUFS" in levels
    assert "ITU-R BS.1770" in levels
    facts = lead.get(f"{at}/facts").text
    assert re.search(r'<th scope="row">Speech</th>', facts)
    assert "consistent with one uninterrupted original recording" in facts
    assert "FLAC signature" in facts
    assert "uncovered" not in facts + levels


# --- in a browser -----------------------------------------------------------------


@pytest.fixture
def page(real_browser: Browser, server: Running) -> Iterator[Page]:
    with signed_in(real_browser, server, first_secret(server)) as made:
        yield made


def test_a_clip_is_played_and_what_was_heard_is_on_record(server: Running, page: Page) -> None:
    clip = secret_clip(server)
    open_page(page, server, clip)
    page.keyboard.press("Alt+k")
    expect(page.locator("[data-play]")).to_have_text("Pause")
    expect(page.locator("[data-clock]")).not_to_have_text(re.compile(r"^0\.[0-3] "))
    page.keyboard.press("Alt+k")
    expect(page.locator("[data-play]")).to_have_text("Play")
    given = _on_record(page, server, clip)
    assert given.keys() == {f"{WHY} (seen)", WHY}
    assert given[f"{WHY} (seen)"].played is None
    playback = given[WHY]
    assert playback.played
    assert 0.2 < playback.played < playback.seconds
    expect(page.locator("[data-sounds]")).to_contain_text("Speech")
    expect(page.locator("[data-track] rect")).not_to_have_count(0)
    assert "uncovered" not in page.content()


def _on_record(page: Page, server: Running, clip: str) -> dict[str, Playback]:
    """By their reason, once how much was heard is among them: the page says so afterwards."""
    with Earwitness.open(server.settings) as program:
        for _ in range(600):
            given = {each.why: each for each in program.records.playbacks(clip)}
            if WHY in given and given[WHY].played:
                return given
            page.wait_for_timeout(100)
    raise AssertionError(given)


def test_a_selection_is_drawn_typed_and_moved_by_keys(server: Running, page: Page) -> None:
    open_page(page, server, secret_clip(server, quiet(2.0)))
    place = page.locator("[data-seen]")
    box = place.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    inputs = {each: page.locator(f'[data-selection] [name="{each}"]')
              for each in ("start", "end", "low", "high")}  # fmt: skip
    assert float(inputs["start"].input_value()) == pytest.approx(0.5, abs=0.02)
    assert float(inputs["end"].input_value()) == pytest.approx(1.0, abs=0.02)
    assert float(inputs["low"].input_value()) == pytest.approx(4000, abs=50)
    assert float(inputs["high"].input_value()) == pytest.approx(6000, abs=50)
    inputs["start"].fill("0.2")
    inputs["start"].press("Tab")
    place.focus()
    for key in ("ArrowRight", "Shift+ArrowRight", "ArrowDown", "Shift+ArrowUp"):
        page.keyboard.press(key)
    values = {name: float(each.input_value()) for name, each in inputs.items()}
    assert values["start"] == pytest.approx(0.22, abs=0.001)
    assert values["end"] == pytest.approx(1.04, abs=0.02)
    assert values["low"] == pytest.approx(3920, abs=50)
    assert values["high"] == pytest.approx(6000, abs=50)
    page.get_by_role("button", name="Select nothing").click()
    expect(page.locator("[data-chosen]")).to_be_hidden()
    for each in inputs.values():
        expect(each).to_have_value("")


def test_the_listening_page_leads_there(server: Running, page: Page) -> None:
    clip = secret_clip(server)
    page.goto(f"http://127.0.0.1:{server.http_port}/workbench/listen")
    page.locator("#desk[data-ready]").wait_for()
    with page.expect_popup() as popup:
        page.get_by_role("button", name="Examine the sound").click()
    sound = popup.value
    sound.locator("#examine[data-ready]").wait_for()
    assert sound.url.endswith(clip)
    assert played(server, clip)[-1][1] == "to judge it"
