"""Where listeners see the machine's text before they write: a lead's decision, with a reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.doors.workbench.lead.desk import LEAD, LEADS, READERS, Desk, Why
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.roles import only
from earwitness.doors.workbench.sound import Tickets
from earwitness.doors.workbench.visitors import visitor_of

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

GUESSES = f"{LEAD}/guess-first"

log = structlog.get_logger(__name__)
Household = Annotated[str, Form(max_length=200)]


def add_routes(router: APIRouter, program: Earwitness, pages: Pages, tickets: Tickets) -> None:
    desk = _Guesses(program, pages, tickets)
    router.add_api_route(GUESSES, desk.show_all, methods=["GET"])
    router.add_api_route(GUESSES, desk.allow, methods=["POST"])
    router.add_api_route(GUESSES + "/end", desk.forbid, methods=["POST"])


class _Guesses(Desk):
    @only(READERS)
    def show_all(self, request: Request) -> Response:
        return self._page(request)

    @only(LEADS)
    def allow(self, request: Request, household: Household = "", why: Why = "") -> Response:
        """From the next clip on that somebody gets."""
        who = visitor_of(request).account
        if not household.strip() or not why.strip():
            return self._page(request, household, why, "Say which household, and why.")
        now = datetime.now(UTC)
        self.records.allow_guesses(household.strip(), who.name, why.strip(), now)
        log.info("guesses come first", account=who.id, household=household.strip())
        return RedirectResponse(GUESSES, status_code=303)

    @only(LEADS)
    def forbid(self, request: Request, household: Household = "") -> Response:
        self.records.forbid_guesses(household)
        log.info("guesses come last", account=visitor_of(request).account.id, household=household)
        return RedirectResponse(GUESSES, status_code=303)

    def _page(
        self, request: Request, household: str = "", why: str = "", problem: str = ""
    ) -> Response:
        return self.show(
            request,
            "guesses.html",
            400 if problem else 200,
            allowed=self.records.guesses_allowed(),
            households=sorted({each.household for each in self.records.devices()}),
            household=household,
            why=why,
            problem=problem,
        )
