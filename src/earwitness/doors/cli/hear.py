"""``earwitness hear``: recordings in, words and doubts out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from earwitness.doors.cli.app import PARTLY_FAILED, app
from earwitness.doors.cli.opening import opened
from earwitness.doors.cli.screen import Json, Screen, cell
from earwitness.errors import AudioError, EngineError

if TYPE_CHECKING:
    from earwitness.flow.hear import Answer
    from earwitness.model import Source
    from earwitness.wiring import Earwitness

Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", help="Recordings: WAV, FLAC, OGG, MP3, M4A, WebM."),
]
Device = Annotated[str, typer.Option(metavar="NAME", help="The device that heard it.")]
Household = Annotated[str, typer.Option(metavar="NAME", help="The household it stands in.")]
Locale = Annotated[str, typer.Option(metavar="TAG", help="What is spoken there.")]


@app.command()
def hear(
    context: typer.Context,
    files: Files,
    device: Device = "local",
    household: Household = "local",
    locale: Locale = "en",
    as_json: Json = False,
) -> None:
    """Recognise recordings; keep what is doubted.

    A recording that cannot be used is named, the others are heard all the same, and the exit
    code is then 2. Names that begin with "-" come after "--".
    """
    from earwitness.model import Source

    screen = Screen(as_json)
    source = Source(device, household, locale)
    with opened(context) as program:
        heard = [
            _hear(path, source, program, screen, (before, len(files)))
            for before, path in enumerate(files)
        ]
    failed = [each["file"] for each in heard if "error" in each]
    screen.result({"files": heard, "failed": failed}, lambda out: None)
    if failed:
        screen.warn(f"{len(failed)} of {len(files)} recordings could not be heard.")
        raise typer.Exit(PARTLY_FAILED)


def _hear(
    path: Path, source: Source, program: Earwitness, screen: Screen, place: tuple[int, int]
) -> dict[str, Any]:
    """One recording, shown as soon as it is heard; an error stays with its file.

    ``place`` says how many came before it, and how many there are.
    """
    from earwitness.doors.cli.reached import Reached

    try:
        with screen.progress("Hearing" if place[1] > 1 else "Hearing, in seconds") as reach:
            reached = Reached(reach, *place)
            answers = list(
                reached.by(program.hear(path, source, datetime.now(UTC), reached.decoded))
            )
    except (AudioError, EngineError) as error:
        screen.error(str(error))
        return {"file": path, "error": type(error).__name__, "message": str(error)}
    if not screen.as_json:
        _show(path, answers, screen.out)
    return {"file": path, "utterances": [_plain(answer) for answer in answers]}


def _plain(answer: Answer) -> dict[str, Any]:
    return {
        "start": answer.cut.start,
        "end": answer.cut.end,
        "text": answer.transcript.text,
        "confidence": answer.transcript.confidence,
        "flags": answer.flags,
        "utterance": answer.utterance,
        "transcript": answer.transcript,
    }


def _show(path: Path, answers: list[Answer], out: Console) -> None:
    out.print(cell(str(path), "bold"))
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", style="dim", min_width=8)
    for row in _rows(answers):
        grid.add_row(*row)
    out.print(grid)


def _rows(answers: list[Answer]) -> Iterator[tuple[str | Text, Text]]:
    from earwitness.doors.cli import drawing

    if not answers:
        yield "", Text("no speech", "dim")
    for answer in answers:
        kept = f"  kept as {answer.utterance[:8]}" if answer.utterance else ""
        line = Text.assemble(drawing.heard(answer.transcript), (kept, "dim"))
        yield f"{answer.cut.start:.1f} s", line
        for reason in drawing.reasons(answer.flags):
            yield "", reason
