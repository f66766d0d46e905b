"""Judged clips as the labelling and training tools of the field know them, a clip at a time.

Label Studio: its JSON list of tasks (audio transcription, one ``textarea`` named
``transcription`` on an ``audio`` object; a ``choices`` named ``verdict`` beside it). NeMo:
a manifest of JSON lines with ``audio_filepath``, ``duration`` in seconds and ``text``;
what is no transcript is not in it. Both carry fields of ours that those tools pass over.
CSV has a line a clip. TextGrids are in ``textgrids``.

Listeners are a, b and c within each clip, unless names are asked for.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from earwitness.doors.formats.cells import guarded
from earwitness.model import Verdict, Word
from earwitness.ports.lead import Closed

GOLD = "gold"
MOST_LISTENERS = 3
OURS = ("utterance", "clip", "machine", "engine", "model", "revision")
"""Fields of ``Judged`` that other tools do not know."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one listener made of a clip."""

    listener: str
    text: str
    verdict: Verdict = Verdict.TRANSCRIPT


@dataclass(frozen=True, slots=True)
class Judged:
    """One clip with what its listeners said, last word last.

    ``audio`` is the file, relative to the manifest; ``clip`` the key of the sound in the
    store, and ``utterance`` the id of the clip there.
    """

    audio: str
    seconds: float
    said: tuple[Said, ...]
    machine: str = ""
    model: str = ""
    engine: str = ""
    revision: int = 0
    utterance: str = ""
    clip: str = ""
    gold: Said | None = None
    words: tuple[Word, ...] = field(default=(), compare=False)

    @property
    def decided(self) -> Said:
        """The gold, or else what the last listener said."""
        return self.gold or self.said[-1]

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """(listener, text) of each transcript, oldest first."""
        return tuple(
            (each.listener, each.text)
            for each in self.said
            if each.verdict is Verdict.TRANSCRIPT and each.text
        )


def of(closed: Closed, *, names: bool = False, audio: str = "") -> Judged:
    """``audio`` is where its sound lies beside the file; else as the store would name it."""
    heard, gold = closed.utterance, closed.gold
    transcript = heard.transcript
    return Judged(
        audio=audio or f"{heard.clip}.flac",
        seconds=round(transcript.seconds, 3),
        said=tuple(
            Said(each.analyst if names else chr(ord("a") + place), each.text, each.verdict)
            for place, each in enumerate(closed.judgements)
        ),
        machine=transcript.text,
        model=transcript.model,
        engine=transcript.engine,
        revision=transcript.revision,
        utterance=heard.id,
        clip=heard.clip,
        gold=Said(gold.by if names else GOLD, gold.text, gold.verdict) if gold else None,
        words=transcript.best.words,
    )


# --- NeMo -----------------------------------------------------------------------


def nemo(clips: Iterable[Judged]) -> Iterator[str]:
    """A line a transcript."""
    for clip in clips:
        if clip.decided.verdict is Verdict.TRANSCRIPT:
            yield json.dumps(_nemo(clip), ensure_ascii=False) + "\n"


def _nemo(clip: Judged) -> dict[str, Any]:
    """With the listeners' texts, so that two who agree are still two when it is read."""
    own = {"audio_filepath": clip.audio, "duration": clip.seconds, "text": clip.decided.text}
    said = [{"listener": each.listener, **_words(each)} for each in clip.said]
    return {**own, **_ours(clip), "verdict": clip.decided.verdict.value, "listeners": said}


# --- Label Studio -----------------------------------------------------------------


def label_studio(clips: Iterable[Judged]) -> Iterator[str]:
    """One list of tasks."""
    number = 0
    for number, clip in enumerate(clips, start=1):
        yield ("[\n" if number == 1 else ",\n") + json.dumps(
            _task(number, clip), ensure_ascii=False
        )
    yield "\n]\n" if number else "[]\n"


def _task(number: int, clip: Judged) -> dict[str, Any]:
    guess = [{"model_version": clip.model, "result": _transcription(clip.machine)}]
    annotations = [
        {"listener": each.listener, "ground_truth": False, "result": _result(each)}
        for each in clip.said
    ]
    if clip.gold:
        gold = {"listener": clip.gold.listener, "ground_truth": True, "result": _result(clip.gold)}
        annotations.append(gold)
    return {
        "id": number,
        "data": {"audio": clip.audio, "duration": clip.seconds, **_ours(clip)},
        "annotations": annotations,
        "predictions": guess if clip.machine else [],
    }


def _result(said: Said) -> list[dict[str, Any]]:
    choice = {"from_name": "verdict", "to_name": "audio", "type": "choices"}
    chosen = [{**choice, "value": {"choices": [said.verdict.value]}}]
    return [*(_transcription(said.text) if said.text else ()), *chosen]


def _transcription(text: str) -> list[dict[str, Any]]:
    value = {"text": [text]}
    target = {"from_name": "transcription", "to_name": "audio", "type": "textarea"}
    return [{**target, "value": value}]


# --- CSV ------------------------------------------------------------------------------


def clips_csv(clips: Iterable[Judged]) -> Iterator[str]:
    """A header and a line a clip. Formulas are disarmed (``cells``)."""
    yield _line(
        [*_COLUMNS, *(f"{what}_{n}" for n in range(1, MOST_LISTENERS + 1) for what in _EACH)]
    )
    for clip in clips:
        yield _line(_row(clip))


def _row(clip: Judged) -> Iterator[str | float]:
    decided = clip.decided
    yield from (clip.audio, clip.seconds, decided.verdict.value, decided.text)
    yield "yes" if clip.gold else "no"
    yield from (getattr(clip, name) for name in OURS)
    answers = [cell for each in clip.said[:MOST_LISTENERS] for cell in _cells(each)]
    yield from answers
    yield from [""] * (MOST_LISTENERS * len(_EACH) - len(answers))


_COLUMNS = ("audio_filepath", "duration", "verdict", "text", "gold", *OURS)
_EACH = ("listener", "verdict", "text")


def _cells(said: Said) -> tuple[str, str, str]:
    return said.listener, said.verdict.value, said.text


def _line(cells: Iterable[str | float]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(guarded(each) if isinstance(each, str) else each for each in cells)
    return text.getvalue()


def _ours(clip: Judged) -> dict[str, Any]:
    return {name: getattr(clip, name) for name in OURS} | {"gold": clip.gold is not None}


def _words(said: Said) -> dict[str, Any]:
    return {"verdict": said.verdict.value, "text": said.text}
