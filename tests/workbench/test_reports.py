"""I heard something: what the page promises to who reports, and keeps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect
from tests.doors.servers import Running, up
from tests.workbench.browsing import browser_at, first_secret, join, offered, send
from tests.workbench.chromium import signed_in

from earwitness.accounts import Role

REPORT, REPORTS = "/workbench/report", "/workbench/reports"
SAID = {"report": "form", "harm": "threat", "imminence": "now", "heard": "a voice that threatened"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with up(tmp_path) as running:
        yield running


def test_who_reports_is_told_who_sees_it(server: Running) -> None:
    with browser_at(server) as ada, browser_at(server) as ria:
        join(ada, first_secret(server))
        assert "nobody else sees it" in ada.get(REPORT).text
        assert "Nobody is a responder" in ada.get("/workbench/accounts").text
        made = send(ada, REPORT, dict(SAID), page=REPORT)
        alone = ada.get(made.headers["location"])
        assert "is kept." in alone.text
        assert "nobody else sees it" in alone.text

        join(ria, offered(server, Role.RESPONDER), "Ria")
        assert "One responder sees it" in ada.get(REPORT).text.replace("\n", " ")
        assert "Nobody is a responder" not in ada.get("/workbench/accounts").text
        assert SAID["heard"] in ria.get(REPORTS).text


def test_a_report_that_is_not_whole_comes_back_as_it_was_typed(server: Running) -> None:
    with browser_at(server) as ada:
        join(ada, first_secret(server))
        answer: httpx.Response = send(ada, REPORT, SAID | {"harm": ""}, page=REPORT)
        assert answer.status_code == 400
        assert SAID["heard"] in answer.text
        assert SAID["heard"] not in ada.get(REPORTS).text


def test_whether_somebody_is_in_danger_is_asked_first(
    server: Running, real_browser: Browser
) -> None:
    with signed_in(real_browser, server, first_secret(server)) as page:
        page.goto(f"http://127.0.0.1:{server.http_port}{REPORT}")
        expect(page.get_by_label("Somebody is in danger now")).to_be_focused()
        page.keyboard.press("Space")
        page.get_by_label("Violence").check()
        page.get_by_label("What did you hear").fill("a cry")
        page.get_by_role("button", name="Report it").click()
        expect(page.get_by_role("status")).to_contain_text("is kept")
