"""Fires what is due until nothing is; one of several on the same folder, each a process."""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime
from pathlib import Path

from tests.flow.incident_house import THREE_RUNGS, Recorded, incidents
from tests.torture.quiet import quiet

from earwitness.runners.escalating import Climbing
from earwitness.runners.steady import SteadyClock
from earwitness.stores.reserve import Reserve


def main(folder: Path, moment: datetime) -> None:
    on = incidents(folder, THREE_RUNGS)
    clock = SteadyClock(on.records, lambda: moment)
    job = Climbing(on, clock, Reserve(folder / "reserve", 1 << 20), {}, Recorded)
    while work := job.due():
        for each in work:
            job.carry_out(each.what)
            print(time.time(), len(json.loads(each.what)), flush=True)


quiet()
main(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]))
