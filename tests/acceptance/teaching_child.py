"""Carries out what is pending in a house, and dies by SIGKILL at a given moment.

Usage: ``python -m tests.acceptance.teaching_child FOLDER RUNNER WRITE MOMENT``: at the
WRITEth call that writes to the store (0: never), MOMENT ``before`` or ``after`` it.
RUNNER is ``inline`` or ``durable``.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.flow.house import House, open_house

from earwitness.flow import steps
from earwitness.runners import inline

WRITES = ("save_trial", "publish", "settle", "group_settled", "done")


class Mortal:
    """The records, until their ``count``th write."""

    def __init__(self, records: Any, count: int, moment: str) -> None:
        self._records = records
        self._left = count
        self._moment = moment

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._records, name)
        return self._counted(method) if name in WRITES else method

    def _counted(self, method: Any) -> Any:
        def write(*args: Any, **kwargs: Any) -> Any:
            self._left -= 1
            if self._left == 0 and self._moment == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            result = method(*args, **kwargs)
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return write


def main(folder: Path, runner: str, count: int, moment: str) -> None:
    house = open_house(folder)
    records = Mortal(house.records, count, moment)
    house.teaching = replace(house.teaching, records=records)
    {"inline": run_inline, "durable": run_durable}[runner](house)
    house.records.close()


def run_inline(house: House) -> None:
    inline.drain(house.records, lambda event: carry_out(house, event))


def run_durable(house: House) -> None:
    from earwitness.runners.durable import DurableRunner

    url = f"sqlite:///{house.folder / 'workflows.sqlite'}"
    with DurableRunner(url, house.records, lambda event: carry_out(house, event)):
        while house.records.pending():
            time.sleep(0.02)


def carry_out(house: House, event_id: str) -> None:
    steps.carry_out(event_id, house.now, house.teaching)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4])
