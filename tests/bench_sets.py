"""Sets of recordings for the scripted engine: manifest, clips and script in a folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from earwitness.engines.scripted import recording


@dataclass(frozen=True)
class Spoken:
    """One recording: what is said, by whom, with which terms, and the readings of a machine.

    ``readings`` are (text, log-probability, term or None).
    """

    text: str
    readings: Sequence[tuple[str, float, str | None]]
    speaker: str = "ann"
    extra: Sequence[str] = ()
    seconds: float = 1.0


def write(folder: Path, spoken: Sequence[Spoken], first: int = 0) -> tuple[Path, Path]:
    """The manifest and the script of some recordings, numbered from ``first``."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["path\ttext\tspeaker\textra"]
    script = {}
    for number, each in enumerate(spoken, start=first):
        _write_wav(folder / f"{number}.wav", number, each.seconds)
        lines.append(f"{number}.wav\t{each.text}\t{each.speaker}\t{json.dumps(list(each.extra))}")
        script[number] = {
            "readings": [
                {"text": text, "logprob": logprob, "term": term}
                for text, logprob, term in each.readings
            ]
        }
    (folder / "manifest.tsv").write_text("\n".join(lines), encoding="utf-8")
    (folder / "script.json").write_text(json.dumps(script), encoding="utf-8")
    return folder / "manifest.tsv", folder / "script.json"


def _write_wav(path: Path, number: int, seconds: float) -> None:
    pcm = np.rint(recording(number, seconds) * 32768).astype(np.int16)[None]
    with av.open(str(path), "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate = 16_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
