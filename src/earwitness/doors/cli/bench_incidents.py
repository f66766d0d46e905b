"""``earwitness bench incidents``: reports, and the log that they are committed to."""

from __future__ import annotations

import typer

from earwitness.doors.cli.bench import group
from earwitness.doors.cli.opening import chosen_settings
from earwitness.doors.cli.screen import Json, Screen


@group.command()
def incidents(context: typer.Context, as_json: Json = False) -> None:
    """A report until it is acknowledged, reports and proofs a second, verifying long logs.

    Each report seals a clip. Uses a store of its own in the data folder, without witnesses.
    """
    from earwitness.bench import incidents
    from earwitness.doors.cli.figures import show

    screen = Screen(as_json)
    with screen.steps() as step:
        figures = incidents.run(chosen_settings(context), step=lambda doing: step(doing, 0, 1))
    screen.result(figures, lambda out: show(figures, out))
