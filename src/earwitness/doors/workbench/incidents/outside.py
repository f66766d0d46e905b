"""For whoever was chosen outside: the case, by the code that was sent to them.

The code is in no address. It is sent with each form, and kept nowhere here.
"""

from __future__ import annotations

import asyncio
import hmac
from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import APIRouter, Form, Request, Response

from earwitness.doors.workbench.entrance import Entrance, peer_of
from earwitness.doors.workbench.roles import ANYBODY, only
from earwitness.errors import InputError, LogBroken, NotFound, NotWitnessed, RevisionConflict
from earwitness.flow.incidents import acting, cases, codes
from earwitness.flow.incidents.cases import Look

if TYPE_CHECKING:
    from earwitness.flow.incidents.parts import Incidents

OUTSIDE = "/outside/{case}"
_NOBODY = "No case has this code."

log = structlog.get_logger(__name__)
Code = Annotated[str, Form(max_length=100)]
Text = Annotated[str, Form(max_length=300)]


def add_routes(router: APIRouter, entrance: Entrance) -> None:
    desk = _Desk(entrance)
    router.add_api_route(OUTSIDE, desk.show, methods=["GET"])
    router.add_api_route(OUTSIDE, desk.open, methods=["POST"])
    router.add_api_route(OUTSIDE + "/accept", desk.accept, methods=["POST"])


class _Desk:
    def __init__(self, entrance: Entrance) -> None:
        self._entrance, self._pages = entrance, entrance.pages
        self._program = entrance.program

    @only(ANYBODY)
    async def show(self, request: Request, case: str) -> Response:
        return self._pages.show(request, "incidents/outside.html", case=case, problem="")

    @only(ANYBODY)
    async def open(self, request: Request, case: str, code: Code = "") -> Response:
        return await self._page(request, case, code)

    @only(ANYBODY)
    async def accept(
        self, request: Request, case: str, code: Code = "", who: Text = ""
    ) -> Response:
        """They have it: from now on no message comes."""
        await self._opened(request, case, code)
        try:
            now = self._program.clock.now()
            await asyncio.to_thread(acting.accept, case, who, now, self._program.incidents)
        except (InputError, LogBroken, NotWitnessed, RevisionConflict) as error:
            return await self._page(request, case, code, str(error))
        log.info("accepted outside", case=case)
        return await self._page(request, case, code)

    async def _opened(self, request: Request, case: str, code: str) -> Look:
        """Raises NotFound, in the same words for every case and code; Overloaded."""
        self._entrance.patience.spend(f"outside {case[:16]}", peer_of(request))
        return await asyncio.to_thread(_opened, case, code, self._program.incidents)

    async def _page(self, request: Request, case: str, code: str, problem: str = "") -> Response:
        try:
            found = await self._opened(request, case, code)
        except NotFound as error:
            template = "incidents/outside.html"
            return self._pages.show(request, template, 404, case=case, problem=str(error))
        return self._pages.show(
            request,
            "incidents/outside_case.html",
            400 if problem else 200,
            found=found,
            stands=found.status,
            code=code,
            problem=problem,
            key=self._program.incidents.book.key.public,
            names={each.id: each.name for each in found.status.accounts},
        )


def _opened(case: str, code: str, on: Incidents) -> Look:
    try:
        given, right = codes.code_hash(code), codes.code_hash(on.outside_code(case))
        found = cases.look(case, on)
    except (InputError, NotFound) as error:
        raise NotFound(_NOBODY) from error
    if not hmac.compare_digest(given, right) or found.status.outside_at is None:
        raise NotFound(_NOBODY)
    return found
