"""Findings in the workbench: versions that stay, reports, and a replay that holds."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.acceptance.test_sound_commands import sound
from tests.doors.servers import Running, up
from tests.workbench.browsing import browser_at, field, first_secret, join, offered, send
from tests.workbench.chromium import signed_in
from tests.workbench.examining import EXAMINE, add_steps, open_page, secret_clip
from tests.workbench.test_chain_page import HIGH, chain, opened, saved

from earwitness.accounts import Role
from earwitness.doors.workbench.examine.desk import SHARE
from earwitness.wiring import Earwitness

QUESTION = "What is thrown <away>?"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with up(tmp_path) as running:
        yield running


@pytest.fixture
def lead(server: Running) -> Iterator[httpx.Client]:
    with browser_at(server) as client:
        join(client, offered(server, Role.LEAD), "Lea")
        yield client


def begun(browser: httpx.Client, clip: str, asked: str = "", question: str = QUESTION) -> str:
    """The path of a new finding."""
    at = opened(browser, clip)
    form = {"chain": asked or chain(HIGH), "question": question}
    answer = send(browser, f"{at}/finding", form, page=at)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def written(browser: httpx.Client, at: str, number: int, **fields: object) -> httpx.Response:
    form = {"number": str(number), "question": QUESTION, "described": "a phone", **fields}
    return send(browser, at, form, page=at)


def content(browser: httpx.Client, at: str, number: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(browser.get(f"{at}/{number}/finding.json").content)
    return found


def test_a_finding_is_written_on_as_versions(server: Running, lead: httpx.Client) -> None:
    clip = secret_clip(server)
    at = begun(lead, clip)
    page = lead.get(at)
    assert "What is thrown &lt;away&gt;?" in page.text
    assert "Say what you conclude" in page.text
    assert "uncovered" not in page.text
    heard = {"heard_by": ["Bob", "", "Cy"], "heard_words": ["throw it", "", "grow it"],
             "heard_in": ["treated", "original", "original"]}  # fmt: skip
    more = {"conclusions": "Nothing can be concluded.\n\nBy me.", "limits": "One clip alone."}
    assert written(lead, at, 1, **heard, **more).status_code == 303
    first, second = (content(lead, at, number) for number in (1, 2))
    assert first["heard"] == []
    assert first["conclusions"] == []
    assert [(each["by"], each["words"], each["treated"], each["blind"])
            for each in second["heard"]] == [
        ("Bob", "throw it", True, False), ("Cy", "grow it", False, False),
    ]  # fmt: skip
    assert second["conclusions"] == ["Nothing can be concluded.", "By me."]
    assert "One clip alone." in second["limits"]
    page = lead.get(at)
    assert ">One clip alone.</textarea>" in page.text  # and not what is added by itself
    assert "Words from a treated recording need a blind test" in page.text
    assert written(lead, at, 2, limits="One clip alone.").status_code == 303
    limits = content(lead, at, 3)["limits"]
    assert sorted(set(limits)) == sorted(limits)


def test_of_two_who_write_at_once_neither_loses_a_word(server: Running, lead: httpx.Client) -> None:
    at = begun(lead, secret_clip(server))
    assert written(lead, at, 1, conclusions="mine").status_code == 303
    late = written(lead, at, 1, conclusions="my <own> words", heard_by=["Bob"], heard_words=["hm"],
                   heard_in=["treated"])  # fmt: skip
    assert late.status_code == 409
    assert "Lea wrote version 2 meanwhile" in late.text
    assert "my &lt;own&gt; words</textarea>" in late.text
    assert 'value="hm"' in late.text
    assert field(late, "number") == "2"


def test_what_is_refused_comes_back_as_it_was_typed(server: Running, lead: httpx.Client) -> None:
    at = begun(lead, secret_clip(server))
    for fields, said in (
        ({"question": " "}, "A finding answers a question"),
        ({"heard_words": ["a word"], "heard_by": [" "], "heard_in": [""]}, "Say who heard"),
        ({"limits": "x" * 10_001}, "at most 10000 characters"),
        ({"conclusions": "\n".join("abc" for _ in range(101))}, "at most 100 lines"),
    ):
        answer = written(lead, at, 1, **({"described": "an old phone"} | fields))
        assert answer.status_code == 400, fields
        assert said in answer.text
        assert "an old phone</textarea>" in answer.text
    assert len(lead.get(at).text.split("<li>")) > 1


def test_reports_and_a_replay_that_holds(
    server: Running, lead: httpx.Client, tmp_path: Path
) -> None:
    clip = secret_clip(server)
    at = begun(lead, clip)
    assert lead.get(f"/workbench/examine/{clip}/sound").status_code == 200
    report = lead.get(f"{at}/1/report.html")
    assert "attachment" in report.headers["content-disposition"]
    assert "What is thrown &lt;away&gt;?" in report.text
    assert "was given it, because: two listeners disagree" in unescape(report.text)
    assert report.text.count("<figure>") == 2
    assert lead.get(f"{at}/1/report.pdf").content.startswith(b"%PDF-")
    original = saved(lead, f"/workbench/examine/{clip}", "original", chain(HIGH)).content
    replay = lead.get(f"{at}/1/replay.json").content
    for name, made in (("original.flac", original), ("replay.json", replay)):
        (tmp_path / name).write_bytes(made)
    files = (str(tmp_path / "replay.json"), str(tmp_path / "original.flac"))
    assert sound(tmp_path / "else", "replay", *files, "--json") == {"same": True, "differs": []}
    treated = saved(lead, f"/workbench/examine/{clip}", "treated", chain(HIGH)).content
    assert hashlib.sha256(treated).hexdigest() in report.text
    for wrong in ("2/report.html", "1/report.exe", "0/replay.json"):
        assert lead.get(f"{at}/{wrong}").status_code == 404, wrong


def test_findings_are_listed_the_last_first(server: Running, lead: httpx.Client) -> None:
    assert "None is written yet" in lead.get("/workbench/findings").text
    first = begun(lead, secret_clip(server), question="First?")
    begun(lead, secret_clip(server), question="Second?")
    assert re.findall(r">(First|Second)\?<", lead.get("/workbench/findings").text) == [
        "Second", "First",
    ]  # fmt: skip
    assert written(lead, first, 1, question="First?").status_code == 303
    page = lead.get("/workbench/findings").text
    assert re.findall(r">(First|Second)\?<", page) == ["First", "Second"]


def test_a_finding_on_an_original_alone(server: Running, lead: httpx.Client) -> None:
    at = begun(lead, secret_clip(server), chain())
    page = lead.get(at)
    assert "Nothing: the original was heard and measured as it is." in page.text
    assert "replay.json" not in page.text
    assert lead.get(f"{at}/1/report.html").text.count("<figure>") == 1
    assert lead.get(f"{at}/1/replay.json").status_code == 404
    assert content(lead, at, 1)["chain"] is None


def test_a_changed_original_is_said_and_no_fault_of_the_server(
    server: Running, lead: httpx.Client
) -> None:
    clip = secret_clip(server)
    at = begun(lead, clip)
    other = secret_clip(server)
    with Earwitness.open(server.settings) as program:
        folder, records = program.settings.clips_folder, program.records
        path, others = (folder / records.utterance(each).clip for each in (clip, other))
    assert path.name == others.name  # the same sound
    path.write_bytes(path.read_bytes() + b"!")
    for answer in (
        lead.get(f"{at}/1/report.html"),
        lead.get(f"{at}/1/report.pdf"),
        written(lead, at, 1, limits="typed with care"),
    ):
        assert answer.status_code == 400, answer.url
        assert "The original is not what it was" in answer.text
    assert ">typed with care</textarea>" in answer.text
    page = lead.get(at)
    assert page.status_code == 200
    assert "The original is not what it was" in page.text
    assert "high-pass" in page.text
    assert lead.get(f"{at}/1/replay.json").status_code == 200


def test_what_comes_out_differently_is_said(server: Running, lead: httpx.Client) -> None:
    at = begun(lead, secret_clip(server))
    with Earwitness.open(server.settings) as program:
        (kept,) = program.records.finding(at.rpartition("/")[2])
        changed = json.loads(kept.replay) | {"result_digest": "0" * 64}
        changed["components"] |= {"numpy": "0.1"}
        program.records.add_finding(replace(kept, number=2, replay=json.dumps(changed)))
    answer = lead.get(f"{at}/2/report.html")
    assert answer.status_code == 400
    assert "cannot be done again as it was written down" in answer.text
    assert "numpy was 0.1" in answer.text


def test_a_finding_is_for_who_may_examine(server: Running, lead: httpx.Client) -> None:
    at = begun(lead, secret_clip(server))
    with browser_at(server) as ann:
        join(ann, offered(server, Role.ANALYST), "Ann")
        for path in (at, f"{at}/1/report.html", f"{at}/1/finding.json"):
            assert ann.get(path).status_code == 403
    with browser_at(server) as signed_out:
        form = {"number": "1", "conclusions": "the words that I typed and would not type again"}
        late = signed_out.post(at, data=form)
        assert late.status_code == 401
        assert "would not type again" in late.text


def test_from_the_sound_page_to_the_report(real_browser: Browser, server: Running) -> None:
    clip = secret_clip(server)
    with signed_in(real_browser, server, first_secret(server)) as page:
        open_page(page, server, clip)
        add_steps(page, "high-pass")
        page.get_by_label("What is to be found out?").fill(QUESTION)
        page.get_by_role("button", name="Begin a finding with this chain").click()
        expect(page.locator("[data-done]")).to_contain_text("high-pass: hz 80.0, order 4")
        page.get_by_label("Who heard, line 1").fill("Bob")
        page.get_by_label("Words, line 1").fill("throw it away")
        page.get_by_label("Conclusions").fill("Nothing can be concluded.")
        page.get_by_role("button", name="Save as version 2").click()
        expect(page.get_by_label("Words, line 1")).to_have_value("throw it away")
        with page.expect_download() as download:
            page.get_by_role("link", name="Report as PDF").click()
        assert download.value.suggested_filename.endswith("-2.report.pdf")
        page.get_by_role("link", name=re.compile("The Sound page")).click()
        expect(page.locator("[data-steps] > li")).to_have_count(1)
        page.locator("#examine[data-ready]").wait_for()
        add_steps(page, "gain")
        page.get_by_role("button", name="Put this chain into it").click()
        expect(page.locator("[data-done] li")).to_have_count(2)
        expect(page.get_by_label("Words, line 1")).to_have_value("throw it away")


def at_clip(server: Running) -> str:
    with Earwitness.open(server.settings) as program:
        return str(program.records.backlog()[0].id)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= 360"))


def test_a_finding_fits_a_small_screen(
    real_browser: Browser, server: Running, lead: httpx.Client
) -> None:
    at = begun(lead, secret_clip(server), question="gochujang" * 60)
    with signed_in(real_browser, server, first_secret(server)) as page:
        page.set_viewport_size({"width": 360, "height": 780})
        page.goto(f"http://127.0.0.1:{server.http_port}{at}")
        assert fits(page)
        page.goto(f"http://127.0.0.1:{server.http_port}/workbench/findings")
        assert fits(page)
        open_page(page, server, at_clip(server))
        assert fits(page)


def test_nothing_that_was_typed_is_lost_while_much_is_worked_on(
    server: Running, lead: httpx.Client
) -> None:
    clip = secret_clip(server)
    at, examine = begun(lead, clip), f"{EXAMINE}/{clip}"
    csrf = field(lead.get(at), "csrf")

    def busy(number: int) -> None:
        slow = [] if number else [{"do": "dereverb", "iterations": 10}] * 30
        steps = [*slow, {"do": "gain", "db": -number}]
        form = {"chain": chain(*steps), "page": str(number), "csrf": csrf}
        lead.post(f"{examine}/treat", data=form, timeout=120)

    with ThreadPoolExecutor(SHARE) as pool:
        for number in range(SHARE):
            pool.submit(busy, number)
            time.sleep(0.1)
        form = {"csrf": csrf, "number": "1", "question": "why", "conclusions": "Typed with care."}
        answer = lead.post(at, data=form)
    assert answer.status_code == 429
    assert "Typed with care." in answer.text
    assert "Nothing was saved" in answer.text
