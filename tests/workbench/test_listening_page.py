"""The listening page in a real browser, by the keyboard alone."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from tests.doors.servers import Running, up
from tests.workbench.browsing import first_secret, offered
from tests.workbench.chromium import chromium, signed_in
from tests.workbench.clips import keep, loud, quiet
from tests.workbench.test_listening import CLIPS, say

from earwitness.accounts import Role
from earwitness.model import ItemState, Term
from earwitness.wiring import Earwitness

SEE_FIRST_MS = 500
"""Enter does nothing for a moment after the machine's text is shown."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with up(tmp_path, second_listener_fraction=0) as running:
        yield running


@pytest.fixture
def page(browser: Browser, server: Running) -> Iterator[Page]:
    with signed_in(browser, server, first_secret(server)) as opened:
        yield opened


def listen(page: Page, server: Running) -> None:
    page.goto(f"http://127.0.0.1:{server.http_port}/workbench/listen")
    is_ready(page)


def is_ready(page: Page) -> None:
    """Locators only: what ``wait_for_selector`` gives back keeps its element alive."""
    page.locator("#desk[data-ready]").wait_for(state="attached")


def first_of(held: list[Route], page: Page) -> Route:
    """Of requests that are held back: the page shows that it asks before the request is here."""
    for _ in range(600):
        if held:
            return held[0]
        page.wait_for_timeout(50)
    raise AssertionError("the page asks for nothing")


def utterance(page: Page) -> str:
    return str(page.locator("#desk").get_attribute("data-utterance"))


def judgements(server: Running, utterance_id: str) -> list[tuple[str, str, bool]]:
    with Earwitness.open(server.settings) as program:
        given = program.records.judgements(utterance_id)
        return [(each.verdict.value, each.text, each.blind) for each in given]


# --- the keyboard -------------------------------------------------------------------


def test_ten_clips_are_judged_by_the_keyboard_alone(server: Running, page: Page) -> None:
    clips = [keep(server, quiet(0.4 + number / 20), "uncovered") for number in range(10)]
    listen(page, server)
    answered = []
    for number in range(10):
        is_ready(page)
        assert "uncovered" not in page.content()
        answered.append(utterance(page))
        if number % 2:
            page.keyboard.press("Alt+n")
        else:
            page.keyboard.type(f"clip number {number}")
            page.keyboard.press("Enter")
        page.locator("[data-heard]").wait_for(state="attached")
        assert "uncovered" in page.content()
        page.wait_for_timeout(SEE_FIRST_MS)
        page.keyboard.press("Enter")
        page.locator(f'#desk:not([data-utterance="{answered[-1]}"])').wait_for(state="attached")
    expect(page.get_by_text("Nothing waits for you.")).to_be_visible()
    assert sorted(answered) == sorted(clips)
    for number, clip in enumerate(answered):
        said = (
            ("no_speech", "", True) if number % 2 else ("transcript", f"clip number {number}", True)
        )
        assert judgements(server, clip) == [said]


def test_a_word_is_taught_seen_to_work_and_heard_from_then_on(
    browser: Browser, tmp_path: Path
) -> None:
    with up(tmp_path, scripted=False, second_listener_fraction=0) as server:
        say(server, "saoirse-1.opus")
        first = CLIPS["saoirse-1.opus"].text
        with signed_in(browser, server, first_secret(server)) as page:
            listen(page, server)
            assert page.locator("[data-start]").count() > 0
            page.keyboard.type(first)
            page.keyboard.press("Enter")
            focused = page.locator("button[data-primary]")
            expect(focused).to_be_focused()
            expect(focused).to_contain_text("Saoirse")
            page.wait_for_timeout(SEE_FIRST_MS)
            page.keyboard.press("Enter")
            lesson = page.locator('[data-lesson="Saoirse"][data-state="live"]')
            lesson.wait_for()
            assert "heard" in lesson.inner_text()
            expect(page.locator('[data-do="next"]')).to_be_focused()
            assert "Saoirse" in say(server, "saoirse-2.opus")
            page.keyboard.press("Alt+z")
            expect(page.locator("#text")).to_have_value(first)
            expect(page.locator("#text")).to_be_focused()
        until = time.monotonic() + 60
        while "Saoirse" in say(server, "saoirse-3.opus"):
            assert time.monotonic() < until
            time.sleep(0.2)


