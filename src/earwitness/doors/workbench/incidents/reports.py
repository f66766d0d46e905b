"""I heard something: a report from any clip, acknowledged with a receipt, or not at all."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

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
from earwitness.flow.rooms import room_of
from earwitness.incidents import clocks
from earwitness.listening import Harm, Imminence
from earwitness.model import Utterance
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
GONE = (
    "The page after a report is shown for some minutes. Your report is acknowledged all the same; "
    "its code cannot be shown again. Do not report it again: unless it is confidential, you find "
    "it under Reports."
)
FIELDS = ("harm", "imminence", "heard", "when", "implicated", "confidential", "asked")

log = structlog.get_logger(__name__)
Field = Annotated[str, Form()]
"""As long as a form may be: what is too long is refused in words, and is not lost."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What a reporter is handed, for some minutes. The code opens their page.

    ``differs``: the form was sent before, and what it says now is not what is kept.
    """

    code: str
    receipt: Receipt
    differs: bool


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
        self._made: Once[Acknowledged] = Once(GONE)
        self._key = secrets.token_bytes(32)
        self._counting, self._count_again = Lock(), float("-inf")
        self._waiting: Counter[str] = Counter()

    @only(EVERYBODY)
    async def show(self, request: Request, utterance: str = "", form: str = "") -> Response:
        """Each form has an address, from which its code follows here and nowhere else.

        So whoever goes back to it, and sends it again, makes no second report.
        """
        if not form:
            query = urlencode({"form": secrets.token_urlsafe(12), "utterance": utterance})
            return RedirectResponse(f"{REPORT}?{query}", status_code=303)
        code = codes.code_of_form(self._key, visitor_of(request).session.id, form)
        return await self._form(request, {"code": code, "utterance": utterance})

    @only(EVERYBODY)
    async def report(
        self,
        request: Request,
        code: Field = "",
        utterance: Field = "",
        harm: Field = "",
        imminence: Field = "",
        heard: Field = "",
        when: Field = "",
        implicated: Field = "",
        confidential: Field = "",
        asked: Field = "",
    ) -> Response:
        """What was typed comes back where it is not acknowledged, with the reason.

        ``asked`` are names about which the page asked before: sent again, they are reported.
        """
        typed = {
            "code": code, "utterance": utterance, "harm": harm, "imminence": imminence,
            "heard": heard, "when": when, "implicated": implicated,
            "confidential": confidential, "asked": asked,
        }  # fmt: skip
        visitor = visitor_of(request)
        try:
            said = reporting.statement(
                visitor.account.name, harm, imminence, heard, when, implicated, utterance or None,
                visitor.account.id, bool(confidential),
            )  # fmt: skip
            if asked.split() != implicated.split():
                typed["asked"] = implicated
                await asyncio.to_thread(reporting.ask, said, self._program.incidents)
            receipt = await asyncio.to_thread(self._program.report, said, code)
        except (InputError, NotFound) as error:
            return await self._form(request, typed, 400, str(error))
        except (LogBroken, NotWitnessed, StoreError) as error:
            log.error("report not acknowledged", exc_info=error)
            return await self._form(request, typed, 503, f"It is NOT acknowledged. {error}")
        log.info("reported", case=receipt.case)
        kept = await asyncio.to_thread(cases.look, receipt.case, self._program.incidents)
        given = Acknowledged(code, receipt, reporting.differs(said, kept))
        made = self._made.put(visitor.session.id, given, datetime.now(UTC))
        return RedirectResponse(f"{REPORT}/{made}", status_code=303)

    @only(EVERYBODY)
    async def acknowledged(self, request: Request, made: str) -> Response:
        """The code and the receipt, for some minutes: the code is kept nowhere else."""
        visitor = visitor_of(request)
        given = self._made.again(visitor.session.id, made, datetime.now(UTC))
        found = await asyncio.to_thread(cases.look, given.receipt.case, self._program.incidents)
        status = found.status
        told = {who for each in status.told for who in status.people(each.rung)}
        see = {each.id for each in status.accounts if status.may_see(each)}
        return self._pages.show(
            request,
            "incidents/acknowledged.html",
            code=given.code,
            receipt=given.receipt,
            differs=given.differs,
            stands=status,
            draft=found.first["utterance"] or "",
            told=len(told - {visitor.account.id}),
            see=len((see | told) - {visitor.account.id}),
            listed=cases.is_own(visitor.account, status),
        )

    @only(EVERYBODY)
    async def list(self, request: Request) -> Response:
        """What somebody may act on, the most urgent first; and their own reports."""
        account = visitor_of(request).account
        everybodys = Role.RESPONDER in account.roles
        incidents, now = self._program.incidents, self._program.clock.now()
        found = await asyncio.to_thread(cases.most_urgent, account, now, incidents, MOST)
        return self._pages.show(
            request,
            "incidents/reports.html",
            unacknowledged=await asyncio.to_thread(
                lambda: {
                    e.row.id for e in found if not reporting.is_acknowledged(e, incidents.book)
                }
            ),
            inbox=[each for each in found if each.status.may_see(account)],
            own=[each for each in found if not each.status.may_see(account)],
            yours={each.row.id for each in found if cases.is_own(account, each.status)},
            due={each.row.id: clocks.due(each.status) for each in found},
            now=now,
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
        mine = visitor_of(request).account.roles
        clip, room = await asyncio.to_thread(self._clip, typed["utterance"])
        return self._pages.show(
            request,
            "incidents/report.html",
            status,
            **empty | typed,
            harms=list(Harm),
            times=list(Imminence),
            responders=await self._responders() - (Role.RESPONDER in mine),
            clip=clip,
            room=room,
            problem=problem,
        )

    def _clip(self, utterance: str) -> tuple[Utterance | None, str]:
        """What is attached, and the room; None where nothing is, or it is not kept any more."""
        records = self._program.records
        try:
            clip = records.utterance(utterance) if utterance else None
        except NotFound:
            clip = None
        return clip, room_of(clip.source.device, records) if clip else ""


def responders(records: AccountRecords) -> int:
    """How many accounts see reports now; a promise to who reports depends on it."""
    accounts = records.accounts()
    return sum(Role.RESPONDER in each.roles and not each.disabled_at for each in accounts)
