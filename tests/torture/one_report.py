"""Reports once, and says that it is acknowledged; or fails, and says nothing.

Begins once somebody says so, and lets anybody trace it: some machines let only parents.
"""

from __future__ import annotations

import ctypes
import sys
from dataclasses import replace
from pathlib import Path

from tests.flow.incident_house import incidents
from tests.flow.test_reporting import SAID, keep
from tests.values import START

from earwitness.errors import EarwitnessError
from earwitness.flow.incidents import reporting

PR_SET_PTRACER, ANYBODY = 0x59616D61, -1


def main(folder: Path, code: str) -> None:
    try:
        on = incidents(folder)
        keep(on, f"u-{code[:5]}")
        said = replace(SAID, utterance=f"u-{code[:5]}")
        given = reporting.report(said, code, START, on)
    except EarwitnessError as error:
        print("refused", error, flush=True)
    else:
        print("acknowledged", code, given.case, flush=True)


ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANYBODY, 0, 0, 0)
print("ready", flush=True)
sys.stdin.readline()
main(Path(sys.argv[1]), sys.argv[2])