def test_a_second_enter_that_was_meant_for_the_first_teaches_nothing(
    server: Running, page: Page
) -> None:
    clip = keep(server, quiet(0.5), "eat that")
    page.clock.install()
    listen(page, server)
    page.keyboard.type("yeet that")
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)  # however slow this machine is
    page.keyboard.press("Enter")
    expect(page.locator("button[data-primary]")).to_be_focused()
    page.clock.run_for(300)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    assert page.locator("[data-lesson]").count() == 0
    assert utterance(page) == clip
    page.clock.run_for(SEE_FIRST_MS - 300)
    page.keyboard.press("Enter")
    page.locator("[data-lesson]").wait_for()


def test_a_word_that_is_live_is_no_first_choice_and_says_so(server: Running, page: Page) -> None:
    with Earwitness.open(server.settings) as program:
        program.publish_all([Term("yeet")], by="Lea", why="slang")
    keep(server, quiet(0.5), "eat that")
    listen(page, server)
    page.keyboard.type("Yeet that, OK")
    page.keyboard.press("Enter")
    expect(page.locator("[data-primary]")).to_have_text(re.compile("Next clip"))
    expect(page.locator("[data-heard]")).to_contain_text("is live already")
    rows = page.locator(".difference tr")
    expect(rows.first).to_have_text(re.compile(r"you\s*Yeet\s*that,\s*OK"))


def test_texts_with_nothing_in_common_are_shown_whole(server: Running, page: Page) -> None:
    keep(server, quiet(0.5), "play some music in the kitchen")
    listen(page, server)
    page.keyboard.type("nobody said any such thing today at all")
    page.keyboard.press("Enter")
    cells = page.locator(".difference td")
    expect(cells).to_have_text(
        ["nobody said any such thing today at all", "play some music in the kitchen"]
    )
    expect(page.locator("[data-teach]")).to_have_count(0)


def test_what_a_word_settled_waits_no_longer_at_the_foot(browser: Browser, tmp_path: Path) -> None:
    with (
        up(tmp_path, scripted=False, second_listener_fraction=0) as server,
        signed_in(browser, server, first_secret(server)) as page,
    ):
        for name in ("saoirse-1.opus", "saoirse-2.opus", "saoirse-3.opus"):
            say(server, name)
        listen(page, server)
        with Earwitness.open(server.settings) as program:
            before = program.records.count_open(100)
        seconds = float(page.locator("#desk").get_attribute("data-seconds") or 0)
        clip = min(CLIPS.values(), key=lambda each: abs(each.seconds - seconds))
        page.keyboard.type(clip.text or "")
        page.keyboard.press("Enter")
        page.locator("button[data-primary]").wait_for()
        page.keyboard.press("Alt+t")
        lesson = page.locator('[data-lesson][data-state="live"]')
        lesson.wait_for()
        expect(page.locator("[data-status]")).not_to_contain_text(f"{before} waiting")
        with Earwitness.open(server.settings) as program:
            after = program.records.count_open(100)
        assert after < before - 1, "the word has settled another clip"
        expect(page.locator("[data-status]")).to_contain_text(f"{after} waiting")


def test_a_marked_word_is_taught_with_the_answer(browser: Browser, tmp_path: Path) -> None:
    with up(tmp_path, scripted=False, second_listener_fraction=0) as server:
        say(server, "saoirse-1.opus")
        with signed_in(browser, server, first_secret(server)) as page:
            listen(page, server)
            page.keyboard.type("Tell Saoirse")
            page.keyboard.press("Alt+m")
            expect(page.locator("#text")).to_have_value("Tell [Saoirse]")
            page.keyboard.press("Alt+m")
            expect(page.locator("#text")).to_have_value("Tell Saoirse")
            page.keyboard.press("Alt+m")
            page.keyboard.type(" that the taxi is here")
            page.keyboard.press("Enter")
            page.locator('[data-lesson="Saoirse"][data-state="live"]').wait_for()


