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
from earwitness.evidence.__main__ import read_and_verify
from earwitness.evidence.verify import Findings

Key = Annotated[list[str], typer.Option("--key", help="A key of the log, as it is published.")]
Witness = Annotated[list[str], typer.Option("--witness", help="A key of a witness.")]

Authority = Annotated[
    Path | None, typer.Option("--authority", help="PEM file of whose timestamps you believe.")
]


@app.command()
def verify(
    files: Annotated[
        list[Path],
        typer.Argument(help="Receipts, cases as they are shown now, timestamps, bundles."),
    ],
    key: Key = [],  # noqa: B006
    witness: Witness = [],  # noqa: B006
    authority: Authority = None,
    as_json: Json = False,
) -> None:
    """Say what receipts prove, what they do not, and what was changed.

    It asks nobody: no server, no network. The exit code is 1 where something is broken, or
    nothing proven. The same program runs without Earwitness: see the guide.
    """
    screen = Screen(as_json)
    try:
        pem = str(authority) if authority else None
        found = read_and_verify(list(map(str, files)), key, witness, pem)
    except (OSError, ValueError) as error:
        raise InputError(str(error)) from error
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
