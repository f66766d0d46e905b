"""How sure the figures of agreement are.

The percentile bootstrap over clips (Efron 1979), as Zapf et al. 2016, Measuring
inter-rater reliability for nominal data, recommend for alpha: clips are drawn again with
replacement, and the coefficient is computed of each draw. Both coefficients follow from
sums over clips, so a draw only has to say how often each kind of clip was drawn.

Where nobody ever disagreed every draw looks alike, and the low end comes from the rule
of three (Hanley & Lippman-Hand 1983): up to 3 in n clips may still be disagreed on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from earwitness.model import Interval
from earwitness.review.agreement import cohen_kappa, krippendorff_alpha

RESAMPLES = 1_000
RULE_OF_THREE = 3.0

_Table = NDArray[np.float64]
"""Pairs of values, ``[draws, values, values]``."""
_Values = Sequence[Hashable]


def kappa_with_interval(pairs: Sequence[tuple[Hashable, Hashable]]) -> Interval | None:
    """Cohen's kappa with its 95 % interval, the same for the same pairs; None as ``cohen_kappa``.

    With few clips it is too narrow: trust it from some twenty on.
    """
    return _interval(cohen_kappa(pairs), pairs, _once, _kappas)


def alpha_with_interval(units: Iterable[_Values]) -> Interval | None:
    """Krippendorff's alpha with its 95 % interval; None as ``krippendorff_alpha``."""
    several = [tuple(unit) for unit in units if len(unit) > 1]
    return _interval(krippendorff_alpha(several), several, _both_ways, _alphas)


def _interval(
    value: float | None,
    units: Sequence[_Values],
    table: Callable[[_Values, Sequence[Hashable]], _Table],
    coefficients: Callable[[_Table], tuple[_Table, _Table]],
) -> Interval | None:
    if value is None:
        return None
    kinds = Counter(units)
    names = sorted({each for unit in units for each in unit}, key=repr)
    tables = np.stack([table(kind, names) for kind in kinds])
    counts = np.fromiter(kinds.values(), dtype=np.float64)
    if value >= 1.0:
        _, by_chance = coefficients(np.tensordot(counts[None], tables, axes=1))
        return Interval(value, max(-1.0, 1 - RULE_OF_THREE / len(units) / by_chance[0]), 1.0)
    drawn = np.random.default_rng(0).multinomial(len(units), counts / counts.sum(), RESAMPLES)
    found, _ = coefficients(np.tensordot(drawn.astype(np.float64), tables, axes=1))
    low, high = np.nanquantile(found, [0.025, 0.975])
    return Interval(value, float(low), float(high))


def _once(pair: _Values, names: Sequence[Hashable]) -> _Table:
    made = np.zeros((len(names), len(names)))
    made[names.index(pair[0]), names.index(pair[1])] = 1
    return made


def _both_ways(unit: _Values, names: Sequence[Hashable]) -> _Table:
    """The unit's coincidences: every ordered pair, each unit weighing as many as it has values."""
    counts = np.array([sum(each == name for each in unit) for name in names], dtype=np.float64)
    return np.asarray((np.outer(counts, counts) - np.diag(counts)) / (len(unit) - 1))


def _kappas(tables: _Table) -> tuple[_Table, _Table]:
    """The coefficient of each table, and the share of disagreement that chance would give."""
    total = tables.sum(axis=(1, 2))
    agreed = np.trace(tables, axis1=1, axis2=2) / total
    by_chance = 1 - (tables.sum(axis=1) * tables.sum(axis=2)).sum(axis=1) / total**2
    return _beyond(1 - agreed, by_chance), by_chance


def _alphas(tables: _Table) -> tuple[_Table, _Table]:
    total = tables.sum(axis=(1, 2))
    differing = 1 - np.trace(tables, axis1=1, axis2=2) / total
    by_chance = (total**2 - (tables.sum(axis=1) ** 2).sum(axis=1)) / (total * (total - 1))
    return _beyond(differing, by_chance), by_chance


def _beyond(found: _Table, by_chance: _Table) -> _Table:
    """nan where a draw has one value alone, of which nothing can be said."""
    known = by_chance > 1e-12
    share = np.divide(found, by_chance, out=np.full(len(found), np.nan), where=known)
    return np.asarray(1 - share)