def test_the_player_does_what_its_keys_say(server: Running, page: Page) -> None:
    # it begins by itself, and must not be over before somebody looks
    keep(server, quiet(12.0), flags=[("low_confidence", 1.0, 1.5)], words=(0.2, 1.0, 1.5, 2.2))
    listen(page, server)

    def now(what: str) -> object:
        return page.evaluate(f"document.querySelector('{what}').textContent")

    expect(page.locator('[data-do="play"]')).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Alt+k")
    expect(page.locator('[data-do="play"]')).to_have_attribute("aria-pressed", "false")
    for _ in range(3):
        page.keyboard.press("Alt+,")
    expect(page.locator("[data-speed]")).to_have_text("0.7x")
    for _ in range(30):
        page.keyboard.press("Alt+.")
    expect(page.locator("[data-speed]")).to_have_text("2.0x")
    page.keyboard.press("Alt+l")
    expect(page.locator('[data-do="loop"]')).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(1200)  # twice as fast, half a second is a quarter: it went round
    at = float(str(now("[data-clock]")).split()[0])
    assert 0.8 <= at <= 1.7
    page.keyboard.press("Alt+o")
    expect(page.locator('[data-do="treated"]')).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Alt+k")
    page.keyboard.press("Alt+l")
    page.keyboard.press("Alt+j")
    page.keyboard.press("Alt+j")
    clock = page.locator("[data-clock]")
    page.keyboard.press("Alt+i")
    expect(clock).to_have_text(re.compile(r"^0\.[01] "))  # just before the first word
    page.keyboard.press("Alt+i")
    expect(clock).to_have_text(re.compile(r"^0\.[89] "))
    page.keyboard.press("Alt+u")
    expect(clock).to_have_text(re.compile(r"^0\.[01] "))
    assert page.locator("#text").input_value() == ""  # no key wrote anything
    place = page.locator("#waveform").bounding_box()
    assert place
    page.mouse.move(place["x"] + place["width"] * 0.6, place["y"] + 30)
    page.mouse.down()
    page.mouse.move(place["x"] + place["width"] * 0.7, place["y"] + 30, steps=5)
    page.mouse.up()
    page.keyboard.press("Alt+l")  # what was drawn is what is looped
    expect(clock).to_have_text(re.compile(r"^(7\.[1-9]|8\.[0-5]) "))
    assert page.locator("[part~=region], [part~=marker]").count() == 1 + 2
    page.keyboard.press("Alt+n")
    expect(page.locator("[part~=region-content]").first).to_have_text("eat")


def test_keys_are_shown_and_can_be_changed(server: Running, page: Page) -> None:
    keep(server, quiet(0.5))
    listen(page, server)
    page.keyboard.press("Alt+/")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Play or pause").click()
    page.keyboard.press("Alt+j")
    expect(dialog).to_contain_text("That is: Back one second")
    dialog.get_by_role("button", name="Play or pause").click()
    page.keyboard.press("q")
    expect(dialog).to_contain_text("needs Alt")
    dialog.get_by_role("button", name="Play or pause").click()
    page.keyboard.press("Alt+q")
    page.keyboard.press("Escape")
    expect(page.locator('kbd[data-key="play"]')).to_have_text("Alt Q")
    page.reload()
    is_ready(page)
    expect(page.locator('kbd[data-key="play"]')).to_have_text("Alt Q")


# --- nothing is lost ----------------------------------------------------------------


def test_what_is_written_survives_a_reload_and_a_lost_connection(
    server: Running, page: Page
) -> None:
    clip = keep(server, quiet(0.5))
    listen(page, server)
    page.keyboard.type("half a sen")
    expect(page.locator("[data-saved]")).to_have_text("saved on this computer")
    page.reload()
    is_ready(page)
    expect(page.locator("#text")).to_have_value("half a sen")
    page.context.set_offline(True)
    page.keyboard.type("tence")
    page.keyboard.press("Enter")
    expect(page.locator("[data-trouble]")).to_contain_text("No connection")
    expect(page.locator("#text")).to_have_value("half a sentence")
    page.context.set_offline(False)
    expect(page.locator("[data-trouble]")).to_contain_text("The connection is back")
    page.keyboard.press("Enter")
    page.locator("[data-heard]").wait_for(state="attached")
    assert judgements(server, clip) == [("transcript", "half a sentence", True)]
    assert page.evaluate("Object.keys(localStorage).filter(k => k.includes('draft'))") == []


