"""I heard something; and how far listeners agree."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request

from earwitness.accounts import Role
from earwitness.doors.api import shapes
from earwitness.doors.api.bearer import bearer_of
from earwitness.doors.workbench.roles import EVERYBODY, only
from earwitness.flow import listening

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness


class Agreement(shapes.Shape):
    """What blind listeners made of the same clips; null where nothing can be said."""

    clips: int
    agreed: int
    kappa: float | None
    alpha: float | None
    words: float | None


def add_routes(router: APIRouter, program: Earwitness) -> None:
    desk = _Desk(program)
    router.add_api_route("/reports", desk.reports, methods=["GET"])
    router.add_api_route("/reports", desk.report, methods=["POST"], status_code=201)
    router.add_api_route("/agreement", desk.agreement, methods=["GET"])


class _Desk:
    def __init__(self, program: Earwitness) -> None:
        self._program = program

    @only(EVERYBODY)
    def reports(self, request: Request) -> list[shapes.ReportShape]:
        """One's own; a responder sees everybody's."""
        bearer = bearer_of(request)
        own = None if Role.RESPONDER in bearer.roles else bearer.account.name
        found = self._program.records.reports(own)
        return [shapes.ReportShape(**shapes.fields(each)) for each in found]

    @only(EVERYBODY)
    def report(self, request: Request, reported: shapes.Reported) -> shapes.ReportShape:
        """Durable on return."""
        made = listening.report(
            bearer_of(request).account.name, reported.harm, reported.imminence, reported.heard,
            datetime.now(UTC), records=self._program.records, utterance_id=reported.utterance,
        )  # fmt: skip
        return shapes.ReportShape(**shapes.fields(made))

    @only(frozenset({Role.LEAD, Role.AUDITOR}))
    def agreement(self) -> Agreement:
        """Cohen's kappa, Krippendorff's alpha, and the share of words in common."""
        return Agreement(**shapes.fields(self._program.agreement()))
