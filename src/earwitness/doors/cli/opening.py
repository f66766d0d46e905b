"""From the options that all commands share to the program itself."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from earwitness.config import Settings
    from earwitness.doors.cli.screen import Screen
    from earwitness.wiring import Earwitness


def _or_login(name: str) -> str:
    """The name, else that of the user, else ``analyst`` where the system knows none."""
    try:
        return name or getpass.getuser()
    except (KeyError, OSError):
        return "analyst"


EVERY = 1_000_000
"""More items than a store holds that one command can show."""

Name = Annotated[
    str,
    typer.Option(
        "--as", metavar="NAME", callback=_or_login, help="Who you are; by default your login."
    ),
]


@contextmanager
def opened(context: typer.Context, **chosen: Any) -> Iterator[Earwitness]:
    """The program with the settings that were chosen; closed at the end."""
    from earwitness.wiring import Earwitness

    with Earwitness.open(chosen_settings(context, **chosen)) as program:
        yield program


def chosen_settings(context: typer.Context, **chosen: Any) -> Settings:
    """The settings of this command, for one that needs no store."""
    from earwitness.config import Settings

    if context.obj.data is not None:
        chosen["data"] = context.obj.data
    return Settings.read(context.obj.settings, **chosen)


def catch_up(program: Earwitness, screen: Screen) -> None:
    """Carries out what an earlier command decided and was killed before it could.

    What fails is said and stays pending; it stops nobody.
    """
    with screen.waiting("Carrying out what was decided before"):
        failures = program.carry_out_pending()
    for failure in failures:
        what = f"{failure.event.id} could not be carried out, and stays pending"
        screen.warn(f"{what}: {reason(failure.error)}")


def reason(error: Exception) -> str:
    """What an error says, or at least of which kind it is."""
    return str(error) or type(error).__name__


def find_utterance(program: Earwitness, beginning: str) -> str:
    """The id of the one kept utterance that begins so. Raises NotFound."""
    items = [item.utterance for item in program.records.items((), EVERY)]
    return the_one("utterance", items, beginning, "earwitness queue --all")


def the_one(what: str, ids: Iterable[str], beginning: str, lists: str = "") -> str:
    """The one id that begins so. Raises NotFound; ``lists`` is the command that names them."""
    from earwitness.errors import NotFound

    found = [each for each in ids if beginning and each.startswith(beginning.lower())]
    if len(found) != 1:
        reason = f"No {what} begins" if not found else f"{len(found)} {what}s begin"
        command = lists or f"earwitness {what} list"
        raise NotFound(f"{reason} with {beginning!r}; {command} lists them.")
    return found[0]