def test_an_answer_that_is_sent_while_the_one_before_it_fails_is_not_lost(
    server: Running, page: Page
) -> None:
    clip = keep(server, quiet(0.5))
    held: list[Route] = []
    listen(page, server)
    form = page.locator("form[data-answer]")
    page.route(
        f"**{form.get_attribute('action')}",
        lambda route: route.continue_() if held else held.append(route),
    )
    page.keyboard.type("an answer")
    page.keyboard.press("Enter")
    expect(form).to_have_class(re.compile("htmx-request"))
    kept = first_of(held, page)
    page.keyboard.press("Enter")
    kept.abort()
    page.locator("[data-heard]").wait_for(state="attached")
    expect(page.locator("[data-trouble]")).to_be_empty()
    assert judgements(server, clip) == [("transcript", "an answer", True)]


def test_no_key_is_lost_in_silence_while_the_line_is_down(server: Running, page: Page) -> None:
    keep(server, quiet(0.5))
    listen(page, server)
    trouble = page.locator("[data-trouble]")
    page.context.set_offline(True)
    page.keyboard.press("Alt+p")
    expect(trouble).to_contain_text("not passed on")
    page.evaluate("dispatchEvent(new Event('offline'))")  # the browser may say it later
    expect(trouble).to_contain_text("not passed on")
    page.context.set_offline(False)
    expect(trouble).to_contain_text("The connection is back")
    page.keyboard.type("an answer")
    page.keyboard.press("Enter")
    page.locator("[data-heard]").wait_for(state="attached")
    expect(trouble).to_be_empty()
    page.context.set_offline(True)
    page.keyboard.press("Alt+x")
    expect(trouble).to_contain_text("next clip cannot come now")
    expect(trouble).to_be_in_viewport()


def test_a_part_of_the_page_that_comes_late_says_nothing_of_the_line(
    server: Running, page: Page
) -> None:
    keep(server, quiet(0.5))
    held: list[Route] = []
    page.route("**/alike", lambda route: held.append(route))
    listen(page, server)
    kept = first_of(held, page)  # it is asked for a moment after the clip
    page.context.set_offline(True)
    trouble = page.locator("[data-trouble]")
    expect(trouble).to_contain_text("No connection")
    kept.fulfill(body="<p>6 others</p>", content_type="text/html")
    expect(page.locator(".from")).to_contain_text("6 others")
    expect(trouble).to_contain_text("No connection")


def test_an_answer_of_the_server_ends_what_was_said_of_the_line(
    server: Running, page: Page
) -> None:
    keep(server, quiet(0.5))
    listen(page, server)
    page.route("**/workbench/listen/*", lambda route: route.abort())
    page.keyboard.type("with an open [bracket")
    page.keyboard.press("Enter")
    trouble = page.locator("[data-trouble]")
    expect(trouble).to_contain_text("No connection")
    page.unroute("**/workbench/listen/*")
    page.keyboard.press("Enter")
    expect(page.locator("#after [role=alert]")).to_be_visible()
    expect(trouble).to_be_empty()


def test_who_is_signed_out_meanwhile_signs_in_again_and_goes_on(
    server: Running, page: Page
) -> None:
    keep(server, quiet(0.5))
    listen(page, server)
    page.keyboard.type("before the session ended")
    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.keyboard.press("Enter")
    expect(page.locator("#after")).to_contain_text("sign in")
    page.keyboard.press("Alt+p")
    page.wait_for_url(re.compile(r"/sign-in\?to=%2Fworkbench%2Flisten$"))
    page.context.add_cookies(cookies)  # as if they had
    listen(page, server)
    expect(page.locator("#text")).to_have_value("before the session ended")


def test_signing_out_asks_what_becomes_of_what_was_not_sent(server: Running, page: Page) -> None:
    clip = keep(server, quiet(0.5))
    listen(page, server)
    page.keyboard.type("for nobody else")
    out = page.get_by_role("button", name="Sign out", exact=True)
    out.click()
    leaving = page.get_by_role("dialog")
    expect(leaving).to_contain_text("One answer was written and not sent.")
    leaving.get_by_role("button", name="Stay").click()
    expect(page.locator("#text")).to_have_value("for nobody else")
    out.click()
    leaving.get_by_role("button", name="Throw it away").click()
    page.wait_for_url("**/sign-in")
    assert page.evaluate("Object.keys(localStorage).filter(k => k.includes('draft'))") == []
    assert judgements(server, clip) == []


