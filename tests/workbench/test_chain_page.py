"""A chain on the Sound page: run on a copy, as loud as the original, run again by anybody."""

from __future__ import annotations

import io
import json
import time
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.acceptance.test_sound_commands import sound
from tests.doors.servers import Running, up
from tests.workbench.browsing import browser_at, field, first_secret, join, offered, send
from tests.workbench.chromium import signed_in
from tests.workbench.examining import (
    CAPTURE,
    EXAMINE,
    WHY,
    add_steps,
    heard_of,
    noisy,
    open_page,
    played,
    secret_clip,
    spoken,
    tone,
    tried_again,
)

from earwitness.accounts import Role
from earwitness.audio.clip import decode_flac
from earwitness.audio.loudness import loudness
from earwitness.model import Samples
from earwitness.sound.chain import MOST_STEPS
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


def chain(*steps: dict[str, object], stretch: list[float] | None = None) -> str:
    return json.dumps({"chain": 1, "stretch": stretch, "steps": list(steps)})


def opened(browser: httpx.Client, clip: str) -> str:
    at = f"{EXAMINE}/{clip}"
    assert send(browser, at, {"why": WHY}, page=at).status_code == 303
    return at


def treat(browser: httpx.Client, at: str, asked: str) -> httpx.Response:
    return send(browser, f"{at}/treat", {"chain": asked}, page=at)


def saved(browser: httpx.Client, at: str, what: str, asked: str) -> httpx.Response:
    answer = send(browser, f"{at}/save", {"chain": asked, "what": what}, page=at)
    assert answer.status_code == 200, answer.text
    return answer


def name_of(answer: httpx.Response) -> str:
    return answer.headers["content-disposition"].split('"')[1]


HIGH = {"do": "high-pass", "hz": 300}


def test_a_treated_clip_is_as_loud_as_the_original(server: Running, lead: httpx.Client) -> None:
    clip = secret_clip(server, spoken())
    at = opened(lead, clip)
    made = treat(lead, at, chain(HIGH)).json()
    assert made["for_listening"] == ""
    before, after = (
        loudness(decode_flac(heard.content))[0] + float(heard.headers["x-turned-down"])
        for heard in (lead.get(f"{at}/sound"), lead.get(f"{at}/treated/{made['key']}"))
    )
    assert after == pytest.approx(before, abs=0.15)
    assert played(server, clip) == [("Lea", WHY), ("Lea", f"{WHY} (treated: high-pass)")]
    assert lead.get(f"{at}/picture/speech?treated={made['key']}").status_code == 200
    assert "Treated" in lead.get(f"{at}/levels?treated={made['key']}").text
    assert lead.get(f"{at}/treated/nothing").status_code == 404


def test_what_cannot_be_done_is_said(server: Running, lead: httpx.Client) -> None:
    at = opened(lead, secret_clip(server))
    for asked, said in (
        ("", "no JSON"),
        ("[]", "A chain is"),
        (chain({"do": "magic"}), "there is no step"),
        (chain({"do": "high-pass", "hz": None}), "Step 1 (high-pass): hz is"),
        (chain({"do": "low-pass", "hz": 9000}), "nothing above 8000 Hz"),
        (chain(HIGH, stretch=[50.0, 60.0]), "no sound"),
        (chain(*[HIGH] * (MOST_STEPS + 1)), "at most 40"),
        (chain({"do": "gain", "db": -60, "channel": "9"}), "Step 1 (gain)"),
    ):
        answer = treat(lead, at, asked)
        assert answer.status_code == 400, (asked[:60], answer.status_code, answer.text)
        assert said in answer.text, (asked[:60], answer.text)


def test_the_replay_file_gives_the_same_samples_elsewhere(
    server: Running, lead: httpx.Client, tmp_path: Path
) -> None:
    clip = secret_clip(server)
    at = opened(lead, clip)
    asked = chain(HIGH, {"do": "reduce-noise"}, stretch=[0.25, 1.75])
    original = saved(lead, at, "original", asked)
    replay = saved(lead, at, "replay", asked)
    treated = saved(lead, at, "treated", asked)
    assert name_of(original) == f"{clip[:16]}.flac"
    assert name_of(treated) == f"{clip[:16]}.treated.wav"
    files = {}
    for answer in (original, replay):
        files[name_of(answer)] = tmp_path / name_of(answer)
        files[name_of(answer)].write_bytes(answer.content)
    again = sound(tmp_path / "else", "replay", *map(str, reversed(files.values())), "--json")
    assert again == {"same": True, "differs": []}
    with wave.open(io.BytesIO(treated.content)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnframes()) == (16_000, 3, 24_000)
    why = [each for _, each in played(server, clip)]
    assert why == [f"{WHY} (saved: the original)", f"{WHY} (saved: high-pass, reduce-noise)"]
    with Earwitness.open(server.settings) as program:
        assert all(each.as_recorded for each in program.records.playbacks(clip))
    shown = json.loads(saved(lead, at, "chain", asked).content)
    assert shown["steps"][1]["limit_db"] == 12.0


