"""``earwitness verify``: what receipts prove, without a server and without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from earwitness.doors.cli.app import app
from earwitness.doors.cli.screen import Json, Screen
from earwitness.errors import InputError
from earwitness.evidence.__main__ import read
from earwitness.evidence.notes import NoteError, VerifierKey
from earwitness.evidence.verify import Findings
from earwitness.evidence.verify import verify as verified

Key = Annotated[list[str], typer.Option("--key", help="A key of the log, as it is published.")]
Witness = Annotated[list[str], typer.Option("--witness", help="A key of a witness.")]


@app.command()
def verify(
    files: Annotated[list[Path], typer.Argument(help="Receipts; cases as they are shown now.")],
    key: Key = [],  # noqa: B006
    witness: Witness = [],  # noqa: B006
    as_json: Json = False,
) -> None:
    """Say what receipts prove, what they do not, and what was changed.

    It asks nobody: no server, no network. The exit code is 1 where something is broken, or
    nothing proven. The same program runs without Earwitness: see the guide.
    """
    screen = Screen(as_json)
    try:
        keys, witnesses = (list(map(VerifierKey.parse, each)) for each in (key, witness))
        texts = {str(path): read(str(path)) for path in files}
    except (NoteError, OSError, ValueError) as error:
        raise InputError(str(error)) from error
    found = verified(texts, keys, witnesses)
    screen.result(found, lambda out: _show(found, out))
    if not found.holds:
        raise typer.Exit(1)


def _show(found: Findings, out: Console) -> None:
    for title, style, sentences in (
        ("Proven", "green", found.proven),
        ("Not proven", "yellow", found.open),
        ("BROKEN", "bold red", found.broken),
    ):
        if sentences:
            out.print(title, style=style)
        for each in sentences:
            out.print(f"  - {escape(each)}", highlight=False)
