"""I heard something; and how far listeners agree."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request

from earwitness.accounts import Role
from earwitness.doors.api import shapes
from earwitness.doors.api.bearer import bearer_of
from earwitness.doors.workbench.roles import EVERYBODY, only
from earwitness.flow.incidents import cases, codes, reporting
from earwitness.flow.incidents.cases import Look

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness


MOST = 1000
"""Cases in one answer: the most urgent."""


class Agreement(shapes.Shape):
    """What blind listeners made of the same clips; null where nothing can be said."""

    clips: int
    agreed: int
    kappa: float | None
    alpha: float | None
    words: float | None


class Acknowledged(shapes.Shape):
    """``code`` opens the reporter's page and is kept nowhere; ``receipt`` is a file's text."""

    case: str
    code: str
    receipt: str


class CaseShape(shapes.Shape):
    """A report as the store says it now; ``unchanged`` whether the log still holds that."""

    id: str
    at: datetime
    reporter: str
    harm: str
    imminence: str
    heard: str
    utterance: str | None
    records: int
    unchanged: bool

    @classmethod
    def of(cls, each: Look) -> CaseShape:
        said = each.first
        utterance = said.get("utterance")
        return cls(
            id=each.row.id,
            at=each.status.opened_at,
            reporter=str(said.get("by", "")),
            harm=str(said.get("harm", "")),
            imminence=str(said.get("imminence", "")),
            heard=str(said.get("heard", "")),
            utterance=None if utterance is None else str(utterance),
            records=len(each.records),
            unchanged=not each.wrong,
        )


def add_routes(router: APIRouter, program: Earwitness) -> None:
    desk = _Desk(program)
    router.add_api_route("/reports", desk.reports, methods=["GET"])
    router.add_api_route("/reports", desk.report, methods=["POST"], status_code=201)
    router.add_api_route("/agreement", desk.agreement, methods=["GET"])


class _Desk:
    def __init__(self, program: Earwitness) -> None:
        self._program = program

    @only(EVERYBODY)
    def reports(self, request: Request) -> list[CaseShape]:
        """One's own; a responder sees everybody's in which they are not named."""
        bearer = bearer_of(request)
        acting = replace(bearer.account, roles=bearer.roles)
        found = cases.visible(acting, self._program.incidents, MOST)
        return [CaseShape.of(each) for each in found]

    @only(EVERYBODY)
    def report(self, request: Request, reported: shapes.Reported) -> Acknowledged:
        """Sealed and committed to on return. With the same code it is the same report."""
        bearer, code = bearer_of(request), reported.code or codes.new_code()
        said = reporting.statement(
            bearer.account.name, reported.harm, reported.imminence, reported.heard,
            reported.when, "\n".join(reported.implicated), reported.utterance, bearer.account.id,
        )  # fmt: skip
        receipt = self._program.report(said, code)
        return Acknowledged(case=receipt.case, code=code, receipt=str(receipt))

    @only(frozenset({Role.LEAD, Role.AUDITOR}))
    def agreement(self) -> Agreement:
        """Cohen's kappa, Krippendorff's alpha, and the share of words in common."""
        return Agreement(**shapes.fields(self._program.agreement()))
