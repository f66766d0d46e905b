"""A bar beside what was reached."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One bar. ``met`` is None where it could not be measured."""

    what: str
    bar: str
    reached: str
    met: bool | None
