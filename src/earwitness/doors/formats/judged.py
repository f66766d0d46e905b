"""Judged clips as the labelling and training tools of the field know them.

Label Studio: its JSON list of tasks (audio transcription, one ``textarea`` named
``transcription`` on an ``audio`` object). NeMo: a manifest of JSON lines with
``audio_filepath``, ``duration`` in seconds and ``text``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from earwitness.errors import InputError


@dataclass(frozen=True, slots=True)
class Judged:
    """One clip with what its listeners wrote, last word last."""

    audio: str
    """The file, relative to the manifest."""
    seconds: float
    texts: tuple[tuple[str, str], ...]
    """(analyst, text) pairs, oldest first."""
    machine: str = ""
    model: str = ""

    @property
    def text(self) -> str:
        return self.texts[-1][1]


def write_nemo(clips: Iterable[Judged]) -> str:
    lines = (
        {"audio_filepath": clip.audio, "duration": round(clip.seconds, 3), "text": clip.text}
        for clip in clips
    )
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def write_label_studio(clips: Iterable[Judged]) -> str:
    tasks = [_task(number, clip) for number, clip in enumerate(clips, start=1)]
    return json.dumps(tasks, ensure_ascii=False, indent=1) + "\n"


def _task(number: int, clip: Judged) -> dict[str, Any]:
    guess = [{"model_version": clip.model, "result": _transcription(clip.machine)}]
    return {
        "id": number,
        "data": {"audio": clip.audio, "duration": round(clip.seconds, 3)},
        "annotations": [
            {"completed_by": {"email": analyst}, "result": _transcription(text)}
            for analyst, text in clip.texts
        ],
        "predictions": guess if clip.machine else [],
    }


def _transcription(text: str) -> list[dict[str, Any]]:
    value = {"text": [text]}
    target = {"from_name": "transcription", "to_name": "audio", "type": "textarea"}
    return [{**target, "value": value}]


def read(text: str, name: str) -> list[Judged]:
    """Either form, told apart by its first character. Raises InputError, which names ``name``."""
    if text.lstrip().startswith("["):
        return _read_label_studio(text, name)
    lines = [line for line in text.split("\n") if line.strip()]
    return [_nemo(line, f"{name}, line {number}") for number, line in enumerate(lines, start=1)]


def _nemo(line: str, where: str) -> Judged:
    row = _json(line, where)
    try:
        seconds = float(row.get("duration") or 0)
        return Judged(str(row["audio_filepath"]), seconds, (("", str(row["text"])),))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{where}: needs audio_filepath and text.") from error


def _read_label_studio(text: str, name: str) -> list[Judged]:
    tasks = _json(text, name)
    found = (_judged(task, f"{name}, task {n}") for n, task in enumerate(tasks, start=1))
    return [clip for clip in found if clip.texts]


def _judged(task: Any, where: str) -> Judged:
    try:
        texts = tuple(
            (_annotator(annotation), str(result["value"]["text"][0]))
            for annotation in task["annotations"]
            for result in annotation["result"]
            if result["type"] == "textarea"
        )
        return Judged(str(task["data"]["audio"]), float(task["data"].get("duration") or 0), texts)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{where}: needs data.audio and annotations with a textarea.") from error


def _annotator(annotation: Mapping[str, Any]) -> str:
    by = annotation.get("completed_by") or ""
    return str(by.get("email", "")) if isinstance(by, Mapping) else str(by)


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not JSON: {error}.") from error
