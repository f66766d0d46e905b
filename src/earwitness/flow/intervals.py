"""The 95 % intervals of a rate of rare events and of a share."""

from __future__ import annotations

import math
from collections.abc import Callable

from earwitness.model import Interval

_TAIL = 0.025
_Z = 1.959963984540054
"""The normal quantile that leaves ``_TAIL`` above it."""


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


def share(count: int, of: int) -> Interval | None:
    """So many out of so many, with the score interval (Wilson 1927); None of nothing.

    It stays within 0 and 1 and is of use where all or none are counted; for its merits see
    Newcombe 1998, Two-sided confidence intervals for the single proportion.

    >>> interval = share(81, 263)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.2553, 0.3662)
    """
    if of <= 0:
        return None
    value, slack = count / of, _Z**2 / of
    middle = (value + slack / 2) / (1 + slack)
    half = _Z * math.sqrt(value * (1 - value) / of + slack / of / 4) / (1 + slack)
    low = 0.0 if count == 0 else middle - half
    return Interval(value, low, 1.0 if count == of else middle + half)


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
