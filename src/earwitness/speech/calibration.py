"""Confidences that mean what they say: fitted ones are stretched to what was right.

Log-odds are stretched and shifted (Platt 1999, "Probabilistic outputs for support
vector machines"), so that the order of any two words stays, and with few pairs little
changes. ``tools/calibrate`` ends with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STRONGEST = 0.999
"""No confidence is nearer to certainty than this, or to its opposite."""
CAUTION = np.array([20.0, 5.0])
"""How firmly, before any pair, the stretch is believed to be 1 and the shift 0."""
LEAST_SLOPE = 0.05
MOST_STEPS = 50


def log_odds(probability: float | Floats) -> Floats:
    """The logarithm of p / (1 - p), of p within ``STRONGEST`` of certainty."""
    p = np.clip(np.asarray(probability, np.float64), 1.0 - STRONGEST, STRONGEST)
    return np.asarray(np.log(p / (1.0 - p)))


def probability(odds: Floats) -> Floats:
    """The logistic function, kept within ``STRONGEST``."""
    p = 1.0 / (1.0 + np.exp(-np.clip(odds, -40.0, 40.0)))
    return np.clip(p, 1.0 - STRONGEST, STRONGEST)


@dataclass(frozen=True, slots=True)
class Calibration:
    """p -> logistic(slope * log-odds(p) + shift); the slope is above 0."""

    slope: float = 1.0
    shift: float = 0.0

    def __call__(self, confidence: float) -> float:
        return float(probability(self.slope * log_odds(confidence) + self.shift))


def recalibrate(pairs: Iterable[tuple[float, bool]]) -> Calibration:
    """The calibration under which (confidence, was right) pairs are most likely.

    Maximum a posteriori by Newton's method; no pairs give the calibration that changes
    nothing. Repeatable, and independent of the order of the pairs but for rounding.
    """
    known = sorted(pairs)
    odds = log_odds(np.array([confidence for confidence, _ in known], np.float64))
    columns = np.column_stack([odds, np.ones(len(known))])
    right = np.array([was_right for _, was_right in known], np.float64)
    start = np.array([1.0, 0.0])
    found = start
    for _ in range(MOST_STEPS):
        step = _newton_step(found, start, columns, right)
        found = found - step
        if np.abs(step).max() < 1e-9:
            break
    return Calibration(max(float(found[0]), LEAST_SLOPE), float(found[1]))


def _newton_step(found: Floats, start: Floats, columns: Floats, right: Floats) -> Floats:
    expected = probability(columns @ found)
    gradient = columns.T @ (expected - right) + CAUTION * (found - start)
    curvature = (columns * (expected * (1 - expected))[:, None]).T @ columns + np.diag(CAUTION)
    return np.asarray(np.linalg.solve(curvature, gradient))
