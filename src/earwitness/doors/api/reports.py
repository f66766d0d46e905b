"""I heard something; and how far listeners agree."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from earwitness.accounts import Role
from earwitness.doors.api import shapes
from earwitness.doors.api.bearer import bearer_of
from earwitness.doors.api.cases import CaseDetail, CaseId, Implicated
from earwitness.doors.workbench.guard import MAX_BODY
from earwitness.doors.workbench.roles import EVERYBODY, only, up_to
from earwitness.errors import InputError
from earwitness.flow.incidents import acting, cases, codes, logbook, reporting, showing
from earwitness.flow.incidents.cases import Look
from earwitness.flow.incidents.evidence import LARGEST_FILE, Brought

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


class Receipted(shapes.Shape):
    """``receipt`` is a file's text."""

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
    one = "/reports/{case}"
    router.add_api_route(one, desk.own, methods=["GET"])
    router.add_api_route(one + "/additions", desk.add, methods=["POST"], status_code=201)
    router.add_api_route(one + "/files", desk.bring, methods=["POST"], status_code=201)
    router.add_api_route(one + "/implicated", desk.implicate, methods=["POST"], status_code=201)
    router.add_api_route(one + "/receipt", desk.receipt, methods=["GET"])
    router.add_api_route(one + "/now", desk.now, methods=["GET"])
    router.add_api_route("/agreement", desk.agreement, methods=["GET"])


class Addition(shapes.Shape):
    """What else the reporter has to say; ``retaliation``: that somebody makes them pay for it."""

    text: Annotated[str, Field(min_length=1, max_length=acting.LONGEST)]
    retaliation: bool = False
    utterance: Annotated[str, Field(max_length=200)] = ""


class BroughtFile(shapes.Shape):
    """``content`` in base64; sealed as it is."""

    name: Annotated[str, Field(max_length=1000)]
    about: Annotated[str, Field(min_length=1, max_length=acting.LONGEST)]
    content: Annotated[str, Field(min_length=1)]

    def brought(self) -> Brought:
        """Raises InputError."""
        try:
            return Brought(self.name, b64decode(self.content, validate=True))
        except ValueError as error:
            raise InputError("content is not in base64.") from error


class _Desk:
    def __init__(self, program: Earwitness) -> None:
        self._program = program

    @only(EVERYBODY)
    def reports(self, request: Request) -> list[CaseShape]:
        """One's own; a responder sees everybody's in which they are not named."""
        bearer = bearer_of(request)
        acting = replace(bearer.account, roles=bearer.roles)
        now = self._program.clock.now()
        found = cases.most_urgent(acting, now, self._program.incidents, MOST)
        return [CaseShape.of(each) for each in found]

    @only(EVERYBODY)
    def report(self, request: Request, reported: shapes.Reported) -> Acknowledged:
        """Sealed and committed to on return. With the same code it is the same report.

        A name in ``implicated`` that is nobody's is refused, unless ``whoever``.
        """
        bearer, code = bearer_of(request), reported.code or codes.new_code()
        said = reporting.statement(
            bearer.account.name, reported.harm, reported.imminence, reported.heard,
            reported.when, "\n".join(reported.implicated), reported.utterance, bearer.account.id,
            reported.confidential,
        )  # fmt: skip
        if not reported.whoever:
            reporting.ask(said, self._program.incidents)
        receipt = self._program.report(said, code)
        return Acknowledged(case=receipt.case, code=code, receipt=str(receipt))

    @only(EVERYBODY)
    def own(self, request: Request, case: CaseId) -> CaseDetail:
        """One's own, as its page says it; unless it is confidential: its code alone opens that."""
        return CaseDetail.of(self._own(request, case), showing.said)

    @only(EVERYBODY)
    def add(self, request: Request, case: CaseId, said: Addition) -> Receipted:
        """To one's own report; acknowledged on return."""
        self._own(request, case)
        on, now = self._program.incidents, self._program.clock.now()
        made = reporting.add_to(case, said.text, now, on, said.retaliation, said.utterance)
        return Receipted(receipt=str(made))

    @only(EVERYBODY)
    @up_to(LARGEST_FILE * 4 // 3 + MAX_BODY)
    def bring(self, request: Request, case: CaseId, file: BroughtFile) -> Receipted:
        """A file to one's own report; acknowledged on return."""
        self._own(request, case)
        on, now = self._program.incidents, self._program.clock.now()
        made = reporting.bring_to(case, file.brought(), file.about, now, on)
        return Receipted(receipt=str(made))

    @only(EVERYBODY)
    def implicate(self, request: Request, case: CaseId, whom: Implicated) -> Receipted:
        """Whoever is named sees nothing more of it."""
        self._own(request, case)
        on, now = self._program.incidents, self._program.clock.now()
        return Receipted(receipt=str(reporting.implicate_in(case, whom.names, now, on)))

    @only(EVERYBODY)
    def receipt(self, request: Request, case: CaseId) -> Receipted:
        """A new one of one's own report."""
        self._own(request, case)
        return Receipted(receipt=str(logbook.receipt(case, self._program.incidents.book)))

    @only(EVERYBODY)
    def now(self, request: Request, case: CaseId) -> Response:
        """What the store says of it now, to be held against a receipt somewhere else."""
        self._own(request, case)
        shown = showing.to_reporter(case, self._program.incidents)
        return Response(str(shown), media_type="application/json")

    def _own(self, request: Request, case: str) -> Look:
        return reporting.own(case, bearer_of(request).account, self._program.incidents)

    @only(frozenset({Role.LEAD, Role.AUDITOR}))
    def agreement(self) -> Agreement:
        """Cohen's kappa, Krippendorff's alpha, and the share of words in common."""
        return Agreement(**shapes.fields(self._program.agreement()))
