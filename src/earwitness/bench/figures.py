"""Figures as they are written to JSON: ``name`` and ``name_ci``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earwitness.model import Interval
from earwitness.speech.wer import resamples

Plain = dict[str, Any]


def rate(name: str, interval: Interval | None) -> Plain:
    """A rate and its interval; null where there was nothing to divide by."""
    if interval is None:
        return {name: None, f"{name}_ci": None}
    return {name: interval.value, f"{name}_ci": [interval.low, interval.high]}


def percentiles(seconds: ArrayLike, *, factor: float = 1.0) -> Plain:
    """``p50`` and ``p99`` of some times, scaled; null of none."""
    values = np.asarray(seconds, np.float64)
    if not values.size:
        return {"p50": None, "p99": None}
    p50, p99 = np.percentile(values, [50, 99]) * factor
    return {"p50": float(p50), "p99": float(p99)}


def bootstrapped(
    metric: Callable[[NDArray[np.intp]], float], groups: Sequence[int], *, seed: int = 0
) -> Interval | None:
    """A metric over items, with its interval by drawing whole groups of them.

    ``groups`` says of each item to which group (utterance) it belongs; ``metric`` gets
    the indices of items, repeated as often as drawn, and may return nan.
    """
    members = np.asarray(groups, np.intp)
    value = metric(np.arange(len(members))) if members.size else float("nan")
    if np.isnan(value):
        return None
    _, places = np.unique(members, return_inverse=True)
    drawn = resamples(int(places.max()) + 1, seed)
    items = np.arange(len(members))
    values = [metric(np.repeat(items, times[places])) for times in drawn]
    low, high = np.nanquantile(values, [0.025, 0.975])
    return Interval(float(value), float(low), float(high))