def test_what_may_be_invented_is_in_the_name_and_said(server: Running, lead: httpx.Client) -> None:
    clip = secret_clip(server)
    at = opened(lead, clip)
    asked = chain({"do": "repair", "start": 0.5, "end": 0.7})
    assert "shows nothing" in treat(lead, at, asked).json()["for_listening"]
    assert name_of(saved(lead, at, "treated", asked)) == f"{clip[:16]}.for-listening.wav"


def test_an_original_that_is_another_one_is_told(server: Running, lead: httpx.Client) -> None:
    clip = secret_clip(server)
    at = opened(lead, clip)
    with Earwitness.open(server.settings) as program:
        path = program.settings.clips_folder / program.records.utterance(clip).clip
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    for part in ("sound", "levels", "facts", "picture/speech"):
        answer = lead.get(f"{at}/{part}")
        assert answer.status_code == 400, part
        assert "The original is not what it was" in answer.text, part
    assert "not what it was" in treat(lead, at, chain(HIGH)).text


def test_nothing_is_taken_away_by_who_only_listens(server: Running) -> None:
    clip = secret_clip(server)
    at = f"{EXAMINE}/{clip}"
    with browser_at(server) as ann:
        join(ann, offered(server, Role.ANALYST), "Ann")
        token = field(ann.get("/workbench/listen"), "token")
        assert send(ann, at, {"token": token}).status_code == 303
        made = treat(ann, at, chain(HIGH))
        assert made.status_code == 200
        assert ann.get(f"{at}/treated/{made.json()['key']}").status_code == 200
        form = {"chain": chain(HIGH), "what": "treated"}
        assert send(ann, f"{at}/save", form, page=at).status_code == 403


def test_a_page_gives_up_what_it_asked_for_before_and_no_other_page_s(
    server: Running, lead: httpx.Client
) -> None:
    at = opened(lead, secret_clip(server))
    slow = chain(*[{"do": "dereverb", "iterations": 10}] * 6)
    token = field(lead.get(at), "csrf")

    def ask(asked: str, page: str) -> int:
        form = {"csrf": token, "chain": asked, "page": page}
        return lead.post(f"{at}/treat", data=form, timeout=120).status_code

    with ThreadPoolExecutor() as threads:
        first, other = threads.submit(ask, slow, "one"), threads.submit(ask, chain(HIGH), "other")
        time.sleep(0.5)
        assert ask(chain(HIGH), "one") == 200
        assert (first.result(), other.result()) == (409, 200)


# --- in a browser -----------------------------------------------------------------


@pytest.fixture
def page(real_browser: Browser, server: Running) -> Iterator[Page]:
    with signed_in(real_browser, server, first_secret(server)) as made:
        yield made


def in_force(page: Page) -> Any:
    return json.loads(page.locator("[data-save] [data-chain]").input_value())


def test_a_chain_is_made_by_hand_and_previewed(server: Running, page: Page) -> None:
    clip = secret_clip(server)
    open_page(page, server, clip)
    treated = page.get_by_role("button", name="Treated Alt O")
    expect(treated).to_be_disabled()
    add_steps(page, "high-pass")
    add_steps(page, "low-pass")
    assert [each["do"] for each in in_force(page)["steps"]] == ["high-pass", "low-pass"]
    assert in_force(page)["steps"][1]["hz"] == 7200  # this recording holds nothing over 8 kHz
    with page.expect_response("**/treat"):
        page.get_by_label("hz 10 to").first.fill("250")
    with page.expect_response("**/treat"):
        page.get_by_role("button", name="2. low-pass: up").click()
    steps = in_force(page)["steps"]
    assert [(each["do"], each["hz"]) for each in steps] == [("low-pass", 7200), ("high-pass", 250)]
    expect(treated).to_be_enabled()
    page.keyboard.press("Alt+o")
    expect(treated).to_have_attribute("aria-pressed", "true")
    assert "treated=" in str(page.locator("[data-picture]").get_attribute("src"))
    page.keyboard.press("Alt+o")
    expect(treated).to_have_attribute("aria-pressed", "false")
    assert "treated=" not in str(page.locator("[data-picture]").get_attribute("src"))
    page.reload()
    page.locator("#examine[data-ready]").wait_for()
    expect(page.locator("[data-steps] > li")).to_have_count(2)
    with page.expect_response("**/treat"):
        page.get_by_role("button", name="1. low-pass: remove").click()
    page.get_by_role("button", name="1. high-pass: remove").click()
    expect(treated).to_be_disabled()


