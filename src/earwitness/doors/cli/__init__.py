"""The ``earwitness`` command: one file a group of commands."""

from earwitness.doors.cli import (
    bench,
    bench_doors,
    demo,
    device,
    doctor,
    fleet,
    hear,
    key,
    lexicon,
    queue,
    review,
    teach,
    up,
)
from earwitness.doors.cli.app import main

__all__ = [
    "bench",
    "bench_doors",
    "demo",
    "device",
    "doctor",
    "fleet",
    "hear",
    "key",
    "lexicon",
    "main",
    "queue",
    "review",
    "teach",
    "up",
]
