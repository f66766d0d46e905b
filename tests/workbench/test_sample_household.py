"""What ``make run`` promises: open the link, clear the queue, teach a word, see it recognised."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, expect
from tests.workbench.chromium import PATIENCE_MS, SCREEN, Authenticator, chromium
from tests.workbench.test_listening import CLIPS

MOST_CLIPS = 60
LESSONS = 3
"""That are taken; each is tried on every recording that we have."""


class Terminal:
    """What somebody sees who ran it in a terminal."""

    def __init__(self, master: int) -> None:
        self._master, self.seen = master, ""

    def wait_for(self, pattern: str, seconds: float = 120) -> re.Match[str]:
        until = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen)):
            assert time.monotonic() < until, self.seen
            if select.select([self._master], [], [], 0.2)[0]:
                self.seen += os.read(self._master, 65536).decode(errors="replace")
        return found


@contextmanager
def sample_household() -> Iterator[Terminal]:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "earwitness", "up", "--sample-household"],
        stdin=slave, stdout=slave, stderr=slave, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    os.close(slave)
    try:
        yield Terminal(master)
    finally:
        process.terminate()
        process.wait(60)
        os.close(master)


def sign_in(page: Page, link: str) -> None:
    Authenticator(page)
    page.goto(link)
    page.get_by_label("Name").first.fill("Ada")
    page.get_by_role("button", name="Make the account with a passkey").click()
    page.wait_for_url("**/workbench")


def said_in(page: Page) -> str:
    """What a listener with good ears would write: the recording of this length."""
    seconds = float(page.locator("#desk").get_attribute("data-seconds") or 0)
    text = min(CLIPS.values(), key=lambda clip: abs(clip.seconds - seconds)).text
    return text or "something"


def test_a_person_clears_the_queue_and_hears_a_taught_word_come_in() -> None:
    with sample_household() as terminal, chromium() as browser:
        link = terminal.wait_for(r"Open the workbench: (\S+)")[1]
        page = browser.new_context(viewport=SCREEN).new_page()
        page.set_default_timeout(PATIENCE_MS)
        sign_in(page, link)
        page.get_by_role("link", name="Listen", exact=True).last.click()
        taken = 0
        for _ in range(MOST_CLIPS):
            page.locator("#desk[data-ready], #desk[data-nothing]").wait_for()
            if page.locator("#desk[data-nothing]").count():
                break
            at = page.locator("#desk").get_attribute("data-utterance")
            page.keyboard.type(said_in(page))
            page.keyboard.press("Enter")
            page.locator("[data-heard]").wait_for()
            page.wait_for_timeout(500)  # Enter does nothing for a moment
            if page.locator("button[data-primary]").count() and taken < LESSONS:
                taken += 1
                page.keyboard.press("Enter")
                page.locator('[data-lesson]:not([data-state="pending"])').first.wait_for()
            page.keyboard.press("Alt+x")
            page.locator(f'#desk:not([data-utterance="{at}"])').wait_for()
        expect(page.get_by_text("Nothing waits for you.")).to_be_visible()
        expect(page.locator("#idle")).to_contain_text(
            re.compile(r"taught, \S+, has been heard [1-9]"), timeout=90_000
        )
