"""The reporter's own page: by the code of their receipt, without an account.

The code is in no address. It is sent with each form, and kept nowhere here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import structlog
from fastapi import APIRouter, Form, Request, Response, UploadFile

from earwitness.doors.workbench.entrance import Entrance, peer_of
from earwitness.doors.workbench.incidents.files import file
from earwitness.doors.workbench.incidents.refusals import REFUSED, words
from earwitness.doors.workbench.incidents.typed import NOTHING, typed_into
from earwitness.doors.workbench.roles import ANYBODY, only, up_to
from earwitness.errors import LogBroken, NotFound
from earwitness.evidence.receipts import Receipt
from earwitness.flow.incidents import cases, house, logbook, reporting, showing
from earwitness.flow.incidents.evidence import LARGEST_FILE, Brought
from earwitness.incidents import clocks

if TYPE_CHECKING:
    from earwitness.flow.incidents.parts import Incidents
    from earwitness.ports import CaseRow
    from earwitness.wiring import Earwitness

REPORTER = "/reporter"
BEFORE = timedelta(days=90)
"""So long before a report a policy that changed may have been changed because of it."""
LARGEST_FORM = LARGEST_FILE + 64 * 1024
JSON = "application/json"
DONE = "It is acknowledged. Take a new receipt."

log = structlog.get_logger(__name__)
Field = Annotated[str, Form()]
"""As long as a form may be: what is too long is refused in words, and is not lost."""


def add_routes(router: APIRouter, entrance: Entrance) -> None:
    desk = _Desk(entrance)
    router.add_api_route(REPORTER, desk.show, methods=["GET"])
    router.add_api_route(REPORTER, desk.open, methods=["POST"])
    router.add_api_route(REPORTER + "/add", desk.add, methods=["POST"])
    router.add_api_route(REPORTER + "/file", desk.file, methods=["POST"])
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
    async def open(self, request: Request, code: Field = "") -> Response:
        return await self._page(request, code)

    @only(ANYBODY)
    async def add(
        self,
        request: Request,
        code: Field = "",
        text: Field = "",
        retaliation: Field = "",
        clip: Field = "",
    ) -> Response:
        """What else the reporter has to say, acknowledged like the report itself."""
        return await self._added(
            request,
            code,
            lambda now: reporting.add(
                code, text, now, self._on, bool(retaliation), clip_named(clip)
            ),
        )

    @only(ANYBODY)
    @up_to(LARGEST_FORM)
    async def file(
        self,
        request: Request,
        code: Field = "",
        about: Field = "",
        file: UploadFile | None = None,
    ) -> Response:
        """A file, sealed as it is."""
        await self._opened(request, code)
        given = await brought(file)
        return await self._added(
            request, code, lambda now: reporting.bring(code, given, about, now, self._on)
        )

    @only(ANYBODY)
    async def implicate(self, request: Request, code: Field = "", names: Field = "") -> Response:
        """Whoever is named sees nothing more of it."""
        return await self._added(
            request,
            code,
            lambda now: reporting.implicate(code, names.splitlines(), now, self._on),
        )

    async def _added(
        self, request: Request, code: str, do: Callable[[datetime], Receipt]
    ) -> Response:
        await self._opened(request, code)
        try:
            await asyncio.to_thread(lambda: do(self._program.clock.now()))
        except REFUSED as error:
            return await self._page(request, code, f"It is NOT acknowledged. {words(error)}")
        return await self._page(request, code, said=DONE)

    @property
    def _on(self) -> Incidents:
        return self._program.incidents

    @only(ANYBODY)
    async def receipt(self, request: Request, code: Field = "", older: Field = "") -> Response:
        """A new one, as a file; ``older`` is the first, which it then goes on from."""
        case = await self._opened(request, code)
        since = reporting.since([older])
        made = await asyncio.to_thread(
            logbook.receipt, case.id, self._program.incidents.book, since
        )
        return file(str(made).encode(), JSON, f"receipt-{case.id}.json")

    @only(ANYBODY)
    async def case(self, request: Request, code: Field = "") -> Response:
        """What the store says now, as a file: to be held against a receipt somewhere else."""
        case = await self._opened(request, code)
        shown = await asyncio.to_thread(showing.to_reporter, case.id, self._program.incidents)
        return file(str(shown).encode(), JSON, f"case-{case.id}.json")

    async def _opened(self, request: Request, code: str) -> CaseRow:
        """Raises NotFound, Overloaded."""
        try:
            return await asyncio.to_thread(reporting.opened, code, self._program.incidents)
        except NotFound:
            self._entrance.patience.missed("code", peer_of(request))
            raise

    async def _page(
        self, request: Request, code: str, problem: str = "", said: str = ""
    ) -> Response:
        try:
            case = await self._opened(request, code)
        except NotFound as error:
            return self._pages.show(request, "incidents/reporter.html", 404, problem=str(error))
        shown = await asyncio.to_thread(what_is_shown, case.id, self._program)
        return self._pages.show(
            request,
            "incidents/reporter_case.html",
            400 if problem else 200,
            **shown,
            at=REPORTER,
            code=code,
            typed=await typed_into(request) if problem else NOTHING,
            problem=problem,
            said=said,
        )


async def brought(file: UploadFile | None) -> Brought:
    """What a form has of a file; nothing of it where none was chosen."""
    if file is None:
        return Brought("", b"")
    return Brought(file.filename or "", await file.read(LARGEST_FILE + 1))


def clip_named(address: str) -> str:
    """The id of a clip, of which somebody may have copied the whole address.

    >>> clip_named(" http://localhost/workbench/listen/u1/ ")
    'u1'
    """
    return address.strip().rstrip("/").rpartition("/")[2]


def what_is_shown(case: str, program: Earwitness) -> dict[str, Any]:
    """Of a report to whoever reported it, however they came to their page."""
    on = program.incidents
    try:
        logbook.check(on.book)
        broken = ""
    except LogBroken as error:
        broken = str(error)
    found = cases.look(case, on)
    since = found.status.opened_at
    policies = house.policies_since(since - BEFORE, on)
    return {
        "found": found,
        "stands": found.status,
        "running": clocks.running(found.status),
        "now": program.clock.now(),
        "policies": [each for each in policies if each > since],
        "policies_before": [each for each in policies if each <= since],
        "ways": house.ways_since(since, on),
        "keys": house.keys_since(since, on),
        "taken_away": house.taken_away(on),
        "changed": house.changed(on),
        "acknowledged": reporting.is_acknowledged(found, on.book),
        "names": {},
        "largest_file": LARGEST_FILE >> 20,
        "broken": broken,
    }
