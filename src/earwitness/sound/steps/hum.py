"""The hum of the mains and its harmonics."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from earwitness.sound import spectra
from earwitness.sound.biquads import Sections, both_ways, notch
from earwitness.sound.kinds import Done, Kind, Tools, choice, each_channel, number, whole
from earwitness.sound.recording import Recording

MAINS = (50.0, 60.0)
WANDER = 0.3
"""Hz by which mains are off at times, and further than a recorder's clock is."""
LOOKED_AT = 8.0
"""Seconds of a frame when looking for hum: its bins are 0.125 Hz apart."""
HARMONICS_LOOKED_AT, HARMONICS_NEEDED = 6, 2
STANDS_OUT = 12.0
"""dB above its surroundings that a harmonic has to be, to be hum."""


@dataclass(frozen=True, slots=True)
class Hum:
    mains: str = choice(
        "find", ("find", "50", "60"), "the frequency of the mains in Hz, or find it and say which"
    )
    harmonics: int = whole(10, 1, 60, "", "how many multiples are taken away, the first included")
    width_hz: float = number(1.0, 0.2, 10.0, "Hz", "of each notch, where it is 6 dB down")


@dataclass(frozen=True, slots=True)
class Found:
    """Hum: its frequency, by how many dB its strongest harmonic stands out, and how many do."""

    hz: float
    db: float
    harmonics: int


def remove_hum(recording: Recording, settings: Hum, tools: Tools) -> Done:
    if settings.mains != "find":
        return Done(_without(recording, float(settings.mains), settings, tools))
    found = find(recording)
    if found is None:
        return Done(recording, ("no hum was found, nothing was taken away",))
    note = f"hum was found at {found.hz:.2f} Hz, {found.db:.0f} dB above its surroundings"
    return Done(_without(recording, found.hz, settings, tools), (note,))


def _without(recording: Recording, hz: float, settings: Hum, tools: Tools) -> Recording:
    sections = _comb(recording.rate, hz, settings)
    settles = round(4 * recording.rate / settings.width_hz)
    return each_channel(recording, partial(both_ways, sections=sections, settles=settles), tools)


def find(recording: Recording) -> Found | None:
    """The hum of 50 or 60 Hz mains, where one stands out; the clearer one of the two.

    A single steady tone is no hum: at least ``HARMONICS_NEEDED`` have to stand out.
    """
    power, hz = _mean_power(recording)
    both = [found for mains in MAINS if (found := _at(power, hz, mains)) is not None]
    return max(both, key=lambda found: (found.harmonics, found.db), default=None)


def _mean_power(recording: Recording) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Over frames of ``LOOKED_AT`` seconds, and the frequencies of its bins."""
    mono = recording.mono()
    size = min(spectra.size_of(recording.rate, 1_000 * LOOKED_AT), len(mono) // 16 * 16)
    found = np.square(np.abs(spectra.spectra(mono, size))) if size else np.zeros((0, 1))
    power = found.mean(axis=0) if len(found) else np.zeros(1)
    return power, np.arange(len(power)) * recording.rate / max(size, 1)


def _at(power: NDArray[np.float64], hz: NDArray[np.float64], mains: float) -> Found | None:
    """A harmonic stands out where its peak is far above the median of the 20 Hz around it."""
    found = []
    for harmonic in range(1, HARMONICS_LOOKED_AT + 1):
        near = np.flatnonzero(np.abs(hz - harmonic * mains) <= harmonic * WANDER)
        if near.size < 3 or not power[near].max() > 0:
            continue
        top = int(near[power[near].argmax()])
        around = np.median(power[np.abs(hz - harmonic * mains) <= 10])
        db = 10 * float(np.log10(power[top] / max(around, spectra.TINY)))
        found += [(db, _peak(power, hz, top) / harmonic)] if db >= STANDS_OUT else []
    if len(found) < HARMONICS_NEEDED:
        return None
    db, exact = max(found)
    return Found(exact, db, len(found))


def _peak(power: NDArray[np.float64], hz: NDArray[np.float64], top: int) -> float:
    """The maximum of the parabola through three levels (Smith & Serra 1987)."""
    left, middle, right = np.log(np.maximum(power[top - 1 : top + 2], 1e-300))
    bend = left - 2 * middle + right
    off = 0.5 * (left - right) / bend if bend else 0.0
    return float(hz[top] + np.clip(off, -0.5, 0.5) * hz[1])


def _comb(rate: int, hz: float, settings: Hum) -> Sections:
    """One notch a harmonic, as far as the rate reaches; at least the first."""
    count = max(1, min(settings.harmonics, int(0.49 * rate / hz)))
    multiples = (hz * times for times in range(1, count + 1))
    return np.concatenate([notch(rate, each, each / settings.width_hz) for each in multiples])


KINDS = (
    Kind(
        "remove-hum",
        "Takes away the hum of the mains, 50 or 60 Hz, and its multiples.",
        "notches of Bristow-Johnson's cookbook, forwards and backwards",
        Hum,
        remove_hum,
    ),
)
