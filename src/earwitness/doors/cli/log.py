"""``earwitness log``: the keys that sign the log of incidents."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.console import Console

from earwitness.doors.cli.app import app
from earwitness.doors.cli.opening import opened
from earwitness.doors.cli.screen import Json, Screen
from earwitness.errors import InputError

OVERLAP = timedelta(days=30)
"""For so long the old key signs beside the new one, so that all learn of it who check."""

BESIDE = (
    "It signs beside the older one from now on, in servers that run, too. Give it to the witnesses "
    "(earwitness witness --log OLD --log NEW) and to whoever knows the old one."
)
ALONE = (
    "It signs alone from now on, in servers that run, too. A witness that does not know it signs "
    "nothing, and no report is acknowledged until it does."
)

group = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Keys that sign the log of incidents: show, replace, retire.",
)
app.add_typer(group, name="log")

Early = Annotated[
    bool, typer.Option("--early", help="Also before the two have signed together for 30 days.")
]


@group.command()
def keys(context: typer.Context, as_json: Json = False) -> None:
    """Show which keys sign now, the newest last: what witnesses and reporters are given."""
    screen = Screen(as_json)
    with opened(context) as program:
        found: dict[str, Any] = {"keys": [str(each.public) for each in program.log_keys]}
    screen.result(found, lambda out: _show(found["keys"], out))


@group.command()
def rotate(context: typer.Context, as_json: Json = False) -> None:
    """Make a new key, for which the one before it vouches; both sign until that is retired.

    A server that runs takes it up by itself; give the new key to the witnesses. Receipts say which
    key followed which, so whoever knows the old one can check what the new one signs.
    """
    screen = Screen(as_json)
    with opened(context) as program:
        found: dict[str, Any] = {"key": str(program.rotate_log_key())}
    screen.result(found, lambda out: _tell(found["key"], BESIDE, out))


@group.command()
def retire(context: typer.Context, early: Early = False, as_json: Json = False) -> None:
    """Take the older keys away; the newest alone signs from now on.

    Nothing that they signed is lost: who knows one of them knows the keys that followed.
    """
    screen = Screen(as_json)
    with opened(context) as program:
        since = program.log_key_since()
        if since is None:
            raise InputError("There is one key, which signs alone; make another one first.")
        ready = since + OVERLAP
        if not early and program.clock.now() < ready:
            raise InputError(
                f"The new key signs since {since:%Y-%m-%d}: retire the old one from "
                f"{ready:%Y-%m-%d} on, or with --early."
            )
        found: dict[str, Any] = {"key": str(program.retire_log_keys())}
    screen.result(found, lambda out: _tell(found["key"], ALONE, out))


def _tell(key: str, what: str, out: Console) -> None:
    _show([key], out)
    out.print(what, highlight=False)


def _show(shown: list[str], out: Console) -> None:
    for each in shown:
        out.print(each, highlight=False, soft_wrap=True)
