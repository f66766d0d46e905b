"""What several people do at the pages, each in a browser of their own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.doors.servers import Running, up
from tests.workbench.browsing import PASSWORD, STEP, first_secret, offered
from tests.workbench.chromium import signed_in
from tests.workbench.clips import keep, quiet
from tests.workbench.test_alike import same_sound
from tests.workbench.test_listening_page import SEE_FIRST_MS, judgements, listen

from earwitness.accounts import Role
from earwitness.doors.workbench.alike import TO_COMPARE
from earwitness.model import ItemState, Term
from earwitness.wiring import Earwitness


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with up(tmp_path, second_listener_fraction=0) as running:
        yield running


def go(page: Page, server: Running, path: str) -> None:
    page.goto(f"http://127.0.0.1:{server.http_port}{path}")


def write(page: Page, server: Running, text: str) -> None:
    """Writes down the next clip, and sees what the machine heard."""
    listen(page, server)
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.locator("[data-heard]").wait_for(state="attached")


def decide(page: Page, button: str, why: str) -> None:
    form = page.locator("form.decision").filter(has=page.get_by_role("button", name=button))
    form.get_by_label("Why?").fill(why)
    form.get_by_role("checkbox").check()
    form.get_by_role("button", name=button).click()


def test_an_analyst_signs_in_with_a_password_and_an_authenticator_and_judges(
    server: Running, real_browser: Browser
) -> None:
    clip = keep(server, quiet(0.5), "eat that")
    context = real_browser.new_context()
    page = context.new_page()
    try:
        go(page, server, f"/join#{offered(server, Role.ANALYST)}")
        form = page.locator('form[action="/join"]')
        authenticator = pyotp.TOTP(form.locator("code").inner_text())
        form.get_by_label("Name").fill("Bob")
        form.get_by_label("Password").fill(PASSWORD)
        form.get_by_label("The code it shows").fill(authenticator.now())
        form.get_by_role("button", name="Make the account").click()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in")
        form = page.locator('form[action="/sign-in"]')
        for password, code in (("x" * 12, "123456"), (PASSWORD, "")):
            form.get_by_label("Name").fill("Bob")
            form.get_by_label("Password").fill(password)
            form.get_by_label("Code").fill(code or authenticator.at(datetime.now(UTC) + STEP))
            form.get_by_role("button", name="Sign in").click()
            if code:
                expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_role("link", name="Bob").wait_for()
        expect(page.get_by_role("link", name="Terms")).to_have_count(0)
        write(page, server, "yeet that")
        assert judgements(server, clip) == [("transcript", "yeet that", True)]
    finally:
        context.close()


def test_where_a_lead_allows_it_an_analyst_sees_the_guess_first(
    server: Running, real_browser: Browser
) -> None:
    guessed = keep(server, quiet(0.5), "uncovered one", household="h1")
    with (
        signed_in(real_browser, server, first_secret(server), "Lea") as lead,
        signed_in(real_browser, server, offered(server, Role.ANALYST), "Bob") as analyst,
    ):
        go(lead, server, "/workbench/lead/guess-first")
        lead.get_by_label("Household").fill("h1")
        lead.get_by_label("Why").fill("they only say numbers")
        lead.get_by_role("button", name="Show the guess first").click()
        end = lead.get_by_role("button", name="Write first again for h1")
        end.wait_for()
        listen(analyst, server)
        expect(analyst.locator("[data-guess]")).to_have_text("uncovered one")
        end.click()
        lead.get_by_text("everybody writes first").wait_for()
        covered = keep(server, quiet(0.6), "uncovered two", household="h1")
        analyst.keyboard.type("uncovered sun")
        analyst.keyboard.press("Enter")
        expect(analyst.locator("[data-heard]")).to_contain_text("On record as not blind")
        listen(analyst, server)
        assert "uncovered" not in analyst.content()
        analyst.keyboard.press("Alt+n")
        analyst.locator("[data-heard]").wait_for(state="attached")
        expect(analyst.locator("[data-heard]")).not_to_contain_text("not blind")
    assert judgements(server, guessed) == [("transcript", "uncovered sun", False)]
    assert judgements(server, covered) == [("no_speech", "", True)]


def test_a_lead_retires_a_term_and_goes_back(server: Running, real_browser: Browser) -> None:
    with Earwitness.open(server.settings) as program:
        program.publish_all([Term("yeet")], by="Ada", why="slang")
    with signed_in(real_browser, server, first_secret(server), "Lea") as page:
        go(page, server, "/workbench/lead/terms")
        page.get_by_role("link", name="yeet", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("yeet: live")
        decide(page, "Retire it", "nobody says so")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Revision 2")
        with Earwitness.open(server.settings) as program:
            assert not program.records.lexicon().terms
        go(page, server, "/workbench/lead/revisions")
        page.get_by_role("link", name="1", exact=True).click()
        decide(page, "Go back to it", "they do say so")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Revision 3: live")
        go(page, server, "/workbench/lead/term?key=yeet")
        expect(page.get_by_role("heading", level=1)).to_have_text("yeet: live")
        expect(page.locator("ul").filter(has_text="until now")).to_contain_text("revision 3")
    with Earwitness.open(server.settings) as program:
        assert list(program.records.lexicon().terms) == ["yeet"]
        assert program.records.history(1)[0][2:] == ("Lea", "they do say so")


def test_two_listeners_disagree_and_a_third_person_decides(
    tmp_path: Path, real_browser: Browser
) -> None:
    with up(tmp_path, second_listener_fraction=1) as server:
        clip = keep(server, quiet(0.5), "eat that")
        with (
            signed_in(real_browser, server, first_secret(server), "Lea") as lead,
            signed_in(real_browser, server, offered(server, Role.ANALYST), "Bob") as bob,
            signed_in(real_browser, server, offered(server, Role.ANALYST), "Cleo") as cleo,
        ):
            write(bob, server, "yeet that")
            expect(bob.locator("[data-heard]")).to_contain_text("Somebody else listens, too")
            write(cleo, server, "heat that")
            expect(cleo.locator("[data-heard]")).to_contain_text("a third person decides")
            go(lead, server, "/workbench/lead/agreement")
            lead.get_by_role("link", name="1 clip waits").click()
            lead.locator("table.rows tbody a").first.click()
            expect(lead.locator(".differs")).to_have_text(["yeet", "heat"])
            lead.get_by_label("What was said").fill("yeet [that")
            lead.get_by_role("button", name="That was said").click()
            expect(lead.get_by_role("alert")).to_contain_text("the [ has no ] after it")
            expect(lead.get_by_label("What was said")).to_have_value("yeet [that")
            lead.get_by_label("What was said").fill("[yeet] that")
            lead.get_by_role("button", name="That was said").click()
            expect(lead.get_by_label("What was said")).to_have_count(0)
            go(bob, server, f"/workbench/heard/{clip}")
            bob.locator('[data-lesson="yeet"][data-state="live"]').wait_for()
        with Earwitness.open(server.settings) as program:
            item = program.records.item(clip)
            assert (item.state, item.closed_because) == (ItemState.CLOSED, "adjudicated by Lea")
            assert "yeet" in program.records.lexicon().terms


def test_one_writes_a_clip_hears_three_that_sound_alike_and_the_rest_is_confirmed(
    server: Running, real_browser: Browser
) -> None:
    clips = same_sound(server, 6)
    with signed_in(real_browser, server, first_secret(server)) as page:
        write(page, server, "yeet that")
        page.wait_for_timeout(SEE_FIRST_MS)
        page.keyboard.press("Alt+t")
        page.locator('[data-lesson="yeet"][data-state="live"]').wait_for()
        page.get_by_role("button", name="others sound alike").click()
        for number in (1, 2, 3):
            expect(page.locator("main")).to_contain_text(f"This is {number} of 3")
            assert "eat that" not in page.content()
            assert page.locator("audio").evaluate(
                "(sound) => new Promise((done) => { if (sound.ended) done(true);"
                " sound.onended = () => done(true); sound.onerror = () => done(false); })"
            )
            page.keyboard.press("s")
        expect(page.get_by_role("status")).to_contain_text("Confirmed")
        page.get_by_role("link", name="Next clip").click()
        expect(page.get_by_text("What do you hear?")).to_be_visible()
        until = time.monotonic() + 60
        while len(heard := compared(server, clips)) < 3 or None in heard.values():
            assert time.monotonic() < until, heard
            page.wait_for_timeout(100)
    assert list(heard.values()) == [pytest.approx(1.0, abs=0.3)] * 3


def compared(server: Running, clips: list[str]) -> dict[str, float | None]:
    """Of what was heard to be compared, how much of each was heard."""
    with Earwitness.open(server.settings) as program:
        every = [each for clip in clips for each in program.records.playbacks(clip)]
    return {each.utterance: each.played for each in every if each.why == TO_COMPARE}
