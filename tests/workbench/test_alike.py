"""One clip is written down, three are confirmed: the page, as a browser does it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest
from tests.doors.servers import Running, up
from tests.workbench.browsing import browser_at, field, first_secret, join, offered
from tests.workbench.clips import keep, quiet
from tests.workbench.test_listening import answer

from earwitness.accounts import Role
from earwitness.model import ItemState
from earwitness.wiring import Earwitness


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with up(tmp_path, second_listener_fraction=0) as running:
        yield running


@pytest.fixture
def browser(server: Running) -> Iterator[httpx.Client]:
    with browser_at(server) as client:
        join(client, first_secret(server))
        yield client


def same_sound(server: Running, number: int) -> list[str]:
    return [
        keep(
            server, quiet(1.0), "eat that", flags=[("unknown_word", 0.1, 0.9)],
            words=(0.1, 0.95), value=1 - n / 100,
        )
        for n in range(number)
    ]  # fmt: skip


def begun(server: Running, browser: httpx.Client, clips: list[str]) -> str:
    """The address of the group, after the first clip was written down."""
    page = browser.get("/workbench/listen")
    token = field(page, "csrf")
    done = answer(browser, page, text="yeet that", verdict="transcript")
    assert done.headers["location"].endswith(clips[0])
    for _ in range(4):
        counted = browser.get(f"/workbench/clips/{clips[0]}/alike", headers={"HX-Request": "true"})
    assert counted.text.strip() == f"· {len(clips) - 1} others sound alike"
    form = {"csrf": token, "term": "yeet"}
    group = browser.post(f"/workbench/heard/{clips[0]}/alike", data=form)
    assert group.status_code == 303, group.text
    return str(group.headers["location"])


def say(browser: httpx.Client, group: str, same: str) -> httpx.Response:
    page = browser.get(group)
    assert "eat that" not in page.text
    found = re.search(r'<audio [^>]*src="([^"]+)"', page.text)
    assert found
    assert browser.get(unescape(found[1])).status_code == 200
    names = ("csrf", "utterance", "token")
    return browser.post(group, data={"same": same} | {name: field(page, name) for name in names})


def test_three_of_three_confirm_a_group(server: Running, browser: httpx.Client) -> None:
    clips = same_sound(server, 6)
    group = begun(server, browser, clips)
    assert "This is 1 of 3" in browser.get(group).text
    assert say(browser, group, "maybe").status_code == 400
    for _ in range(3):
        assert say(browser, group, "yes").status_code == 303
    page = browser.get(group)
    assert "Confirmed" in page.text
    assert "<audio" not in page.text
    with Earwitness.open(server.settings) as program:
        states = {program.records.item(clip).state for clip in clips[1:]}
        played = [p for clip in clips for p in program.records.playbacks(clip)]
    assert states == {ItemState.WAITING}  # the term is not live: that waits for it
    assert len(played) == 4
    assert {each.why for each in played} == {"to compare it with one that sounds alike"}


def test_one_other_word_stops_it(server: Running, browser: httpx.Client) -> None:
    group = begun(server, browser, same_sound(server, 5))
    assert say(browser, group, "yes").status_code == 303
    assert say(browser, group, "no").status_code == 303
    assert "nothing is settled" in browser.get(group).text


def test_a_group_is_for_who_began_it_and_for_words_that_were_written(
    server: Running, browser: httpx.Client
) -> None:
    clips = same_sound(server, 5)
    group = begun(server, browser, clips)
    page = browser.get(group)
    with browser_at(server) as other:
        join(other, offered(server, Role.ANALYST), "Bob")
        assert other.get(group).status_code in (400, 403)
        assert other.get("/workbench/alike/none").status_code == 404
    form = {"csrf": field(page, "csrf"), "term": "another"}
    assert browser.post(f"/workbench/heard/{clips[0]}/alike", data=form).status_code == 400
