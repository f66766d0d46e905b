"""When two recordings of one event run together, and how sure that is; or why they are not one.

What both heard is found window by window (``correlated``), the delays become a line
(``lines``), and the line is believed only where all its windows together stand out from
chance. Samples that a recorder dropped are a break in the line, and are told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from earwitness.errors import TooLarge
from earwitness.sound.recording import Recording
from earwitness.sound.several.breaks import Break, Piece, jumps, pieces
from earwitness.sound.several.correlated import Blocks, Curve, Floats, Peak, curves, peaks, refined
from earwitness.sound.several.lines import MOST_DRIFT, Fit, Line, fitted, likeliest
from earwitness.sound.several.sinc import sampled
from earwitness.sound.several.whitened import RATE, Heard, Signal, whitened

MOST_SECONDS = 600.0
LEAST_SECONDS = 0.5
SEARCH = 4 * RATE
"""The window, in samples, that is looked for anywhere."""
FINE = 2 * RATE
"""The window of which the delay is measured; one starts every half of it."""
REACH = 25 * RATE // 1000
"""How far around the line found first the best one is looked for."""
NEAR = RATE // 2000
"""A window's delay is looked for so near the line: half a millisecond."""
FALSE_ALARM = 1e-3
"""How often two unrelated recordings may pass, were all their sounds independent."""
MARGIN = 1.1
"""By how much more it takes, since neighbouring stretches are not quite independent."""
STRETCH = RATE // 250
"""Samples of which the agreement is one vote."""
ELSEWHERE = 0.1
"""Seconds from a line, beyond which a peak is no early echo of it."""
RIVALS = 0.7
"""What fits elsewhere by so much of the best is as likely."""
AGREES = 4.0
"""A window at least so high on the line agrees with it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why two recordings are taken for one event.

    ``peak`` is how many standard deviations of chance the correlation along the line
    stands out, ``needed`` how many are asked for; ``windows`` were looked at, each of
    ``FINE`` samples, and ``agreeing`` of them have the delay by themselves.
    """

    peak: float
    needed: float
    windows: int
    agreeing: int
    overlap_s: float


@dataclass(frozen=True, slots=True)
class Aligned:
    """``time in other = time in reference * (1 + drift_ppm / 1e6) + offset_s + jumps before it``.

    Times are seconds from the first sample of each recording by its own nominal rate; so
    ``drift_ppm`` is positive where the other's clock runs faster. ``jump_s`` of every break
    up to a moment is added. ``uncertainty_ms`` is half the width of the interval that holds
    the line with 95 % at the worst moment of the overlap, as the delays scatter around it;
    an echo that is taken for the direct sound in every window is not in it. A drift that
    a short overlap cannot show is taken for small, see ``lines.USUAL_DRIFT``, and the
    uncertainty says so.
    """

    offset_s: float
    drift_ppm: float
    uncertainty_ms: float
    evidence: Evidence
    breaks: tuple[Break, ...] = ()

    def in_other(self, moment: float) -> float:
        """The time in the other recording of a time in the reference, both in seconds."""
        jumped = sum(each.jump_s for each in self.breaks if each.at_s <= moment)
        return moment * (1 + self.drift_ppm * 1e-6) + self.offset_s + jumped


@dataclass(frozen=True, slots=True)
class NotSame:
    """Two recordings that do not show that they heard the same; ``reason`` has the figures.

    ``peak`` and ``needed`` are as in ``Evidence``; 0 where nothing could be compared.
    """

    reason: str
    peak: float = 0.0
    needed: float = 0.0


def align(
    reference: Recording, other: Recording, coarse: float | None = None, *, within: float = 10.0
) -> Aligned | NotSame:
    """Where ``reference`` is heard in ``other``.

    ``coarse`` is what clocks say about ``Aligned.offset_s``, in seconds, and ``within`` by
    how much they may be wrong; without it every offset is tried. Takes recordings of up to
    ten minutes, at any rate and with any channels. Raises TooLarge for a longer one.
    """
    for each in (reference, other):
        _check(each)
    return _aligned(whitened(reference), whitened(other), coarse, within)


def _check(recording: Recording) -> None:
    if recording.seconds > MOST_SECONDS:
        raise TooLarge(
            f"A recording of {recording.seconds:.0f} s is too long to align at once; name a"
            f" stretch of at most {MOST_SECONDS:.0f} s of it."
        )


