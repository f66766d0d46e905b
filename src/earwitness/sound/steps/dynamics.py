"""Loud and soft brought together or apart: compressor, expander, gate.

All are feed-forward (Giannoulis, Massberg & Reiss 2012). The level is that of the loudest
channel in each millisecond, and every channel gets the same gain, so that a place in the
stereo picture stays where it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earwitness.sound.kinds import Done, Kind, Tools, number
from earwitness.sound.recording import Recording

Levels = NDArray[np.float64]
"""In dB of full scale, one a millisecond."""
LOWEST = -120.0
MILLISECONDS = 1_000
BLOCK = 1 << 20

_THRESHOLD = "level of a peak from which on it works; full scale is 0"
_ATTACK, _RELEASE = "time constant when it lowers more", "time constant when it lowers less"


@dataclass(frozen=True, slots=True)
class Compress:
    threshold_db: float = number(-30.0, -90.0, 0.0, "dB", _THRESHOLD)
    ratio: float = number(3.0, 1.0, 20.0, "", "so many dB above the threshold become one")
    knee_db: float = number(6.0, 0.0, 24.0, "dB", "width over which it sets in")
    attack_ms: float = number(5.0, 1.0, 200.0, "ms", _ATTACK)
    release_ms: float = number(100.0, 5.0, 2_000.0, "ms", _RELEASE)


@dataclass(frozen=True, slots=True)
class Expand:
    threshold_db: float = number(-45.0, -90.0, 0.0, "dB", "level below which it works")
    ratio: float = number(2.0, 1.0, 10.0, "", "one dB below the threshold becomes so many")
    limit_db: float = number(20.0, 0.0, 80.0, "dB", "the most by which it lowers")
    attack_ms: float = number(50.0, 1.0, 500.0, "ms", _ATTACK)
    release_ms: float = number(10.0, 1.0, 2_000.0, "ms", _RELEASE)


@dataclass(frozen=True, slots=True)
class Gate:
    threshold_db: float = number(-50.0, -90.0, 0.0, "dB", "level of a peak that opens it")
    hold_ms: float = number(200.0, 0.0, 2_000.0, "ms", "how long it stays open after that")
    limit_db: float = number(30.0, 0.0, 100.0, "dB", "by how much it lowers when closed")
    attack_ms: float = number(50.0, 1.0, 500.0, "ms", _ATTACK)
    release_ms: float = number(5.0, 1.0, 500.0, "ms", _RELEASE)


def compress(recording: Recording, settings: Compress, tools: Tools) -> Done:
    wanted = _compressor(_levels(recording), settings)
    return _with_gains(recording, _smooth(wanted, settings.attack_ms, settings.release_ms), tools)


def expand(recording: Recording, settings: Expand, tools: Tools) -> Done:
    under = np.minimum(0.0, _levels(recording) - settings.threshold_db)
    wanted = np.maximum((settings.ratio - 1) * under, -settings.limit_db)
    return _with_gains(recording, _smooth(wanted, settings.attack_ms, settings.release_ms), tools)


def gate(recording: Recording, settings: Gate, tools: Tools) -> Done:
    is_open = _held(_levels(recording) >= settings.threshold_db, round(settings.hold_ms))
    wanted = np.where(is_open, 0.0, -settings.limit_db)
    return _with_gains(recording, _smooth(wanted, settings.attack_ms, settings.release_ms), tools)


def _compressor(levels: Levels, settings: Compress) -> Levels:
    """Gains in dB; equation 4 of the paper, with its soft knee."""
    over, knee = levels - settings.threshold_db, settings.knee_db
    slope = 1 / settings.ratio - 1
    bent = slope * np.square(over + knee / 2) / (2 * knee) if knee else np.zeros_like(over)
    above: Levels = np.where(2 * over > knee, slope * over, 0.0)
    return np.where(2 * np.abs(over) <= knee, bent, above) if knee else above


def _levels(recording: Recording) -> Levels:
    """The peak of each millisecond over all channels."""
    peaks = np.abs(recording.samples).max(axis=1)
    starts = np.unique(_edges(recording)[:-1])
    highest = np.maximum.reduceat(peaks, starts).astype(np.float64)
    return 20 * np.log10(np.maximum(highest, 10 ** (LOWEST / 20)))


def _edges(recording: Recording) -> NDArray[np.int64]:
    count = max(1, math.ceil(recording.seconds * MILLISECONDS))
    edges = np.arange(count + 1) * recording.rate // MILLISECONDS
    return np.minimum(edges, len(recording.samples)).astype(np.int64)


def _held(is_open: NDArray[np.bool_], hold: int) -> NDArray[np.bool_]:
    """Open for so many blocks more after each that is."""
    at = np.arange(len(is_open))
    latest = np.maximum.accumulate(np.where(is_open, at, -hold - 1))
    return at - latest <= hold


def _smooth(wanted: Levels, attack_ms: float, release_ms: float) -> Levels:
    """One pole in each direction; the paper's smooth branching detector, on the gain in dB."""
    attack, release = (math.exp(-1 / milliseconds) for milliseconds in (attack_ms, release_ms))
    gains, now = [], 0.0
    for target in wanted.tolist():
        kept = attack if target < now else release
        now = kept * now + (1 - kept) * target
        gains.append(now)
    return np.array(gains)


def _with_gains(recording: Recording, gains: Levels, tools: Tools) -> Done:
    """From millisecond to millisecond the gain changes in a straight line."""
    made = np.empty_like(recording.samples)
    middles = (np.arange(len(gains)) + 0.5) * recording.rate / MILLISECONDS
    factors = 10 ** (gains / 20)
    for first in range(0, len(made), BLOCK):
        tools.check()
        part = recording.samples[first : first + BLOCK]
        at = np.interp(np.arange(first, first + len(part)), middles, factors)
        made[first : first + BLOCK] = part * at[:, None].astype(np.float32)
    return Done(recording.with_samples(made))


_PAPER = "feed-forward, smooth branching: Giannoulis, Massberg & Reiss 2012"

KINDS = (
    Kind(
        "compress",
        "Makes loud parts softer, so that soft ones are heard.",
        _PAPER,
        Compress,
        compress,
    ),
    Kind(
        "expand",
        "Makes soft parts softer still, such as a room between words.",
        _PAPER,
        Expand,
        expand,
    ),
    Kind("gate", "Closes where it is soft, and stays open a while after.", _PAPER, Gate, gate),
)
