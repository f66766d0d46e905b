"""Evidence of a case on the Sound page: who, when, what and why go into the case each time."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect
from tests.acceptance.test_sound_commands import sound
from tests.babble import babble
from tests.workbench.browsing import offered, send
from tests.workbench.chromium import signed_in
from tests.workbench.examining import WHY, add_steps, secret_clip
from tests.workbench.test_accessible import looks
from tests.workbench.test_case_page import plain
from tests.workbench.test_chain_page import HIGH, chain, saved, treat
from tests.workbench.test_escalation import House, case_of, opened
from tests.workbench.test_lanes import OFFSET, SPEECH, align, timings, vantage
from tests.workbench.test_reports import report

from earwitness.accounts import Role
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
    for part in ("Begin a finding", "The case has sealed no other recording", "the replay file"):
        assert part in shown.text
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
        assert send(mallory, f"{page}/{path}", {"chain": chain(HIGH)}).status_code == 403, path
    finding = begun(ria, page)
    for path in ("", "/1/finding.json"):
        assert mallory.get(f"{finding}{path}").status_code in (400, 404), path
    assert mallory.get(finding).status_code == 404
    taken = {"number": "1", "form": "report.html", "why": WHY}
    for path, form in (("", {"number": "1", "question": "x"}), ("/files", taken)):
        assert send(mallory, f"{finding}{path}", form).status_code == 404, path
    assert QUESTION not in mallory.get("/workbench/findings").text


def test_who_is_named_meanwhile_hears_no_more(house: House) -> None:
    at, sha256 = a_case(house)
    ria, mallory = house.browsers["Ria"], house.browsers["Mallory"]
    page = examined(mallory, at, sha256)
    assert mallory.get(f"{page}/sound").status_code == 200
    assert send(ria, f"{at}/implicate", {"names": "Mallory"}, page=at).status_code == 303
    for part in ("sound", "levels", "picture/speech"):
        assert mallory.get(f"{page}/{part}").status_code == 404, part
    assert (
        send(mallory, f"{page}/finding", {"chain": chain(HIGH), "question": QUESTION}).status_code
        == 404
    )


# --- findings -------------------------------------------------------------------------


QUESTION = "Who screams <twice>?"


def begun(browser: httpx.Client, page: str, **more: object) -> str:
    """The path of a new finding on evidence."""
    form = {"chain": chain(HIGH), "question": QUESTION, **more}
    answer = send(browser, f"{page}/finding", form, page=page)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def taken(
    browser: httpx.Client, at: str, form: str, number: int = 1, why: str = "for the police"
) -> httpx.Response:
    fields = {"number": str(number), "form": form, "why": why}
    return send(browser, f"{at}/files", fields, page=at)


def test_a_finding_on_evidence_belongs_to_the_case(house: House) -> None:
    at, sha256 = a_case(house)
    ria = house.browsers["Ria"]
    page = examined(ria, at, sha256)
    finding = begun(ria, page)
    shown = unescape(ria.get(finding).text)
    assert QUESTION in shown
    assert "uncovered" not in shown
    assert "None is made on evidence" in shown
    assert "data-begin-test" not in shown
    form = {"number": "1", "question": QUESTION, "described": "a phone", "conclusions": "None."}
    assert send(ria, finding, form, page=finding).status_code == 303
    late = send(ria, finding, form | {"conclusions": "my words"}, page=finding)
    assert late.status_code == 409
    assert "my words</textarea>" in late.text
    told = plain(ria.get(at))
    for number in (1, 2):
        assert f"Ria wrote version {number} of a finding on {sha256[:16]}…: {QUESTION}" in told
    listed = ria.get(at).text.partition("data-findings")[2].partition("</ul>")[0]
    assert listed.count("<li>") == 1
    assert f'href="{finding}"' in listed
    assert "Who screams" not in ria.get("/workbench/findings").text
    again = {"chain": chain(HIGH, {"do": "gain", "db": -1}), "finding": finding.rpartition("/")[2]}
    assert send(ria, f"{page}/finding", again, page=page).status_code == 303
    kept = json.loads(taken(ria, finding, "finding.json", 3).content)
    assert [each["do"] for each in kept["chain"]["steps"]] == ["high-pass", "gain"]
    assert kept["conclusions"] == ["None."]
    assert f"finding={finding.rpartition('/')[2]}" in ria.get(finding).text
    opened = ria.get(f"{page}?finding={finding.rpartition('/')[2]}")
    assert "gain" in unescape(opened.text).partition("data-chain=")[2][:300]


def test_what_is_taken_of_it_is_on_record_first(house: House, tmp_path: Path) -> None:
    at, sha256 = a_case(house)
    ria = house.browsers["Ria"]
    page = examined(ria, at, sha256)
    finding = begun(ria, page)
    refused = taken(ria, finding, "report.html", why=" ")
    assert refused.status_code == 400
    assert "Say why you must have it." in refused.text
    assert ria.get(f"{finding}/1/report.html").status_code == 400
    assert [each.get("how") for each in seen(house, at)] == ["examined"]
    report = taken(ria, finding, "report.html")
    assert "attachment" in report.headers["content-disposition"]
    custody = unescape(report.text).partition("<h2>Custody</h2>")[2].partition("<h2>")[0]
    assert "sealed it: the clip" in custody
    assert f"examined it, because: {WHY}; record " in custody
    assert "wrote version 1 of a finding on it" in custody
    assert report.text.count("<figure>") == 2
    assert taken(ria, finding, "report.pdf").content.startswith(b"%PDF-")
    replay = taken(ria, finding, "replay.json").content
    original = saved(ria, page, "original", chain(HIGH)).content
    assert hashlib.sha256(original).hexdigest() == sha256
    treated = saved(ria, page, "treated", chain(HIGH)).content
    assert hashlib.sha256(treated).hexdigest() in report.text
    records = seen(house, at)[1:]
    assert [each["how"] for each in records] == ["reported"] * 3 + ["saved"] * 2
    assert [each["said"] for each in records] == ["for the police"] * 3 + [WHY] * 2
    assert [each["steps"][0]["step"] for each in records[:3]] == [  # type: ignore[index]
        "report.html", "report.pdf", "replay.json",
    ]  # fmt: skip
    for name, made in (("original.flac", original), ("replay.json", replay)):
        (tmp_path / name).write_bytes(made)
    files = (str(tmp_path / "replay.json"), str(tmp_path / "original.flac"))
    assert sound(tmp_path / "else", "replay", *files, "--json") == {"same": True, "differs": []}
    told = plain(ria.get(at))
    assert f"Ria took a report away of {sha256[:16]}…, because: for the police" in told
    assert f"Ria saved {sha256[:16]}…, because: {WHY}" in told
    for wrong, number in (("report.exe", 1), ("report.html", 2)):
        assert taken(ria, finding, wrong, number).status_code == 404


def test_no_blind_test_is_made_on_evidence(house: House) -> None:
    at, sha256 = a_case(house)
    ria = house.browsers["Ria"]
    finding = begun(ria, examined(ria, at, sha256))
    form = {"listeners": ["Ada", "Dora"], "pieces": "1"}
    answer = send(ria, f"{finding}/blind", form, page=finding)
    assert answer.status_code == 400
    assert "whoever sees the case is not blind" in answer.text


# --- other recordings -----------------------------------------------------------------


def test_other_evidence_of_the_case_is_aligned_with_it(house: House) -> None:
    clips = [
        secret_clip(house.server, each, device=device)
        for each, device in (
            (SPEECH, "kitchen"), (vantage(OFFSET), "hall"), (babble(12.0, seed=9), "garage"),
        )
    ]  # fmt: skip
    report(house.browsers["Ada"], utterance=clips[0], imminence="past")
    ria = house.browsers["Ria"]
    at = f"/workbench/case/{case_of(ria.get('/workbench/reports'))}"
    assert send(ria, f"{at}/grant", {"why": "three rooms"}, page=at).status_code == 303
    with Earwitness.open(house.server.settings) as program:
        kitchen, hall, garage = (program.records.utterance(each).clip for each in clips)
    page = examined(ria, at, kitchen)
    case = at.rpartition("/")[2]
    beside = [f"{case}~{each}" for each in (hall, garage)]
    shown = ria.get(page).text
    assert all(f'value="{each}"' in shown for each in beside)
    assert ria.get(f"{page}/beside/{beside[0]}/picture/speech").status_code == 403
    answer = align(ria, page, *beside)
    told, refused = timings(answer)
    assert told["offset"] == pytest.approx(OFFSET, abs=0.001)
    assert refused == {}
    assert "Not aligned: " in answer.text
    for part in ("sound", "picture/speech"):
        assert ria.get(f"{page}/beside/{beside[0]}/{part}").status_code == 200, part
    why = f"{WHY} (beside evidence {kitchen[:12]})"
    assert [(each["sha256"], each.get("how"), each["said"]) for each in seen(house, at)] == [
        (kitchen, "examined", WHY), (hall, "examined", why), (garage, "examined", why),
        (hall, None, why),
    ]  # fmt: skip
    assert align(ria, page, f"{case}~{'0' * 64}").status_code == 404
    finding = begun(ria, page, beside=beside)
    told_of = unescape(taken(ria, finding, "report.html").text)
    custody = told_of.partition("<h2>Custody</h2>")[2].partition("<h2>")[0]
    first, second, third = (custody.partition(each)[2] for each in (kitchen, hall, garage))
    assert "aligned with the first one: offset +750." in second
    assert f"heard it, because: {why}" in second
    assert f"heard it, because: {why}" not in third
    assert "not aligned: " in third
    assert f"examined it, because: {WHY}; " in first


# --- in a browser ---------------------------------------------------------------------


def test_from_the_case_to_its_report(real_browser: Browser, house: House) -> None:
    at, sha256 = a_case(house)
    secret = offered(house.server, Role.RESPONDER)
    with signed_in(real_browser, house.server, secret, "Rob", bypass_csp=True) as page:
        page.goto(f"http://127.0.0.1:{house.server.http_port}{at}")
        page.get_by_label("Why you must hear it").fill(WHY)
        page.get_by_role("button", name="Examine it").click()
        page.locator("#examine[data-ready]").wait_for()
        add_steps(page, "high-pass")
        looks(page, "evidence", "light")
        page.get_by_label("What is to be found out?").fill(QUESTION)
        page.get_by_role("button", name="Begin a finding with this chain").click()
        expect(page.locator("[data-done]")).to_contain_text("high-pass")
        looks(page, "finding-on-evidence", "light")
        page.get_by_label("Conclusions").fill("Nothing can be concluded.")
        page.get_by_role("button", name="Save as version 2").click()
        page.get_by_label("What it is taken for").fill("for the police")
        with page.expect_download() as download:
            page.get_by_role("button", name="Report as PDF").click()
        assert download.value.suggested_filename.endswith("-2.report.pdf")
        page.get_by_role("link", name=re.compile("^case ")).click()
        expect(page.locator("[data-findings]")).to_contain_text("version 2 by Rob")
        expect(page.get_by_text(f"Rob took a report away of {sha256[:16]}")).to_be_visible()
        page.locator("[data-findings] a").click()
        page.get_by_role("link", name="The Sound page of its evidence, with its chain").click()
        page.locator("#examine[data-ready]").wait_for()
        expect(page.locator("[data-steps] > li")).to_have_count(1)
