"""The ``earwitness`` command: one file a group of commands."""

from earwitness.doors.cli import bench, demo, doctor, fleet, hear, lexicon, queue, review, teach, up
from earwitness.doors.cli.app import main

__all__ = [
    "bench",
    "demo",
    "doctor",
    "fleet",
    "hear",
    "lexicon",
    "main",
    "queue",
    "review",
    "teach",
    "up",
]
