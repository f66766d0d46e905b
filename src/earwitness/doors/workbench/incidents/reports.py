"""I heard something: a report from any clip, acknowledged with a receipt, or not at all."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from earwitness.accounts import Role
from earwitness.doors.workbench.once import Once
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.roles import EVERYBODY, only
from earwitness.doors.workbench.visitors import visitor_of
from earwitness.errors import InputError, LogBroken, NotFound, NotWitnessed, StoreError
from earwitness.evidence.receipts import Receipt
from earwitness.flow.incidents import cases, codes, reporting
from earwitness.incidents import clocks
from earwitness.listening import Harm, Imminence
from earwitness.ports import AccountRecords

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

REPORTS = "/workbench/reports"
REPORT = "/workbench/report"
CASE = "/workbench/case"
WAITING = "/workbench/waiting"
COUNT_SECONDS = 2.0
"""For so long what waits is not counted again, however many pages ask."""
MOST = 200
"""Cases on one page: the most urgent."""
FIELDS = ("harm", "imminence", "heard", "when", "implicated", "confidential")

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
    router.add_api_route(WAITING, desk.waiting, methods=["GET"])


class _Desk:
    def __init__(self, program: Earwitness, pages: Pages) -> None:
        self._program, self._pages = program, pages
        self._made: Once[Acknowledged] = Once()
        self._counting, self._count_again = Lock(), float("-inf")
        self._waiting: Counter[str] = Counter()

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
        confidential: Field = "",
    ) -> Response:
        """What was typed comes back where it is not acknowledged, with the reason."""
        typed = {
            "code": code, "utterance": utterance, "harm": harm, "imminence": imminence,
            "heard": heard, "when": when, "implicated": implicated,
            "confidential": confidential,
        }  # fmt: skip
        visitor = visitor_of(request)
        try:
            said = reporting.statement(
                visitor.account.name, harm, imminence, heard, when, implicated, utterance or None,
                visitor.account.id, bool(confidential),
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
            "incidents/acknowledged.html",
            code=given.code,
            receipt=given.receipt,
            responders=await self._responders(),
        )

    @only(EVERYBODY)
    async def list(self, request: Request) -> Response:
        """What somebody may act on, the most urgent first; and their own reports."""
        account = visitor_of(request).account
        everybodys = Role.RESPONDER in account.roles
        incidents = self._program.incidents
        found = await asyncio.to_thread(lambda: list(cases.visible(account, incidents, MOST)))
        return self._pages.show(
            request,
            "incidents/reports.html",
            inbox=[each for each in found if each.status.may_see(account)],
            own=[each for each in found if not each.status.may_see(account)],
            due={each.row.id: clocks.due(each.status) for each in found},
            now=self._program.clock.now(),
            more=len(found) == MOST,
            responders=await self._responders(),
            everybodys=everybodys,
        )

    @only(EVERYBODY)
    async def waiting(self, request: Request) -> Response:
        """How many reports wait for whoever asks: for the head of every page."""
        found = await asyncio.to_thread(self._count)
        return JSONResponse({"waiting": found[visitor_of(request).account.id]})

    def _count(self) -> Counter[str]:
        """For everybody, now and then."""
        with self._counting:
            if monotonic() >= self._count_again:
                now = self._program.clock.now()
                self._waiting = cases.waiting(now, self._program.incidents, MOST)
                self._count_again = monotonic() + COUNT_SECONDS
        return self._waiting

    async def _responders(self) -> int:
        return await asyncio.to_thread(responders, self._program.records)

    async def _form(
        self, request: Request, typed: dict[str, str], status: int = 200, problem: str = ""
    ) -> Response:
        empty: dict[str, Any] = dict.fromkeys(FIELDS, "")
        return self._pages.show(
            request,
            "incidents/report.html",
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
