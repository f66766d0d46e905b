"""Whatever is seen of a clip is on record, too, and keeps nobody blind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.doors.servers import Running, up
from tests.workbench.browsing import browser_at, field, join, offered, send
from tests.workbench.examining import EXAMINE, WHY, played, secret_clip
from tests.workbench.test_chain_page import HIGH, chain, opened, treat
from tests.workbench.test_finding_page import begun

from earwitness.accounts import Role

PARTS = ("sound", "picture/speech", "levels", "facts")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with up(tmp_path) as running:
        yield running


@pytest.fixture
def lead(server: Running) -> Iterator[httpx.Client]:
    with browser_at(server) as client:
        join(client, offered(server, Role.LEAD), "Lea")
        yield client


def test_who_saw_the_picture_of_a_clip_is_on_record(server: Running, lead: httpx.Client) -> None:
    clip = secret_clip(server)
    at = opened(lead, clip)
    for _ in range(2):
        for window in ("speech", "time"):
            assert lead.get(f"{at}/picture/{window}").status_code == 200
    assert lead.get(f"{at}/facts").status_code == 200
    assert played(server, clip) == [("Lea", f"{WHY} (seen)")]
    key = treat(lead, at, chain(HIGH)).json()["key"]
    for window in ("speech", "time"):
        assert lead.get(f"{at}/picture/{window}?treated={key}").status_code == 200
    assert played(server, clip)[1:] == [("Lea", f"{WHY} (seen, treated: high-pass)")]
    opened(lead, clip)
    assert lead.get(f"{at}/picture/speech").status_code == 200
    assert len(played(server, clip)) == 3


def test_who_takes_a_report_with_pictures_is_on_record(server: Running, lead: httpx.Client) -> None:
    clip = secret_clip(server)
    at = begun(lead, clip)
    before = len(played(server, clip))
    for form in ("finding.json", "replay.json", "report.html", "report.pdf"):
        assert lead.get(f"{at}/1/{form}").status_code == 200
    name = at.rpartition("/")[2][:12]
    said = f"the pictures of a report: finding {name}, version 1"
    assert played(server, clip)[before:] == [("Lea", said)] * 2


def test_who_saw_the_picture_is_not_blind(server: Running, lead: httpx.Client) -> None:
    clip = secret_clip(server)
    at = begun(lead, clip)
    with browser_at(server) as ann:
        join(ann, offered(server, Role.ANALYST), "Ann")
        token = field(ann.get("/workbench/listen"), "token")
        assert send(ann, f"{EXAMINE}/{clip}", {"token": token}).status_code == 303
        assert 'value="Ann"' in lead.get(at).text
        assert ann.get(f"{EXAMINE}/{clip}/picture/speech").status_code == 200
        assert 'value="Ann"' not in lead.get(at).text


def test_a_listener_who_had_the_page_open_sees_no_more_of_it(
    server: Running, lead: httpx.Client
) -> None:
    clip = secret_clip(server)
    at = begun(lead, clip)
    with browser_at(server) as ann, browser_at(server) as bob:
        for browser, name in ((ann, "Ann"), (bob, "Bob")):
            join(browser, offered(server, Role.ANALYST), name)
        token = field(ann.get("/workbench/listen"), "token")
        assert send(ann, f"{EXAMINE}/{clip}", {"token": token}).status_code == 303
        form = {"listeners": ["Ann", "Bob"], "pieces": "1"}
        assert send(lead, f"{at}/blind", form, page=at).status_code == 303
        for part in PARTS:
            assert ann.get(f"{EXAMINE}/{clip}/{part}").status_code == 403, part
        assert "2 of 2 recordings" in ann.get("/workbench/blind").text
