"""The ``earwitness`` command: one file a group of commands."""

from earwitness.doors.cli.app import main

__all__ = ["main"]
