"""What ``make torture`` runs: hours of bad luck, and what came of it."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.torture import deadlines, full, kills, power, schedules, syscalls
from tests.torture.quiet import quiet


def main() -> int:
    """0 where everything held."""
    asked = argparse.ArgumentParser(prog="make torture", description=__doc__)
    asked.add_argument("--kills", type=int, default=500)
    asked.add_argument("--deadlines", type=int, default=10_000)
    asked.add_argument("--cuts", type=int, default=200)
    asked.add_argument("--calls", type=int, default=1_000_000, help="of the sweep; all by default")
    asked.add_argument("--seeds", type=int, default=500)
    asked.add_argument("--first-seed", type=int, default=0)
    given = asked.parse_args()
    quiet()
    parts: dict[str, Callable[[], str]] = {
        f"{given.seeds} schedules of crashes, set clocks and lost messages": lambda: _schedules(
            given.first_seed, given.seeds
        ),
        f"{given.deadlines} deadlines after a restart, three workers": lambda: _deadlines(
            given.deadlines
        ),
        f"{given.kills} times kill -9 in the middle of reports": lambda: _kills(given.kills),
        "every write, fsync and rename of a report fails, or is the last": lambda: str(
            dict(syscalls.run(given.calls, given.first_seed))
        ),
        f"{given.cuts} power cuts": lambda: _cuts(given.cuts, given.first_seed),
        "a disk that is full": _full,
    }
    wrong = 0
    for name, part in parts.items():
        print(f"{name} ...", flush=True)
        began = time.monotonic()
        try:
            found = part()
        except Exception as error:
            wrong += 1
            found = f"FAILED: {type(error).__name__}: {error}"
        print(f"  {found}  ({time.monotonic() - began:.0f} s)", flush=True)
    return min(wrong, 1)


def _schedules(first: int, count: int) -> str:
    every: Counter[str] = Counter()
    for seed in range(first, first + count):
        every += schedules.run(seed, 40)
    return f"nothing buried, doubled or late: {dict(every)}"


def _deadlines(count: int) -> str:
    with TemporaryDirectory() as folder:
        seconds = deadlines.run(Path(folder), count)
    assert seconds <= 60, f"the last was {seconds:.0f} s late"
    return f"each met once, the last {seconds:.1f} s after the restart"


def _kills(count: int) -> str:
    with TemporaryDirectory() as folder:
        return f"{kills.run(Path(folder), count)} reports acknowledged, all there"


def _full() -> str:
    if not power.possible():
        return "left out: it needs root, to mount a disk of its own"
    return f"{full.run()} reports acknowledged from the room that was kept for them"


def _cuts(count: int, seed: int) -> str:
    if not power.possible():
        return "left out: it needs root, mkfs.ext4 and loop devices"
    return f"{power.run(count, seed)} reports acknowledged, all there"


if __name__ == "__main__":
    raise SystemExit(main())
