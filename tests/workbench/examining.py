"""Somebody who may examine, and the Sound page of a clip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np
from playwright.sync_api import Page
from tests.doors.servers import Running
from tests.workbench.clips import keep

from earwitness.audio.reader import Reader
from earwitness.model import SAMPLE_RATE, Samples
from earwitness.starter import recordings
from earwitness.wiring import Earwitness

WHY = "two listeners disagree"
EXAMINE = "/workbench/examine"


def spoken(name: str = "yeet-1.opus") -> Samples:
    """One of the recordings that ship."""
    (found,) = (each.path for each in recordings() if each.path.name == name)
    with closing(Reader()) as reader:
        return reader.read(found)


def noisy(name: str = "yeet-1.opus", seed: int = 1) -> Samples:
    """The same, in white noise."""
    said = spoken(name)
    noise = np.random.default_rng(seed).standard_normal(len(said))
    return np.clip(said + 0.01 * noise, -1, 1).astype(np.float32)


def tone(seconds: float, hertz: float, level: float = 0.1) -> Samples:
    at = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (level * np.sin(2 * np.pi * hertz * at)).astype(np.float32)


def open_page(page: Page, server: Running, clip: str, why: str = WHY) -> None:
    """By a lead, who says why; done once the original can be played."""
    page.goto(f"http://127.0.0.1:{server.http_port}{EXAMINE}/{clip}")
    page.get_by_label("Why must you examine it?").fill(why)
    page.get_by_role("button", name="Examine it").click()
    page.locator("#examine[data-ready]").wait_for()


def add_steps(page: Page, *names: str) -> None:
    """One of each kind of setting, unless others are asked for."""
    for name in names or ("repair", "reduce-noise", "gain"):
        page.get_by_label("Add a step").select_option(name)
        with page.expect_response("**/treat"):
            page.get_by_role("button", name="Add it").click()


def played(server: Running, clip: str) -> list[tuple[str, str]]:
    with Earwitness.open(server.settings) as program:
        return [(each.listener, each.why) for each in program.records.playbacks(clip)]


def secret_clip(server: Running, samples: Samples | None = None, **more: str) -> str:
    """A clip of which the machine wrote something that no page here may show."""
    return keep(server, noisy() if samples is None else samples, "uncovered", **more)  # type: ignore[arg-type]


CAPTURE = """
const connect = AudioNode.prototype.connect;
window.captured = [];
window.capturedAt = 0;
AudioNode.prototype.connect = function (to, ...rest) {
  if (to instanceof AudioDestinationNode && !this.isTap) {
    const tap = this.context.tap ??= (() => {
      const made = this.context.createScriptProcessor(16384, 1, 1);
      made.isTap = true;
      window.capturedAt = this.context.sampleRate;
      made.onaudioprocess = (event) => {
        window.captured.push(...event.inputBuffer.getChannelData(0));
      };
      connect.call(made, this.context.destination);
      return made;
    })();
    connect.call(this, tap);
  }
  return connect.call(this, to, ...rest);
};
"""
"""What a page plays is kept, too, as the sound card would get it."""


def heard_of(page: Page) -> tuple[Samples, int]:
    """What a page with ``CAPTURE`` has played so far, and its rate."""
    page.wait_for_timeout(1000)  # the last of it comes in blocks of a third of a second
    return np.array(page.evaluate("captured"), np.float32), int(page.evaluate("capturedAt"))


TRIES = 4
"""On a busy machine the browser itself drops what it plays; a page that made a gap would make it
each time.
"""


def tried_again(page: Page, seconds: int) -> Iterator[int]:
    """Each try begins with nothing kept, and so many seconds further back."""
    for number in range(TRIES):
        page.evaluate("captured.length = 0")
        for _ in range(seconds):
            page.keyboard.press("Alt+j")
        yield number
