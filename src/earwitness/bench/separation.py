"""How well a confidence tells right from wrong."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

BINS = 15


def auc(confidence: Floats, wrong: Bools) -> float:
    """The area under the ROC curve: how often a wrong one has less confidence than a right one.

    Ties count half (Mann & Whitney 1947). nan where all are right, or all wrong.
    """
    bad, good = int(wrong.sum()), int((~wrong).sum())
    if not bad or not good:
        return math.nan
    _, place, counts = np.unique(confidence, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    below = ranks[wrong].sum() - bad * (bad + 1) / 2
    return 1.0 - float(below) / (bad * good)


def ece(confidence: Floats, wrong: Bools, bins: int = BINS) -> float:
    """Expected calibration error over ``bins`` bins of equal mass, a fraction.

    The mean over bins of |share right - mean confidence|, weighted by size (Naeini et
    al. 2015; equal mass as in Nguyen & O'Connor 2015, since most words are certain).
    """
    if not confidence.size:
        return math.nan
    order = np.argsort(confidence, kind="stable")
    parts = np.array_split(order, min(bins, confidence.size))
    gaps = [abs(float((~wrong[part]).mean() - confidence[part].mean())) for part in parts]
    return float(np.average(gaps, weights=[part.size for part in parts]))


def caught(confidence: Floats, wrong: Bools, share: float) -> float:
    """The share of the wrong ones among the ``share`` with the least confidence.

    Of equally doubtful ones the expected share is taken. nan where nothing is wrong.
    """
    if not wrong.any():
        return math.nan
    most = share * confidence.size
    values, place, counts = np.unique(confidence, return_inverse=True, return_counts=True)
    bad = np.bincount(place, weights=wrong, minlength=values.size)
    before = np.concatenate([[0], np.cumsum(counts)[:-1]])
    taken = np.clip((most - before) / counts, 0.0, 1.0)
    return float((taken * bad).sum() / wrong.sum())
