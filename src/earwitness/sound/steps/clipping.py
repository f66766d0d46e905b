"""Peaks that were cut off, put back as the sound around them makes likely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from earwitness.errors import InputError
from earwitness.sound import spectra
from earwitness.sound.kinds import Done, Kind, Signal, Tools, number, whole
from earwitness.sound.recording import Recording

MOST_CLIPPED = 0.5
"""The share of clipped samples from which on there is too little left to go by."""
FRAMES = 64
"""Frames that are worked on at once."""
GOOD_ENOUGH = 1e-3
"""How far the sparse sound may be from the recorded one, as a share of it."""

Marks = NDArray[np.bool_]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Declip:
    level: float = number(
        0.99, 0.5, 1.0, "", "from which share of the highest sample it is cut off"
    )
    iterations: int = whole(150, 10, 1_000, "", "at most so many steps towards a sparse sound")
    window_ms: float = number(64.0, 16.0, 128.0, "ms", "length of a frame")


@dataclass(frozen=True, slots=True)
class _Clipped:
    """Which samples are cut off, above and below; shape ``[samples]``."""

    above: Marks
    below: Marks

    @property
    def share(self) -> float:
        return float((self.above | self.below).mean())


def declip(recording: Recording, settings: Declip, tools: Tools) -> Done:
    size = spectra.size_of(recording.rate, settings.window_ms)
    found = [_find(channel, settings.level) for channel in recording.samples.T]
    share = sum(each.share for each in found) / len(found)
    if max(each.share for each in found) > MOST_CLIPPED:
        raise InputError(
            f"more than {MOST_CLIPPED:.0%} of the samples are cut off, too little is left to go by;"
            " leave the step out"
        )
    made = [
        _restored(np.ascontiguousarray(channel), clipped, size, settings.iterations, tools)
        for channel, clipped in zip(recording.samples.T, found, strict=True)
    ]
    note = f"{share:.2%} of the samples were cut off and are put back as is likely"
    if not share:
        note = "no sample is cut off, nothing was changed"
    return Done(recording.with_samples(np.stack(made, axis=1)), (note,))


def _find(channel: Signal, level: float) -> _Clipped:
    """Two or more samples in a row near the highest one: a peak that is whole has but one."""
    high, low = (max(0.0, float(side.max())) for side in (channel, -channel))
    above = (channel >= level * high) & (high > 0)
    below = (-channel >= level * low) & (low > 0)
    return _Clipped(_in_a_row(above), _in_a_row(below))


def _in_a_row(marks: Marks) -> Marks:
    padded = np.pad(marks, 1)
    return marks & (padded[:-2] | padded[2:])


def _restored(
    channel: Signal, clipped: _Clipped, size: int, iterations: int, tools: Tools
) -> Signal:
    """Only what is cut off changes. Frames of half overlap, those with clipping alone."""
    hop = size // 2
    pad = (size, size + hop - len(channel) % hop)
    above, below = (np.pad(marks, pad) for marks in (clipped.above, clipped.below))
    padded = np.pad(channel.astype(np.float64), pad)
    sounds: Values = sliding_window_view(padded, size)[::hop]
    highs, lows = (sliding_window_view(marks, size)[::hop] for marks in (above, below))
    touched = np.flatnonzero((highs | lows).any(axis=1))
    window = spectra.window(size)
    change = np.zeros(len(padded))
    for first in range(0, len(touched), FRAMES):
        tools.check()
        some = touched[first : first + FRAMES]
        recorded = sounds[some] * window
        sparse = _sparse(recorded, highs[some], lows[some], iterations)
        for frame, added in zip(some, window * (sparse - recorded), strict=True):
            change[frame * hop :][:size] += added
    restored = (padded + change)[size : size + len(channel)].astype(np.float32)
    return _beyond(channel, restored, clipped)


def _beyond(channel: Signal, restored: Signal, clipped: _Clipped) -> Signal:
    """What was not cut off stays; what was is no smaller than where it was cut."""
    higher = np.where(clipped.above, np.maximum(restored, channel), channel)
    both: Signal = np.where(clipped.below, np.minimum(restored, channel), higher)
    return both


def _sparse(sound: Values, above: Marks, below: Marks, iterations: int) -> Values:
    """Frames ``[frames, size]`` -> the same, with few frequencies, where they were cut off.

    A-SPADE (Kitić, Bertin & Gribonval 2015): in turn the strongest coefficients of a
    Fourier transform of twice the size, one more in each turn, and the nearest sound that
    agrees with the recorded one.
    """
    size = sound.shape[1]
    made, off = sound, np.zeros((len(sound), size + 1), np.complex128)
    enough = GOOD_ENOUGH * np.linalg.norm(sound, axis=1)
    for kept in range(1, min(iterations, size) + 1):
        analysed = np.fft.rfft(made, 2 * size, norm="ortho")
        strong = _strongest(analysed + off, kept)
        found = np.fft.irfft(strong - off, 2 * size, norm="ortho")[:, :size]
        made = _agreeing(found, sound, above, below)
        left = np.fft.rfft(made, 2 * size, norm="ortho") - strong
        if (np.linalg.norm(left, axis=1) <= enough).all():
            break
        off += left
    return made


def _strongest(values: NDArray[np.complex128], count: int) -> NDArray[np.complex128]:
    size = np.abs(values)
    least = np.partition(size, -count, axis=1)[:, -count, None]
    return np.where(size >= least, values, 0)


def _agreeing(found: Values, sound: Values, above: Marks, below: Marks) -> Values:
    made = np.where(above, np.maximum(found, sound), sound)
    return np.where(below, np.minimum(found, sound), made)


KINDS = (
    Kind(
        "declip",
        "Puts back peaks that were cut off, as the sound around them makes likely.",
        "A-SPADE: Kitić, Bertin & Gribonval 2015",
        Declip,
        declip,
        invents=True,
    ),
)
