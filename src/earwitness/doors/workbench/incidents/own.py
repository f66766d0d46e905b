"""One's own report, for whoever is signed in and did not ask for confidence: without its code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from earwitness.doors.workbench.incidents.files import file
from earwitness.doors.workbench.incidents.refusals import REFUSED, words
from earwitness.doors.workbench.incidents.reporter import (
    DONE,
    JSON,
    LARGEST_FORM,
    brought,
    clip_named,
    what_is_shown,
)
from earwitness.doors.workbench.incidents.typed import NOTHING, typed_into
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.roles import EVERYBODY, only, up_to
from earwitness.doors.workbench.visitors import visitor_of
from earwitness.errors import NotWitnessed
from earwitness.evidence.receipts import Receipt
from earwitness.flow.incidents import logbook, reporting, showing

if TYPE_CHECKING:
    from earwitness.flow.incidents.parts import Incidents
    from earwitness.wiring import Earwitness

OWN = "/workbench/own"

Field = Annotated[str, Form()]


def add_routes(router: APIRouter, program: Earwitness, pages: Pages) -> None:
    desk = _Desk(program, pages)
    one = OWN + "/{case}"
    router.add_api_route(one, desk.show, methods=["GET"])
    for name in ("add", "file", "implicate", "receipt", "case"):
        router.add_api_route(f"{one}/{name}", getattr(desk, name), methods=["POST"])


class _Desk:
    def __init__(self, program: Earwitness, pages: Pages) -> None:
        self._program, self._pages = program, pages

    @only(EVERYBODY)
    async def show(self, request: Request, case: str, done: str = "") -> Response:
        await self._own(request, case)
        return await self._page(request, case, said=DONE if done else "")

    @only(EVERYBODY)
    async def add(
        self,
        request: Request,
        case: str,
        text: Field = "",
        retaliation: Field = "",
        clip: Field = "",
    ) -> Response:
        """What else they have to say, acknowledged like the report itself."""
        return await self._added(
            request,
            case,
            lambda now: reporting.add_to(
                case, text, now, self._on, bool(retaliation), clip_named(clip)
            ),
        )

    @only(EVERYBODY)
    @up_to(LARGEST_FORM)
    async def file(
        self, request: Request, case: str, about: Field = "", file: UploadFile | None = None
    ) -> Response:
        """A file, sealed as it is."""
        given = await brought(file)
        return await self._added(
            request, case, lambda now: reporting.bring_to(case, given, about, now, self._on)
        )

    @only(EVERYBODY)
    async def implicate(self, request: Request, case: str, names: Field = "") -> Response:
        """Whoever is named sees nothing more of it."""
        return await self._added(
            request,
            case,
            lambda now: reporting.implicate_in(case, names.splitlines(), now, self._on),
        )

    @only(EVERYBODY)
    async def receipt(self, request: Request, case: str) -> Response:
        await self._own(request, case)
        try:
            made = await asyncio.to_thread(logbook.receipt, case, self._on.book)
        except NotWitnessed as error:
            return await self._page(request, case, f"It is NOT acknowledged. {error}")
        return file(str(made).encode(), JSON, f"receipt-{case}.json")

    @only(EVERYBODY)
    async def case(self, request: Request, case: str) -> Response:
        """What the store says now, to be held against a receipt somewhere else."""
        await self._own(request, case)
        shown = await asyncio.to_thread(showing.to_reporter, case, self._on)
        return file(str(shown).encode(), JSON, f"case-{case}.json")

    @property
    def _on(self) -> Incidents:
        return self._program.incidents

    async def _own(self, request: Request, case: str) -> None:
        """Raises NotFound."""
        await asyncio.to_thread(reporting.own, case, visitor_of(request).account, self._on)

    async def _added(
        self, request: Request, case: str, do: Callable[[datetime], Receipt]
    ) -> Response:
        await self._own(request, case)
        try:
            await asyncio.to_thread(lambda: do(self._program.clock.now()))
        except REFUSED as error:
            return await self._page(request, case, f"It is NOT acknowledged. {words(error)}")
        return RedirectResponse(f"{OWN}/{case}?done=1", status_code=303)

    async def _page(
        self, request: Request, case: str, problem: str = "", said: str = ""
    ) -> Response:
        shown = await asyncio.to_thread(what_is_shown, case, self._program)
        return self._pages.show(
            request,
            "incidents/reporter_case.html",
            400 if problem else 200,
            **shown,
            at=f"{OWN}/{case}",
            code="",
            typed=await typed_into(request) if problem else NOTHING,
            problem=problem,
            said=said,
        )
