"""A recording in pieces that are heard one by one, cut where little is lost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earwitness.errors import InputError
from earwitness.sound.levels import frame_powers
from earwitness.sound.recording import Recording

FRAME = 0.02
"""Seconds."""
SMOOTH = 5
"""Frames; a cut lies in the middle of so many quiet ones."""
REACH = 0.3
"""Of a piece: so far from equal parts the quietest place is looked for."""
LEAST = 0.3
"""Seconds of a piece on average."""


def divided(recording: Recording, count: int) -> tuple[tuple[float, float], ...]:
    """``count`` stretches in seconds, one after the other, that are the whole together.

    Each cut is at the quietest place near where equal parts would end. Raises InputError for
    no pieces, or for more than there is sound for.
    """
    if count < 1 or (count > 1 and recording.seconds < count * LEAST):
        most = max(1, int(recording.seconds / LEAST))
        raise InputError(f"A recording of {recording.seconds:.1f} s has 1 to {most} pieces.")
    powers = frame_powers(recording.samples, recording.rate, FRAME)
    quiet = np.convolve(powers, np.ones(SMOOTH), "same")
    part = recording.seconds / count
    cuts = [0.0, *(_quietest(quiet, part * place, part) for place in range(1, count))]
    ends = [*cuts[1:], recording.seconds]
    return tuple((round(start, 3), round(end, 3)) for start, end in zip(cuts, ends, strict=True))


def _quietest(quiet: NDArray[np.float64], at: float, part: float) -> float:
    first = int((at - REACH * part) / FRAME)
    last = max(first + 1, int((at + REACH * part) / FRAME))
    return (first + int(quiet[first:last].argmin()) + 0.5) * FRAME
