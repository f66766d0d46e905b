"""The listening page and the Sound page in the other browser that is promised."""

from __future__ import annotations

from pathlib import Path

from tests.babble import babble, heard_by
from tests.doors.servers import up
from tests.workbench.browsing import browser_at, first_secret, join, send
from tests.workbench.clips import keep, quiet
from tests.workbench.examining import EXAMINE, WHY, secret_clip
from tests.workbench.firefox import ALT, ENTER, firefox

from earwitness.wiring import Earwitness

READY = "document.querySelector('#desk[data-ready]') !== null"
WRITTEN = "document.querySelector('#text').value"


def test_a_word_is_played_written_kept_and_taught_by_the_keyboard(tmp_path: Path) -> None:
    with (
        up(tmp_path / "house", second_listener_fraction=0) as server,
        firefox(tmp_path / "profile") as page,
    ):
        clip = keep(server, quiet(3.0), "eat that", words=(0.2, 1.0))
        with browser_at(server) as client:
            joined, _ = join(client, first_secret(server))
            assert joined.status_code == 303, joined.text
            for name, value in client.cookies.items():
                page.cookie(name, value)
        listening = f"http://127.0.0.1:{server.http_port}/workbench/listen"

        page.goto(listening)
        page.wait(READY)
        page.wait("document.querySelector('[data-do=play]').ariaPressed === 'true'")
        page.wait("parseFloat(document.querySelector('[data-clock]').textContent) > 0.3")
        page.keys("k", held=ALT)
        page.wait("document.querySelector('[data-do=play]').ariaPressed === 'false'")
        page.keys("yeet")
        page.wait("document.querySelector('[data-saved]').textContent.includes('saved')")
        page.goto(listening)
        page.wait(READY)
        assert page.evaluate(WRITTEN) == "yeet"
        page.keys(" that")
        page.keys(ENTER)
        page.wait("document.activeElement.matches('button[data-primary]')")
        page.keys("t", held=ALT)
        page.wait("document.querySelector('[data-lesson=yeet][data-state=live]') !== null")

        with Earwitness.open(server.settings) as program:
            assert [each.text for each in program.records.judgements(clip)] == ["yeet that"]
            assert program.records.playbacks(clip)


SOUNDS = "parseFloat(document.querySelector('[data-clock]').textContent) > 0.3"
SAYS_WHY_NOT = "document.querySelector('[data-trouble]').textContent.includes('no sound')"
PRESSED = "document.querySelector('[data-do={}]').ariaPressed === '{}'"


def test_a_clip_is_examined_treated_and_compared(tmp_path: Path) -> None:
    with up(tmp_path / "house") as server, firefox(tmp_path / "profile") as page:
        speech = babble(8.0)
        clip = secret_clip(server, speech)
        secret_clip(server, heard_by(speech, 0.5).samples[:, 0], device="hall")
        at = f"{EXAMINE}/{clip}"
        with browser_at(server) as client:
            join(client, first_secret(server))
            assert send(client, at, {"why": WHY}, page=at).status_code == 303
            for name, value in client.cookies.items():
                page.cookie(name, value)
        page.goto(f"http://127.0.0.1:{server.http_port}{at}")
        page.wait("document.querySelector('#examine[data-ready]') !== null")
        page.wait("document.querySelectorAll('[data-track] rect').length > 0")
        page.evaluate("document.querySelector('[data-kinds-list]').value = 'high-pass'")
        page.evaluate("document.querySelector('[data-do=add]').click()")
        page.wait("!document.querySelector('[data-do=treated]').disabled")
        page.evaluate("document.querySelector('[data-align] input').click()")
        page.evaluate("document.querySelector('[data-align] button').click()")
        page.wait("document.querySelector('[data-vantage=\"2\"]') !== null")
        page.evaluate("document.querySelector('[data-do=play]').focus()")
        page.keys("k", held=ALT)
        page.wait(f"{SOUNDS} || {SAYS_WHY_NOT}")  # it needs an output, which a server has not
        page.keys("o", held=ALT)
        page.wait(PRESSED.format("treated", "true"))
        page.keys("2")
        page.wait("document.querySelector('[data-vantage=\"2\"]').ariaPressed === 'true'")
        page.wait(PRESSED.format("treated", "false"))
        with Earwitness.open(server.settings) as program:
            given = sorted(each.why for each in program.records.playbacks(clip))
        done = ("", " (seen)", " (seen, treated: high-pass)", " (treated: high-pass)")
        assert given == [WHY + each for each in done]
