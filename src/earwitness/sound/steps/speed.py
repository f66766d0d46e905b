"""Slower or faster, with every voice as high as it was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earwitness.sound.kinds import Done, Kind, Signal, Tools, number
from earwitness.sound.recording import Recording

ASKED_EVERY = 64
"""Frames between two looks at whether somebody wants an end."""


@dataclass(frozen=True, slots=True)
class Speed:
    factor: float = number(0.75, 0.25, 4.0, "", "1 is as recorded, less is slower")
    window_ms: float = number(40.0, 10.0, 100.0, "ms", "length of a frame: two periods of a voice")
    search_ms: float = number(
        10.0, 2.0, 50.0, "ms", "how far a frame may move to fit the one before"
    )


def change_speed(recording: Recording, settings: Speed, tools: Tools) -> Done:
    """Frames of half overlap. Where each is taken from is decided on the mean of the channels."""
    hop = max(2, round(settings.window_ms * recording.rate / 2_000))
    reach = max(1, round(settings.search_ms * recording.rate / 1_000))
    length = max(1, round(len(recording.samples) / settings.factor))
    pad = 2 * hop + 2 * reach
    padded = np.pad(recording.samples, ((pad, pad + 2 * hop), (0, 0)))
    starts = _starts(padded.mean(axis=1), length, hop, reach, settings.factor, tools)
    return Done(recording.with_samples(_overlapped(padded, starts, hop)[hop : hop + length]))


def _starts(
    mono: Signal, length: int, hop: int, reach: int, factor: float, tools: Tools
) -> list[int]:
    """Where the frames are taken from: near to their time, and most alike to what would have
    come next after the frame before (WSOLA, Verhelst & Roelands 1993)."""
    pad, last = 2 * hop + 2 * reach, len(mono) - 2 * hop
    starts = [pad - hop]
    for frame in range(1, -(-length // hop) + 1):
        if frame % ASKED_EVERY == 0:
            tools.check()
        wanted = pad + round((frame - 1) * hop * factor)
        goes_on = min(starts[-1] + hop, last)
        first = min(wanted - reach, last - reach)
        behind = min(first + 2 * reach, last)
        part = mono[first : behind + 2 * hop]
        starts.append(first + _most_alike(part, mono[goes_on : goes_on + 2 * hop], wanted - first))
    return starts


def _most_alike(part: Signal, model: Signal, wanted: int) -> int:
    """By normalised cross-correlation; where all are alike, the one at its time."""
    products = np.correlate(part, model, "valid").astype(np.float64)
    energy = np.cumsum(np.concatenate([[0.0], np.square(part, dtype=np.float64)]))
    norms = np.sqrt(np.maximum(energy[len(model) :] - energy[: -len(model)], 1e-12))
    scores = products / norms
    best = int(scores.argmax())
    at = min(wanted, len(scores) - 1)
    return best if scores[best] > scores[at] else at


def _overlapped(padded: Signal, starts: list[int], hop: int) -> Signal:
    """Frames with a periodic Hann window; two of them add up to 1."""
    window: NDArray[np.float64] = 0.5 - 0.5 * np.cos(np.pi * np.arange(2 * hop) / hop)
    made = np.zeros(((len(starts) + 1) * hop, padded.shape[1]))
    for frame, start in enumerate(starts):
        made[frame * hop : (frame + 2) * hop] += window[:, None] * padded[start : start + 2 * hop]
    return made.astype(np.float32)


KINDS = (
    Kind(
        "speed",
        "Plays slower or faster without changing how high it sounds.",
        "WSOLA: Verhelst & Roelands 1993",
        Speed,
        change_speed,
    ),
)
