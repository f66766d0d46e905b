"""Reporters at once, and servers that are killed: what was acknowledged is there, and provable."""

from __future__ import annotations

import random
import threading
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from tests import warm
from tests.flow.incident_house import incidents
from tests.flow.test_reporting import SAID
from tests.torture.together import together
from tests.torture.whole import assert_whole
from tests.values import START

from earwitness.flow.incidents import logbook, reporting

WORKERS = 2
LIVES = 10
"""Kills that one store has to survive before the next begins.

After each, every record and leaf is checked, and the receipts of what was acknowledged since the
last; all of them at the end.
"""


def run(kills: int, seed: int = 500) -> Counter[str]:
    """How many kills, and reports that were acknowledged; each is there. Raises AssertionError."""
    stores = [(seed + at, min(LIVES, kills - at)) for at in range(0, kills, LIVES)]
    return together(_lived, stores)


def _lived(store: tuple[int, int]) -> Counter[str]:
    """One store, through so many kills."""
    seed, lives = store
    draw = random.Random(seed)
    with TemporaryDirectory() as name:
        acknowledged: dict[str, str] = {}
        for number in range(lives):
            lines = _reported_until_killed(Path(name), number, draw.uniform(0.05, 0.6))
            try:
                acknowledged |= _checked(Path(name), lines, acknowledged, number == lives - 1)
            except AssertionError as error:
                raise AssertionError(f"store {seed}, kill {number}: {error}") from error
    return Counter(kills=lives, acknowledged=len(acknowledged))


def _checked(
    folder: Path, lines: list[list[str]], before: dict[str, str], is_last: bool
) -> dict[str, str]:
    """What is acknowledged since: what was, and what is sent again now."""
    new = {code: case for what, code, *rest in lines for case in rest if what == "acknowledged"}
    on = incidents(folder)
    assert_whole(on)
    for code, case in (before | new if is_last else new).items():
        assert reporting.opened(code, on).id == case
        logbook.receipt(case, on.book).check([on.book.key.public])
    for what, code, *_ in lines:  # sent again, it is one report, acknowledged now
        if what == "sent":
            new[code] = reporting.report(SAID, code, START, on).case
    on.records.close()  # type: ignore[attr-defined]
    return new


def _reported_until_killed(folder: Path, number: int, seconds: float) -> list[list[str]]:
    """What some processes said that report into one store, until all are killed at once."""
    started = [
        warm.Started(
            "tests.torture.reporting_child", str(folder), f"{number}{worker}", stdout=warm.PIPE
        )
        for worker in range(WORKERS)
    ]
    said: list[list[str]] = []

    def read(process: warm.Started) -> None:
        assert process.stdout is not None
        said.extend(line.split() for line in process.stdout if line.endswith("\n"))

    readers = [threading.Thread(target=read, args=(each,)) for each in started]
    for each in readers:
        each.start()
    while not any(line[0] == "acknowledged" for line in said):
        assert all(each.poll() is None for each in started)
        threading.Event().wait(0.005)
    threading.Event().wait(seconds)
    for process in started:
        process.kill()
    for each in readers:
        each.join()
    for process in started:
        with process:
            pass
    return said
