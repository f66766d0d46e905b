"""How long it takes until somebody acts, by the rung that did; nobody is named.

Only of cases that whoever asks may see: a number, too, would tell that there is another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median_low

from earwitness.accounts import Account
from earwitness.flow.incidents import cases
from earwitness.flow.incidents.cases import Look
from earwitness.flow.incidents.parts import Incidents
from earwitness.incidents.records import Kind, moment_of

MOST = 1000
"""Cases that are looked at: those that are due next."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Cases that had climbed to a rung, or outside, when somebody first acted; None: nobody did."""

    where: str
    cases: int
    median: timedelta | None


def time_to_action(account: Account, on: Incidents) -> Sequence[Reached]:
    """By where a case had climbed to, the quickest first."""
    acted: dict[str, list[timedelta]] = {}
    waiting = 0
    for found in cases.visible(account, on, MOST):
        where, at = _first_action(found)
        if at is None:
            waiting += 1
        else:
            acted.setdefault(where, []).append(at - found.status.opened_at)
    made = [Reached(where, len(each), median_low(each)) for where, each in acted.items()]
    made.sort(key=lambda each: each.median or timedelta())
    return [*made, *([Reached("nobody has acted", waiting, None)] if waiting else [])]


def _first_action(found: Look) -> tuple[str, datetime | None]:
    where = "nobody was told"
    for each in found.records:
        match each.kept.kind:
            case Kind.TOLD:
                where = str(each.fields.get("name"))
            case Kind.OUTSIDE:
                where = "outside"
            case Kind.ACTED | Kind.AGREED:
                return where, moment_of(each.kept, "at")
    return where, None
