"""``python -m tests.fuzz NAME [OPTION OF LIBFUZZER]... [FOLDER OF A CORPUS]``."""

from __future__ import annotations

import sys
from importlib import import_module

import atheris


def main() -> None:
    # Only what is imported in here is watched: the parsers, and nothing of what they use.
    packages = ["earwitness.wire", "earwitness.audio.opus_packet"]
    with atheris.instrument_imports(include=packages):
        targets = import_module("tests.fuzz.targets").TARGETS
    if len(sys.argv) < 2 or sys.argv[1] not in targets:
        sys.exit("\n".join(targets))
    atheris.Setup([sys.argv[0], *sys.argv[2:]], targets[sys.argv[1]].check)
    atheris.Fuzz()


main()
