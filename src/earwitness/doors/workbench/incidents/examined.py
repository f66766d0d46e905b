"""Evidence of a case on the Sound page: opened for a reason, which goes into the case first."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from earwitness import __version__
from earwitness.accounts import Account
from earwitness.doors.workbench.examinations import EXAMINE, Examinations, Opened
from earwitness.doors.workbench.incidents.reports import CASE
from earwitness.doors.workbench.roles import EVERYBODY, only
from earwitness.doors.workbench.sound import plain
from earwitness.doors.workbench.visitors import visitor_of
from earwitness.errors import InputError
from earwitness.examining import Evidence
from earwitness.flow.incidents import acting
from earwitness.flow.incidents.evidence import FILE
from earwitness.incidents.records import Kind

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

log = structlog.get_logger(__name__)
Field = Annotated[str, Form()]


def add_routes(router: APIRouter, program: Earwitness, examinations: Examinations) -> None:
    desk = _Desk(program, examinations)
    router.add_api_route(CASE + "/{case}/examine", desk.examine, methods=["POST"])


class _Desk:
    def __init__(self, program: Earwitness, examinations: Examinations) -> None:
        self._program, self._examinations = program, examinations

    @only(EVERYBODY)
    async def examine(
        self, request: Request, case: str, sha256: Field = "", why: Field = ""
    ) -> Response:
        """For whoever may see the case. Raises InputError without a reason, NotFound."""
        visitor, evidence = visitor_of(request), Evidence(case, sha256)
        reason = plain(why)
        await asyncio.to_thread(self._noted, evidence, reason, visitor.account)
        new = Opened(evidence.subject, visitor.account.name, reason)
        self._examinations.open(visitor.session.id, new, datetime.now(UTC))
        log.info("examination opened", case=case, account=visitor.account.id)
        return RedirectResponse(f"{EXAMINE}/{evidence.subject}", status_code=303)

    def _noted(self, evidence: Evidence, why: str, account: Account) -> None:
        on, now = self._program.incidents, self._program.clock.now()
        found = acting.seen_by(evidence.case, account, on)
        sealed = (each.fields for each in found.records if each.kept.kind == Kind.SEALED)
        if any(each["sha256"] == evidence.sha256 and each["format"] == FILE for each in sealed):
            raise InputError("Save this file, and examine it with `earwitness sound`.")
        look = {"step": "pictures and measurements", "earwitness": __version__}
        acting.heard(found, evidence.sha256, why, account, now, on, [look], how="examined")
