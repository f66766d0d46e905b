"""Where listeners see the machine's text before they write: a lead's decision, with a reason."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.accounts import Role
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.roles import only
from earwitness.doors.workbench.visitors import visitor_of

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

GUESSES = "/workbench/lead/guess-first"
LEADS = frozenset({Role.LEAD})

log = structlog.get_logger(__name__)
Household = Annotated[str, Form(max_length=200)]
Why = Annotated[str, Form(max_length=1000)]


def add_routes(router: APIRouter, program: Earwitness, pages: Pages) -> None:
    desk = _Desk(program, pages)
    router.add_api_route(GUESSES, desk.show, methods=["GET"])
    router.add_api_route(GUESSES, desk.allow, methods=["POST"])
    router.add_api_route(GUESSES + "/end", desk.forbid, methods=["POST"])


class _Desk:
    def __init__(self, program: Earwitness, pages: Pages) -> None:
        self._records, self._pages = program.records, pages

    @only(LEADS | {Role.AUDITOR})
    async def show(self, request: Request) -> Response:
        return await self._page(request)

    @only(LEADS)
    async def allow(self, request: Request, household: Household = "", why: Why = "") -> Response:
        """From the next clip on that somebody gets."""
        who = visitor_of(request).account
        if not household.strip() or not why.strip():
            return await self._page(request, household, why, "Say which household, and why.")
        now = datetime.now(UTC)
        await asyncio.to_thread(
            self._records.allow_guesses, household.strip(), who.name, why.strip(), now
        )
        log.info("guesses come first", account=who.id, household=household.strip())
        return RedirectResponse(GUESSES, status_code=303)

    @only(LEADS)
    async def forbid(self, request: Request, household: Household = "") -> Response:
        await asyncio.to_thread(self._records.forbid_guesses, household)
        log.info("guesses come last", account=visitor_of(request).account.id, household=household)
        return RedirectResponse(GUESSES, status_code=303)

    async def _page(
        self, request: Request, household: str = "", why: str = "", problem: str = ""
    ) -> Response:
        allowed = await asyncio.to_thread(self._records.guesses_allowed)
        devices = await asyncio.to_thread(self._records.devices)
        return self._pages.show(
            request,
            "guesses.html",
            400 if problem else 200,
            allowed=allowed,
            households=sorted({each.household for each in devices}),
            household=household,
            why=why,
            problem=problem,
            may_change=bool(LEADS & visitor_of(request).account.roles),
        )
