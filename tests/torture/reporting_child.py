"""Reports one after another until it is killed; prints a code once that is acknowledged."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from tests.flow.incident_house import incidents
from tests.flow.test_reporting import SAID, keep
from tests.torture.quiet import quiet
from tests.values import START

from earwitness.flow.incidents import codes, reporting


def main(folder: Path, worker: str) -> None:
    on = incidents(folder)
    for number in range(10_000):
        code, name = codes.new_code(), f"{worker}-{number}"
        keep(on, name)
        print("sent", code, flush=True)
        given = reporting.report(replace(SAID, utterance=name), code, START, on)
        print("acknowledged", code, given.case, flush=True)


quiet()
main(Path(sys.argv[1]), sys.argv[2])
