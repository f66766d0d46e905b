"""Judged clips out to other tools, and theirs in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from earwitness.audio import player
from earwitness.doors.cli.files import write_whole
from earwitness.doors.cli.opening import EVERY, opened
from earwitness.doors.cli.screen import Screen
from earwitness.doors.formats import judged
from earwitness.doors.formats.forms import Format
from earwitness.doors.formats.judged import Judged
from earwitness.errors import AudioError, InputError
from earwitness.flow.judge import Answer
from earwitness.model import ItemState, Judgement, Source, Verdict

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

IMPORTED = Source(device="import")


WRITERS = {Format.LABEL_STUDIO: judged.write_label_studio, Format.NEMO: judged.write_nemo}


def export_clips(program: Earwitness, file: Path, form: Format, screen: Screen) -> list[Judged]:
    """Every closed clip with words in it: the manifest, and WAVs in a folder beside it."""
    folder = file.with_name(f"{file.stem}-clips")
    closed = program.records.items((ItemState.CLOSED,), EVERY)
    found = (_judged(program, item.utterance, folder) for item in screen.track(closed, "Writing"))
    clips = [clip for clip in found if clip is not None]
    write_whole(file, WRITERS[form](clips))
    return clips


def _judged(program: Earwitness, utterance_id: str, folder: Path) -> Judged | None:
    judgements = program.records.judgements(utterance_id)
    texts = _texts(judgements)
    if not texts or judgements[-1].verdict is not Verdict.TRANSCRIPT:
        return None
    utterance = program.records.utterance(utterance_id)
    path = _made(folder) / f"{utterance_id}.wav"
    write_whole(path, player.wav(program.clip(utterance.clip)))
    transcript = utterance.transcript
    name = f"{folder.name}/{path.name}"
    return Judged(name, transcript.seconds, texts, transcript.text, transcript.model)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror}.") from error
    return folder


def _texts(judgements: Sequence[Judgement]) -> tuple[tuple[str, str], ...]:
    spoken = (each for each in judgements if each.verdict is Verdict.TRANSCRIPT)
    return tuple((each.analyst, each.text) for each in spoken)


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
    for analyst, text in clip.texts:
        assignment = program.assign(analyst or name, utterance)
        if assignment is not None:
            program.judge(assignment.lease, Answer(Verdict.TRANSCRIPT, text))
        yield assignment is not None


def _modified(path: Path) -> datetime:
    """The moment of the file, so that importing it again finds what is there."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError as error:
        raise AudioError(f"{path}: {error.strerror}.") from error