def _aligned(one: Heard, two: Heard, coarse: float | None, within: float) -> Aligned | NotSame:
    refused = _unusable("reference", one) or _unusable("other recording", two)
    if refused:
        return NotSame(refused)
    first, last = _lags(one, two, coarse, within)
    if last <= first:
        return NotSame(
            f"By their clocks, {coarse} s apart, the recordings do not overlap; leave the"
            " clocks out if they may be wrong."
        )
    search = Blocks(two.dense, min(SEARCH, len(one), len(two)))
    every = peaks(one.dense, search, (first, last))
    found = pieces(every)
    if not found:
        return NotSame("There is no moment at which both recordings hold more than steady noise.")
    return _judged(one, two, found, _elsewhere(every, found), last - first)


def _unusable(name: str, signal: Heard) -> str | None:
    if len(signal) < LEAST_SECONDS * RATE:
        return f"The {name} has {len(signal) / RATE:.2f} s; it takes {LEAST_SECONDS} s to compare."
    if not signal.dense.any():
        return f"The {name} holds silence or steady noise alone, in which nothing can be found."
    return None


def _lags(one: Heard, two: Heard, coarse: float | None, within: float) -> tuple[int, int]:
    """The lags in samples at which the two overlap and their clocks allow it."""
    least = min(len(one), len(two), SEARCH) // 2
    first, last = least - len(one), len(two) - least
    if coarse is None:
        return first, last
    return (
        max(first, math.floor((coarse - within) * RATE)),
        min(last, math.ceil((coarse + within) * RATE)),
    )


def _elsewhere(every: Sequence[Peak], found: Sequence[Piece]) -> Line | None:
    """The likeliest line of what lies too far from those found to be an echo of them."""
    rest = [
        each
        for each in every
        if all(abs(each.lag - piece.line.at(each.at)) > ELSEWHERE for piece in found)
    ]
    best = likeliest(rest)
    return best[0] if best else None


def _judged(
    one: Heard, two: Heard, found: Sequence[Piece], elsewhere: Line | None, lags: int
) -> Aligned | NotSame:
    """Believed by what is dense, if it fits nowhere else; then the direct sound is looked for
    nearby.
    """
    breaks = jumps(one.dense, two.dense, found)
    needed = threshold(lags, len(one) / RATE)
    rough = _lined(one.dense, two.dense, [piece.line for piece in found], breaks)
    peak = 0.0 if rough is None else agreement(one.dense, two.dense, rough)
    if rough is None or peak < needed:
        return NotSame(
            f"Where they fit best, they agree {peak:.1f} standard deviations above"
            f" chance; {needed:.1f} are asked for, so that unrelated recordings do not pass.",
            peak,
            needed,
        )
    rival = _lined(one.dense, two.dense, [elsewhere], ()) if elsewhere else None
    if rival and (as_well := agreement(one.dense, two.dense, rival)) >= max(needed, RIVALS * peak):
        return NotSame(
            f"They fit with an offset of {rough.offset_s:.2f} s ({peak:.1f} standard deviations"
            f" above chance) and elsewhere, with {rival.offset_s:.2f} s ({as_well:.1f}): what both"
            " hold repeats itself, or is of two events. Say by clocks where to look.",
            peak,
            needed,
        )
    offsets = [rough.offset_s, *(each.jump_s for each in rough.breaks)]
    drift = rough.drift_ppm * 1e-6
    lines = [Line(offset, drift) for offset in np.cumsum(offsets).tolist()]
    aligned = _lined(one.sharp, two.sharp, lines, rough.breaks) or rough
    return replace(aligned, evidence=replace(aligned.evidence, peak=peak, needed=needed))


def _lined(
    one: Signal, two: Signal, lines: Sequence[Line], breaks: Sequence[Break]
) -> Aligned | None:
    """The best lines near those given, one a piece; None where a piece has no window."""
    blocks = Blocks(two, min(FINE, len(one), len(two)))
    edges = [0.0, *(each.at_s for each in breaks), len(one) / RATE]
    best = [
        _best(one, blocks, line, start, end)
        for line, (start, end) in zip(lines, pairwise(edges), strict=True)
    ]
    return _told(fitted(best), best, breaks) if all(best) else None


