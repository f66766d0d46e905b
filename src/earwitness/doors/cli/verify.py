"""``earwitness verify``: what receipts prove, without a server and without a network."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from earwitness.doors.cli.app import app
from earwitness.doors.cli.screen import Json, Screen
from earwitness.errors import InputError
from earwitness.evidence.__main__ import read_and_verify
from earwitness.evidence.bundles import LARGEST
from earwitness.evidence.notes import NoteError, VerifierKey
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
    keys_of("--key", key)
    keys_of("--witness", witness)
    pem = str(authority) if authority else None
    with _packed(files) as names:
        try:
            found = read_and_verify(list(names), key, witness, pem)
        except UnicodeDecodeError as error:
            raise InputError(f"{_whose(error, names)}{_UNREADABLE}") from error
        except OSError as error:
            name = names.get(str(error.filename), error.filename)
            raise InputError(f"{name}: {error.strerror}.") from error
        except ValueError as error:
            raise InputError(str(error)) from error
    _rename(found, names)
    screen.result(found, lambda out: _show(found, out))
    if not found.holds:
        raise typer.Exit(1)


_UNREADABLE = " is no receipt, case, timestamp or bundle."


def keys_of(option: str, written: list[str]) -> list[VerifierKey]:
    """Raises InputError, which names the option."""
    try:
        return [VerifierKey.parse(each) for each in written]
    except NoteError as error:
        raise InputError(f"{option}: {error}") from error


@contextmanager
def _packed(files: list[Path]) -> Iterator[dict[str, str]]:
    """Names to be read, by which each was given; a bundle that was unpacked is packed again."""
    with TemporaryDirectory(prefix="earwitness-verify-") as folder:
        yield {
            _pack(file, Path(folder) / f"{number}.zip") if file.is_dir() else str(file): str(file)
            for number, file in enumerate(files)
        }


def _pack(folder: Path, into: Path) -> str:
    """Raises InputError for a folder that is no bundle."""
    if not (folder / "bagit.txt").is_file():
        raise InputError(f"{folder} is a folder, and no bundle: it has no bagit.txt.")
    files = [each for each in sorted(folder.rglob("*")) if each.is_file()]
    try:
        if sum(each.stat().st_size for each in files) > LARGEST:
            raise InputError(f"{folder} is larger than anything that can be verified.")
        with zipfile.ZipFile(into, "w", strict_timestamps=False) as archive:
            for each in files:
                archive.write(each, f"bag/{each.relative_to(folder).as_posix()}")
    except OSError as error:
        raise InputError(f"{error.filename or folder}: {error.strerror}.") from error
    return str(into)


def _whose(error: UnicodeDecodeError, names: Iterable[str]) -> str:
    """Which of the files holds what is no text."""
    found = (each for each in names if Path(each).read_bytes() == error.object)
    return next(found, "One of these files")


def _rename(found: Findings, names: Mapping[str, str]) -> None:
    """Findings name what was given."""
    for sentences in (found.proven, found.open, found.broken):
        for read, given in names.items():
            sentences[:] = [each.replace(read, given) for each in sentences]


def _show(found: Findings, out: Console) -> None:
    for title, style, sentences in (
        ("Proven", "green", found.proven),
        ("Not proven", "yellow", found.open),
        ("BROKEN", "bold red", found.broken),
    ):
        if sentences:
            out.print(title, style=style)
        for each in sentences:
            out.print(f"  - {escape(each)}", highlight=False, soft_wrap=True)
