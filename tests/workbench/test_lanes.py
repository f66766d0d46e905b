"""Vantage points of one moment: aligned with their uncertainty, played in step, or refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from scipy.signal import correlate, resample_poly
from tests.babble import babble, heard_by
from tests.doors.servers import Running, up
from tests.workbench.browsing import browser_at, field, first_secret, join, offered, send
from tests.workbench.chromium import signed_in
from tests.workbench.examining import (
    CAPTURE,
    EXAMINE,
    WHY,
    add_steps,
    heard_of,
    open_page,
    played,
    secret_clip,
    tried_again,
)
from tests.workbench.test_chain_page import HIGH, chain, opened

from earwitness.accounts import Role
from earwitness.flow.vantage import MOST_ALIGNED
from earwitness.model import SAMPLE_RATE, Samples
from earwitness.wiring import Earwitness

SPEECH = babble(12.0)
OFFSET = 0.75


def vantage(offset: float) -> Samples:
    """The same by another device."""
    samples: Samples = heard_by(SPEECH, offset).samples[:, 0]
    return samples


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with up(tmp_path) as running:
        yield running


@pytest.fixture
def lead(server: Running) -> Iterator[httpx.Client]:
    with browser_at(server) as client:
        join(client, offered(server, Role.LEAD), "Lea")
        yield client


def align(browser: httpx.Client, at: str, *others: str) -> httpx.Response:
    return send(browser, f"{at}/align", {"others": list(others)}, page=at)


def timings(answer: httpx.Response) -> list[dict[str, float]]:
    assert answer.status_code == 200, answer.text
    found = re.findall(r'data-timing="([^"]*)"', answer.text)
    return [json.loads(unescape(each)) if each else {} for each in found]


def test_recordings_of_one_moment_are_aligned_and_others_refused(
    server: Running, lead: httpx.Client
) -> None:
    clip = secret_clip(server, SPEECH)
    hall = secret_clip(server, vantage(OFFSET), device="hall")
    other = secret_clip(server, babble(12.0, seed=9), device="garage")
    at = opened(lead, clip)
    page = lead.get(at).text
    assert "hall" in page
    assert "garage" in page
    answer = align(lead, at, hall, other)
    told, refused = timings(answer)
    assert told["offset"] == pytest.approx(OFFSET, abs=0.001)
    assert refused == {}
    assert re.search(r"offset \+750\.\d\d ms ± 0?\.?\d+", answer.text)
    assert "Not aligned: " in answer.text
    assert "uncovered" not in page + answer.text
    assert lead.get(f"{at}/beside/{hall}/sound").status_code == 200
    assert played(server, hall) == [("Lea", f"{WHY} (beside clip {clip[:12]})")]
    assert lead.get(f"{at}/beside/{hall}/picture/speech").headers["content-type"] == "image/png"


def test_only_what_the_household_heard_then_is_beside_it(
    server: Running, lead: httpx.Client
) -> None:
    clip = secret_clip(server, SPEECH)
    neighbour = secret_clip(server, vantage(OFFSET), household="h2", device="next door")
    at = opened(lead, clip)
    assert "next door" not in lead.get(at).text
    for path in ("sound", "picture/speech"):
        assert lead.get(f"{at}/beside/{neighbour}/{path}").status_code == 404
    assert align(lead, at, neighbour).status_code == 404
    assert align(lead, at).status_code == 400
    assert align(lead, at, *map(str, range(MOST_ALIGNED + 1))).status_code == 400
    assert played(server, neighbour) == []


def test_others_are_not_for_who_only_listens(server: Running) -> None:
    clip = secret_clip(server, SPEECH)
    hall = secret_clip(server, vantage(OFFSET), device="hall")
    with browser_at(server) as ann:
        join(ann, offered(server, Role.ANALYST), "Ann")
        at = f"{EXAMINE}/{clip}"
        assert ann.get(f"{at}/beside/{hall}/sound").status_code == 403
        assert align(ann, "/workbench").status_code == 404


def test_a_report_has_the_custody_of_every_recording(server: Running, lead: httpx.Client) -> None:
    clip = secret_clip(server, SPEECH)
    hall = secret_clip(server, vantage(OFFSET), device="hall")
    at = opened(lead, clip)
    assert lead.get(f"{at}/beside/{hall}/sound").status_code == 200
    form = {"chain": chain(HIGH), "question": "Who was in the hall?", "beside": hall}
    begun = send(lead, f"{at}/finding", form, page=at).headers["location"]
    report = unescape(lead.get(f"{begun}/1/report.html").text)
    custody = report.partition("<h2>Custody</h2>")[2].partition("<h2>")[0]
    mine, _, theirs = custody.partition(f"another recording, clip {hall}")
    assert f"(beside clip {clip[:12]})" in theirs
    assert f"(beside clip {clip[:12]})" not in mine
    assert re.match(r", device hall; aligned with the first one: offset \+750\.\d\d ms ± ", theirs)
    assert re.search(r"by \d+ of \d+ windows", theirs)


def test_an_alignment_is_cancelled(server: Running, lead: httpx.Client) -> None:
    clip = secret_clip(server, SPEECH)
    others = [secret_clip(server, vantage(OFFSET), device=f"room {n}") for n in range(MOST_ALIGNED)]
    at = opened(lead, clip)
    csrf = field(lead.get(at), "csrf")
    form = {"csrf": csrf, "page": "p1", "others": others}
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(lead.post, f"{at}/align", data=form, timeout=120)
        other = {"csrf": csrf, "page": "p2"}
        assert lead.post(f"{at}/align/cancel", data=other).status_code == 204
        while not asked.done():
            assert lead.post(f"{at}/align/cancel", data=form | {"others": []}).status_code == 204
    assert asked.result().status_code == 409
    assert "The alignment was cancelled" in asked.result().text
    assert timings(align(lead, at, others[0]))


# --- in a browser -----------------------------------------------------------------


@pytest.fixture
def page(real_browser: Browser, server: Running) -> Iterator[Page]:
    with signed_in(real_browser, server, first_secret(server)) as made:
        yield made


def position(heard: Samples, speech: Samples) -> int:
    """Where in the speech a piece of it was heard, in samples."""
    return int(correlate(speech, heard, "valid", "fft").argmax())


def test_number_keys_switch_in_step_and_without_a_gap(server: Running, page: Page) -> None:
    page.add_init_script(CAPTURE)
    clip = secret_clip(server, SPEECH)
    secret_clip(server, vantage(OFFSET), device="hall")
    secret_clip(server, babble(12.0, seed=9), device="garage")
    open_page(page, server, clip)
    for box in page.locator("[data-align] input").all():
        box.check()
    page.get_by_role("button", name="Align and add").click()
    lanes = page.locator("[data-lanes]")
    expect(lanes).to_contain_text("Not aligned")
    hall = lanes.get_by_role("button", name=re.compile("hall"))
    number = str(hall.get_attribute("data-vantage"))
    assert any(is_in_step(switched(page, number)) for _ in tried_again(page, 12))


def switched(page: Page, number: str) -> list[int]:
    """Where in the speech each half second was heard while two keys took turns, less when."""
    page.keyboard.press("Alt+k")
    for key in (number, "1", number, "1"):
        page.wait_for_timeout(1500)
        page.keyboard.press(key)
        chosen = page.locator(f'[data-vantage="{key}"]')
        expect(chosen).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(1500)
    page.keyboard.press("Alt+k")
    captured, rate = heard_of(page)
    heard = resample_poly(captured, SAMPLE_RATE // 100, rate // 100).astype(np.float32)
    sounding = np.flatnonzero(np.abs(heard) > 0.01)
    heard = heard[sounding[0] : sounding[-1]]
    step = SAMPLE_RATE // 2
    return [
        position(heard[first : first + step], SPEECH) - first
        for first in range(0, len(heard) - step, step)
    ]


def is_in_step(places: list[int]) -> bool:
    """Through every switch, within a hundredth of a second."""
    return len(places) >= 10 and max(places) - min(places) <= SAMPLE_RATE // 100


def test_a_finding_names_every_recording_by_its_hash(server: Running, page: Page) -> None:
    clip = secret_clip(server, SPEECH)
    hall = secret_clip(server, vantage(OFFSET), device="hall")
    open_page(page, server, clip)
    page.locator("[data-align] input").check()
    page.get_by_role("button", name="Align and add").click()
    expect(page.locator("[data-lanes] li")).to_have_count(2)
    strip, seen = (page.locator(each).bounding_box() for each in ("[data-strip]", "[data-seen]"))
    assert strip
    assert seen
    scale = seen["width"] / (len(SPEECH) / SAMPLE_RATE)
    assert seen["x"] - strip["x"] == pytest.approx(OFFSET * scale, abs=3)  # it began earlier
    add_steps(page, "high-pass")
    page.get_by_label("What is to be found out?").fill("Who was in the hall?")
    page.get_by_role("button", name="Begin a finding with this chain").click()
    expect(page.get_by_text("offset +750")).to_be_visible()
    page.get_by_role("button", name="Save as version 2").click()
    expect(page.get_by_role("heading", name="version 2")).to_be_visible()
    with Earwitness.open(server.settings) as program:
        keys = [program.records.utterance(each).clip for each in (clip, hall)]
        (kept,) = program.records.findings(clip)
        recordings = json.loads(kept.content)["recordings"]
    assert [each["sha256"] for each in recordings if each["original"]] == keys
    assert len(recordings) == 3


def test_nothing_chosen_is_said(server: Running, page: Page) -> None:
    clip = secret_clip(server, SPEECH)
    secret_clip(server, vantage(OFFSET), device="hall")
    open_page(page, server, clip)
    page.get_by_role("button", name="Align and add").click()
    expect(page.locator("[data-not-aligned]")).to_contain_text("Choose 1 to 6 recordings")


def test_a_long_alignment_is_cancelled_by_a_button(server: Running, page: Page) -> None:
    clip = secret_clip(server, SPEECH)
    for number in range(MOST_ALIGNED):
        secret_clip(server, vantage(OFFSET), device=f"room {number}")
    open_page(page, server, clip)
    cancel = page.get_by_role("button", name="Cancel")
    expect(cancel).to_be_hidden()
    for box in page.locator("[data-align] input").all():
        box.check()
    page.get_by_role("button", name="Align and add").click()
    cancel.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-not-aligned]")).to_contain_text("cancelled")
    expect(cancel).to_be_hidden()
    expect(page.get_by_role("button", name="Align and add")).to_be_focused()
    expect(page.locator("[data-lanes]")).to_be_hidden()
