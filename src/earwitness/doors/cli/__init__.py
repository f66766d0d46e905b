"""The ``earwitness`` command: one file a group of commands."""

import os

# Read when numpy is loaded. Our matrices are small, and several threads use them at once:
# with threads of its own each call is slower (docs/research/live-detection.md).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from earwitness.doors.cli import (
    bench,
    bench_doors,
    bench_incidents,
    bench_sound,
    bench_workbench,
    demo,
    device,
    doctor,
    escalation,
    fleet,
    hear,
    key,
    lexicon,
    listen,
    log,
    queue,
    review,
    sound,
    sound_chain,
    sound_several,
    teach,
    up,
    verify,
    witness,
)
from earwitness.doors.cli.app import main

__all__ = [
    "bench",
    "bench_doors",
    "bench_incidents",
    "bench_sound",
    "bench_workbench",
    "demo",
    "device",
    "doctor",
    "escalation",
    "fleet",
    "hear",
    "key",
    "lexicon",
    "listen",
    "log",
    "main",
    "queue",
    "review",
    "sound",
    "sound_chain",
    "sound_several",
    "teach",
    "up",
    "verify",
    "witness",
]
