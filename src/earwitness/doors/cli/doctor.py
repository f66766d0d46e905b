"""``earwitness doctor``: is everything in place?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.console import Console

from earwitness.doors.cli.app import app
from earwitness.doors.cli.opening import opened
from earwitness.doors.cli.screen import Json, Screen, cell, printable

if TYPE_CHECKING:
    from earwitness.checkup import Finding

STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red"}


@app.command()
def doctor(context: typer.Context, as_json: Json = False) -> None:
    """Check the installation, the model's files, the recogniser and the store.

    The exit code is 1 if anything does not work; a warning is about what can be done without.
    """
    from earwitness.checkup import CHECKS, Mark, findings

    screen = Screen(as_json)
    found = []
    with opened(context) as program, screen.progress("Checking") as reach:
        for finding in findings(program):
            found.append(finding)
            reach(len(found), len(CHECKS))
    screen.result(found, lambda out: _show(found, out))
    if any(finding.mark is Mark.FAILED for finding in found):
        raise typer.Exit(1)


def _show(found: list[Finding], out: Console) -> None:
    """A line each, however long: keys are copied from here."""
    widest = max((len(finding.name) for finding in found), default=0)
    for finding in found:
        mark = cell(f"{finding.mark.value:<9}", STYLES[finding.mark.value])
        out.print(
            mark.append(f"{finding.name:<{widest}}  {printable(finding.detail)}", "none"),
            soft_wrap=True,
        )
