"""Judged clips out to other tools, and theirs in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from earwitness.audio import player
from earwitness.doors.cli.files import write_whole
from earwitness.doors.cli.opening import opened
from earwitness.doors.cli.screen import Screen
from earwitness.doors.formats import judged
from earwitness.doors.formats.files import WRITERS
from earwitness.doors.formats.forms import ClipFormat, Format
from earwitness.doors.formats.judged import Judged
from earwitness.errors import AudioError, InputError
from earwitness.flow.gold import decision, every_closed
from earwitness.flow.judge import Answer
from earwitness.model import Source, Verdict
from earwitness.ports.lead import Closed

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

IMPORTED = Source(device="import")
CLIPS = {
    Format.LABEL_STUDIO: ClipFormat.LABEL_STUDIO,
    Format.NEMO: ClipFormat.NEMO,
    Format.CLIPS_CSV: ClipFormat.CSV,
    Format.TEXTGRID: ClipFormat.TEXTGRID,
}


def export_clips(
    program: Earwitness, file: Path, form: Format, screen: Screen, *, names: bool = False
) -> list[Judged]:
    """Every closed clip with words in it: the manifest, and WAVs in a folder beside it."""
    folder = file.with_name(f"{file.stem}-clips")
    closed = list(every_closed(program.records))
    written = [
        _written(program, each, folder, names)
        for each in screen.track(closed, "Writing")
        if decision(each)[0] is Verdict.TRANSCRIPT
    ]
    write_whole(file, b"".join(WRITERS[CLIPS[form]](written)))
    return written


def _written(program: Earwitness, closed: Closed, folder: Path, names: bool) -> Judged:
    path = _made(folder) / f"{closed.utterance.id}.wav"
    write_whole(path, player.wav(program.clip(closed.utterance.clip)))
    return judged.of(closed, names=names, audio=f"{folder.name}/{path.name}")


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror}.") from error
    return folder


def import_clips(
    context: typer.Context, file: Path, clips: Sequence[Judged], name: str, screen: Screen
) -> tuple[int, dict[str, str]]:
    """Keeps each clip with its judgements. How many, and why the others could not be.

    Two annotators count as two listeners, so their clips join the regression set.
    """
    refused: dict[str, str] = {}
    count = 0
    for second, several in ((0.0, False), (1.0, True)):
        wanted = [clip for clip in clips if (len(clip.texts) > 1) is several]
        # Everything is kept here, and how many listen is what the file says.
        chosen = {"audit_fraction": 1.0, "second_listener_fraction": second}
        with opened(context, **chosen) as program:
            for clip in screen.track(wanted, "Importing"):
                try:
                    count += _keep(program, file.parent / clip.audio, clip, name)
                except InputError as error:
                    refused[clip.audio] = str(error)
    return count, refused


def _keep(program: Earwitness, path: Path, clip: Judged, name: str) -> bool:
    """Whether it is new."""
    began = _modified(path)
    answers = list(program.hear(path, IMPORTED, began))
    if len(answers) != 1:
        raise InputError(f"{path}: {len(answers)} utterances; cut it into one a file.")
    return any(list(_judge(program, answers[0].utterance, clip, name)))


def _judge(program: Earwitness, utterance: str | None, clip: Judged, name: str) -> Iterator[bool]:
    for listener, text in clip.texts:
        assignment = program.assign(_analyst(listener, name, len(clip.texts)), utterance)
        if assignment is not None:
            program.judge(assignment.lease, Answer(Verdict.TRANSCRIPT, text))
        yield assignment is not None


def _analyst(listener: str, name: str, count: int) -> str:
    """A letter stands for nobody but another listener of the same clip."""
    if len(listener) > 1:
        return listener
    return f"{name}-{listener or 'a'}" if count > 1 else name


def _modified(path: Path) -> datetime:
    """The moment of the file, so that importing it again finds what is there."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError as error:
        raise AudioError(f"{path}: {error.strerror}.") from error
