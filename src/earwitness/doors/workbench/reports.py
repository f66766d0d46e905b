"""I heard something: a report from any clip, kept at once; who reported sees what they said."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from secrets import token_hex
from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.accounts import Role
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.roles import EVERYBODY, only
from earwitness.doors.workbench.sound import FOR_A_REASON
from earwitness.doors.workbench.visitors import visitor_of
from earwitness.errors import InputError, NotFound
from earwitness.flow import listening
from earwitness.listening import Harm, Imminence
from earwitness.ports import AccountRecords

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

REPORTS = "/workbench/reports"
REPORT = "/workbench/report"

log = structlog.get_logger(__name__)
Field = Annotated[str, Form(max_length=200)]
Text = Annotated[str, Form(max_length=10_000)]


def add_routes(router: APIRouter, program: Earwitness, pages: Pages) -> None:
    desk = _Desk(program, pages)
    router.add_api_route(REPORT, desk.show, methods=["GET"])
    router.add_api_route(REPORT, desk.keep, methods=["POST"])
    router.add_api_route(REPORTS, desk.list, methods=["GET"])


class _Desk:
    def __init__(self, program: Earwitness, pages: Pages) -> None:
        self._program, self._pages = program, pages

    @only(EVERYBODY)
    async def show(self, request: Request, utterance: str = "") -> Response:
        return await self._form(request, token_hex(16), utterance)

    @only(EVERYBODY)
    async def keep(
        self,
        request: Request,
        report: Field = "",
        utterance: Field = "",
        harm: Field = "",
        imminence: Field = "",
        heard: Text = "",
    ) -> Response:
        """What was typed comes back where it is refused. Sending it again keeps it once."""
        try:
            made = await asyncio.to_thread(
                listening.report,
                visitor_of(request).account.name, harm, imminence, heard, datetime.now(UTC),
                records=self._program.records, utterance_id=utterance or None,
                form=report,
            )  # fmt: skip
        except (InputError, NotFound) as error:
            return await self._form(request, report, utterance, harm, imminence, heard, str(error))
        log.info("reported", report=made.id, harm=made.harm, imminence=made.imminence)
        return RedirectResponse(f"{REPORTS}?kept={made.id}", status_code=303)

    @only(EVERYBODY)
    async def list(self, request: Request, kept: str = "") -> Response:
        """One's own, ``kept`` the one just made; a responder sees everybody's."""
        account = visitor_of(request).account
        everybodys = Role.RESPONDER in account.roles
        reports = await asyncio.to_thread(
            self._program.records.reports, None if everybodys else account.name
        )
        return self._pages.show(
            request,
            "reports.html",
            reports=reports,
            kept=next((each for each in reports if each.id == kept), None),
            responders=await self._responders(),
            everybodys=everybodys,
            may_hear=bool(FOR_A_REASON & account.roles),
        )

    async def _responders(self) -> int:
        return await asyncio.to_thread(responders, self._program.records)

    async def _form(
        self,
        request: Request,
        report: str,
        utterance: str,
        harm: str = "",
        imminence: str = "",
        heard: str = "",
        problem: str = "",
    ) -> Response:
        return self._pages.show(
            request,
            "report.html",
            400 if problem else 200,
            report=report,
            utterance=utterance,
            harms=list(Harm),
            times=list(Imminence),
            harm=harm,
            imminence=imminence,
            heard=heard,
            responders=await self._responders(),
            problem=problem,
        )


def responders(records: AccountRecords) -> int:
    """How many accounts see reports now; a promise to who reports depends on it."""
    accounts = records.accounts()
    return sum(Role.RESPONDER in each.roles and not each.disabled_at for each in accounts)
