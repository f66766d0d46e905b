"""Small plots as SVG, computed here and drawn by ``plot.html``: no script, no style in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 12, 32
TICKS = 4
MOST_EVENTS = 40
"""More lines than this would hide the curve; the newest stay."""


@dataclass(frozen=True, slots=True)
class Point:
    """A value with its interval, at a day."""

    at: date
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A point in pixels: ``top`` and ``bottom`` are the ends of its interval."""

    x: float
    y: float
    top: float
    bottom: float
    label: str


@dataclass(frozen=True, slots=True)
class Tick:
    place: float
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Everything in pixels, from the top left; labels are plain text for the template."""

    title: str
    marks: tuple[Mark, ...]
    line: str
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    events: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def over_time(
    title: str,
    points: Sequence[Point],
    events: Sequence[tuple[date, str]] = (),
    until: date | None = None,
) -> Plot:
    """Fractions over days, as per cent; events are upright lines. ``points`` in order, some.

    A point stands where its period begins, so the last one may go on, ``until`` today.
    """
    first, last = points[0].at, max(points[-1].at, until or points[-1].at)
    step = _step(min(each.low for each in points), max(each.high for each in points))
    bottom = math.floor(min(each.low for each in points) / step + 1e-9) * step
    top = math.ceil(max(each.high for each in points) / step - 1e-9) * step
    top = max(top, bottom + step)

    def x(day: date) -> float:
        days = (last - first).days
        share = (day - first).days / days if days else 0.5
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        share = (value - bottom) / (top - bottom)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    marks = tuple(
        Mark(x(each.at), y(each.value), y(each.high), y(each.low), _label(each)) for each in points
    )
    shown = [(day, name) for day, name in events if first <= day <= last][-MOST_EVENTS:]
    return Plot(
        title=title,
        marks=marks,
        line=" ".join(f"{mark.x},{mark.y}" for mark in marks),
        across=tuple(Tick(x(day), day.isoformat()) for day in _some(points)),
        up=tuple(
            Tick(y(bottom + number * step), f"{100 * (bottom + number * step):g} %")
            for number in range(round((top - bottom) / step) + 1)
        ),
        events=tuple(Tick(x(day), name) for day, name in shown),
    )


def _step(low: float, high: float) -> float:
    """1, 2 or 5 of a power of ten, so that there are about ``TICKS`` of them.

    >>> _step(0.31, 0.78), _step(0.0, 0.0)
    (0.2, 0.01)
    """
    rough = (high - low) / TICKS
    if rough <= 0.0:
        return 0.01
    power = 10.0 ** math.floor(math.log10(rough))
    found = next(each for each in (1, 2, 5, 10) if each * power >= rough * (1 - 1e-9))
    return round(found * power, 12)


def _some(points: Sequence[Point]) -> list[date]:
    """The first, the middle and the last day."""
    days = [each.at for each in points]
    return list(dict.fromkeys((days[0], days[len(days) // 2], days[-1])))


def _label(each: Point) -> str:
    value, low, high = (f"{100 * number:.1f}" for number in (each.value, each.low, each.high))
    return f"{each.at.isoformat()}: {value} % ({low} to {high})"
