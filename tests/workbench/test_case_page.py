"""The page of a case: what, where and when; and that nothing that was typed is lost."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from tests.workbench.browsing import browser_at, field, join, offered, send
from tests.workbench.clips import keep, quiet
from tests.workbench.test_escalation import POLICY, House, case_of, opened
from tests.workbench.test_reports import change, code_of, report, reporter

from earwitness.accounts import Role
from earwitness.flow import access
from earwitness.wiring import Earwitness

BERLIN = POLICY + '\n[hours]\nzone = "Europe/Berlin"\n'
TOO_LONG = "x" * 10_001


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with opened(tmp_path, BERLIN) as made:
        yield made


def device_in(house: House, room: str, key: int) -> str:
    now = datetime.now(UTC)
    with Earwitness.open(house.server.settings) as program:
        code = access.invite("elm-12", room, now, records=program.records).code
        return access.enrol(code, bytes([key] * 32), now, records=program.records).id


def plain(page: httpx.Response) -> str:
    """As it is read."""
    apart = re.sub(r"</?(dt|dd|p|li|time|label|td)\b[^>]*>", " ", page.text)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", apart)).split())


def test_a_case_says_where_and_when_and_what_each_original_is(house: House) -> None:
    ada, ria = house.browsers["Ada"], house.browsers["Ria"]
    kitchen, bedroom = device_in(house, "kitchen", 1), device_in(house, "bedroom", 2)
    keep(house.server, quiet(0.5), household="elm-12", device=bedroom)
    keep(house.server, quiet(2), household="elm-12", device=kitchen)
    clip = keep(house.server, quiet(1.5), household="elm-12", device=kitchen)
    with Earwitness.open(house.server.settings) as program:
        at = program.records.utterance(clip).heard_at.astimezone(ZoneInfo("Europe/Berlin"))
    report(ada, utterance=clip, imminence="past")
    address = f"/workbench/case/{case_of(ria.get('/workbench/reports'))}"
    page = plain(ria.get(address))
    assert "Where kitchen, household elm-12" in page
    assert f"Recorded {at:%Y-%m-%d %H:%M:%S} (Europe/Berlin)" in page
    assert f"The clip: kitchen, {at:%Y-%m-%d %H:%M:%S} (Europe/Berlin), 1.5 s" in page
    assert "Beside it: kitchen" in page
    assert "2.0 s" in page
    assert "bedroom" not in page
    send(ria, f"{address}/grant", {"why": "a cry next door"}, page=address)
    assert "Another device: bedroom" in plain(ria.get(address))


def case_for_ria(house: House, **said: str) -> str:
    report(house.browsers["Ada"], **({"imminence": "past"} | said))
    return f"/workbench/case/{case_of(house.browsers['Ria'].get('/workbench/reports'))}"


def test_what_is_typed_comes_back_where_it_cannot_be_kept(house: House) -> None:
    """As on a disk that is full, and nothing is kept in reserve any more."""
    ria = house.browsers["Ria"]
    at = case_for_ria(house)
    reporters = code_of(
        house.browsers["Ada"].get(report(house.browsers["Ada"]).headers["location"])
    )
    change(
        house.server,
        "CREATE TRIGGER full BEFORE INSERT ON incident_record"
        " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
    )
    page = send(ria, f"{at}/answer", {"said": "a long story"}, page=at)
    assert page.status_code == 400
    assert "a long story</textarea>" in page.text
    assert "Nothing was recorded" in page.text
    own = reporter(house.server, "/add", reporters, text="another story")
    assert own.status_code == 400
    assert "It is NOT acknowledged" in own.text
    assert "another story</textarea>" in own.text


def test_a_refused_form_comes_back_as_it_was_typed(house: House) -> None:
    ria = house.browsers["Ria"]
    at = case_for_ria(house)
    act = {"what": "inquiry", "whom": "Nobody <At> All", "hours": "168", "said": "a long story"}
    page = send(ria, f"{at}/act", act, page=at)
    assert page.status_code == 400
    assert 'value="Nobody &lt;At&gt; All"' in page.text
    assert "a long story</textarea>" in page.text
    assert re.search(r'value="inquiry"[^>]* checked', page.text)
    assert re.search(r'value="168" selected', page.text)
    called = {"what": "emergency", "whom": "112", "minutes": "a few", "hours": "168"}
    page = send(ria, f"{at}/act", called, page=at)
    assert 'value="a few"' in page.text
    assert re.search(r'value="emergency"[^>]* checked', page.text)
    for path, form, kept in (
        ("propose", {"what": "no_action", "said": TOO_LONG}, f"{TOO_LONG}</textarea>"),
        ("answer", {"said": TOO_LONG, "feedback": "1"}, f"{TOO_LONG}</textarea>"),
        ("hand-over", {"to": "Nobody", "said": "my leave begins"}, 'value="my leave begins"'),
        ("implicate", {"names": "x" * 201}, f"{'x' * 201}</textarea>"),
        ("bundle", {"why": TOO_LONG}, f'value="{TOO_LONG}"'),
        ("print", {"why": TOO_LONG}, f'value="{TOO_LONG}"'),
        ("hand-over", {"to": TOO_LONG, "said": "y"}, f'value="{TOO_LONG}"'),
    ):
        page = send(ria, f"{at}/{path}", form, page=at)
        assert page.status_code == 400, path
        assert kept in page.text, path
        assert "Nothing was recorded" in page.text, path
        assert "cannot be read" not in page.text, path
    page = send(ria, f"{at}/answer", {"said": TOO_LONG}, page=at)
    assert "at most 10000 characters, and this has 10001" in page.text


def test_when_somebody_was_called_is_said_and_sane(house: House) -> None:
    ria = house.browsers["Ria"]
    at = case_for_ria(house)
    assert 'value="Ria"' not in ria.get(at).text  # nobody refers a case to themselves by mistake
    called = {"what": "emergency", "whom": "112", "hours": "24"}
    for minutes in ("", "-1", "1441", "999999", "soon"):
        page = send(ria, f"{at}/act", called | {"minutes": minutes}, page=at)
        assert page.status_code == 400, minutes
        assert "0 to 1440" in page.text
    assert send(ria, f"{at}/act", called | {"minutes": "5", "whom": ""}, page=at).status_code == 400
    assert send(ria, f"{at}/act", called | {"minutes": "1440"}, page=at).is_redirect
    mine = {"what": "inquiry", "hours": "24", "whom": ""}
    assert send(ria, f"{at}/act", mine, page=at).is_redirect
    assert "Ria recorded an inquiry: Ria." in plain(ria.get(at))


def test_what_was_done_is_confirmed(house: House) -> None:
    ria = house.browsers["Ria"]
    at = case_for_ria(house)
    done = send(ria, f"{at}/answer", {"said": "Thank you"}, page=at)
    assert "It is on record: the reporter sees it" in ria.get(done.headers["location"]).text
    assert "It is on record" not in ria.get(at).text
    assert ria.get(f"{at}?done=nonsense").status_code == 200


def test_only_who_is_kept_away_for_being_later_can_be_let_in(house: House) -> None:
    ria = house.browsers["Ria"]
    with browser_at(house.server) as ann:
        join(ann, offered(house.server, Role.ANALYST), "Ann")  # was here, and could see nothing
        at = case_for_ria(house, implicated="Mallory")
        assert "Let in who came later" not in ria.get(at).text
        with browser_at(house.server) as late:
            join(late, offered(house.server, Role.RESPONDER), "Late Lou")
            assert late.get(at).status_code == 404
            found = re.search(r"Let in who came later.*?</details>", ria.get(at).text, re.S)
            assert found
            who = re.findall(r'<option value="([^"]+)">([^<]+)', found[0])
            assert [name for _, name in who] == ["Late Lou"]
            assert send(ria, f"{at}/admit", {"who": who[0][0]}, page=at).is_redirect
            assert late.get(at).status_code == 200


def test_a_case_whose_sealed_name_was_changed_works_all_the_same(house: House) -> None:
    ria, mallory = house.browsers["Ria"], house.browsers["Mallory"]
    at = case_for_ria(house, confidential="1")
    asked = {"what": "identity", "said": "a witness is needed"}
    assert send(ria, f"{at}/propose", asked, page=at).is_redirect
    number = field(mallory.get(at), "proposal")
    assert send(mallory, f"{at}/agree", {"proposal": number}, page=at).is_redirect
    assert "by Ada" in plain(ria.get(at))
    sealed = 'sealed_by":"'
    change(
        house.server,
        f"UPDATE incident_record SET fields = replace(fields, '{sealed}', '{sealed}A')",
        "UPDATE incident SET code_hash = x'00' WHERE id != 'house'",
    )
    page = ria.get(at)
    assert page.status_code == 200
    assert "who reported cannot be opened: its record was changed" in plain(page)
    assert "a voice that threatened" in plain(page)
    assert send(ria, f"{at}/answer", {"said": "We look into it"}, page=at).is_redirect
    paper = send(ria, f"{at}/print", {"why": "for the file"}, page=at)
    assert "who reported cannot be opened: its record was changed" in plain(paper)
    form = {"what": "inquiry", "whom": "Ria", "hours": "24"}
    assert send(ria, f"{at}/act", form, page=at).is_redirect