def test_what_is_refused_is_said_and_stays_as_it_was_typed(server: Running, page: Page) -> None:
    open_page(page, server, secret_clip(server))
    add_steps(page, "high-pass")
    with page.expect_response("**/treat"):
        page.get_by_label("hz 10 to").fill("9000")
    expect(page.locator("[data-refused]")).to_contain_text("Step 1 (high-pass)")
    expect(page.get_by_label("hz 10 to")).to_have_value("9000")
    with page.expect_response("**/treat"):
        page.get_by_label("hz 10 to").fill("120")
    expect(page.locator("[data-refused]")).to_be_hidden()


def test_a_selection_fills_a_box_and_a_stretch(server: Running, page: Page) -> None:
    open_page(page, server, secret_clip(server))
    for name, value in (("start", "0.5"), ("end", "0.9"), ("low", "1000"), ("high", "3000")):
        page.locator(f'[data-selection] [name="{name}"]').fill(value)
        page.keyboard.press("Tab")
    add_steps(page, "repair")
    (step,) = in_force(page)["steps"]
    assert (step["start"], step["end"], step["low_hz"], step["high_hz"]) == (0.5, 0.9, 1000, 3000)
    expect(page.locator("[data-for-listening]")).to_contain_text("For listening")
    with page.expect_response("**/treat"):
        page.get_by_role("button", name="Only what is selected").click()
    assert in_force(page)["stretch"] == [0.5, 0.9]
    add_steps(page, "reduce-noise")
    with page.expect_response("**/treat"):
        page.get_by_role("button", name="noise_from: use the selection").click()
    assert in_force(page)["steps"][1]["noise_from"] == [0, 0.4]
    with page.expect_response("**/treat"):
        page.get_by_role("button", name="All of it").click()
    assert in_force(page)["stretch"] is None
    add_steps(page, "band-pass")
    assert {"low_hz": 1000, "high_hz": 3000}.items() <= in_force(page)["steps"][2].items()
    assert "start" not in in_force(page)["steps"][2]


def test_one_key_switches_without_a_gap_and_without_a_jump_in_loudness(
    server: Running, page: Page
) -> None:
    """What the browser plays of a tone, while it is switched several times."""
    page.add_init_script(CAPTURE)
    open_page(page, server, secret_clip(server, tone(6.0, 440)))
    add_steps(page, "high-pass")
    page.keyboard.press("Alt+o")
    expect(page.get_by_role("button", name="Treated Alt O")).to_have_attribute(
        "aria-pressed", "true"
    )
    assert any(is_steady(switched(page)) for _ in tried_again(page, 6))


def switched(page: Page) -> Samples:
    """The highest sample of each hundredth of a second while a key is pressed five times."""
    page.keyboard.press("Alt+k")
    while not page.evaluate("captured.some((each) => Math.abs(each) > 0.01)"):
        page.wait_for_timeout(50)
    for _ in range(5):
        page.wait_for_timeout(250)
        page.keyboard.press("Alt+o")
    page.wait_for_timeout(250)
    page.keyboard.press("Alt+k")
    captured, rate = heard_of(page)
    sounding = np.flatnonzero(np.abs(captured) > 0.01)
    within = captured[sounding[0] + 2000 : sounding[-1] - 2000]
    block = rate // 100
    highest: Samples = np.abs(within[: len(within) // block * block].reshape(-1, block)).max(axis=1)
    return highest


def is_steady(levels: Samples) -> bool:
    middle = np.median(levels)
    return len(levels) > 100 and levels.min() > 0.9 * middle and levels.max() < 1.1 * middle


def test_speech_in_noise_comes_out_with_less_noise(server: Running, lead: httpx.Client) -> None:
    at = opened(lead, secret_clip(server, noisy()))
    made = treat(lead, at, chain({"do": "reduce-noise", "limit_db": 30}))
    page = lead.get(f"{at}/levels?treated={made.json()['key']}").text
    row = page.split('<th scope="row">noise floor</th>')[1]
    before, after = (float(each.split("</td>")[0]) for each in row.split('"number">')[1:3])
    assert after < before - 6
