"""The listening page in the other browser that is promised."""

from __future__ import annotations

from pathlib import Path

from tests.doors.servers import up
from tests.workbench.browsing import browser_at, first_secret, join
from tests.workbench.clips import keep, quiet
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
