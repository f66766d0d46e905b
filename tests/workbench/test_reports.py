"""I heard something: what the page promises to who reports, and keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect
from tests.doors.servers import Running, up
from tests.workbench.browsing import browser_at, field, first_secret, join, offered
from tests.workbench.chromium import signed_in
from tests.workbench.clips import keep, quiet

from earwitness.accounts import Role
from earwitness.doors.workbench.incidents.reports import COUNT_SECONDS
from earwitness.evidence.receipts import Receipt
from earwitness.evidence.verify import verify
from earwitness.wiring import Earwitness

REPORT, REPORTS = "/workbench/report", "/workbench/reports"
SAID = {"harm": "threat", "imminence": "now", "heard": "a voice that threatened"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with up(tmp_path) as running:
        yield running


def form_at(browser: httpx.Client, utterance: str = "") -> httpx.Response:
    """Each has an address of its own."""
    return browser.get(REPORT, params={"utterance": utterance}, follow_redirects=True)


def report(browser: httpx.Client, **said: str) -> httpx.Response:
    """A form as a browser fills it in, with the code that came with it."""
    form = form_at(browser, said.get("utterance", ""))
    fields = {name: field(form, name) for name in ("csrf", "code", "utterance")}
    return browser.post(REPORT, data=fields | SAID | said)


def code_of(page: httpx.Response) -> str:
    found = re.search(r"(?:[A-Z2-7]{5}-){5}[A-Z2-7]", page.text)
    assert found, page.text
    return found[0]


def reporter(server: Running, path: str, code: str, **more: str) -> httpx.Response:
    """From anywhere, without an account."""
    with browser_at(server) as anybody:
        return anybody.post(f"/reporter{path}", data={"code": code, **more})


def test_who_reports_is_told_who_sees_it(server: Running) -> None:
    with browser_at(server) as ada, browser_at(server) as ria:
        join(ada, first_secret(server))
        assert "nobody else sees it" in form_at(ada).text
        assert "Nobody is a responder" in ada.get("/workbench/accounts").text
        alone = ada.get(report(ada).headers["location"])
        assert "is acknowledged" in alone.text
        assert "Nobody else here sees it" in alone.text
        assert "No witness signs this log" in alone.text

        join(ria, offered(server, Role.RESPONDER), "Ria")
        assert "One responder sees it" in form_at(ada).text.replace("\n", " ")
        assert "Nobody is a responder" not in ada.get("/workbench/accounts").text
        assert SAID["heard"] in ria.get(REPORTS).text


def test_the_receipt_proves_the_report_anywhere(server: Running) -> None:
    clip = keep(server, quiet(0.5))
    with browser_at(server) as ada:
        join(ada, first_secret(server))
        made = report(ada, utterance=clip)
        code = code_of(ada.get(made.headers["location"]))
        assert code_of(ada.get(made.headers["location"])) == code  # it survives a reload
        assert SAID["heard"] in ada.get(REPORTS).text
    first = reporter(server, "/receipt", code)
    assert "attachment" in first.headers["content-disposition"]
    assert len(Receipt.parse(first.text).entries) == 6
    assert SAID["heard"] not in first.text
    page = reporter(server, "", code)
    assert "6 records, each as the log holds it" in page.text
    added = reporter(server, "/add", code, text="it was a <b>name</b>")
    assert "It is acknowledged" in added.text
    assert "<b>name" not in added.text
    second = reporter(server, "/receipt", code, older=first.text)
    now = reporter(server, "/case", code)
    findings = verify({"1": first.text, "2": second.text, "now": now.text})
    assert findings.holds, str(findings)
    assert "has only grown" in str(findings)


def test_who_changes_the_database_is_seen_by_the_reporter(server: Running) -> None:
    with browser_at(server) as ada:
        join(ada, first_secret(server))
        code = code_of(ada.get(report(ada).headers["location"]))
        receipt = reporter(server, "/receipt", code).text
        change(server, "UPDATE incident_record SET fields = replace(fields, 'threatened', 'sang')")
        assert "changed since" in ada.get(REPORTS).text
    page = reporter(server, "", code)
    assert "Somebody changed your report" in page.text
    assert "heard (changed)" in page.text
    findings = verify({"mine": receipt, "now": reporter(server, "/case", code).text})
    assert "'heard' was changed after it was committed to" in str(findings)
    assert not findings.holds


def change(server: Running, *statements: str) -> None:
    """What an administrator of the database could do."""
    with (
        Earwitness.open(server.settings) as program,
        program.records.database.write() as connection,
    ):
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_who_is_named_learns_nothing_of_it(server: Running) -> None:
    with browser_at(server) as ada, browser_at(server) as ria, browser_at(server) as rob:
        join(ada, first_secret(server))
        join(ria, offered(server, Role.RESPONDER), "Ria")
        join(rob, offered(server, Role.RESPONDER, Role.AUDITOR), "Rob")
        report(ada, implicated="somebody else\n ria ", asked="somebody else\n ria ")
        report(ada, implicated="auditor", heard="another one")
        assert SAID["heard"] not in ria.get(REPORTS).text
        assert "another one" in ria.get(REPORTS).text
        assert SAID["heard"] in rob.get(REPORTS).text
        assert "another one" not in rob.get(REPORTS).text


def test_a_name_that_is_nobodys_is_asked_about_once_before_anything_is_sent(
    server: Running,
) -> None:
    with browser_at(server) as ada, browser_at(server) as ria:
        join(ada, first_secret(server))
        join(ria, offered(server, Role.RESPONDER), "Ria")
        half = report(ada, harm="", implicated="Ria\nMallory, my manager")
        asked = report(
            ada, implicated="Ria\nMallory, my manager", asked=field(half, "asked"),
            code=field(half, "code"),
        )  # fmt: skip
        assert asked.status_code == 400
        assert "Nobody here is called Mallory, my manager: " in asked.text
        assert SAID["heard"] not in ada.get(REPORTS).text
        names = ("csrf", "code", "asked")
        form = SAID | {name: field(asked, name) for name in names}
        other = ada.post(REPORT, data=form | {"implicated": "Ria\nMallory, manager"})
        assert "Nobody here is called Mallory, manager" in other.text  # another name: asked again
        made = ada.post(REPORT, data=form | {"implicated": "Ria\nMallory, my manager"})
        page = reporter(server, "", code_of(ada.get(made.headers["location"]))).text
        assert "Nobody here is called Mallory, my manager" in page
        assert "Nobody here is called Ria" not in page
        added = reporter(server, "/implicate", form["code"], names="Ria\nSomebody X").text
        assert "It is acknowledged" in added
        assert "Nobody here is called Somebody X" in added


def test_sent_twice_it_is_one_report(server: Running) -> None:
    with browser_at(server) as ada:
        join(ada, first_secret(server))
        form = form_at(ada)
        fields = {name: field(form, name) for name in ("csrf", "code")} | SAID
        pages = [ada.get(ada.post(REPORT, data=fields).headers["location"]) for _ in range(2)]
        assert code_of(pages[0]) == code_of(pages[1]) == fields["code"]
        assert ada.get(REPORTS).text.count(SAID["heard"]) == 1


def test_a_code_opens_one_case_and_a_wrong_one_nothing(server: Running) -> None:
    with browser_at(server) as anybody:
        assert "The code of your receipt" in anybody.get("/reporter").text
    for wrong in ("", "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE-A", "../../etc"):
        for path in ("", "/add", "/receipt", "/case"):
            answer = reporter(server, path, wrong, text="x")
            assert answer.status_code == 404, (wrong, path)
            assert "No report has this code" in answer.text


def test_a_report_that_is_not_whole_comes_back_as_it_was_typed(server: Running) -> None:
    with browser_at(server) as ada:
        join(ada, first_secret(server))
        answer = report(ada, harm="", implicated="</textarea><script>")
        assert answer.status_code == 400
        assert SAID["heard"] in answer.text
        assert "&lt;/textarea&gt;&lt;script&gt;" in answer.text
        assert SAID["heard"] not in ada.get(REPORTS).text


def test_a_log_that_was_put_back_acknowledges_nothing(server: Running) -> None:
    with browser_at(server) as ada:
        join(ada, first_secret(server))
        code = code_of(ada.get(report(ada).headers["location"]))
        tables = ("incident_record", "log_node", "log_leaf", "log_checkpoint")
        change(
            server,
            *(f"DELETE FROM {table}" for table in tables),
            "UPDATE log_head SET size = 0, peaks = x''",
        )
        refused = report(ada, heard="and now")
        assert refused.status_code == 503
        assert "NOT acknowledged" in refused.text
        assert "and now" in refused.text
    page = reporter(server, "", code)
    assert "The log is not what it was" in page.text
    assert "All records of your report were taken away" in page.text
    assert reporter(server, "/add", code, text="hear me").status_code == 400


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
        expect(page.get_by_text("Your report is acknowledged")).to_be_visible()
        with page.expect_download() as saved:
            page.get_by_role("button", name="Save the receipt").click()
        assert len(Receipt.parse(saved.value.path().read_text("utf-8")).entries) == 4


def test_who_was_signed_out_meanwhile_loses_nothing(server: Running, real_browser: Browser) -> None:
    heard = "a cry, and then somebody who said that\nthey would come back"
    with signed_in(real_browser, server, first_secret(server)) as page:
        page.goto(f"http://127.0.0.1:{server.http_port}{REPORT}")
        page.get_by_label("Somebody is in danger now").check()
        page.get_by_label("Violence").check()
        page.get_by_label("What did you hear").fill(heard)
        code = page.locator("input[name=code]").input_value()
        session = page.context.cookies()
        page.context.clear_cookies()
        page.get_by_role("button", name="Report it").click()
        expect(page.get_by_text("You are signed out.")).to_be_visible()
        expect(page.get_by_label("What you wrote")).to_have_value(heard)
        page.get_by_role("button", name="Send it again").click()
        expect(page.get_by_role("link", name="Sign in, in another tab")).to_be_visible()
        page.context.add_cookies(session)  # type: ignore[arg-type]
        page.get_by_role("button", name="Send it again").click()
        expect(page.get_by_text("Not sent yet")).to_be_visible()  # it had no token
        page.get_by_role("button", name="Send it again").click()
        expect(page.get_by_text("Your report is acknowledged")).to_be_visible()
    opened = reporter(server, "", code)
    assert " ".join(heard.split()) in " ".join(opened.text.split())


def test_what_others_send_is_given_back_to_nobody(server: Running) -> None:
    with browser_at(server) as ada:
        join(ada, first_secret(server))
        form = {**SAID, "code": field(form_at(ada), "code"), "heard": "<script>x</script>" * 9}
        foreign = ada.post(REPORT, data=form, headers={"Origin": "http://elsewhere.example"})
        assert foreign.status_code == 403
        assert "script&gt;" not in foreign.text
        late = ada.post(REPORT, data=form)
        assert late.status_code == 403
        assert "&lt;script&gt;x" in late.text
        assert "<script>x" not in late.text


def test_the_head_of_every_page_says_that_a_report_waits(
    server: Running, real_browser: Browser
) -> None:
    with browser_at(server) as ada:
        join(ada, first_secret(server))
        with signed_in(real_browser, server, offered(server, Role.RESPONDER), "Ria") as page:
            home = f"http://127.0.0.1:{server.http_port}/workbench"
            with page.expect_response("**/workbench/waiting"):
                page.goto(home)
            expect(page.locator("[data-waiting]")).to_be_empty()
            report(ada)
            page.wait_for_timeout(1000 * COUNT_SECONDS)
            page.goto(home)
            page.get_by_role("link", name="One report waits for you").click()
            expect(page.get_by_text(SAID["heard"])).to_be_visible()
