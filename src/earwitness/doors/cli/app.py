"""The program: its commands, what all of them share, and how it ends."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from earwitness import __version__

app = typer.Typer(
    name="earwitness",
    help="Hear, doubt, review, teach, hear again.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"earwitness {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Hear, doubt, review, teach, hear again."""


def main() -> None:
    """Runs the command line and ends the process with the exit code of ``errors``."""
    app()
