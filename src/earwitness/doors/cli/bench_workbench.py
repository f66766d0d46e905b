"""``earwitness bench workbench``: the pages with very long queues."""

from __future__ import annotations

from typing import Annotated

import typer

from earwitness.doors.cli.bench import group
from earwitness.doors.cli.opening import chosen_settings
from earwitness.doors.cli.screen import Json, Screen

Waiting = Annotated[
    list[int] | None,
    typer.Option("--waiting", min=1000, metavar="N", help="So many wait; may be given again."),
]


@group.command()
def workbench(context: typer.Context, waiting: Waiting = None, as_json: Json = False) -> None:
    """The next clip of a long queue, page actions of 50 analysts, key to sound, weight, ready.

    By default 1,000, 100,000 and 1,000,000 clips wait. Uses a store of its own. What needs
    a browser is measured where Playwright and Chromium are installed.
    """
    from earwitness.bench import workbench
    from earwitness.doors.cli.figures import show

    screen = Screen(as_json)
    with screen.steps() as step:
        figures = workbench.run(
            chosen_settings(context),
            waiting or workbench.SIZES,
            step=lambda doing: step(doing, 0, 1),
        )
    screen.result(figures, lambda out: show(figures, out))
