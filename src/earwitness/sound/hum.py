"""The hum of the mains as a clock: a cut takes time out of it, and its phase jumps.

After Rodriguez, Apolinario, Biscainho 2010, "Audio authenticity: detecting ENF discontinuity
with high precision phase analysis" (IEEE TIFS 5(3)): the hum's phase is followed against a
pure tone, and a place where it leaves its own course for good is a break.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earwitness.sound.spectrum import density

HARMONICS = (50.0, 60.0, 100.0, 120.0, 150.0, 180.0)
"""Hz, of both mains; rectifiers hum at twice the frequency."""
LEAST_SECONDS = 6.0
STANDS_OUT_DB = 20.0
"""Over the median of 8 Hz around it. Voices and machines seldom hold a frequency so well."""
WINDOW = 0.5
"""Seconds over which a phase is the mean: shorter ones follow noise."""
HOP = 0.1
SPAN = 10
"""Phases on each side from which the course is read: one second."""
LEAST_JUMP = np.pi / 6
"""Radians; a cut leaves less by chance in one case of six."""
STEADY = 0.08
"""Radians by which phases may leave their course; a hum that wavers more does not say."""


@dataclass(frozen=True, slots=True)
class Hum:
    """``breaks`` are (seconds, radians) where the phase jumps."""

    hertz: float
    stands_out_db: float
    breaks: tuple[tuple[float, float], ...]


def hum(samples: NDArray[np.float32], rate: int) -> Hum | None:
    """The steadiest hum of one channel; None where none can be followed."""
    if len(samples) < LEAST_SECONDS * rate:
        return None
    hertz, excess = _strongest(samples, rate)
    if excess < STANDS_OUT_DB:
        return None
    phases = _phases(samples, rate, hertz)
    jumps, error = _jumps(phases)
    if float(np.median(error)) > STEADY:
        return None
    return Hum(hertz, excess, _breaks(jumps, error))


def _strongest(samples: NDArray[np.float32], rate: int) -> tuple[float, float]:
    """The frequency near a harmonic that stands out most, and by how many dB."""
    window = 4 * rate
    powers = density(samples, rate, window)
    step = rate / window
    best = (0.0, 0.0)
    for harmonic in HARMONICS:
        low, high = round((harmonic - 4) / step), round((harmonic + 4) / step)
        if high >= len(powers):
            break
        around = powers[low : high + 1]
        middle = len(around) // 2
        peak = middle - 2 + int(around[middle - 2 : middle + 3].argmax())
        if around[peak] > 0:
            excess = 10 * np.log10(around[peak] / max(float(np.median(around)), 1e-30))
            best = max(best, (float(excess), (low + peak) * step))
    return best[1], best[0]


def _phases(samples: NDArray[np.float32], rate: int, hertz: float) -> NDArray[np.float64]:
    """Of windows of 0.5 s every 0.1 s against a tone of ``hertz``, unwrapped."""
    turned = samples * np.exp(-2j * np.pi * hertz / rate * np.arange(len(samples)))
    size, hop = round(WINDOW * rate), round(HOP * rate)
    shape = np.hanning(size)
    starts = range(0, len(samples) - size + 1, hop)
    values = np.array([np.dot(turned[at : at + size], shape) for at in starts])
    return np.unwrap(np.angle(values))


def _jumps(phases: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The course before and the course behind each place, apart; and how well both are known.

    A line is fitted to one second on each side, past the windows that hold both sides; the
    two are compared in the middle, modulo a turn.
    """
    gap = round(WINDOW / HOP / 2)
    at = np.arange(SPAN)
    jumps, errors = [], []
    for middle in range(SPAN + gap, len(phases) - SPAN - gap):
        before = phases[middle - gap - SPAN : middle - gap]
        behind = phases[middle + gap : middle + gap + SPAN]
        lines = [np.polyfit(at, each, 1) for each in (before, behind)]
        jump = np.polyval(lines[1], -gap - 0.5) - np.polyval(lines[0], SPAN + gap - 0.5)
        jumps.append((jump + np.pi) % (2 * np.pi) - np.pi)
        errors.append(
            max(
                float(np.std(before - np.polyval(lines[0], at))),
                float(np.std(behind - np.polyval(lines[1], at))),
            )
        )
    return np.array(jumps), np.array(errors)


def _breaks(
    jumps: NDArray[np.float64], errors: NDArray[np.float64]
) -> tuple[tuple[float, float], ...]:
    """The largest jump of every run of places that jump between two steady courses."""
    marked = (np.abs(jumps) >= LEAST_JUMP) & (errors <= STEADY)
    found = []
    for run in np.split(np.arange(len(jumps)), np.flatnonzero(np.diff(marked)) + 1):
        if marked[run].any():
            place = run[np.abs(jumps[run]).argmax()]
            middle = place + SPAN + round(WINDOW / HOP / 2)
            found.append((float(middle * HOP + WINDOW / 2), float(jumps[place])))
    return tuple(found)
