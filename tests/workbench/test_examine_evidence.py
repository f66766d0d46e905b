"""Evidence of a case on the Sound page: who, when, what and why go into the case each time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.workbench.browsing import send
from tests.workbench.examining import WHY, secret_clip
from tests.workbench.test_case_page import plain
from tests.workbench.test_chain_page import HIGH, chain, treat
from tests.workbench.test_escalation import House, case_of, opened
from tests.workbench.test_reports import report

from earwitness.incidents.records import Kind
from earwitness.wiring import Earwitness


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with opened(tmp_path) as made:
        yield made


def a_case(house: House, **said: str) -> tuple[str, str]:
    """Its page, and the SHA-256 of the clip that was sealed."""
    clip = secret_clip(house.server)
    report(house.browsers["Ada"], utterance=clip, imminence="past", **said)
    at = f"/workbench/case/{case_of(house.browsers['Ria'].get('/workbench/reports'))}"
    found = re.search(r'name="sha256" value="([0-9a-f]{64})"', house.browsers["Ria"].get(at).text)
    assert found
    return at, found[1]


def examined(browser: httpx.Client, at: str, sha256: str, why: str = WHY) -> str:
    answer = send(browser, f"{at}/examine", {"sha256": sha256, "why": why}, page=at)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def seen(house: House, at: str) -> list[dict[str, object]]:
    with Earwitness.open(house.server.settings) as program:
        kept = program.records.records(at.rpartition("/")[2])
        return [dict(each.fields) for each in kept if each.kind == Kind.SEEN]


def test_each_time_evidence_is_given_is_in_the_case(house: House) -> None:
    at, sha256 = a_case(house)
    ria = house.browsers["Ria"]
    page = examined(ria, at, sha256)
    shown = ria.get(page)
    assert "evidence of" in shown.text
    assert "uncovered" not in shown.text
    for absent in ("Begin a finding", "Other recordings", "the replay file"):
        assert absent not in shown.text
    for part in ("levels", "facts", "picture/speech", "sound"):
        assert ria.get(f"{page}/{part}").status_code == 200, part
    made = treat(ria, page, chain(HIGH)).json()
    assert ria.get(f"{page}/treated/{made['key']}").status_code == 200
    records = seen(house, at)
    assert [each.get("how") for each in records] == ["examined", None, None]
    assert {(each["by"], each["said"], each["sha256"]) for each in records} == {
        ("Ria", WHY, sha256)
    }
    (done, softened) = records[2]["steps"]  # type: ignore[misc]
    assert json.loads(done["chain"])["steps"][0]["hz"] == 300.0
    assert softened["step"] == "one gain"
    told = plain(ria.get(at))
    assert f"Ria examined {sha256[:16]}…, no louder than is safe, because: {WHY}" in told
    assert f"Ria heard {sha256[:16]}…, no louder than is safe, because: {WHY}" in told
    with Earwitness.open(house.server.settings) as program:
        everything = [each.id for each in program.records.backlog()]
        assert [program.records.playbacks(each) for each in everything] == [[]]


def test_evidence_is_for_who_may_see_the_case(house: House) -> None:
    at, sha256 = a_case(house, implicated="Mallory")
    ria, mallory = house.browsers["Ria"], house.browsers["Mallory"]
    page = examined(ria, at, sha256)
    form = {"sha256": sha256, "why": WHY}
    assert send(mallory, f"{at}/examine", form).status_code == 404
    assert mallory.get(page).headers["location"] == at
    for part in ("levels", "facts", "picture/speech", "sound"):
        assert mallory.get(f"{page}/{part}").status_code == 403, part
    assert send(ria, f"{at}/examine", form | {"why": " "}, page=at).status_code == 400
    assert send(ria, f"{at}/examine", form | {"sha256": "0" * 64}, page=at).status_code == 404
    for path in ("save", "finding", "align"):
        assert send(ria, f"{page}/{path}", {"chain": chain(HIGH)}, page=page).status_code == 404


def test_who_is_named_meanwhile_hears_no_more(house: House) -> None:
    at, sha256 = a_case(house)
    ria, mallory = house.browsers["Ria"], house.browsers["Mallory"]
    page = examined(mallory, at, sha256)
    assert mallory.get(f"{page}/sound").status_code == 200
    assert send(ria, f"{at}/implicate", {"names": "Mallory"}, page=at).status_code == 303
    for part in ("sound", "levels", "picture/speech"):
        assert mallory.get(f"{page}/{part}").status_code == 404, part
