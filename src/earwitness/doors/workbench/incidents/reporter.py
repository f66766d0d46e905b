"""The reporter's own page: by the code of their receipt, without an account.

The code is in no address. It is sent with each form, and kept nowhere here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import APIRouter, Form, Request, Response

from earwitness.doors.workbench.entrance import Entrance, peer_of
from earwitness.doors.workbench.roles import ANYBODY, only
from earwitness.errors import InputError, LogBroken, NotFound, NotWitnessed, RevisionConflict
from earwitness.evidence.receipts import Receipt
from earwitness.flow.incidents import cases, house, logbook, reporting
from earwitness.incidents import clocks

if TYPE_CHECKING:
    from earwitness.flow.incidents.parts import Incidents
    from earwitness.ports import CaseRow

REPORTER = "/reporter"

log = structlog.get_logger(__name__)
Code = Annotated[str, Form(max_length=100)]
Address = Annotated[str, Form(max_length=300)]
Text = Annotated[str, Form(max_length=2 * reporting.LONGEST)]


def add_routes(router: APIRouter, entrance: Entrance) -> None:
    desk = _Desk(entrance)
    router.add_api_route(REPORTER, desk.show, methods=["GET"])
    router.add_api_route(REPORTER, desk.open, methods=["POST"])
    router.add_api_route(REPORTER + "/add", desk.add, methods=["POST"])
    router.add_api_route(REPORTER + "/implicate", desk.implicate, methods=["POST"])
    router.add_api_route(REPORTER + "/receipt", desk.receipt, methods=["POST"])
    router.add_api_route(REPORTER + "/case", desk.case, methods=["POST"])


class _Desk:
    def __init__(self, entrance: Entrance) -> None:
        self._entrance, self._pages = entrance, entrance.pages
        self._program = entrance.program

    @only(ANYBODY)
    async def show(self, request: Request) -> Response:
        return self._pages.show(request, "incidents/reporter.html", problem="")

    @only(ANYBODY)
    async def open(self, request: Request, code: Code = "") -> Response:
        return await self._page(request, code)

    @only(ANYBODY)
    async def add(
        self,
        request: Request,
        code: Code = "",
        text: Text = "",
        retaliation: Code = "",
        clip: Address = "",
    ) -> Response:
        """What else the reporter has to say, acknowledged like the report itself."""
        named = clip.strip().rstrip("/").rpartition("/")[2]
        return await self._added(
            request,
            code,
            lambda now: reporting.add(code, text, now, self._on, bool(retaliation), named),
            text,
        )

    @only(ANYBODY)
    async def implicate(self, request: Request, code: Code = "", names: Text = "") -> Response:
        """Whoever is named sees nothing more of it."""
        return await self._added(
            request,
            code,
            lambda now: reporting.implicate(code, names.splitlines(), now, self._on),
        )

    async def _added(
        self, request: Request, code: str, do: Callable[[datetime], Receipt], text: str = ""
    ) -> Response:
        await self._opened(request, code)
        try:
            await asyncio.to_thread(lambda: do(self._program.clock.now()))
        except (InputError, LogBroken, NotWitnessed, RevisionConflict) as error:
            return await self._page(request, code, text, f"It is NOT acknowledged. {error}")
        return await self._page(request, code, said="It is acknowledged. Take a new receipt.")

    @property
    def _on(self) -> Incidents:
        return self._program.incidents

    @only(ANYBODY)
    async def receipt(self, request: Request, code: Code = "", older: Text = "") -> Response:
        """A new one, as a file; ``older`` is the first, which it then goes on from."""
        case = await self._opened(request, code)
        since = reporting.since([older])
        made = await asyncio.to_thread(
            logbook.receipt, case.id, self._program.incidents.book, since
        )
        return _file(str(made), f"receipt-{case.id}.json")

    @only(ANYBODY)
    async def case(self, request: Request, code: Code = "") -> Response:
        """What the store says now, as a file: to be held against a receipt somewhere else."""
        case = await self._opened(request, code)
        shown = await asyncio.to_thread(cases.shown, case.id, self._program.incidents)
        return _file(str(shown), f"case-{case.id}.json")

    async def _opened(self, request: Request, code: str) -> CaseRow:
        """Raises NotFound, Overloaded."""
        self._entrance.patience.spend(f"code {code[:8]}", peer_of(request))
        return await asyncio.to_thread(reporting.opened, code, self._program.incidents)

    async def _page(
        self, request: Request, code: str, text: str = "", problem: str = "", said: str = ""
    ) -> Response:
        try:
            case = await self._opened(request, code)
        except NotFound as error:
            return self._pages.show(request, "incidents/reporter.html", 404, problem=str(error))
        book = self._program.incidents.book
        try:
            await asyncio.to_thread(logbook.check, book)
            broken = ""
        except LogBroken as error:
            broken = str(error)
        found = await asyncio.to_thread(cases.look, case.id, self._on)
        return self._pages.show(
            request,
            "incidents/reporter_case.html",
            400 if problem else 200,
            case=case,
            found=found,
            stands=found.status,
            running=clocks.running(found.status),
            now=self._program.clock.now(),
            policies=await asyncio.to_thread(
                house.policies_since, found.status.opened_at, self._on
            ),
            keys=await asyncio.to_thread(house.keys_since, found.status.opened_at, self._on),
            taken_away=await asyncio.to_thread(house.taken_away, self._on),
            names={},
            broken=broken,
            code=code,
            text=text,
            problem=problem,
            said=said,
        )


def _file(text: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="application/json", headers=headers)
