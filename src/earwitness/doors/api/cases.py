"""A case, for programs of whoever may act on it. Whoever may not see one is told there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import AwareDatetime, Field

from earwitness.accounts import Account
from earwitness.doors.api import shapes
from earwitness.doors.api.bearer import bearer_of
from earwitness.doors.workbench.incidents.escalation import READERS
from earwitness.doors.workbench.incidents.originals import saved_as
from earwitness.doors.workbench.incidents.printing import printed
from earwitness.doors.workbench.roles import EVERYBODY, only
from earwitness.doors.workbench.telling import standing
from earwitness.evidence.records import Value
from earwitness.flow.incidents import acting, bundle, escalation
from earwitness.flow.incidents.cases import Look
from earwitness.flow.incidents.evidence import FILE, FLAC
from earwitness.incidents import clocks, policy
from earwitness.incidents.records import Kept
from earwitness.incidents.status import Act

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

CaseId = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
Key = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
Text = Annotated[str, Field(min_length=1, max_length=acting.LONGEST)]
Short = Annotated[str, Field(min_length=1, max_length=200)]


class Due(shapes.Shape):
    """A clock that runs: when, and what is said if nobody does anything."""

    at: datetime
    why: str


class RecordShape(shapes.Shape):
    """One record; ``unchanged`` whether it is what the log holds."""

    number: int
    kind: str
    fields: dict[str, Any]
    unchanged: bool


class CaseDetail(shapes.Shape):
    """A case as it stands. ``proposals`` are the records that wait for a second person."""

    id: str
    at: datetime
    standing: str
    due: list[Due]
    proposals: list[int]
    records: list[RecordShape]
    unchanged: bool

    @classmethod
    def of(
        cls, found: Look, said: Callable[[Kept], Mapping[str, Value]] = attrgetter("fields")
    ) -> CaseDetail:
        """``said`` is how much of a record is shown: all of it to whoever may act."""
        status = found.status
        return cls(
            id=found.row.id,
            at=found.status.opened_at,
            standing=standing(status),
            due=[Due(at=each.due, why=each.why) for each in clocks.running(status)],
            proposals=sorted(status.proposals),
            records=[
                RecordShape(
                    number=each.kept.number,
                    kind=each.kept.kind,
                    fields=dict(said(each.kept)),
                    unchanged=not each.wrong,
                )
                for each in found.records
            ],
            unchanged=not found.wrong,
        )


class Acted(shapes.Shape):
    """What stops the clock until a moment; ``whom`` owns it, was told, or was called."""

    what: Act
    whom: Short
    until: AwareDatetime
    said: Annotated[str, Field(max_length=acting.LONGEST)] = ""
    called_at: AwareDatetime | None = None


class Proposed(shapes.Shape):
    """What needs a second person, and why."""

    what: Act
    said: Text


class Agreed(shapes.Shape):
    """The number of the record that proposes it."""

    proposal: Annotated[int, Field(ge=0, lt=1 << 31)]


class Answered(shapes.Shape):
    """To the reporter; ``feedback``: it says what is done."""

    said: Text
    feedback: bool = False


class HandedOver(shapes.Shape):
    """To whom, by the name of their account."""

    to: Short
    said: Text


class Implicated(shapes.Shape):
    """Names or roles."""

    names: list[Short] = Field(min_length=1, max_length=20)


class Admitted(shapes.Shape):
    """The id of an account that came later than the report."""

    who: Short


class Asked(shapes.Shape):
    """Why somebody needs it; it goes on record."""

    why: Text


class PolicyShape(shapes.Shape):
    """A policy as text, and by rung who would be told now."""

    text: str
    told: list[list[str]]


class PolicyText(shapes.Shape):
    """As TOML."""

    text: Annotated[str, Field(min_length=1, max_length=policy.LONGEST)]


def add_routes(router: APIRouter, program: Earwitness) -> None:
    desk = _Desk(program)
    one = "/cases/{case}"
    router.add_api_route(one, desk.show, methods=["GET"])
    router.add_api_route(one + "/actions", desk.act, methods=["POST"])
    router.add_api_route(one + "/proposals", desk.propose, methods=["POST"])
    router.add_api_route(one + "/agreements", desk.agree, methods=["POST"])
    router.add_api_route(one + "/answers", desk.answer, methods=["POST"])
    router.add_api_route(one + "/hand-overs", desk.hand_over, methods=["POST"])
    router.add_api_route(one + "/implicated", desk.implicate, methods=["POST"], status_code=204)
    router.add_api_route(one + "/admitted", desk.admit, methods=["POST"])
    router.add_api_route(one + "/household", desk.grant, methods=["POST"])
    router.add_api_route(
        one + "/evidence/{sha256}",
        desk.hear,
        methods=["POST"],
        response_class=Response,
        responses={200: {"content": {FLAC: {}, FILE: {}}}},
    )
    router.add_api_route(
        one + "/bundle",
        desk.bundle,
        methods=["POST"],
        response_class=Response,
        responses={200: {"content": {"application/zip": {}}}},
    )
    router.add_api_route(
        one + "/print",
        desk.print,
        methods=["POST"],
        response_class=Response,
        responses={200: {"content": {"text/html": {}}}},
    )
    router.add_api_route("/escalation", desk.policy, methods=["GET"])
    router.add_api_route("/escalation", desk.check, methods=["POST"])


class _Desk:
    def __init__(self, program: Earwitness) -> None:
        self._program = program

    @only(EVERYBODY)
    def show(self, request: Request, case: CaseId) -> CaseDetail:
        """With every record, and what is due."""
        return CaseDetail.of(acting.seen_by(case, _by(request), self._program.incidents))

    @only(EVERYBODY)
    def act(self, request: Request, case: CaseId, did: Acted) -> CaseDetail:
        """Stops the clock of a rung until the moment that is given."""
        on, now = self._program.incidents, self._program.clock.now()
        return CaseDetail.of(
            acting.act(
                case, did.what, _by(request), now, on,
                until=did.until, whom=did.whom, said=did.said, called_at=did.called_at,
            )
        )  # fmt: skip

    @only(EVERYBODY)
    def propose(self, request: Request, case: CaseId, asked: Proposed) -> CaseDetail:
        """What closes a case, releases its hold, or opens who reported it."""
        on, now = self._program.incidents, self._program.clock.now()
        return CaseDetail.of(acting.propose(case, asked.what, asked.said, _by(request), now, on))

    @only(EVERYBODY)
    def agree(self, request: Request, case: CaseId, to: Agreed) -> CaseDetail:
        """As the second person, who stands outside the first one's line."""
        on, now = self._program.incidents, self._program.clock.now()
        return CaseDetail.of(acting.agree(case, to.proposal, _by(request), now, on))

    @only(EVERYBODY)
    def answer(self, request: Request, case: CaseId, given: Answered) -> CaseDetail:
        """To the reporter."""
        on, now = self._program.incidents, self._program.clock.now()
        made = acting.answer(case, given.said, given.feedback, _by(request), now, on)
        return CaseDetail.of(made)

    @only(EVERYBODY)
    def hand_over(self, request: Request, case: CaseId, given: HandedOver) -> CaseDetail:
        """No clock stops, and none begins again."""
        on, now = self._program.incidents, self._program.clock.now()
        return CaseDetail.of(acting.hand_over(case, given.to, given.said, _by(request), now, on))

    @only(EVERYBODY)
    def implicate(self, request: Request, case: CaseId, whom: Implicated) -> None:
        """They see nothing more of it, which may be whoever asks."""
        on, now = self._program.incidents, self._program.clock.now()
        acting.implicate(case, whom.names, _by(request), now, on)

    @only(EVERYBODY)
    def admit(self, request: Request, case: CaseId, whom: Admitted) -> CaseDetail:
        """Somebody who came later than a report that names somebody."""
        on, now = self._program.incidents, self._program.clock.now()
        return CaseDetail.of(acting.admit(case, whom.who, _by(request), now, on))

    @only(EVERYBODY)
    def grant(self, request: Request, case: CaseId, asked: Asked) -> CaseDetail:
        """Seals what other devices of the household heard in the same minute."""
        on, now = self._program.incidents, self._program.clock.now()
        return CaseDetail.of(acting.grant(case, asked.why, _by(request), now, on))

    @only(EVERYBODY)
    def hear(self, request: Request, case: CaseId, sha256: Key, asked: Asked) -> Response:
        """A sealed original as it was sealed, once it is on record who has it."""
        on, now = self._program.incidents, self._program.clock.now()
        found = acting.seen_by(case, _by(request), on)
        content = acting.heard(found, sha256, asked.why, _by(request), now, on)
        kind = FILE if saved_as(found, sha256) else FLAC
        return Response(content, media_type=kind)

    @only(EVERYBODY)
    def bundle(self, request: Request, case: CaseId, asked: Asked) -> Response:
        """Everything of the case as a bag (RFC 8493) in a ZIP, for an investigator."""
        on, now = self._program.incidents, self._program.clock.now()
        content = bundle.export(case, asked.why, _by(request), now, on)
        return Response(content, media_type="application/zip")

    @only(EVERYBODY)
    def print(self, request: Request, case: CaseId, asked: Asked) -> Response:
        """The case as one HTML page that needs nothing else, to be printed or filed."""
        on, now = self._program.incidents, self._program.clock.now()
        content = printed(case, asked.why, _by(request), now, on)
        return Response(content, media_type="text/html; charset=utf-8")

    @only(READERS)
    def policy(self) -> PolicyShape:
        """In force for new reports; a case keeps the one with which it began."""
        return self._policy(self._program.incidents.policy_text())

    @only(READERS)
    def check(self, tried: PolicyText) -> PolicyShape:
        """What another policy would mean. Nothing comes into force."""
        policy.parse(tried.text)
        return self._policy(tried.text)

    def _policy(self, text: str) -> PolicyShape:
        on, now = self._program.incidents, self._program.clock.now()
        return PolicyShape(text=text, told=escalation.who_is_told(text, now, on))


def _by(request: Request) -> Account:
    """Whose token it is, with no more roles than the token has."""
    bearer = bearer_of(request)
    return replace(bearer.account, roles=bearer.roles)