def agreement(one: Signal, two: Signal, aligned: Aligned) -> float:
    """How far two whitened signals agree along a line, in standard deviations of chance.

    The sum of their product over stretches of ``STRETCH`` samples, over the root of its sum
    of squares. Of unrelated signals each stretch is as often below zero as above, and such a
    self-normalised sum exceeds ``x`` with a chance of at most ``exp(-x * x / 2)``, however
    unequal the stretches are (Efron 1969): one loud coincidence counts as 1.
    """
    edges = [0, *(round(each.at_s * RATE) for each in aligned.breaks), len(one)]
    step = 1 + aligned.drift_ppm * 1e-6
    moved = [
        sampled(two[:, None], aligned.in_other(first / RATE) * RATE, step, end - first)[:, 0]
        for first, end in pairwise(edges)
    ]
    product = one * np.concatenate(moved)
    sums = np.add.reduceat(product.astype(np.float64), np.arange(0, len(product), STRETCH))
    return float(sums.sum() / math.sqrt(float(np.vdot(sums, sums)) + 1e-30))


def threshold(lags: int, seconds: float) -> float:
    """What the best of so many trials must reach, in standard deviations.

    The highest of ``n`` independent normal values exceeds ``sqrt(2 ln(n / p))`` with a
    chance of less than ``p`` (the union bound with Mills' ratio). The trials are the lags,
    times the drifts that can be told apart.
    """
    drifts = 1 + 2 * MOST_DRIFT * seconds * 1000
    return MARGIN * math.sqrt(2 * math.log(max(2, lags) * drifts / FALSE_ALARM))


def _best(one: Signal, blocks: Blocks, line: Line, start: float, end: float) -> list[Peak]:
    """The delay of each window between two moments, near the line on which all are highest."""
    half = blocks.window / RATE / 2
    around = [
        curve
        for curve in curves(one, blocks, line.at, REACH, max(1, blocks.window // 2))
        if start <= curve.at - half + 1e-3 and curve.at + half - 1e-3 <= end
    ]
    if not around:
        return []
    slope, place = _summed(around)
    middle = float(np.mean([curve.at for curve in around]))
    return [_delay(c, place + slope * (c.at - middle) * RATE) for c in around]


def _summed(around: Sequence[Curve]) -> tuple[float, float]:
    """The change of drift and the place at which all curves together are highest."""
    stack = np.array([curve.z for curve in around])
    at = np.array([curve.at for curve in around]) - np.mean([curve.at for curve in around])
    longest = max(float(np.abs(at).max()), 1e-9)
    most = min(MOST_DRIFT, REACH / 2 / RATE / longest)
    steps = math.ceil(most * longest * RATE / 2)
    highest, best = -1.0, (0.0, 0.0)
    for slope in np.linspace(-most, most, 2 * steps + 1):
        together = _along(stack, slope * at * RATE)
        place = int(np.argmax(together))
        if together[place] > highest:
            highest, best = float(together[place]), (float(slope), float(place))
    return best


def _along(stack: Floats, shifts: Floats) -> Floats:
    """The curves, each moved by its shift, as one of the same scale."""
    columns = np.arange(stack.shape[1]) + np.round(shifts).astype(int)[:, None]
    moved = np.take_along_axis(stack, np.clip(columns, 0, stack.shape[1] - 1), axis=1)
    summed: Floats = moved.sum(axis=0) / math.sqrt(len(stack))
    return summed


def _delay(curve: Curve, place: float) -> Peak:
    """The window's own peak nearest to a place on its curve."""
    first = int(np.clip(round(place) - NEAR, 0, len(curve.z) - 1))
    near = curve.z[first : round(place) + NEAR + 1]
    top = first + int(np.argmax(near)) if len(near) else first
    return Peak(curve.at, (curve.first + refined(curve.z, top)) / RATE, float(curve.z[top]))


def _told(fit: Fit, best: Sequence[Sequence[Peak]], breaks: Sequence[Break]) -> Aligned:
    agreeing = sum(
        abs(peak.lag - offset - fit.drift * peak.at) <= NEAR / RATE and peak.z >= AGREES
        for delays, offset in zip(best, fit.offsets, strict=True)
        for peak in delays
    )
    ends = [
        fit.deviation(number, peak.at)
        for number, delays in enumerate(best)
        for peak in (delays[0], delays[-1])
    ]
    evidence = Evidence(
        peak=0.0,
        needed=0.0,
        windows=sum(map(len, best)),
        agreeing=agreeing,
        overlap_s=sum(delays[-1].at - delays[0].at + FINE / RATE for delays in best),
    )
    told = tuple(
        replace(each, jump_s=after - before)
        for each, (before, after) in zip(breaks, pairwise(fit.offsets), strict=True)
    )
    return Aligned(fit.offsets[0], fit.drift * 1e6, 1.96e3 * max(ends), evidence, told)
