"""The ``earwitness`` command: one file a group of commands."""

from earwitness.doors.cli import demo, hear, lexicon, queue, review, teach
from earwitness.doors.cli.app import main

__all__ = ["demo", "hear", "lexicon", "main", "queue", "review", "teach"]
