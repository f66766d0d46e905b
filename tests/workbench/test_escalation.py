"""A report that nobody acts on, from the workbench to an authority's mailbox, and who sees it."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.doors.servers import Running, up
from tests.workbench.browsing import browser_at, first_secret, join, offered, send
from tests.workbench.clips import keep, quiet
from tests.workbench.mailboxes import Mailboxes, mailboxes
from tests.workbench.test_reports import change, code_of, report, reporter

from earwitness.accounts import Role
from earwitness.doors.workbench.incidents.reports import COUNT_SECONDS
from earwitness.incidents.records import HOUSE, Kind
from earwitness.wiring import Earwitness

POLICY = """
[people.mallory]
account = "Mallory"
channels = ["mailto:mallory@example.org"]

[people.ria]
account = "Ria"
channels = ["mailto:ria@example.org"]

[people.dora]
account = "Dora"
channels = ["mailto:dora@example.org"]

[[rungs]]
name = "Manager"
tell = ["mallory"]
deadlines = { now = "2s", recent = "1h", past = "1d" }

[[rungs]]
name = "Responder"
tell = ["ria"]
deadlines = { now = "2s", recent = "1h", past = "1d" }

[[rungs]]
name = "Director"
tell = ["dora"]
deadlines = { now = "2s", recent = "1h", past = "1d" }

