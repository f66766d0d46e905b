"""``earwitness escalation``: what a policy means, before it is in force or while it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from earwitness.doors.cli.app import app
from earwitness.doors.cli.opening import opened
from earwitness.doors.cli.screen import Json, Screen, cell, table
from earwitness.errors import InputError
from earwitness.incidents import policy
from earwitness.listening import Imminence

File = Annotated[
    Path | None, typer.Argument(help="A policy that is to be checked; else the one in force.")
]


@app.command()
def escalation(context: typer.Context, file: File = None, as_json: Json = False) -> None:
    """Show who must act on a report, by when, and who outside is told if nobody does.

    The exit code is 2 where the file is no policy; nothing comes into force here.
    """
    from earwitness.flow.incidents.escalation import who_is_told

    screen = Screen(as_json)
    with opened(context) as program:
        text = program.incidents.policy_text() if file is None else _read(file)
        read = policy.parse(text)
        people = who_is_told(text, program.clock.now(), program.incidents)
    rungs: list[dict[str, Any]] = [
        {
            "name": rung.name,
            "told": told,
            "deadlines": {each.value: str(rung.deadlines[each]) for each in Imminence},
            "working_hours": rung.working_hours,
        }
        for rung, told in zip(read.rungs, people, strict=True)
    ]
    outside = read.outside and {"name": read.outside.name, "channels": read.outside.channels}
    found = {"rungs": rungs, "outside": outside}
    screen.result(found, lambda out: _show(rungs, read, out))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InputError(f"{file}: {why}.") from error


def _show(rungs: list[dict[str, Any]], read: policy.Policy, out: Console) -> None:
    shown = table("rung", "told now", "danger now", "recent", "past")
    for each in rungs:
        told = cell(", ".join(each["told"])) if each["told"] else cell("nobody", "yellow")
        shown.add_row(cell(each["name"]), told, *map(cell, each["deadlines"].values()))
    if read.outside:
        shown.add_row(cell(read.outside.name), cell(", ".join(read.outside.channels)), "", "", "")
    else:
        shown.add_row(cell("no outside", "bold red"), "", "", "", "")
    out.print(shown)
