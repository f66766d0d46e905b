"""Who must act on a report, by when: the policy in force, and what another would mean."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request, Response

from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.roles import EVERYBODY, only
from earwitness.doors.workbench.visitors import visitor_of
from earwitness.errors import InputError
from earwitness.flow.incidents import escalation, statistics
from earwitness.incidents import policy
from earwitness.listening import Harm, Imminence

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

ESCALATION = "/workbench/escalation"
READERS = EVERYBODY

Text = Annotated[str, Form(max_length=policy.LONGEST + 1)]


def add_routes(router: APIRouter, program: Earwitness, pages: Pages) -> None:
    desk = _Desk(program, pages)
    router.add_api_route(ESCALATION, desk.show, methods=["GET"])
    router.add_api_route(ESCALATION, desk.check, methods=["POST"])


class _Desk:
    def __init__(self, program: Earwitness, pages: Pages) -> None:
        self._program, self._pages = program, pages

    @only(READERS)
    async def show(self, request: Request) -> Response:
        return await self._page(request, "")

    @only(READERS)
    async def check(self, request: Request, text: Text = "") -> Response:
        """What it would mean. Nothing comes into force here: the file of the deployment does."""
        return await self._page(request, text.replace("\r\n", "\n"))

    async def _page(self, request: Request, text: str) -> Response:
        on, now = self._program.incidents, self._program.clock.now()
        problem, shown = "", on.policy_text()
        if text:
            try:
                policy.parse(text)
                shown = text
            except InputError as error:
                problem = str(error)
        return self._pages.show(
            request,
            "incidents/escalation.html",
            400 if problem else 200,
            policy=policy.parse(shown),
            rungs=await asyncio.to_thread(escalation.who_is_told, shown, now, on),
            text=text or shown,
            times_to_act=await asyncio.to_thread(
                statistics.time_to_action, visitor_of(request).account, on
            ),
            tried=bool(text) and not problem,
            problem=problem,
            file=self._program.settings.escalation,
            harms=list(Harm),
            times=list(Imminence),
        )