[outside]
name = "The ombudsman"
channels = ["mailto:ombudsman@example.net"]
"""


@dataclass
class House:
    server: Running
    mail: Mailboxes
    browsers: dict[str, httpx.Client]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with opened(tmp_path) as made:
        yield made


@contextmanager
def opened(tmp_path: Path, policy: str = POLICY, **settings: object) -> Iterator[House]:
    """Ada administers; Mallory and Ria respond; Dora directs."""
    file = tmp_path / "escalation.toml"
    file.write_text(policy, encoding="utf-8")
    with (
        mailboxes() as mail,
        up(
            tmp_path / "data", escalation=file, smtp=f"smtp://127.0.0.1:{mail.port}", **settings
        ) as server,
    ):
        browsers = {name: browser_at(server) for name in ("Ada", "Mallory", "Ria", "Dora")}
        join(browsers["Ada"], first_secret(server))
        join(browsers["Mallory"], offered(server, Role.LEAD, Role.RESPONDER), "Mallory")
        join(browsers["Ria"], offered(server, Role.RESPONDER), "Ria")
        join(browsers["Dora"], offered(server, Role.ADMINISTRATOR), "Dora")
        yield House(server, mail, browsers)
        for browser in browsers.values():
            browser.close()


def case_of(page: httpx.Response) -> str:
    found = re.search(r'/workbench/case/([0-9a-f]{16})"', page.text)
    assert found, page.text
    return found[1]


def on_record(server: Running, kind: Kind, many: int = 1) -> str:
    """The case that has so many of a kind, as soon as there is one."""
    with Earwitness.open(server.settings) as program:
        for _ in range(600):
            records = program.records
            rows = [*records.cases(), *records.case_rows([HOUSE])]
            for case, kept in records.records_of([row.id for row in rows]).items():
                if sum(each.kind == kind for each in kept) >= many:
                    return case
            time.sleep(0.1)
    raise AssertionError(f"there is no {kind}")


def outside(house: House, case: str, code: str, path: str = "", **more: str) -> httpx.Response:
    with browser_at(house.server) as anybody:
        return anybody.post(f"/outside/{case}{path}", data={"code": code, **more})


def test_nobody_acts_and_the_first_manager_is_implicated(house: House, tmp_path: Path) -> None:
    ada, ria, mallory = (house.browsers[name] for name in ("Ada", "Ria", "Mallory"))
    clip = keep(house.server, quiet(0.5))
    made = report(ada, utterance=clip, implicated="Mallory")
    code = code_of(ada.get(made.headers["location"]))
    receipt = reporter(house.server, "/receipt", code).text

    to_ria = house.mail.wait_for("ria@example.org").get_content()
    house.mail.wait_for("dora@example.org")
    to_outside = house.mail.wait_for("ombudsman@example.net").get_content()
    assert "mallory@example.org" not in [to for to, _ in house.mail.took]
    for text in (to_ria, to_outside):
        assert "threatened" not in text

    case = case_of(ria.get("/workbench/reports"))
    assert case in to_ria
    assert "threatened" in ria.get(f"/workbench/case/{case}").text
    for hidden in ("/workbench/reports", f"/workbench/case/{case}"):
        assert "threatened" not in mallory.get(hidden).text
    assert mallory.get(f"/workbench/case/{case}").status_code == 404
    pages = [mallory.get(f"/workbench/case/{each}").text for each in (case, "0" * 16)]
    plain = [re.sub(r'content="[^"]*"|nonce="[^"]*"', "", page) for page in pages]
    assert plain[0] == plain[1]  # as if there were none

    sent = re.search(r"code: (\S+)", to_outside)
    assert sent
    assert outside(house, case, "A" * 26).status_code == 404
    on_record(house.server, Kind.DELIVERED)
    assert "threatened" in outside(house, case, sent[1]).text
    taken = outside(house, case, sent[1], "/accept", who="Ines, office of the ombudsman")
    assert "You have taken it" in taken.text
    confirmed = house.mail.wait_for("ombudsman@example.net", number=1).get_content()
    assert '"Ines, office of the ombudsman" has taken' in confirmed
    own = reporter(house.server, "", code).text
    for told in ("Responder was told (1 person)", "The outside was turned to", "by Ines, office"):
        assert told in own

    change(
        house.server,
        "UPDATE incident_record SET fields = replace(fields, 'threatened', 'sang')",
        "DELETE FROM incident_record WHERE kind = 'outside'",
    )
    assert "Somebody changed your report" in reporter(house.server, "", code).text
    (tmp_path / "receipt.json").write_text(receipt, encoding="utf-8")
    now = reporter(house.server, "/case", code).text
    (tmp_path / "now.json").write_text(now, encoding="utf-8")
    house.server.stop()
    verified = subprocess.run(
        [sys.executable, "-m", "earwitness", "verify", "receipt.json", "now.json"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert verified.returncode != 0
    assert "'heard' was changed after it was committed to" in verified.stdout


def test_nobody_can_say_that_they_have_it_before_a_message_went_out(house: House) -> None:
    house.mail.refuses = True
    made = report(house.browsers["Ada"], implicated="Mallory\nRia\nDora")
    code = code_of(house.browsers["Ada"].get(made.headers["location"]))
    case = on_record(house.server, Kind.OUTSIDE)
    with Earwitness.open(house.server.settings) as program:
        theirs = program.incidents.outside_code(case)  # as who has the machine in hand has it
    page = outside(house, case, theirs)
    assert "No message to you is on record as delivered yet" in page.text
    refused = outside(house, case, theirs, "/accept", who="Mallory")
    assert refused.status_code == 400
    assert "No message to the outside is on record" in refused.text
    assert "by Mallory" not in reporter(house.server, "", code).text
    house.mail.refuses = False
    house.mail.wait_for("ombudsman@example.net")


def test_the_reporter_sees_that_messages_leave_by_another_server(tmp_path: Path) -> None:
    with up(tmp_path / "data", smtp="smtp://127.0.0.1:1") as server, browser_at(server) as ada:
        join(ada, first_secret(server))
        code = code_of(ada.get(report(ada).headers["location"]))
        assert "how messages leave" not in reporter(server, "", code).text
        on_record(server, Kind.WAYS)
    with up(tmp_path / "data", smtp="smtp://127.0.0.1:2") as server:
        on_record(server, Kind.WAYS, many=2)
        assert "how messages leave here was changed" in reporter(server, "", code).text


def test_who_knows_the_case_locks_neither_the_outside_nor_the_reporter_out(house: House) -> None:
    ada = house.browsers["Ada"]
    made = report(ada, implicated="Mallory\nRia\nDora")
    own = code_of(ada.get(made.headers["location"]))
    text = house.mail.wait_for("ombudsman@example.net").get_content()
    sent, case = re.search(r"code: (\S+)", text), re.search(r"/outside/([0-9a-f]{16})", text)
    assert sent
    assert case
    wrong = own[:8] + "A" * 18
    for _ in range(101):
        outside(house, case[1], wrong)
        reporter(house.server, "", wrong)
    assert outside(house, case[1], wrong).status_code == 429
    assert reporter(house.server, "", wrong).status_code == 429
    for _ in range(12):
        assert outside(house, case[1], sent[1]).status_code == 200
        page = reporter(house.server, "", own)
    assert page.status_code == 200
    assert "to The ombudsman, at example.net" in page.text
    file = reporter(house.server, "/case", own).text
    for hidden in ("example.net", "example.org", "administrator"):
        assert hidden not in file


def test_an_action_stops_the_clock_and_reading_does_not(house: House) -> None:
    ada, ria, dora = (house.browsers[name] for name in ("Ada", "Ria", "Dora"))
    made = report(ada, imminence="recent")
    code = code_of(ada.get(made.headers["location"]))
    case = case_of(ria.get("/workbench/reports"))
    at = f"/workbench/case/{case}"
    assert dora.get(at).status_code == 404  # her rung was not turned to yet

    def do(path: str, **form: object) -> httpx.Response:
        return send(ria, f"{at}/{path}", form, page=at)

    assert "nobody acted in time" in ria.get(at).text
    refused = do("act", what="inquiry", whom="Nobody At All", hours="24")
    assert refused.status_code == 400
    assert "may see this case" in refused.text
    assert do("act", what="no_action", whom="x", hours="24").status_code == 400
    assert do("act", what="inquiry", whom="Ria", hours="9000").status_code == 400
    assert "nobody acted in time" in ria.get(at).text
    assert do("act", what="inquiry", whom="ria", hours="24", said="I listen").status_code == 303
    page = ria.get(at).text
    assert "nobody acted in time" not in page
    assert "was not looked at again in time" in page
    assert do("answer", said="What did you hear <first>?").status_code == 303
    own = reporter(house.server, "", code)
    assert "What did you hear &lt;first&gt;?" in own.text
    assert "An inquiry, to be looked at again by" in own.text
    reporter(house.server, "/add", code, text="A door", retaliation="1")
    house.mail.wait_for("ria@example.org")  # whoever is next up is told
    assert "somebody retaliates" in ria.get(at).text


def test_every_page_says_that_something_waits(house: House) -> None:
    ada, ria, mallory = (house.browsers[name] for name in ("Ada", "Ria", "Mallory"))
    report(ada, imminence="past", implicated="Mallory")
    at = f"/workbench/case/{case_of(ria.get('/workbench/reports'))}"

    def count(browser: httpx.Client) -> int:
        time.sleep(COUNT_SECONDS)
        return int(browser.get("/workbench/waiting").json()["waiting"])

    assert [count(each) for each in (ada, ria, mallory)] == [0, 1, 0]
    form = {"what": "inquiry", "whom": "Ria", "hours": "24"}
    assert send(ria, f"{at}/act", form, page=at).is_redirect
    assert count(ria) == 0


def test_closing_needs_two_who_do_not_stand_in_one_line(house: House) -> None:
    ada, ria, mallory = (house.browsers[name] for name in ("Ada", "Ria", "Mallory"))
    made = report(ada, imminence="past", confidential="1")
    code = code_of(ada.get(made.headers["location"]))
    assert "threatened" not in ada.get("/workbench/reports").text
    case = case_of(ria.get("/workbench/reports"))
    at = f"/workbench/case/{case}"
    assert "somebody who asked for confidence" in ria.get(at).text
    for what in ("identity", "no_action"):
        assert send(ria, f"{at}/propose", {"what": what, "said": "so"}, page=at).is_redirect
    numbers = re.findall(r'name="proposal" value="(\d+)"', mallory.get(at).text)
    assert send(ria, f"{at}/agree", {"proposal": numbers[0]}, page=at).status_code == 400
    assert "Ada" not in re.sub(r"<header.*?</header>", "", ria.get(at).text, flags=re.S)
    assert send(mallory, f"{at}/agree", {"proposal": numbers[0]}, page=at).is_redirect
    assert "by Ada" in ria.get(at).text
    assert "Two people opened who you are" in reporter(house.server, "", code).text
    assert send(mallory, f"{at}/agree", {"proposal": numbers[1]}, page=at).is_redirect
    assert "Closed: no action" in ria.get(at).text
    reporter(house.server, "/add", code, text="That is not enough")
    assert "Nobody has acted" in ria.get(at).text


def test_who_hears_the_evidence_is_on_record(house: House) -> None:
    ada, ria = house.browsers["Ada"], house.browsers["Ria"]
    clip = keep(house.server, quiet(0.5))
    report(ada, utterance=clip, imminence="past")
    case = case_of(ria.get("/workbench/reports"))
    at = f"/workbench/case/{case}"
    key = re.search(r'name="sha256" value="([0-9a-f]{64})"', ria.get(at).text)
    assert key
    form = {"sha256": key[1], "why": ""}
    assert send(ria, f"{at}/hear", form, page=at).status_code == 400
    page = send(ria, f"{at}/hear", form | {"why": "to judge the danger"}, page=at)
    source = re.search(r'src="(/workbench/evidence/[^"]+)"', page.text)
    assert source
    sound = ria.get(source[1])
    assert sound.content[:4] == b"fLaC"
    assert "no louder than is safe, because: to judge the danger" in ria.get(at).text
    assert ada.get(source[1]).status_code == 403
    assert send(ria, f"{at}/implicate", {"names": "responder"}, page=at).is_redirect
    assert ria.get(at).status_code == 404  # herself: at once
    assert ria.get(source[1]).status_code == 404


def test_a_case_is_printed_as_one_file_that_needs_nothing_else(house: House) -> None:
    ada, ria = house.browsers["Ada"], house.browsers["Ria"]
    clip = keep(house.server, quiet(0.5))
    named = {"implicated": "Mallory\nMalory", "asked": "Mallory\nMalory"}
    report(ada, utterance=clip, imminence="past", heard="<b>a threat</b>", **named)
    at = f"/workbench/case/{case_of(ria.get('/workbench/reports'))}"
    key = re.search(r'name="sha256" value="([0-9a-f]{64})"', ria.get(at).text)
    assert key
    send(ria, f"{at}/hear", {"sha256": key[1], "why": "to judge the danger"}, page=at)
    assert send(ria, f"{at}/bundle", {"why": "x"}, page=at).status_code == 200
    assert send(ria, f"{at}/print", {"why": " "}, page=at).status_code == 400
    paper = send(ria, f"{at}/print", {"why": "for the file"}, page=at)
    assert paper.headers["content-disposition"].startswith('attachment; filename="case-')
    text = paper.text
    assert "&lt;b&gt;a threat&lt;/b&gt;" in text
    assert key[1] in text
    assert "Ria: to judge the danger" in text
    assert "Ria took a page to print, because: for the file" in text
    assert text.count("Ria took a bundle of everything out of here, because: x") == 2  # and custody
    assert "Nobody here is called Malory, so nobody is kept away by that name" in text
    assert not re.search(r"<(script|link|img)|src=|href=|nonce", text)
    assert "took a page to print" in ria.get(at).text
    change(house.server, "UPDATE incident_record SET kind = 'held' WHERE kind = 'seen'")
    assert "not as it was: kind (changed)" in send(ria, f"{at}/print", {"why": "x"}, page=at).text


@pytest.mark.parametrize("damage", ["{}", "[]", '{"at": 7, "harm": [], "heard": {}}'])
def test_a_case_of_which_only_ruins_are_left_is_still_shown(house: House, damage: str) -> None:
    ada, ria = house.browsers["Ada"], house.browsers["Ria"]
    made = report(ada, utterance=keep(house.server, quiet(0.5)), imminence="past")
    code = code_of(ada.get(made.headers["location"]))
    at = f"/workbench/case/{case_of(ria.get('/workbench/reports'))}"
    change(house.server, f"UPDATE incident_record SET fields = '{damage}'")
    assert "changed since" in ria.get("/workbench/reports").text
    assert "were changed after they were committed to" in ria.get(at).text
    assert "Somebody changed your report" in reporter(house.server, "", code).text
    paper = send(ria, f"{at}/print", {"why": "for the file"}, page=at)
    assert "They are marked" in paper.text


def test_the_policy_is_shown_and_another_can_be_tried(house: House) -> None:
    ria, ada = house.browsers["Ria"], house.browsers["Ada"]
    page = ria.get("/workbench/escalation")
    assert "The ombudsman" in page.text
    assert "passed over" in page.text  # whoever is named by a report
    tried = POLICY.replace('tell = ["ria"]', 'tell = ["role:auditor"]')
    form = {"text": tried}
    shown = send(ria, "/workbench/escalation", form, page="/workbench/escalation")
    assert "nobody: it is passed over" in shown.text
    wrong = {"text": tried.replace("mailto:o", "gopher:o")}
    refused = send(ria, "/workbench/escalation", wrong, page="/workbench/escalation")
    assert refused.status_code == 400
    assert "a channel is mailto:ADDRESS" in refused.text
    assert ada.get("/workbench/escalation").status_code == 200  # an administrator, at first