def test_a_server_that_starts_again_loses_nothing(browser: Browser, tmp_path: Path) -> None:
    with up(tmp_path, second_listener_fraction=0) as server:
        clip = keep(server, quiet(0.5))
        port, secret = server.http_port, first_secret(server)
        with signed_in(browser, server, secret) as page:
            listen(page, server)
            page.keyboard.type("before and ")
            server.stop()
            page.keyboard.type("after")
            page.keyboard.press("Enter")
            expect(page.locator("[data-trouble]")).to_contain_text("No connection")
            with up(tmp_path, http_port=port, second_listener_fraction=0) as again:
                page.keyboard.press("Enter")
                page.locator("[data-heard]").wait_for(state="attached")
                assert judgements(again, clip) == [("transcript", "before and after", True)]


def test_a_late_answer_is_refused_and_kept_as_a_draft(browser: Browser, tmp_path: Path) -> None:
    with up(tmp_path, lease_minutes=0.1, second_listener_fraction=0) as server:
        clip = keep(server, quiet(0.5))
        with signed_in(browser, server, first_secret(server)) as page:
            listen(page, server)
            page.keyboard.type("too slow")
            page.wait_for_timeout(7000)
            with Earwitness.open(server.settings) as program:
                theirs = program.assign("somebody else", clip)
            assert theirs
            page.keyboard.press("Enter")
            expect(page.locator("[data-late]")).to_contain_text("kept on this computer")
            expect(page.locator("#text")).to_have_value("too slow")
            assert judgements(server, clip) == []
            with Earwitness.open(server.settings) as program:
                program.release(theirs.lease)
            page.keyboard.press("Alt+x")
            page.locator("#desk[data-ready]:not(:has([data-late]))").wait_for(state="attached")
            expect(page.locator("#text")).to_have_value("too slow")


def test_a_second_window_on_an_answered_clip_says_so_and_leads_on(
    server: Running, page: Page
) -> None:
    first, after = keep(server, quiet(0.5)), keep(server, quiet(0.6))
    listen(page, server)
    other = page.context.new_page()
    listen(other, server)
    shown = utterance(page)
    assert utterance(other) == shown
    page.keyboard.type("in the first window")
    page.keyboard.press("Enter")
    page.locator("[data-heard]").wait_for(state="attached")
    other.locator("#text").fill("in the second")
    other.keyboard.press("Enter")
    expect(other.locator("#after")).to_contain_text("answered this clip already")
    expect(other.locator("#text")).to_have_value("in the second")
    other.keyboard.press("Alt+x")
    other.locator("#desk[data-ready]:not(:has([data-late]))").wait_for(state="attached")
    assert utterance(other) == ({first, after} - {shown}).pop()
    assert judgements(server, shown) == [("transcript", "in the first window", True)]


def test_of_two_browsers_one_gets_the_clip(server: Running, browser: Browser, page: Page) -> None:
    clip = keep(server, quiet(0.5))
    with signed_in(browser, server, offered(server, Role.ANALYST), "Bob") as other:
        for each in (page, other):
            each.goto(f"http://127.0.0.1:{server.http_port}/workbench/listen", wait_until="commit")
        for each in (page, other):
            each.locator("#desk").wait_for()
        shown = [each.locator("#desk").get_attribute("data-utterance") for each in (page, other)]
        assert sorted(shown, key=str) == sorted([clip, None], key=str)


# --- what is shown, and how loud --------------------------------------------------------


HOSTILE = (
    '<script>window.bad = 1</script><img src=x onerror="window.bad=1">\' " </textarea> \u202e&lt;'
)


