"""How well the machine hears, over time and around each revision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from earwitness.doors.workbench.lead.desk import LEAD, LEADS, Desk, exact, now
from earwitness.doors.workbench.lead.terms import REVISION
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.plots import Plot, Point, over_time
from earwitness.doors.workbench.roles import only
from earwitness.doors.workbench.sound import Tickets
from earwitness.doors.workbench.tables import Asked, Cell, Column, Row, in_memory
from earwitness.errors import InputError
from earwitness.flow import accuracy, overview
from earwitness.flow.accuracy import Accuracy, Estimate, Period
from earwitness.model import Interval
from earwitness.review.queue import AUDIT

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

ACCURACY = f"{LEAD}/accuracy"
DAYS = (28, 84, 365)
NEWEST = 3000
"""Clips of the sample that are scored for a page."""
MOST_CHANGES = 20
_COLUMNS = (
    Column("start", "From"),
    Column("utterances", "Utterances", number=True),
    Column("right", "Without an error, %", number=True),
    Column("right_interval", "95 %", sortable=False, number=True),
    Column("wer", "Word error, %", number=True),
    Column("wer_interval", "95 %", sortable=False, number=True),
)


def add_routes(router: APIRouter, program: Earwitness, pages: Pages, tickets: Tickets) -> None:
    router.add_api_route(ACCURACY, _Accuracy(program, pages, tickets).accuracy, methods=["GET"])


@dataclass(frozen=True, slots=True)
class _Listed:
    start: date
    estimate: Estimate

    @property
    def utterances(self) -> int:
        return self.estimate.utterances

    @property
    def right(self) -> float | None:
        return self.estimate.right.value if self.estimate.right else None

    @property
    def wer(self) -> float | None:
        return self.estimate.wer.value if self.estimate.wer else None


class _Accuracy(Desk):
    @only(LEADS)
    def accuracy(self, request: Request) -> Response:
        asked = Asked.of(request, _COLUMNS, sort="start", others=("period", "days"))
        period, days = _period(dict(asked.others)), _days(dict(asked.others))
        since = now() - timedelta(days=days)
        closed = self.records.newest_closed(NEWEST, since=since, reason=AUDIT)
        revisions = [each for each in self.records.history(1000) if each[1] >= since]
        found = accuracy.accuracy(
            (each for each in closed if each.utterance.heard_at >= since), revisions, period
        )
        table = in_memory(
            f"By {period.value}", _COLUMNS, [_Listed(*each) for each in found.periods], asked,
            _row, filtered=False, note="No clip of the audit sample was judged in this time.",
        )  # fmt: skip
        return self.listed(
            request,
            "accuracy.html",
            table,
            found=found,
            period=period,
            periods=list(Period),
            days=days,
            choices=DAYS,
            cut=NEWEST if len(closed) == NEWEST else 0,
            waiting=self.records.count_at_most(overview.MOST + 1, reason=AUDIT),
            changes=found.changes[:MOST_CHANGES],
            plots=_plots(found, now().date()),
            exact=exact,
            here_path=ACCURACY,
            revision_path=REVISION,
        )


def _plots(found: Accuracy, today: date) -> list[Plot]:
    events = [(each.published_at.date(), f"revision {each.revision}") for each in found.changes]
    drawn: list[Plot] = []
    for title, name in (
        ("Share of utterances without an error", "right"),
        ("Word error rate", "wer"),
    ):
        points = [
            Point(start, interval.value, interval.low, interval.high)
            for start, estimate in found.periods
            if (interval := getattr(estimate, name)) is not None
        ]
        if points:
            drawn.append(over_time(f"{title}, with 95 % intervals", points, events[::-1], today))
    return drawn


def _row(each: _Listed) -> Row:
    return {
        "start": Cell(each.start.isoformat()),
        "utterances": Cell(each.utterances),
        "right": _value(each.estimate.right),
        "right_interval": _spread(each.estimate.right),
        "wer": _value(each.estimate.wer),
        "wer_interval": _spread(each.estimate.wer),
    }


def _value(found: Interval | None) -> Cell:
    return (
        Cell(None)
        if found is None
        else Cell(round(100 * found.value, 2), f"{100 * found.value:.1f}")
    )


def _spread(found: Interval | None) -> Cell:
    return Cell(None) if found is None else Cell(f"{100 * found.low:.1f} to {100 * found.high:.1f}")


def _period(chosen: dict[str, str]) -> Period:
    try:
        return Period(chosen.get("period", Period.WEEK))
    except ValueError as error:
        raise InputError("Accuracy is told by day or by week.") from error


def _days(chosen: dict[str, str]) -> int:
    given = chosen.get("days", str(DAYS[1]))
    if given not in map(str, DAYS):
        raise InputError(f"Accuracy is told of {', '.join(map(str, DAYS))} days.")
    return int(given)
