"""Where windows of one whitened recording are heard in another one.

Normalised cross-correlation of what ``whitened`` gives, which is generalised
cross-correlation with phase transform (Knapp & Carter 1976). A peak is measured in
``z``: how many standard deviations of its window's own correlation at all other lags it
stands out. Of unrelated recordings ``z`` is nearly normal.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earwitness.sound.several.whitened import RATE, Signal

POOL = RATE // 1000
"""Lags of which only the best one is kept: a millisecond."""
PEAKS = 6
"""Kept of each window."""
ENOUGH = 100_000
"""From so many lags chance is judged as well as from all of them."""
LEAST_CHANCE = RATE // 10
"""From fewer lags chance is not judged."""
QUIET = 0.05
"""Stretches with less than this share of the usual energy correlate with nothing."""
CHANCE = RATE
"""So many lags beyond those of interest show what correlation comes by chance: a second."""
UPSAMPLE = 8
"""Points between two lags, when a peak's place is looked for."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Peak:
    """``at`` is the middle of a window in seconds, ``lag`` how much later the other has it."""

    at: float
    lag: float
    z: float


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A window's correlation in ``z`` around a line; ``first`` is the lag of its first value.

    Shape of ``z``: ``[2 * reach + 1]``, a sample of lag from one to the next.
    """

    at: float
    first: int
    z: Floats


def starts(length: int, window: int, hop: int) -> range:
    """The first samples of windows that lie wholly within."""
    return range(0, max(1, length - window + 1), hop)


def peaks(one: Signal, blocks: Blocks, lags: tuple[int, int]) -> list[Peak]:
    """The best peaks of every window of ``one``, at lags from first to last, in samples."""
    found: list[Peak] = []
    window = blocks.window
    for start in starts(len(one), window, window):
        piece = one[start : start + window]
        if not piece.any():
            continue
        first = max(start + lags[0], -window // 2)
        last = min(start + lags[1], blocks.length - window // 2)
        if last > first:
            curve = blocks.correlation(piece, first, last)
            found += _best(curve, (start + len(piece) / 2) / RATE, first - start)
    return found


def _best(curve: Signal, at: float, first: int) -> list[Peak]:
    scale = scatter(curve[:: 1 + len(curve) // ENOUGH])
    if not scale > 0:
        return []
    pooled = np.pad(curve, (0, -len(curve) % POOL), constant_values=-1).reshape(-1, POOL)
    tops = pooled.max(axis=1)
    best = np.argpartition(-tops, min(PEAKS, len(tops)) - 1)[:PEAKS]
    places = best * POOL + pooled[best].argmax(axis=1)
    return [
        Peak(at, (first + refined(curve, int(place))) / RATE, float(curve[place] / scale))
        for place in places
    ]


def curves(
    one: Signal, blocks: Blocks, line: Callable[[float], float], reach: int, hop: int
) -> list[Curve]:
    """The correlation of every window of ``one``, ``reach`` samples around a line.

    A window that the line puts outside of the other recording has none.
    """
    found = []
    for start in starts(len(one), blocks.window, hop):
        piece = one[start : start + blocks.window]
        at = (start + len(piece) / 2) / RATE
        centre = start + round(line(at) * RATE)
        if piece.any() and -len(piece) <= 2 * centre <= 2 * blocks.length - len(piece):
            around = blocks.correlation(piece, centre - reach - CHANCE, centre + reach + CHANCE)
            scale = scatter(around)
            if scale > 0:
                z = around[CHANCE : len(around) - CHANCE].astype(np.float64) / scale
                found.append(Curve(at, centre - start - reach, z))
    return found


def scatter(curve: Signal) -> float:
    """The standard deviation of what is not zero, from the median: a few peaks change nothing.

    0 where less than ``LEAST_CHANCE`` values can tell.
    """
    heard = np.abs(curve[curve != 0])
    return float(np.median(heard) / 0.6745) if len(heard) >= LEAST_CHANCE else 0.0


def refined(curve: NDArray[np.floating], place: int) -> float:
    """The place of a maximum between samples: band-limited, then a parabola."""
    near = curve[max(0, place - 16) : place + 17]
    if len(near) < 33:
        return float(place)
    fine = _upsampled(near)
    middle = int(np.argmax(fine[15 * UPSAMPLE : 17 * UPSAMPLE + 1])) + 15 * UPSAMPLE
    before, top, after = fine[middle - 1 : middle + 2]
    bend = before - 2 * top + after
    shift = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return place - 16 + (middle + float(shift)) / UPSAMPLE


def _upsampled(values: NDArray[np.floating]) -> Floats:
    tapered = values * np.hanning(len(values) + 2)[1:-1]
    spectrum = np.fft.rfft(tapered, 64)
    fine: Floats = np.fft.irfft(spectrum, 64 * UPSAMPLE) * UPSAMPLE
    return fine


class Blocks:
    """A recording cut into overlapping blocks whose spectra are kept."""

    def __init__(self, other: Signal, window: int) -> None:
        from scipy.fft import next_fast_len, rfft

        self.window = window
        self.size = int(next_fast_len(max(4 * window, window + 4 * CHANCE), real=True))
        self.step = self.size - window + 1
        self.length = len(other)
        self.pad = window + 2 * CHANCE
        padded = np.pad(other, (self.pad, self.pad + self.size))
        self.spectra = {
            at: rfft(padded[at : at + self.size])
            for at in range(0, len(other) + 2 * self.pad, self.step)
        }
        energy = np.concatenate([[0.0], np.cumsum(np.square(padded, dtype=np.float64))])
        within = energy[window:] - energy[:-window]
        usual = float(np.vdot(other, other)) / max(1, len(other)) * min(window, len(other))
        heard = within > max(QUIET * usual, 1e-9)
        self.scale = np.where(heard, 1 / np.sqrt(np.where(heard, within, 1.0)), 0.0).astype(
            np.float32
        )

    def correlation(self, piece: Signal, first: int, last: int) -> Signal:
        """Normalised, for the piece starting at every sample of ``other``, first to last."""
        from scipy.fft import irfft, rfft

        spectrum = rfft(piece, self.size).conj()
        begin, end = first + self.pad, last + self.pad + 1
        parts = [
            irfft(spectrum * whole, self.size)[max(0, begin - at) : min(self.step, end - at)]
            for at, whole in self.spectra.items()
            if at < end and at + self.step > begin
        ]
        scaled = np.concatenate(parts) * self.scale[begin:end]
        scaled /= math.sqrt(float(np.vdot(piece, piece)))
        return scaled
