"""``python -m earwitness`` is the command ``earwitness``."""

from earwitness.doors.cli import main

main()
