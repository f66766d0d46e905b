"""The 95 % interval of a rate of rare events."""

from __future__ import annotations

import math
from collections.abc import Callable

from earwitness.model import Interval

_TAIL = 0.025


def rate(count: int, hours: float) -> Interval:
    """Events an hour with the exact Poisson interval (Garwood 1936).

    >>> interval = rate(0, 2.0)
    >>> round(interval.high, 3)
    1.844
    """
    if hours <= 0:
        return Interval(0.0, 0.0, math.inf)
    low = _solve(lambda mean: 1 - _at_most(count - 1, mean) < _TAIL, count) if count else 0.0
    high = _solve(lambda mean: _at_most(count, mean) > _TAIL, count)
    return Interval(count / hours, low / hours, high / hours)


def _at_most(count: int, mean: float) -> float:
    """P(X <= count) of a Poisson variable."""
    term = total = math.exp(-mean)
    for step in range(1, count + 1):
        term *= mean / step
        total += term
    return total if count >= 0 else 0.0


def _solve(is_below: Callable[[float], bool], count: int) -> float:
    """The mean at which ``is_below`` turns false, by bisection."""
    low, high = 0.0, 10.0 + 3.0 * count
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if is_below(middle) else (low, middle)
    return (low + high) / 2
