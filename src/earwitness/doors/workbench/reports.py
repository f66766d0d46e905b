"""I heard something: a report from any clip, acknowledged with a receipt, or not at all."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.accounts import Role
from earwitness.doors.workbench.once import Once
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.roles import EVERYBODY, only
from earwitness.doors.workbench.sound import FOR_A_REASON
from earwitness.doors.workbench.visitors import visitor_of
from earwitness.errors import InputError, LogBroken, NotFound, NotWitnessed, StoreError
from earwitness.evidence.receipts import Receipt
from earwitness.flow.incidents import cases, codes, reporting
from earwitness.listening import Harm, Imminence
from earwitness.ports import AccountRecords

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

REPORTS = "/workbench/reports"
REPORT = "/workbench/report"
FIELDS = ("harm", "imminence", "heard", "when", "implicated")

log = structlog.get_logger(__name__)
Field = Annotated[str, Form(max_length=200)]
Text = Annotated[str, Form(max_length=2 * reporting.LONGEST)]


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What a reporter is handed, once. The code opens their page."""

    code: str
    receipt: Receipt


def add_routes(router: APIRouter, program: Earwitness, pages: Pages) -> None:
    desk = _Desk(program, pages)
    router.add_api_route(REPORT, desk.show, methods=["GET"])
    router.add_api_route(REPORT, desk.report, methods=["POST"])
    router.add_api_route(REPORT + "/{made}", desk.acknowledged, methods=["GET"])
    router.add_api_route(REPORTS, desk.list, methods=["GET"])


class _Desk:
    def __init__(self, program: Earwitness, pages: Pages) -> None:
        self._program, self._pages = program, pages
        self._made: Once[Acknowledged] = Once()

    @only(EVERYBODY)
    async def show(self, request: Request, utterance: str = "") -> Response:
        """The code is drawn with the form: sent again, it is the same report."""
        return await self._form(request, {"code": codes.new_code(), "utterance": utterance})

    @only(EVERYBODY)
    async def report(
        self,
        request: Request,
        code: Field = "",
        utterance: Field = "",
        harm: Field = "",
        imminence: Field = "",
        heard: Text = "",
        when: Text = "",
        implicated: Text = "",
    ) -> Response:
        """What was typed comes back where it is not acknowledged, with the reason."""
        typed = {
            "code": code, "utterance": utterance, "harm": harm, "imminence": imminence,
            "heard": heard, "when": when, "implicated": implicated,
        }  # fmt: skip
        visitor = visitor_of(request)
        try:
            said = reporting.statement(
                visitor.account.name, harm, imminence, heard, when, implicated, utterance or None,
                visitor.account.id,
            )  # fmt: skip
            receipt = await asyncio.to_thread(self._program.report, said, code)
        except (InputError, NotFound) as error:
            return await self._form(request, typed, 400, str(error))
        except (LogBroken, NotWitnessed, StoreError) as error:
            log.error("report not acknowledged", exc_info=error)
            return await self._form(request, typed, 503, f"It is NOT acknowledged. {error}")
        log.info("reported", case=receipt.case)
        now = datetime.now(UTC)
        made = self._made.put(visitor.session.id, Acknowledged(code, receipt), now)
        return RedirectResponse(f"{REPORT}/{made}", status_code=303)

    @only(EVERYBODY)
    async def acknowledged(self, request: Request, made: str) -> Response:
        """The code and the receipt; once, for the code is kept nowhere."""
        given = self._made.take(visitor_of(request).session.id, made, datetime.now(UTC))
        return self._pages.show(
            request,
            "acknowledged.html",
            code=given.code,
            receipt=given.receipt,
            responders=await self._responders(),
        )

    @only(EVERYBODY)
    async def list(self, request: Request) -> Response:
        """One's own; a responder sees everybody's in which they are not named."""
        account = visitor_of(request).account
        everybodys = Role.RESPONDER in account.roles
        incidents, records = self._program.incidents, self._program.records
        found = await asyncio.to_thread(lambda: list(cases.visible(account, incidents)))
        older = await asyncio.to_thread(records.reports, None if everybodys else account.name)
        return self._pages.show(
            request,
            "reports.html",
            cases=found,
            older=older,
            responders=await self._responders(),
            everybodys=everybodys,
            may_hear=bool(FOR_A_REASON & account.roles),
        )

    async def _responders(self) -> int:
        return await asyncio.to_thread(responders, self._program.records)

    async def _form(
        self, request: Request, typed: dict[str, str], status: int = 200, problem: str = ""
    ) -> Response:
        empty: dict[str, Any] = dict.fromkeys(FIELDS, "")
        return self._pages.show(
            request,
            "report.html",
            status,
            **empty | typed,
            harms=list(Harm),
            times=list(Imminence),
            responders=await self._responders(),
            problem=problem,
        )


def responders(records: AccountRecords) -> int:
    """How many accounts see reports now; a promise to who reports depends on it."""
    accounts = records.accounts()
    return sum(Role.RESPONDER in each.roles and not each.disabled_at for each in accounts)
