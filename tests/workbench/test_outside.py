"""Whoever was chosen outside: what they see by their code, and can do; all of it on record."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect
from tests.workbench.browsing import browser_at, send
from tests.workbench.chromium import SCREEN
from tests.workbench.clips import keep, quiet
from tests.workbench.test_case_page import BERLIN, device_in, plain
from tests.workbench.test_escalation import House, case_of, opened, outside
from tests.workbench.test_reports import code_of, report, reporter

from earwitness.evidence.receipts import Receipt
from earwitness.evidence.verify import verify

PLACE = "http://localhost:1"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with opened(tmp_path, BERLIN, public_url=PLACE) as made:
        yield made


class Outside:
    """A report that names Mallory, and for which the outside has its code."""

    def __init__(self, house: House, **said: str) -> None:
        ada = house.browsers["Ada"]
        kitchen = device_in(house, "kitchen", 1)
        clip = keep(house.server, quiet(1.5), household="elm-12", device=kitchen)
        made = report(ada, utterance=clip, implicated="Mallory", **said)
        self.house, self.reporters = house, code_of(ada.get(made.headers["location"]))
        text = house.mail.wait_for("ombudsman@example.net").get_content()
        found = re.search(r"code: (\S+)", text)
        assert found
        self.code, self.text = found[1], text
        self.case = case_of(house.browsers["Ria"].get("/workbench/reports"))

    def ask(self, path: str = "", **more: str) -> httpx.Response:
        return outside(self.house, self.case, self.code, path, **more)

    def accept(self) -> httpx.Response:
        return self.ask("/accept", who="Ines, ombudsman's office")


def test_the_outside_learns_who_what_where_and_who_runs_the_place(house: House) -> None:
    chosen = Outside(house)
    assert f"{PLACE}/outside/{chosen.case}" in chosen.text
    page = plain(chosen.ask())
    assert "Involved Mallory" in page
    assert "Where kitchen, household elm-12" in page
    assert "(Europe/Berlin)" in page
    assert f"This place {PLACE}" in page
    assert "Responder was told (Ria)" in page
    assert "Ada reported" in page
    receipt = Receipt.parse(chosen.ask("/receipt").text)
    assert receipt.case == chosen.case
    for path in ("/receipt", "/hear", "/bundle", "/answer"):
        wrong = outside(house, chosen.case, "A" * 26, path, why="x", said="x")
        assert wrong.status_code == 404, path


def test_that_it_was_opened_is_on_record(house: House) -> None:
    chosen = Outside(house)
    assert "opened it" not in plain(reporter(house.server, "", chosen.reporters))
    chosen.ask()
    assert "Somebody with the code of the outside opened it" in plain(
        reporter(house.server, "", chosen.reporters)
    )


def test_evidence_and_bundle_are_for_who_has_taken_it_and_on_record(house: House) -> None:
    chosen = Outside(house)
    page = chosen.ask()
    assert "<audio" not in page.text
    assert "/bundle" not in page.text
    sealed = re.search(r"title=\"([0-9a-f]{64})\"", page.text)
    assert sealed
    for path, form in (("/hear", {"sha256": sealed[1]}), ("/bundle", {}), ("/answer", {})):
        refused = chosen.ask(path, **form, why="to judge it", said="hello")  # type: ignore[arg-type]
        assert refused.status_code == 400, path
        assert "Say first that you have taken it" in refused.text, path
    chosen.accept()
    heard = chosen.ask("/hear", sha256=sealed[1], why="to judge it")
    source = re.search(r'src="(/outside/[^"]+)"', heard.text)
    assert source
    with browser_at(house.server) as anybody:
        assert anybody.get(source[1]).content[:4] == b"fLaC"
        assert anybody.get(source[1][:-3] + "AAA").status_code == 403
        stolen = source[1].replace(chosen.case, "0" * 16)
        assert anybody.get(stolen).status_code in (403, 404)
    assert chosen.ask("/hear", sha256=sealed[1], why=" ").status_code == 400
    saved = chosen.ask("/bundle", why="for the inquiry")
    assert saved.headers["content-disposition"] == f'attachment; filename="case-{chosen.case}.zip"'
    assert zipfile.ZipFile(io.BytesIO(saved.content)).testzip() is None
    assert verify({}, bundles={"case.zip": io.BytesIO(saved.content)}).holds
    own = plain(reporter(house.server, "", chosen.reporters))
    who = "Ines, ombudsman's office (outside)"
    assert f"{who} heard {sealed[1][:16]}…, no louder than is safe, because: to judge it" in own
    assert f"{who} took a bundle of everything out of here, because: for the inquiry" in own


def test_what_the_outside_may_hear_ends_once_the_report_names_one_of_its_mailboxes(
    tmp_path: Path,
) -> None:
    two = 'channels = ["mailto:ombudsman@example.net", "mailto:dora@example.org"]'
    policy = BERLIN.replace('channels = ["mailto:ombudsman@example.net"]', two)
    with opened(tmp_path, policy, public_url=PLACE) as house:
        chosen = Outside(house)
        chosen.accept()
        sealed = re.search(r"title=\"([0-9a-f]{64})\"", chosen.ask().text)
        assert sealed
        heard = chosen.ask("/hear", sha256=sealed[1], why="to judge it")
        source = re.search(r'src="(/outside/[^"]+)"', heard.text)
        assert source
        with browser_at(house.server) as anybody:
            assert anybody.get(source[1]).status_code == 200
            named = reporter(house.server, "/implicate", chosen.reporters, names="Dora")
            assert named.status_code == 200
            assert anybody.get(source[1]).status_code == 404
        assert chosen.ask().status_code == 404


def test_a_file_of_the_reporter_is_saved_by_whoever_has_a_reason_and_by_nobody_else(
    house: House,
) -> None:
    chosen, letter = Outside(house), b"%PDF-1.7 <script>"
    key = hashlib.sha256(letter).hexdigest()
    with browser_at(house.server) as anybody:
        for code, about, content, status in (
            (chosen.reporters, "a letter", letter, 200),
            (chosen.reporters, " ", letter, 400),
            (chosen.reporters, "a letter", b"", 400),
            ("A" * 26, "a letter", letter, 404),
        ):
            sent = anybody.post(
                "/reporter/file",
                data={"code": code, "about": about},
                files={"file": ("letter.pdf", content, "text/html")},
            )
            assert sent.status_code == status, sent.text
    own = plain(reporter(house.server, "", chosen.reporters))
    assert "a file of the reporter, letter.pdf, 1 KiB" in own
    assert chosen.ask("/hear", sha256=key, why="to read it").status_code == 400
    chosen.accept()
    assert "A file of the reporter: letter.pdf" in plain(chosen.ask())
    ria, at = house.browsers["Ria"], f"/workbench/case/{chosen.case}"
    for saved in (
        chosen.ask("/hear", sha256=key, why="to read it"),
        send(ria, f"{at}/hear", {"sha256": key, "why": "to read it"}, page=at),
    ):
        assert saved.content == letter
        assert saved.headers["content-type"] == "application/octet-stream"
        assert saved.headers["x-content-type-options"] == "nosniff"
        named = f'attachment; filename="{key[:16]}.pdf"'
        assert saved.headers["content-disposition"] == named
    own = plain(reporter(house.server, "", chosen.reporters))
    assert f"Ria saved {key[:16]}…, because: to read it" in own
    assert "ombudsman's office (outside) saved" in own
    assert send(ria, f"{at}/hear", {"sha256": key, "why": " "}, page=at).status_code == 400
    page = send(ria, f"{at}/print", {"why": "for the file"}, page=at).text
    assert "letter.pdf, 1 KiB" in page


def test_the_outside_answers_the_reporter_and_stops_no_clock_of_the_inside(house: House) -> None:
    chosen = Outside(house)
    chosen.accept()
    assert chosen.ask("/answer", said=" ").status_code == 400
    page = chosen.ask("/answer", said="We look into <it>.")
    assert "The reporter sees it on their page" in plain(page)
    own = reporter(house.server, "", chosen.reporters)
    assert "(outside) gave the reporter an answer: We look into &lt;it&gt;." in own.text
    at = f"/workbench/case/{chosen.case}"
    assert "nobody answered the reporter within seven days" in house.browsers["Ria"].get(at).text


def test_a_confidential_reporter_stays_so_outside(house: House) -> None:
    chosen = Outside(house, confidential="1")
    chosen.accept()
    assert "Ada" not in chosen.ask().text
    assert "somebody who asked for confidence" in chosen.ask().text.lower()


def test_the_outside_hears_it_in_a_browser(house: House, real_browser: Browser) -> None:
    chosen = Outside(house)
    context = real_browser.new_context(viewport=SCREEN)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{house.server.http_port}/outside/{chosen.case}")
    page.get_by_label("The code of the message").fill(chosen.code)
    page.get_by_role("button", name="Open").click()
    page.get_by_label("Who takes it").fill("Ines")
    page.get_by_role("button", name="We have taken it").click()
    page.get_by_label("Why you must hear it").fill("to judge it")
    page.get_by_role("button", name="Hear it").click()
    expect(page.locator("audio")).to_have_js_property("error", None)
    expect(page.locator("audio")).to_have_js_property("duration", 1.5)
    context.close()
