"""What ``make torture`` runs: hours of bad luck, and what came of it."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
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
    asked.add_argument("--times", type=int, default=3, help="each call of the sweep fails")
    asked.add_argument("--seeds", type=int, default=500)
    asked.add_argument("--first-seed", type=int, default=0)
    given = asked.parse_args()
    quiet()
    seed = given.first_seed
    parts: dict[str, Callable[[], str]] = {
        f"{given.seeds} schedules of crashes, set clocks and lost messages": lambda: _told(
            schedules.runs(range(seed, seed + given.seeds), 40)
        ),
        f"{given.deadlines} deadlines after a restart, three workers": lambda: _deadlines(
            given.deadlines
        ),
        f"{given.kills} times kill -9 in the middle of reports": lambda: _told(
            kills.run(given.kills)
        ),
        "every write, fsync and rename of a report fails, or is the last": lambda: _told(
            syscalls.run(given.calls, seed, given.times)
        ),
        f"{given.cuts} power cuts": lambda: _cuts(given.cuts, seed),
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


def _told(found: Mapping[str, int]) -> str:
    return "nothing lost, doubled or buried: " + ", ".join(
        f"{many} {what}" for what, many in found.items()
    )


def _deadlines(count: int) -> str:
    with TemporaryDirectory() as folder:
        seconds = deadlines.run(Path(folder), count)
    assert seconds <= 60, f"the last was {seconds:.0f} s late"
    return f"each met once, the last {seconds:.1f} s after the restart"


def _full() -> str:
    if not power.possible():
        return "left out: it needs root, to mount a disk of its own"
    reports = full.run()
    for what in full.LATER:
        full.run_later(what)
    return f"{reports} reports acknowledged from the room that was kept for them"


def _cuts(count: int, seed: int) -> str:
    if not power.possible():
        return "left out: it needs root, mkfs.ext4 and loop devices"
    return _told(power.run(count, seed))


if __name__ == "__main__":
    raise SystemExit(main())
