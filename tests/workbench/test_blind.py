"""Did it help, or did we imagine it? People who know nothing write; only then anything is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, expect
from tests.doors.servers import Running, up
from tests.workbench.browsing import browser_at, field, join, offered, send
from tests.workbench.chromium import signed_in
from tests.workbench.examining import EXAMINE, played, secret_clip
from tests.workbench.test_accessible import looks
from tests.workbench.test_chain_page import HIGH, chain, opened
from tests.workbench.test_finding_page import QUESTION, begun, content, written

from earwitness.accounts import Role
from earwitness.audio.clip import decode_flac
from earwitness.audio.loudness import loudness
from earwitness.errors import AccessRefused
from earwitness.flow import blind_tests
from earwitness.wiring import Earwitness

NAMES = ("Ann", "Bob", "Cy")


@dataclass
class House:
    server: Running
    lead: httpx.Client
    listeners: dict[str, httpx.Client]

    def test_of(self, at: str, *who: str, pieces: int = 1) -> httpx.Response:
        form = {"listeners": list(who or NAMES[:2]), "pieces": str(pieces)}
        return send(self.lead, f"{at}/blind", form, page=at)

    def write(self, name: str, text: str = "carry it off", only: str = "") -> int:
        """To everything that waits for them, or to one test; how many recordings that was."""
        browser, heard = self.listeners[name], 0
        waiting = re.findall(r'href="(/workbench/blind/[^"]+)"', browser.get(BLIND).text)
        for test in (each for each in waiting if only in each):
            while 'name="label"' in (page := browser.get(test)).text:
                label = field(page, "label")
                assert browser.get(f"{test}/{label}").status_code == 200
                answer = send(browser, test, {"label": label, "text": text}, page=test)
                assert answer.status_code == 303, answer.text
                heard += 1
        return heard


BLIND = "/workbench/blind"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with up(tmp_path) as server, ExitStack() as stack:
        yield joined(server, stack)


def joined(server: Running, stack: ExitStack) -> House:
    lead = stack.enter_context(browser_at(server))
    join(lead, offered(server, Role.LEAD), "Lea")
    listeners = {name: stack.enter_context(browser_at(server)) for name in NAMES}
    for name, browser in listeners.items():
        join(browser, offered(server, Role.ANALYST), name)
    return House(server, lead, listeners)


def test_two_who_know_nothing_write_and_then_it_is_in_the_finding(house: House) -> None:
    at = begun(house.lead, secret_clip(house.server))
    assert house.test_of(at, pieces=6).status_code == 303
    assert "0 of 24 answers are written" in house.lead.get(at).text
    assert house.write("Ann", "carry it off") == 12
    page = house.lead.get(at).text
    assert "12 of 24 answers are written" in page
    assert "carry it off" not in page  # nobody sees anything before the end
    assert content(house.lead, at, 1)["blind"] is None
    assert "None waits for you" in house.listeners["Ann"].get(BLIND).text
    assert house.write("Bob", "grow it") == 12
    made = content(house.lead, at, 2)
    result = made["blind"]
    assert (result["pairs"], result["listeners"], result["against"]) == (6, 2, "one another")
    assert result["low"] <= result["difference"] <= result["high"]
    assert sorted((each["by"], each["treated"], each["blind"]) for each in made["heard"]) == [
        ("Ann", False, True), ("Ann", True, True), ("Bob", False, True), ("Bob", True, True),
    ]  # fmt: skip
    page = unescape(house.lead.get(at).text)
    assert "95 % interval" in page
    assert "Does not allow a conclusion" in page
    assert "carry it off / carry it off" in page
    report = house.lead.get(f"{at}/2/report.html").text
    assert "Blind test, 2 listeners, 6 pairs" in report
    assert "Words from a treated recording need a blind test" not in page


def test_that_there_were_more_tests_is_in_the_result(house: House) -> None:
    at = begun(house.lead, secret_clip(house.server))
    assert house.test_of(at).status_code == 303
    (first,) = begun_tests(house.server, at)
    assert house.test_of(at, "Ann", "Cy").status_code == 303
    assert house.write("Bob") == house.write("Ann", only=first) == 2
    assert content(house.lead, at, 2)["blind"]["tests"] == 2
    assert "2 blind tests were begun" in house.lead.get(f"{at}/2/report.html").text


def test_words_that_are_agreed_on_after_the_end(house: House) -> None:
    at = begun(house.lead, secret_clip(house.server))
    house.test_of(at, pieces=2)
    (test,) = begun_tests(house.server, at)
    form = {"agreed": ["throw it", "away"]}
    early = send(house.lead, f"{at}/blind/{test}", form, page=at)
    assert early.status_code == 400
    assert "Not everybody has written yet" in early.text
    for name in ("Ann", "Bob"):
        house.write(name, "throw it")
    for few in (["one"], ["one", " "]):
        answer = send(house.lead, f"{at}/blind/{test}", {"agreed": few}, page=at)
        assert answer.status_code == 400, few
    assert send(house.lead, f"{at}/blind/{test}", form, page=at).status_code == 303
    result = content(house.lead, at, 3)["blind"]
    assert (result["against"], result["original"]) == ("agreed words", 0.5)
    assert send(house.lead, f"{at}x/blind/{test}", form, page=at).status_code == 404


def begun_tests(server: Running, at: str) -> list[str]:
    with Earwitness.open(server.settings) as program:
        return [each.id for each in program.records.blind_tests(at.rpartition("/")[2])]


def test_a_listener_is_told_nothing_and_hears_only_what_is_next(house: House) -> None:
    clip = secret_clip(house.server)
    at = begun(house.lead, clip)
    house.test_of(at)
    (test,) = begun_tests(house.server, at)
    ann, path = house.listeners["Ann"], f"{BLIND}/{test}"
    page = ann.get(path)
    for told in ("uncovered", QUESTION[:9], clip, "high-pass", "treated", "original", "kitchen"):
        assert told not in page.text, told
    label = field(page, "label")
    with Earwitness.open(house.server.settings) as program:
        order = blind_tests.planned(program.records.blind_test(test)).orders
    (later,) = (each.label for each in order["Ann"] if each.label != label)
    theirs = order["Bob"][0].label
    for other in (later, theirs, "nonsense"):
        assert ann.get(f"{path}/{other}").status_code == 400
        answer = send(ann, path, {"label": other, "text": "my words"}, page=path)
        assert answer.status_code == 400
        assert "my words</textarea>" in answer.text
    assert ann.get(f"{path}/{label}").status_code == 200
    assert ann.get(f"{path}/{label}", headers={"Range": "bytes=0-0"}).status_code == 206
    assert played(house.server, clip) == [("Ann", f"blind test {test[:12]}")]
    assert send(ann, path, {"label": label, "text": "one"}, page=path).status_code == 303
    assert send(ann, path, {"label": label, "text": "two"}, page=path).status_code == 400
    assert house.listeners["Cy"].get(path).status_code == 404
    assert house.lead.get(path).status_code == 403


def test_both_versions_are_as_loud(house: House) -> None:
    at = begun(house.lead, secret_clip(house.server), chain({"do": "reduce-noise"}))
    house.test_of(at)
    levels = []
    ann, (test,) = house.listeners["Ann"], begun_tests(house.server, at)
    for _ in range(2):
        label = field(ann.get(f"{BLIND}/{test}"), "label")
        levels.append(loudness(decode_flac(ann.get(f"{BLIND}/{test}/{label}").content))[0])
        send(ann, f"{BLIND}/{test}", {"label": label}, page=f"{BLIND}/{test}")
    assert levels[0] == pytest.approx(levels[1], abs=0.2)
    assert levels[0] < -22.8


def test_who_knows_the_clip_is_no_listener(house: House) -> None:
    clip = secret_clip(house.server)
    at = begun(house.lead, clip)
    ann = house.listeners["Ann"]
    page = ann.get("/workbench/listen")
    sound = re.search(r'data-sound="([^"]+)"', page.text)
    assert sound
    assert ann.get(unescape(sound[1])).status_code == 200
    offered_now = house.lead.get(at).text.partition("data-begin-test")[2]
    assert 'value="Bob"' in offered_now
    assert 'value="Ann"' not in offered_now
    assert 'value="Lea"' not in offered_now
    for who in (("Ann", "Bob"), ("Lea", "Bob"), ("Nobody", "Bob")):
        refused = house.test_of(at, *who)
        assert refused.status_code == 400
        assert "Not blind, or no listener here" in refused.text
    for who in (("Bob",), ("Bob", "Bob")):
        assert house.test_of(at, *who).status_code == 400
    assert "has 1 to" in house.test_of(at, "Bob", "Cy", pieces=20).text
    assert house.test_of(at, "Bob", "Cy").status_code == 303


def test_who_hears_it_elsewhere_meanwhile_is_not_blind(house: House) -> None:
    clip = secret_clip(house.server)
    at = begun(house.lead, clip)
    house.test_of(at)
    ann = house.listeners["Ann"]
    listening = ann.get("/workbench/listen")
    token = field(listening, "token")
    refused = send(ann, f"{EXAMINE}/{clip}", {"token": token})
    assert refused.status_code == 403
    assert "write what you hear there first" in refused.text
    sound = re.search(r'data-sound="([^"]+)"', listening.text)
    assert sound
    assert ann.get(unescape(sound[1])).status_code == 200
    path = f"{BLIND}/{begun_tests(house.server, at)[0]}"
    label = field(ann.get(path), "label")
    heard = ann.get(f"{path}/{label}")
    assert heard.status_code == 403
    assert "Tell Lea" in heard.text
    assert send(ann, path, {"label": label, "text": "x"}, page=path).status_code == 403
    assert "None waits for you" in ann.get(BLIND).text
    assert "Ann heard the clip elsewhere meanwhile" in house.lead.get(at).text
    assert send(ann, f"{EXAMINE}/{clip}", {"token": token}).status_code == 303


def test_who_may_read_findings_by_now_is_not_blind(house: House) -> None:
    at = begun(house.lead, secret_clip(house.server))
    house.test_of(at)
    (test,) = begun_tests(house.server, at)
    with Earwitness.open(house.server.settings) as program:
        (ann,) = (each for each in program.records.accounts() if each.name == "Ann")
        program.records.set_roles(ann.id, ann.roles | {Role.LEAD})
        found = program.records.blind_test(test)
        assert blind_tests.no_longer_blind(found, program.records) == ["Ann"]
        assert blind_tests.waiting("Ann", program.records) == []
        with pytest.raises(AccessRefused, match="may read findings by now"):
            blind_tests.require_blind(found, "Ann", program.records)
    assert "Ann heard the clip elsewhere meanwhile, or may read" in house.lead.get(at).text


def test_a_result_says_nothing_of_another_chain(house: House) -> None:
    clip = secret_clip(house.server)
    at = begun(house.lead, clip)
    house.test_of(at)
    house.write("Ann")
    examine = opened(house.lead, clip)
    form = {"chain": chain({"do": "gain", "db": -3}), "finding": at.rpartition("/")[2]}
    assert send(house.lead, f"{examine}/finding", form, page=examine).status_code == 303
    house.write("Bob")
    page = house.lead.get(at).text
    assert "version 2" in page
    assert "Of an earlier chain" in page
    assert content(house.lead, at, 2)["blind"] is None
    back = {"chain": chain(HIGH), "finding": at.rpartition("/")[2]}
    assert send(house.lead, f"{examine}/finding", back, page=examine).status_code == 303
    assert "Of an earlier chain" not in house.lead.get(at).text
    (test,) = begun_tests(house.server, at)
    assert send(house.lead, f"{at}/blind/{test}", {"agreed": [""]}, page=at).status_code == 303
    assert content(house.lead, at, 4)["blind"]["against"] == "one another"


def test_what_was_heard_blind_stays_as_long_as_the_chain(house: House) -> None:
    at = begun(house.lead, secret_clip(house.server))
    house.test_of(at)
    for name in ("Ann", "Bob"):
        house.write(name)
    assert written(house.lead, at, 2, conclusions="Nothing.").status_code == 303
    kept = content(house.lead, at, 3)
    assert kept["blind"]["pairs"] == 1
    assert len(kept["heard"]) == 4
    examine = opened(house.lead, secret_of(house.server))
    form = {"chain": chain({"do": "gain", "db": -3}), "finding": at.rpartition("/")[2]}
    assert send(house.lead, f"{examine}/finding", form, page=examine).status_code == 303
    changed = content(house.lead, at, 4)
    assert (changed["blind"], changed["heard"]) == (None, [])


def test_no_result_is_left_out_by_changing_the_chain_and_back(house: House) -> None:
    clip = secret_clip(house.server)
    at = begun(house.lead, clip)
    house.test_of(at)
    for name in ("Ann", "Bob"):
        house.write(name)
    said = content(house.lead, at, 2)
    assert said["blind"]
    examine, name = opened(house.lead, clip), at.rpartition("/")[2]
    for asked in (chain({"do": "gain", "db": -3}), chain(HIGH)):
        form = {"chain": asked, "finding": name}
        assert send(house.lead, f"{examine}/finding", form, page=examine).status_code == 303
    again = content(house.lead, at, 4)
    assert (again["blind"], again["heard"]) == (said["blind"], said["heard"])


def secret_of(server: Running) -> str:
    with Earwitness.open(server.settings) as program:
        return str(program.records.backlog()[0].id)


def call_off(
    house: House, at: str, why: str = "Bob left", browser: httpx.Client | None = None
) -> httpx.Response:
    """The newest test of a finding."""
    path = f"{at}/blind/{begun_tests(house.server, at)[-1]}/call-off"
    return send(browser or house.lead, path, {"why": why}, page=at)


def test_a_test_is_called_off_for_a_reason_that_stays(house: House) -> None:
    at = begun(house.lead, secret_clip(house.server))
    house.test_of(at, pieces=2)
    assert house.write("Ann", "carry it off") == 4
    assert call_off(house, at, " ").status_code == 400
    assert call_off(house, at).status_code == 303
    assert "was called off already" in call_off(house, at).text
    page = unescape(house.lead.get(at).text)
    assert "version 2" in page
    assert re.search(r"Called off by Lea, .* after 4 of 8 answers, because: Bob left", page)
    assert "carry it off" not in page
    (said,) = content(house.lead, at, 2)["called_off"]
    assert re.fullmatch(
        r"A blind test with Ann, Bob, begun by Lea on .* UTC, was called off by Lea on .* UTC"
        r" after 4 of 8 answers, because: Bob left",
        said,
    )
    assert said in unescape(house.lead.get(f"{at}/2/report.html").text)
    bob, (test,) = house.listeners["Bob"], begun_tests(house.server, at)
    assert "None waits for you" in bob.get(BLIND).text
    late = bob.get(f"{BLIND}/{test}")
    assert "This test was called off" in late.text
    assert 'name="label"' not in late.text
    with Earwitness.open(house.server.settings) as program:
        order = blind_tests.planned(program.records.blind_test(test)).orders["Bob"]
    for answer in (
        bob.get(f"{BLIND}/{test}/{order[0].label}"),
        send(bob, f"{BLIND}/{test}", {"label": order[0].label, "text": "x"}, page=BLIND),
    ):
        assert answer.status_code == 400
    refused = send(house.lead, f"{at}/blind/{test}", {"agreed": [""]}, page=at)
    assert "it has no result" in refused.text


def test_a_test_that_was_called_off_counts_among_those_that_were_begun(house: House) -> None:
    at = begun(house.lead, secret_clip(house.server))
    house.test_of(at)
    assert call_off(house, at).status_code == 303
    assert written(house.lead, at, 2, conclusions="None.").status_code == 303
    assert len(content(house.lead, at, 3)["called_off"]) == 1
    house.test_of(at)
    for name in ("Ann", "Bob"):
        house.write(name)
    made = content(house.lead, at, 4)
    assert (made["blind"]["tests"], len(made["called_off"])) == (2, 1)
    assert "its result stays" in call_off(house, at).text
    report = house.lead.get(f"{at}/4/report.html").text
    assert "2 blind tests were begun" in report
    assert "because: Bob left" in report


def test_who_began_a_test_calls_it_off_or_anybody_once_they_are_gone(house: House) -> None:
    at = begun(house.lead, secret_clip(house.server))
    house.test_of(at)
    with browser_at(house.server) as other:
        join(other, offered(house.server, Role.RESPONDER), "Rob")
        assert "data-call-off" not in other.get(at).text
        refused = call_off(house, at, browser=other)
        assert refused.status_code == 403
        assert "Lea began this test" in refused.text
        disable(house.server, "Lea")
        assert "data-call-off" in other.get(at).text
        assert call_off(house, at, browser=other).status_code == 303
        assert "called off by Rob" in content(other, at, 2)["called_off"][0]


def disable(server: Running, name: str) -> None:
    with browser_at(server) as admin:  # there has to be one
        join(admin, offered(server, Role.ADMINISTRATOR), f"Administrator for {name}")
    with Earwitness.open(server.settings) as program:
        (account,) = (each for each in program.records.accounts() if each.name == name)
        program.records.disable_account(account.id, datetime.now(UTC))


def test_a_listener_whose_account_is_disabled_is_said_to_hold_it_up(house: House) -> None:
    at = begun(house.lead, secret_clip(house.server))
    house.test_of(at)
    house.write("Ann")
    disable(house.server, "Ann")
    assert "is disabled, so this test cannot end" not in house.lead.get(at).text  # she has written
    disable(house.server, "Bob")
    page = house.lead.get(at).text
    assert "The account of Bob is disabled, so this test cannot end: call it off" in page
    assert call_off(house, at).status_code == 303
    assert 'value="Cy"' in house.lead.get(at).text.partition("data-begin-test")[2]


def test_a_chain_that_changes_the_length_is_compared_whole(house: House) -> None:
    at = begun(house.lead, secret_clip(house.server), chain({"do": "speed", "factor": 0.8}))
    assert "compare it in one piece" in house.test_of(at, pieces=2).text
    assert house.test_of(at).status_code == 303
    alone = begun(house.lead, secret_clip(house.server), chain())
    assert "data-begin-test" not in house.lead.get(alone).text
    assert "nothing to compare" in house.test_of(alone).text


def test_a_listener_writes_in_a_browser(real_browser: Browser, house: House) -> None:
    at = begun(house.lead, secret_clip(house.server))
    secret = offered(house.server, Role.ANALYST)
    with signed_in(real_browser, house.server, secret, "Dee", bypass_csp=True) as page:
        assert house.test_of(at, "Ann", "Dee").status_code == 303
        page.goto(f"http://127.0.0.1:{house.server.http_port}/workbench")
        page.get_by_role("link", name="1 blind test waits for you").click()
        page.get_by_role("link", name="2 of 2 recordings wait for you").click()
        for number in (1, 2):
            expect(page.get_by_text(f"Recording {number} of 2")).to_be_visible()
            expect(page.locator("audio")).to_have_js_property("readyState", 4)
            looks(page, "blind-test", "light")
            page.get_by_label("What do you hear?").fill(f"words {number}")
            page.get_by_role("button", name="That is what I heard").click()
        expect(page.get_by_text("You have written to all 2 recordings")).to_be_visible()
    house.write("Ann", "words 1")
    assert np.isfinite(content(house.lead, at, 2)["blind"]["difference"])
    assert json.dumps(content(house.lead, at, 2)["heard"]).count('"words": "words') == 4
