"""Recordings, and what rooms and noise make of them; drawn by a seed from a clip's name."""

from __future__ import annotations

import csv
import json
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import fftconvolve, resample_poly

from earwitness.model import SAMPLE_RATE

Audio = NDArray[np.float32]
KINDS = ("room", "babble", "speed")


@dataclass(frozen=True)
class Row:
    """One line of a manifest."""

    folder: str
    name: str
    path: Path
    text: str
    speaker: str
    terms: tuple[str, ...]


def rows(folder: str, manifest: Path) -> list[Row]:
    """Those with a text."""
    with manifest.open(encoding="utf-8", newline="") as lines:
        found = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [
            Row(
                folder,
                f"{folder}/{line['path']}",
                manifest.parent / line["path"],
                line["text"],
                line.get("speaker", ""),
                terms(line.get("extra", "")),
            )
            for line in found
            if line["text"].strip()
        ]


def terms(extra: str) -> tuple[str, ...]:
    """A JSON list, or one term, or nothing."""
    if not extra:
        return ()
    return tuple(json.loads(extra)) if extra.startswith("[") else (extra,)


def read(path: Path) -> Audio:
    """The first channel at the program's rate."""
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    first = audio[:, 0]
    return first if rate == SAMPLE_RATE else resample_poly(first, SAMPLE_RATE, rate)


@dataclass(frozen=True)
class Surroundings:
    """Room responses, noises and other people's talk to put a clip into."""

    rooms: list[Audio]
    noises: list[Audio]
    talk: list[Audio]

    @classmethod
    def of(cls, rooms: Path, noises: Path, talk: Path) -> Surroundings:
        return cls(
            *([read(path) for path in sorted(f.rglob("*.flac"))] for f in (rooms, noises, talk))
        )

    def around(self, audio: Audio, kind: str, name: str) -> Audio:
        """The clip in one of ``KINDS`` of surroundings; the same for the same name."""
        drawn = np.random.default_rng(zlib.crc32(f"{name}/{kind}".encode()))
        changed = {"room": self._room, "babble": self._babble, "speed": self._speed}[kind](
            audio, drawn
        )
        loudest = float(np.abs(changed).max())
        scaled = changed / loudest * min(loudest, 0.95) if loudest else changed
        return scaled.astype(np.float32)

    def _room(self, audio: Audio, drawn: np.random.Generator) -> Audio:
        response = self.rooms[drawn.integers(len(self.rooms))]
        tail = round(0.2 * SAMPLE_RATE)
        there = fftconvolve(audio, response / np.abs(response).max())[: len(audio) + tail]
        return _mixed(there, self._one(self.noises, drawn), drawn.uniform(0, 20))

    def _babble(self, audio: Audio, drawn: np.random.Generator) -> Audio:
        return _mixed(audio, self._one(self.talk, drawn), drawn.uniform(0, 18))

    def _speed(self, audio: Audio, drawn: np.random.Generator) -> Audio:
        faster = resample_poly(audio, 100, int(drawn.choice([85, 90, 110, 118])))
        if drawn.random() < 0.5:
            faster = resample_poly(resample_poly(faster, 1, 2), 2, 1)
        return _mixed(faster, drawn.standard_normal(len(faster)), drawn.uniform(8, 30))

    @staticmethod
    def _one(beds: list[Audio], drawn: np.random.Generator) -> Audio:
        bed = beds[drawn.integers(len(beds))]
        return np.roll(bed, drawn.integers(len(bed)))


def _mixed(audio: Audio, noise: Audio, decibels: float) -> Audio:
    """With noise at a ratio of signal to noise; nothing is added to silence."""
    bed = np.resize(noise, len(audio))
    powers = float(np.square(audio).mean()), float(np.square(bed).mean())
    gain = np.sqrt(powers[0] / max(powers[1], 1e-12) / 10 ** (decibels / 10))
    return audio + gain * bed
