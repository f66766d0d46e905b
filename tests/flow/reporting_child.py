"""Reports one after another until it is killed; prints a code once that is acknowledged."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from tests.flow.test_reporting import SAID, at, keep
from tests.values import START

from earwitness.flow import reporting


def main(folder: Path, worker: str) -> None:
    on = at(folder)
    for number in range(10_000):
        code, name = reporting.new_code(), f"{worker}-{number}"
        keep(on, name)
        print("sent", code, flush=True)
        given = reporting.report(replace(SAID, utterance=name), code, START, on)
        print("acknowledged", code, given.case, flush=True)


main(Path(sys.argv[1]), sys.argv[2])
