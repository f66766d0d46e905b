"""Where a recorder dropped samples: the delay jumps, and stays where it jumped to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from earwitness.sound.several.correlated import Peak
from earwitness.sound.several.lines import Line, likeliest
from earwitness.sound.several.whitened import RATE, Signal

MOST_PIECES = 16
LEAST_WINDOWS = 2
"""A piece has at least so many windows that stand out by themselves."""
STANDS_OUT = 8.0
"""A window's peak of this ``z`` is not chance, wherever it lies."""
LEAST_JUMP = 2e-3
"""Seconds; what is less may be an echo."""


@dataclass(frozen=True, slots=True)
class Break:
    """From ``at_s`` of the reference on, the other one's time has ``jump_s`` more.

    Negative where the other one dropped samples, positive where the reference did.
    """

    at_s: float
    jump_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    line: Line
    peaks: tuple[Peak, ...]

    @property
    def first(self) -> float:
        return min(peak.at for peak in self.peaks)

    @property
    def last(self) -> float:
        return max(peak.at for peak in self.peaks)


def pieces(peaks: Sequence[Peak]) -> list[Piece]:
    """The likeliest line, and others before and after it that stand out as well; in order."""
    best = likeliest(peaks)
    if best is None:
        return []
    found = [_piece(*best)]
    while len(found) < MOST_PIECES:
        more = likeliest(_unexplained(peaks, found))
        if more is None or not _apart(piece := _piece(*more), found):
            break
        found.append(piece)
    return sorted(found, key=lambda piece: piece.first)


def _piece(line: Line, members: Sequence[Peak]) -> Piece:
    return Piece(line, tuple(members))


def _unexplained(peaks: Sequence[Peak], found: Sequence[Piece]) -> list[Peak]:
    """Peaks that stand out, of windows that no piece spans."""
    return [
        peak
        for peak in peaks
        if peak.z >= STANDS_OUT and not any(piece.first <= peak.at <= piece.last for piece in found)
    ]


def _apart(piece: Piece, found: Sequence[Piece]) -> bool:
    """Long enough, between no other piece's windows, and not an echo of a neighbour."""
    windows = {peak.at for peak in piece.peaks}
    return len(windows) >= LEAST_WINDOWS and all(
        (piece.last < other.first or piece.first > other.last)
        and abs(_jump(piece, other)) >= LEAST_JUMP
        for other in found
    )


def _jump(before: Piece, after: Piece) -> float:
    middle = (before.last + after.first) / 2
    return after.line.at(middle) - before.line.at(middle)


def jumps(one: Signal, two: Signal, found: Sequence[Piece]) -> tuple[Break, ...]:
    """The moment of each break, as the signals themselves show it."""
    return tuple(
        Break(_moment(one, two, before, after), _jump(before, after))
        for before, after in pairwise(found)
    )


def _moment(one: Signal, two: Signal, before: Piece, after: Piece) -> float:
    """Where the one delay stops to fit and the other one starts to, in seconds.

    The split with the most correlation on both sides, between two windows' middles.
    """
    start, end = round(before.last * RATE), round(after.first * RATE)
    middle = (before.last + after.first) / 2
    gains = [
        _products(one, two, start, end, round(piece.line.at(middle) * RATE))
        for piece in (before, after)
    ]
    split = int(np.argmax(np.cumsum(gains[0] - gains[1])))
    return (start + split + 1) / RATE


def _products(one: Signal, two: Signal, start: int, end: int, lag: int) -> Signal:
    """Of the samples of both at a lag, 0 where the other one has none."""
    places = np.arange(start, end) + lag
    there = (places >= 0) & (places < len(two))
    product: Signal = np.where(there, one[start:end] * two[np.clip(places, 0, len(two) - 1)], 0)
    return product
