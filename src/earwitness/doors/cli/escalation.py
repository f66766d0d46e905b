"""``earwitness escalation``: what a policy means, before it is in force or while it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from earwitness.doors.cli.app import app
from earwitness.doors.cli.opening import opened
from earwitness.doors.cli.screen import Json, Screen, cell
from earwitness.errors import InputError
from earwitness.incidents import policy
from earwitness.listening import Harm, Imminence

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
            "harms": {
                harm.value: {when.value: str(given) for when, given in deadlines.items()}
                for harm, deadlines in rung.harms.items()
            },
            "working_hours": rung.working_hours,
        }
        for rung, told in zip(read.rungs, people, strict=True)
    ]
    outside = read.outside and {"name": read.outside.name, "channels": read.outside.channels}
    found = {
        "rungs": rungs,
        "outside": outside,
        "at_once": {each.value: read.first(Harm.OTHER, each) for each in Imminence},
        "hours": read.hours.model_dump(mode="json", by_alias=True),
    }
    screen.result(found, lambda out: _show(people, read, out))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InputError(f"{file}: {why}.") from error


def _show(people: list[list[str]], read: policy.Policy, out: Console) -> None:
    """A line each, however long: addresses are read here."""
    from earwitness.doors.workbench import wording

    for rung, told in zip(read.rungs, people, strict=True):
        out.print(cell(rung.name, "bold"), soft_wrap=True)
        _line(out, "told now", ", ".join(told) or "nobody: it is passed over")
        hours = ", in working hours where nobody is in danger now" if rung.working_hours else ""
        _line(out, "to act", _deadlines(rung.deadlines) + hours)
        for harm, deadlines in rung.harms.items():
            _line(out, "to act", f"{wording.harm(harm)}: {_deadlines(deadlines)}")
    if read.outside:
        out.print(cell(read.outside.name, "bold"), soft_wrap=True)
        _line(out, "outside", ", ".join(read.outside.channels))
    else:
        out.print(cell("no outside", "bold red"))
    out.print()
    first = (f"{_TIMES[each]}: {_rungs(read.first(Harm.OTHER, each))}" for each in Imminence)
    _line(out, "at once", f"{'; '.join(first)}; harm to a child: every rung")
    if any(rung.working_hours for rung in read.rungs):
        given = read.hours
        span = f"{given.begin:%H:%M} to {given.end:%H:%M}, {given.zone}"
        _line(out, "hours", f"{', '.join(given.days)}, {span}")


_TIMES = {
    Imminence.NOW: "danger now",
    Imminence.RECENT: "a short while ago",
    Imminence.PAST: "over",
}


def _line(out: Console, name: str, text: str) -> None:
    out.print(cell(f"  {name:<10}{text}"), soft_wrap=True)


def _deadlines(given: policy.Deadlines) -> str:
    """In the order of ``Imminence``: danger now, a short while ago, over."""
    from earwitness.doors.workbench import telling

    return ", ".join(telling.span(given[each]) for each in Imminence if each in given)


def _rungs(count: int) -> str:
    return "1 rung" if count == 1 else f"{count} rungs"
