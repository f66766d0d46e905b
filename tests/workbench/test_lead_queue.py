"""The lead's queue, and what every list of the workbench can do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from tests.workbench.leading import HOSTILE, LEAD, House, csv_rows, house, links, rows

from earwitness.accounts import Role
from earwitness.model import ItemState, Source

QUEUE = f"{LEAD}/queue"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("server")) as found:
        found.keep("wait0000", "secret words", reason="unknown_word", ago=timedelta(days=9))
        found.keep("wait0001", "secret words", ago=timedelta(hours=3))
        found.keep("wait0002", "secret words", source=Source("=cmd()", HOSTILE))
        found.judge(
            found.keep("judge000", "secret words"),
            ("ada", "a b"),
            ("bob", "c d"),
            end=ItemState.ADJUDICATION,
        )
        found.judge(found.keep("close000"), ("ada", "a b"))
        yield found


@pytest.fixture(scope="module")
def lead(home: House) -> Iterator[httpx.Client]:
    with home.browser(Role.LEAD) as browser:
        yield browser


def ids(page: httpx.Response) -> list[str]:
    return [row[0] for row in rows(page)]


def test_the_queue_says_what_waits_for_what_and_since_when(home: House, lead: httpx.Client) -> None:
    page = lead.get(QUEUE)
    assert ids(page) == ["wait0000", "wait0001", "judge000", "wait0002"][:2] + ids(page)[2:]
    assert set(ids(page)) == {"wait0000", "wait0001", "wait0002", "judge000"}
    text = " ".join(page.text.split())
    for name, count in (("waiting", 3), ("listeners disagree", 1), ("closed", 1), ("settled", 0)):
        assert f'{name}</a></th><td class="number">{count}<' in text or (
            f'{name}</th><td class="number">{count}<' in text
        )
    assert 'over 7 d</th><td class="number">1<' in text
    assert 'under 1 h</th><td class="number">2<' in text
    assert "unknown word" in text
    assert "secret" not in text
    assert "not sure" not in text


def test_what_somebody_holds_is_said_with_how_long(home: House, lead: httpx.Client) -> None:
    assert home.records.lease("cleo", home.now, timedelta(hours=3), "wait0001") is not None
    (row,) = [row for row in rows(lead.get(QUEUE)) if row[0] == "wait0001"]
    assert row[5].startswith("cleo, for 2 h 5")


def test_it_can_be_narrowed_and_sorted_by_its_links(lead: httpx.Client) -> None:
    found = links(lead.get(QUEUE))
    assert ids(lead.get(found["listeners disagree"])) == ["judge000"]
    assert ids(lead.get(found["unknown word"])) == ["wait0000"]
    oldest = ids(lead.get(QUEUE, params={"sort": "waits", "order": "desc"}))
    assert oldest[:2] == ["wait0000", "wait0001"]
    assert ids(lead.get(QUEUE, params={"sort": "waits"})) == oldest[::-1]
    assert ids(lead.get(QUEUE, params={"q": "wait"})) == ["wait0000", "wait0001", "wait0002"]
    assert ids(lead.get(QUEUE, params={"state": "second"})) == []
    turned = links(lead.get(QUEUE, params={"sort": "waits"}))["Waits"]
    assert ids(lead.get(turned)) == oldest


@pytest.mark.parametrize(
    "asked",
    [
        {"sort": "household"},
        {"order": "sideways"},
        {"limit": "7"},
        {"limit": "\u0663"},
        {"page": "0"},
        {"page": "9" * 40},
        {"q": "wai"},
        {"state": "closed"},
        {"state": "nonsense"},
        {"state": "second", "reason": "rephrase"},
        {"state": "second", "sort": "waits"},
        {"after": "nowhere"},
        {"after": "nan~2026-01-01T00:00:00~x"},
        {"after": "0.5~2026-01-01T00:00:00~x"},
    ],
)
def test_what_a_list_has_not_is_refused_in_words(lead: httpx.Client, asked: dict[str, str]) -> None:
    answer = lead.get(QUEUE, params=asked)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_pages_follow_each_other(home: House, lead: httpx.Client) -> None:
    for number in range(60):
        home.keep(f"many{number:04}", ago=timedelta(days=30, minutes=number), reason="rephrase")
    page = lead.get(QUEUE, params={"reason": "rephrase"})
    seen = ids(page)
    assert len(seen) == 50
    file = csv_rows(lead, links(page)["CSV"])
    assert [row[0] for row in file] == seen
    rest = lead.get(links(page)["More"])
    assert len(ids(rest)) == 10
    assert len({*seen, *ids(rest)}) == 60
    assert "More" not in links(rest)
    assert len(ids(lead.get(QUEUE, params={"reason": "rephrase", "limit": 200}))) == 60


def test_the_file_has_the_same_rows_and_no_formulas(lead: httpx.Client) -> None:
    page = lead.get(QUEUE, params={"q": "wait0002"})
    assert "<script>" not in page.text
    assert rows(page)[0][3:5] == ["=cmd()", HOSTILE]
    (row,) = csv_rows(lead, links(page)["CSV"])
    assert row[0] == "wait0002"
    assert row[3] == "'=cmd()"
    assert row[4] == HOSTILE


def test_auditors_read_it_and_others_do_not(home: House) -> None:
    for role, status in ((Role.AUDITOR, 200), (Role.ANALYST, 403), (Role.ADMINISTRATOR, 403)):
        with home.browser(role) as browser:
            answer = browser.get(QUEUE)
            assert answer.status_code == status
            assert ("/workbench/lead" in links(browser.get("/workbench")).values()) is (
                status == 200
            )
            if role is Role.AUDITOR:
                assert {"Queue", "Terms", "Agreement"} <= links(answer).keys()
                assert "Unknown words" not in links(answer)


def test_an_empty_queue_says_so(tmp_path: Path) -> None:
    with house(tmp_path) as found, found.browser(Role.LEAD) as browser:
        assert browser.get(LEAD).headers["location"] == QUEUE
        assert "Nothing waits." in browser.get(QUEUE).text
