"""A clip from the queue to a taught word, as a browser does it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest
from tests.doors.servers import AUTHORITIES, Running, up
from tests.workbench.browsing import browser_at, field, first_secret, join, offered
from tests.workbench.clips import keep, quiet

from earwitness import starter
from earwitness.accounts import Role
from earwitness.audio.clip import decode_flac
from earwitness.model import SAMPLE_RATE
from earwitness.wiring import Earwitness

MACHINE = "turn off the light"
"""What the scripted recogniser of ``up`` hears."""
CLIPS = {each.path.name: each for each in starter.recordings()}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with up(tmp_path, audit_fraction=1, second_listener_fraction=0) as running:
        yield running


@pytest.fixture
def browser(server: Running) -> Iterator[httpx.Client]:
    with browser_at(server) as client:
        join(client, first_secret(server))
        yield client


def say(server: Running, name: str = "saoirse-1.opus") -> str:
    """What the server hears in a recording."""
    url = f"http://127.0.0.1:{server.http_port}/v1/audio/transcriptions"
    sent = {"file": (name, CLIPS[name].path.read_bytes())}
    model = {"model": "earwitness"}
    answer = httpx.post(url, files=sent, data=model, timeout=60, verify=AUTHORITIES)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["text"])


def sound(page: httpx.Response) -> str:
    found = re.search(r'data-sound="([^"]+)"', page.text)
    assert found
    return unescape(found[1])


def action(page: httpx.Response) -> str:
    found = re.search(r'action="(/workbench/listen/\w+)"', page.text)
    assert found
    return found[1]


def answer(browser: httpx.Client, page: httpx.Response, **given: str) -> httpx.Response:
    form = {"csrf": field(page, "csrf"), "token": field(page, "token"), **given}
    return browser.post(action(page), data=form)


def test_the_machine_is_covered_until_the_listener_has_written(
    server: Running, browser: httpx.Client
) -> None:
    assert say(server) == MACHINE
    page = browser.get("/workbench/listen")
    assert "audit" in page.text
    assert "light" not in page.text
    early = browser.get(action(page).replace("listen", "heard"))
    assert early.status_code == 400
    assert "light" not in early.text
    heard = browser.get(sound(page))
    assert heard.headers["content-type"] == "audio/flac"
    assert len(decode_flac(heard.content)) > SAMPLE_RATE
    done = answer(browser, page, text="turn <b>on</b> the light", verdict="transcript")
    shown = browser.get(done.headers["location"]).text
    assert re.findall(r'class="differs">([^<]*)<', shown) != []
    assert "<b>on" not in shown
    assert "Nothing waits for you" in browser.get("/workbench/listen").text
    assert len([line for line in server.log() if line["event"] == "clip given"]) == 1
    assert "light" not in (server.folder / "log").read_text(encoding="utf-8")


def test_two_analysts_never_hold_one_clip(server: Running, browser: httpx.Client) -> None:
    say(server)
    page = browser.get("/workbench/listen")
    with browser_at(server) as other:
        join(other, offered(server, Role.ANALYST), "Bob")
        assert "Nothing waits for you" in other.get("/workbench/listen").text
        assert other.get(sound(page)).status_code == 403
        token = field(other.get("/workbench"), "csrf")
        form = {"csrf": token, "token": field(page, "token"), "text": "mine now"}
        late = other.post(action(page), data=form)
        assert late.status_code == 409
        assert "mine now" in late.text
        leave = {"csrf": field(page, "csrf"), "token": field(page, "token")}
        assert browser.post(action(page) + "/pass", data=leave).status_code == 303
        assert browser.get(sound(page)).status_code == 409
        assert "What do you hear?" in other.get("/workbench/listen").text


def test_an_answer_that_is_none_comes_back_as_it_was_typed(
    server: Running, browser: httpx.Client
) -> None:
    say(server)
    page = browser.get("/workbench/listen")
    for text in ("[half a bracket", "", '"</textarea><script>'):
        again = answer(browser, page, text=text, verdict="transcript" if text[:1] != '"' else "x")
        assert again.status_code == 400
    again = answer(browser, page, text="[half </textarea><script>", verdict="transcript")
    assert "[half &lt;/textarea&gt;&lt;script&gt;</textarea>" in again.text
    assert answer(browser, again, verdict="no_speech").status_code == 303
    assert answer(browser, again, text="too late", verdict="transcript").status_code == 409


def test_a_word_is_taught_in_the_browser_and_heard_from_then_on(tmp_path: Path) -> None:
    with (
        up(tmp_path, scripted=False, second_listener_fraction=0) as server,
        browser_at(server) as browser,
    ):
        join(browser, first_secret(server))
        assert "Saoirse" not in say(server, "saoirse-1.opus")
        page = browser.get("/workbench/listen")
        said = CLIPS["saoirse-1.opus"].text.replace("Saoirse", "[Saoirse]")
        assert "[Saoirse]" in said
        done = answer(browser, page, text=said, verdict="transcript")
        until = time.monotonic() + 60
        while 'data-lesson="Saoirse" data-state="live"' not in (
            shown := browser.get(done.headers["location"]).text
        ):
            assert time.monotonic() < until, shown
            time.sleep(0.2)
        assert '<span class="settled">heard</span>' in shown
        assert "Saoirse" in say(server, "saoirse-2.opus")


def test_where_a_lead_allows_it_the_guess_comes_first_and_that_is_on_record(
    server: Running, browser: httpx.Client
) -> None:
    clip = keep(server, quiet(0.5), "uncovered", household="h<1>")
    page = browser.get("/workbench/lead/guess-first")
    allow = {"csrf": field(page, "csrf"), "household": "h<1>", "why": "digits"}
    assert browser.post("/workbench/lead/guess-first", data=allow | {"why": ""}).status_code == 400
    assert browser.post("/workbench/lead/guess-first", data=allow).status_code == 303
    assert "h&lt;1&gt;" in browser.get("/workbench/lead/guess-first").text
    shown = browser.get("/workbench/listen")
    assert "<q data-guess>uncovered</q>" in shown.text
    assert browser.post("/workbench/lead/guess-first/end", data=allow).status_code == 303
    answer(browser, shown, text="covered", verdict="transcript")
    with Earwitness.open(server.settings) as program:
        assert [each.blind for each in program.records.judgements(clip)] == [False]
        assert program.records.guesses_allowed() == {}
