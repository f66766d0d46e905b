"""Delays over time become a straight line: an offset, and how far two clocks run apart."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earwitness.sound.several.correlated import Peak

MOST_DRIFT = 250e-6
"""No two clocks of recorders differ by more; 200 ppm is a bad quartz."""
USUAL_DRIFT = 50e-6
"""The standard deviation of drift before anything is measured: that of two cheap quartzes."""
TOLERANCE = 0.4e-3
"""A peak so near to a line, in seconds, is on it."""
ANCHORS = 40
FINEST = 0.02e-3
"""Delays are not trusted better than that, in seconds: a third of a sample at 16 kHz."""
ROUNDS = 10
_HUBER = 1.5

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Line:
    """The other one has ``offset + drift * t`` seconds later what the reference has at ``t``."""

    offset: float
    drift: float

    def at(self, moment: float) -> float:
        return self.offset + self.drift * moment


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """An offset a piece, one drift for all, and their covariance in that order."""

    offsets: tuple[float, ...]
    drift: float
    covariance: Floats
    residual: float
    """The robust standard deviation of the delays around the lines, in seconds."""

    def deviation(self, piece: int, moment: float) -> float:
        """The standard deviation of a piece's line at a moment, in seconds."""
        row = np.zeros(len(self.covariance))
        row[piece], row[-1] = 1.0, moment
        return float(np.sqrt(row @ self.covariance @ row))


def likeliest(peaks: Sequence[Peak]) -> tuple[Line, list[Peak]] | None:
    """The line through one or two peaks on which peaks stand out most, and those on it.

    Every pair with one of the highest peaks is tried (RANSAC, Fischler & Bolles 1981, with
    all samples instead of random ones), so the same peaks give the same line.
    """
    if not peaks:
        return None
    at, lag, z = (np.array([getattr(p, name) for p in peaks]) for name in ("at", "lag", "z"))
    best, found = -1.0, None
    for line in _candidates(at, lag, z):
        near = np.abs(lag - line.offset - line.drift * at) < TOLERANCE
        support = _support(at[near], z[near])
        if support > best:
            best, found = support, (line, near)
    assert found is not None
    return found[0], [peak for peak, near in zip(peaks, found[1], strict=True) if near]


def _candidates(at: Floats, lag: Floats, z: Floats) -> Iterator[Line]:
    for anchor in np.argsort(-z, kind="stable")[:ANCHORS]:
        yield Line(float(lag[anchor]), 0.0)
        apart = at - at[anchor]
        slope = np.divide(lag - lag[anchor], apart, out=np.full_like(lag, np.inf), where=apart != 0)
        for drift in slope[np.abs(slope) <= MOST_DRIFT]:
            yield Line(float(lag[anchor] - drift * at[anchor]), float(drift))


def _support(at: Floats, z: Floats) -> float:
    """The sum of squares of the best peak of each window."""
    best: dict[float, float] = {}
    for moment, height in zip(at.tolist(), z.tolist(), strict=True):
        best[moment] = max(best.get(moment, 0.0), height)
    return sum(height**2 for height in best.values())


def fitted(pieces: Sequence[Sequence[Peak]]) -> Fit:
    """Parallel lines through the delays of each piece.

    Least squares, weighted by ``z`` squared as the Cramér-Rao bound of a delay asks, and
    reweighted by Huber's rule (1964) so that a few wrong delays do not bend the line. Drift
    has a normal prior of ``USUAL_DRIFT``: one delay alone says nothing about it.
    """
    rows = [(n, peak) for n, piece in enumerate(pieces) for peak in piece]
    design = np.zeros((len(rows), len(pieces) + 1))
    for row, (piece, peak) in zip(design, rows, strict=True):
        row[piece], row[-1] = 1.0, peak.at
    lags = np.array([peak.lag for _, peak in rows])
    weights = np.array([peak.z**2 for _, peak in rows])
    return _reweighted(design, lags, weights / weights.mean())


def _reweighted(design: Floats, lags: Floats, weights: Floats) -> Fit:
    spread, robust = FINEST, np.ones(len(lags))
    for _ in range(ROUNDS):
        solution, inverse = _solved(design, lags, weights * robust, spread)
        residuals = np.abs(lags - design @ solution)
        spread = max(FINEST, _spread(residuals, design.shape[1]))
        robust = np.minimum(1.0, _HUBER * spread / np.maximum(residuals, 1e-12))
    return Fit(tuple(solution[:-1].tolist()), float(solution[-1]), inverse, spread)


def _spread(residuals: Floats, unknowns: int) -> float:
    """The median deviation, larger where few delays are left over."""
    freedom = max(1, len(residuals) - unknowns)
    return float(np.median(residuals)) / 0.6745 * math.sqrt(len(residuals) / freedom)


def _solved(design: Floats, lags: Floats, weights: Floats, spread: float) -> tuple[Floats, Floats]:
    """The solution and its covariance."""
    normal = (design.T * weights) @ design / spread**2
    normal[-1, -1] += USUAL_DRIFT**-2
    inverse: Floats = np.linalg.inv(normal).astype(np.float64)
    solution: Floats = inverse @ (design.T @ (weights * lags)) / spread**2
    return solution, inverse