def test_whatever_was_said_is_only_text(server: Running, page: Page) -> None:
    keep(server, quiet(0.5), HOSTILE, nbest=(HOSTILE + " again",))
    keep(server, quiet(0.6), "ordinary")
    listen(page, server)
    assert "onerror" not in page.content()
    page.locator("#text").fill(HOSTILE.replace("\u202e", ""))
    page.keyboard.press("Enter")
    page.locator("[data-heard]").wait_for(state="attached")
    page.locator("summary").click()
    assert page.locator("ol li").first.inner_text().startswith("<script>window.bad")
    page.goto(f"http://127.0.0.1:{server.http_port}/workbench/report")
    page.get_by_label("What did you hear?").fill(HOSTILE)
    page.get_by_label("Who here is involved").fill(HOSTILE)
    page.locator('input[value="past"]').check()
    page.locator('input[value="other"]').check()
    page.get_by_role("button", name="Report it").click()
    expect(page.get_by_role("alert")).to_contain_text("<script>window.bad")
    page.get_by_role("button", name="Report it").click()  # it is nobody's name
    code = page.locator("#secret").inner_text()
    page.goto(f"http://127.0.0.1:{server.http_port}/reporter")
    page.get_by_label("The code of your receipt").fill(code)
    page.get_by_role("button", name="Open").click()
    expect(page.locator(".timeline .text").first).to_contain_text("<script>window.bad")
    page.goto(f"http://127.0.0.1:{server.http_port}/workbench/reports")
    expect(page.locator("td.text")).to_contain_text("<script>window.bad")
    assert page.evaluate("window.bad") is None


def test_a_loud_clip_starts_softly_unless_it_is_asked_for(server: Running, page: Page) -> None:
    keep(server, loud(1.0))
    listen(page, server)
    expect(page.locator("[data-loudness]")).to_have_text(re.compile(r"turned down by (19|20) dB"))
    page.locator('[data-filter="as-recorded"]').check()
    expect(page.locator("[data-loudness]")).to_have_text("as loud as it was recorded")


def test_what_may_hurt_is_announced_before_it_sounds(server: Running, page: Page) -> None:
    hard = keep(server, quiet(0.5), flags=[("scream", 0.2, 0.4)], value=0.9)
    soft = keep(server, quiet(0.6), value=0.1)
    listen(page, server)
    assert utterance(page) == hard
    expect(page.get_by_role("alert")).to_contain_text("somebody may scream")
    page.wait_for_timeout(300)
    assert page.evaluate("performance.getEntriesByType('measure').length") == 0
    expect(page.locator("#waveform")).not_to_be_visible()
    page.keyboard.press("Alt+p")
    page.locator(f'#desk[data-utterance="{soft}"][data-ready]').wait_for(state="attached")
    with Earwitness.open(server.settings) as program:
        assert program.records.item(hard).state is ItemState.WAITING
        assert not [each for each in program.records.playbacks(hard) if each.played]


def test_each_playback_is_on_record_with_what_was_heard(server: Running, page: Page) -> None:
    clip, other = keep(server, quiet(0.5), value=0.9), keep(server, quiet(0.6), value=0.1)
    listen(page, server)
    page.wait_for_timeout(900)
    page.keyboard.press("Alt+n")
    page.locator("[data-heard]").wait_for(state="attached")
    with Earwitness.open(server.settings) as program:
        (played,) = program.records.playbacks(clip)
        assert (played.listener, played.why, played.seconds) == ("Ada", "to judge it", 0.5)
        assert played.played == pytest.approx(0.5, abs=0.15)
        (ahead,) = program.records.playbacks(other)
        assert not ahead.played


def test_nothing_piles_up_over_two_hundred_clips(server: Running, page: Page) -> None:
    for number in range(210):
        keep(server, quiet(0.1), value=1 - number / 300)
    listen(page, server)
    session = page.context.new_cdp_session(page)

    def counted() -> dict[str, int]:
        for _ in range(5):  # what holds each other is let go one after the other
            session.send("HeapProfiler.collectGarbage")
            page.wait_for_timeout(200)
        return dict(session.send("Memory.getDOMCounters"))

    def judge(times: int) -> None:
        for _ in range(times):
            is_ready(page)
            before = utterance(page)
            page.keyboard.press("Alt+n")
            page.locator("[data-heard]").wait_for(state="attached")
            page.keyboard.press("Alt+x")
            page.locator(f'#desk:not([data-utterance="{before}"])').wait_for(state="attached")

    judge(20)
    before = counted()
    judge(180)
    after = counted()
    assert after["jsEventListeners"] <= before["jsEventListeners"] + 20, (before, after)
    one_page_more = (
        1000  # the next one is made ready, or not yet; 180 would be a hundred times that
    )
    assert after["nodes"] <= before["nodes"] + one_page_more, (before, after)
    assert after["documents"] <= before["documents"] + 1, (before, after)
