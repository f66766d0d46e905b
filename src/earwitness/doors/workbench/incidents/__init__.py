"""Reports: sending one, the reporter's own page, the case, the outside, and who must act."""

from __future__ import annotations

from fastapi import APIRouter

from earwitness.doors.workbench.entrance import Entrance
from earwitness.doors.workbench.examinations import Examinations
from earwitness.doors.workbench.incidents import (
    case,
    escalation,
    examined,
    outside,
    own,
    reporter,
    reports,
)
from earwitness.doors.workbench.sound import Tickets


def add_routes(
    router: APIRouter, entrance: Entrance, tickets: Tickets, examinations: Examinations
) -> None:
    reports.add_routes(router, entrance.program, entrance.pages)
    case.add_routes(router, entrance.program, entrance.pages, tickets)
    examined.add_routes(router, entrance.program, examinations)
    escalation.add_routes(router, entrance.program, entrance.pages)
    own.add_routes(router, entrance.program, entrance.pages)
    reporter.add_routes(router, entrance)
    outside.add_routes(router, entrance, tickets)
