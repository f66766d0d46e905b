"""The program: its commands, what all of them share, and how it ends."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from earwitness import __version__
from earwitness.doors.cli.screen import Screen, dump
from earwitness.doors.up import logs
from earwitness.errors import EarwitnessError

ORDER = (
    "demo",
    "up",
    "listen",
    "hear",
    "queue",
    "review",
    "teach",
    "lexicon",
    "sound",
    "escalation",
    "verify",
    "witness",
    "log",
    "device",
    "key",
    "bench",
    "fleet",
    "doctor",
)


class Ordered(TyperGroup):
    """Commands in the order in which they are met, not by letter; others after them."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        places = {name: place for place, name in enumerate(ORDER)}
        return sorted(
            super().list_commands(ctx), key=lambda name: (places.get(name, len(ORDER)), name)
        )


app = typer.Typer(
    name="earwitness",
    cls=Ordered,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

INTERRUPTED = 130
PARTLY_FAILED = 2


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"earwitness {__version__}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version."),
]


def _folder(text: str) -> Path:
    """A folder by name: an unset shell variable must not mean the current one."""
    if not text:
        raise typer.BadParameter("is empty; name a folder.")
    return Path(text)


Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="FOLDER",
        parser=_folder,
        help="Where what is kept lies (EARWITNESS_DATA).",
    ),
]


File = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        metavar="FILE",
        envvar="EARWITNESS_SETTINGS",
        help="A TOML file of settings; the environment wins over it.",
    ),
]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was said before the command."""

    data: Path | None
    settings: Path | None


@app.callback()
def earwitness(
    context: typer.Context, data: Data = None, settings: File = None, version: Version = False
) -> None:
    """Hear, doubt, review, teach, hear again."""
    logs.configure_for_commands()
    context.obj = Chosen(data, settings)


def main() -> None:
    """Runs the command line and ends the process with the exit code of ``errors``.

    SIGTERM unwinds like Ctrl-C, so that nothing that was started or borrowed stays behind.
    """
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        app()
    except EarwitnessError as error:
        _report(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has left; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _report(error: EarwitnessError) -> None:
    screen = Screen(as_json="--json" in sys.argv[1:])
    if screen.as_json:
        print(dump({"error": type(error).__name__, "message": str(error)}))
    screen.error(str(error))
