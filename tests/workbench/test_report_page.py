"""Reporting, and coming back to it: reloads, Back, drafts, and one's own reports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.doors.servers import Running, up
from tests.workbench.browsing import browser_at, field, first_secret, join, offered, send
from tests.workbench.chromium import signed_in
from tests.workbench.clips import keep, quiet
from tests.workbench.test_case_page import plain
from tests.workbench.test_reports import REPORT, REPORTS, SAID, code_of, form_at, report

from earwitness.accounts import Role
from earwitness.evidence.notes import SigningKey


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with up(tmp_path) as running:
        yield running


@pytest.fixture
def page(server: Running, real_browser: Browser) -> Iterator[Page]:
    with signed_in(real_browser, server, first_secret(server)) as opened:
        yield opened


def fill(page: Page, heard: str = "a cry") -> None:
    page.get_by_label("Somebody is in danger now").check()
    page.get_by_label("Violence").check()
    page.get_by_label("What did you hear").fill(heard)


def address(server: Running, path: str) -> str:
    return f"http://127.0.0.1:{server.http_port}{path}"


def test_who_is_told_is_counted_after_the_report(server: Running) -> None:
    with browser_at(server) as ada, browser_at(server) as ria, browser_at(server) as rob:
        join(ada, first_secret(server))
        join(ria, offered(server, Role.RESPONDER), "Ria")
        join(rob, offered(server, Role.RESPONDER), "Rob")
        page = plain(ada.get(report(ada, imminence="past").headers["location"]))
        assert "2 people were told just now. 2 people here can see it." in page
        assert "You find it under Reports, too" in page
        made = report(ada, imminence="past", implicated="Rob", confidential="1")
        page = plain(ada.get(made.headers["location"]))
        assert "One person was told just now. One person here can see it, and nobody whom" in page
        assert "only the code opens it" in page
        assert "You find it under Reports" not in page


def test_the_code_survives_a_reload_and_nobody_is_told_to_report_twice(server: Running) -> None:
    with browser_at(server) as ada, browser_at(server) as ria:
        join(ada, first_secret(server))
        join(ria, offered(server, Role.RESPONDER), "Ria")
        at = report(ada).headers["location"]
        assert code_of(ada.get(at)) == code_of(ada.get(at))
        for browser, where in ((ria, at), (ada, at[:-3] + "AAA")):
            gone = browser.get(where)
            assert gone.status_code == 404
            assert "its code cannot be shown again. Do not report it again" in gone.text
            assert "make another" not in gone.text


def test_back_and_sent_again_it_is_one_report(server: Running, page: Page) -> None:
    page.goto(address(server, REPORT))
    fill(page)
    page.get_by_role("button", name="Report it").click()
    first = page.locator("#secret").text_content()
    page.go_back()
    expect(page.get_by_role("heading", name="I heard something")).to_be_visible()
    fill(page)
    page.get_by_role("button", name="Report it").click()
    assert page.locator("#secret").text_content() == first
    expect(page.get_by_text("You had sent this form before")).to_have_count(0)
    page.go_back()
    fill(page, "a cry, and a door")
    page.get_by_role("button", name="Report it").click()
    expect(page.get_by_text("You had sent this form before")).to_be_visible()
    page.goto(address(server, REPORTS))
    expect(page.get_by_text("a cry")).to_have_count(1)
    page.get_by_role("link", name="Report something").click()  # which is another one
    fill(page, "another")
    page.get_by_role("button", name="Report it").click()
    assert page.locator("#secret").text_content() != first


def test_one_finds_answers_to_ones_own_report_without_its_code(server: Running) -> None:
    with browser_at(server) as ada, browser_at(server) as ria:
        join(ada, offered(server, Role.ANALYST), "Ann")
        join(ria, offered(server, Role.RESPONDER), "Ria")
        report(ada)
        report(ada, confidential="1", heard="in confidence")
        listed = ada.get(REPORTS)
        assert "in confidence" not in listed.text
        (own,) = set(re.findall(r'href="(/workbench/own/[0-9a-f]{16})"', listed.text))
        case = own.replace("/own/", "/case/")
        send(ria, f"{case}/answer", {"said": "What did you hear first?"}, page=case)
        assert "What did you hear first?" in ada.get(own).text
        assert ria.get(own).status_code == 404
        hidden = re.findall(r"/workbench/case/([0-9a-f]{16})", ria.get(REPORTS).text)
        assert len(set(hidden)) == 2
        for each in hidden:
            if each not in own:
                assert ada.get(f"/workbench/own/{each}").status_code == 404
                assert send(ada, f"/workbench/own/{each}/add", {"text": "x"}).status_code == 404
        assert send(ria, f"{own}/add", {"text": "not mine"}).status_code == 404
        for text, why in ((" ", "Write something."), ("x" * 10_001, "and this has 10001")):
            refused = send(ada, f"{own}/add", {"text": text, "retaliation": "1"}, page=own)
            assert refused.status_code == 400
            assert why in refused.text
            assert re.search(r'name="retaliation"[^>]* checked', refused.text)
        added = send(ada, f"{own}/add", {"text": "A door"}, page=own)
        assert "It is acknowledged" in ada.get(added.headers["location"]).text
        assert "The reporter says: A door" in plain(ria.get(case))
        assert send(ada, f"{own}/receipt", {}, page=own).json()
        shown = send(ada, f"{own}/case", {}, page=own).text
        assert "A door" in shown
        assert "deadlines" not in shown, "the policy is no part of what a reporter is shown"


def test_a_report_without_a_receipt_is_shown_as_such(tmp_path: Path) -> None:
    witness = SigningKey.from_seed("w.example/w", bytes(32)).witness
    gone = f'["http://127.0.0.1:9 {witness}"]'
    with up(tmp_path, witnesses=gone) as server, browser_at(server) as ada:
        join(ada, first_secret(server))
        assert report(ada).status_code == 503
        listed = ada.get(REPORTS)
        assert "not acknowledged" in listed.text
        (own,) = set(re.findall(r'href="(/workbench/own/[0-9a-f]{16})"', listed.text))
        assert "It is not acknowledged." in ada.get(own).text


def test_the_form_says_which_clip_goes_with_it_and_lets_it_be_left_out(server: Running) -> None:
    clip = keep(server, quiet(1.5))
    with browser_at(server) as ada:
        join(ada, first_secret(server))
        form = form_at(ada, clip)
        assert "The clip goes with it: kitchen" in plain(form)
        assert "1.5 s" in plain(form)
        assert "It cannot hide who listened to a clip" in plain(form)
        fields = {name: field(form, name) for name in ("csrf", "code")}
        refused = ada.post(REPORT, data=fields | SAID | {"utterance": clip, "when": "x" * 10_001})
        assert refused.status_code == 400
        assert "and this has 10001" in refused.text
        assert f'value="{clip}" checked' in refused.text
        sent = ada.post(REPORT, data=fields | SAID)
        assert sent.is_redirect
        (own,) = set(re.findall(r"/workbench/own/[0-9a-f]{16}", ada.get(REPORTS).text))
        assert "Sealed" not in ada.get(own).text


def test_a_report_half_written_is_kept_until_it_is_sent(server: Running, page: Page) -> None:
    page.goto(address(server, REPORT))
    fill(page, "half a sen")
    page.get_by_label("Keep my name confidential").check()
    page.goto(address(server, "/workbench"))
    page.get_by_role("button", name="Sign out").first.click()
    expect(page.locator("dialog[data-leaving]")).to_contain_text("written and not sent")
    page.get_by_role("button", name="Stay").click()
    page.goto(address(server, REPORT))
    expect(page.get_by_label("What did you hear")).to_have_value("half a sen")
    expect(page.get_by_label("Violence")).to_be_checked()
    expect(page.get_by_label("Keep my name confidential")).to_be_checked()
    page.get_by_role("button", name="Report it").click()
    expect(page.get_by_text("Your report is acknowledged")).to_be_visible()
    page.wait_for_function("localStorage.length === 0")


def test_long_reports_are_listed_short_and_fit_a_phone(server: Running, page: Page) -> None:
    with browser_at(server) as ria:
        join(ria, offered(server, Role.RESPONDER, Role.ANALYST), "Ria")
        report(ria, heard="a long story " * 100, imminence="past")
        assert ria.get("/workbench/escalation").status_code == 200
        listed = ria.get(REPORTS).text
    assert "a long story" in listed
    assert listed.count("a long story") < 40
    page.goto(address(server, REPORT))
    fill(page, "another long story " * 100)
    page.get_by_role("button", name="Report it").click()
    page.set_viewport_size({"width": 390, "height": 844})
    for where in (REPORTS, "/workbench/escalation"):
        page.goto(address(server, where))
        assert page.evaluate(
            "[...document.querySelectorAll('.stacked td, .stacked caption')].every((each) => "
            "each.getBoundingClientRect().right <= 390)"
        ), where
