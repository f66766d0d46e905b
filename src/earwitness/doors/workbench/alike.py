"""Clips that sound alike: one is written down, three are confirmed, the rest is settled."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.doors.workbench.listening import HEARD, LISTENERS, Token, lease_of
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.roles import only
from earwitness.doors.workbench.sound import Tickets
from earwitness.doors.workbench.visitors import visitor_of
from earwitness.errors import InputError
from earwitness.flow import groups
from earwitness.flow.judge import Assignment
from earwitness.flow.rooms import room_of
from earwitness.model import SoundGroup
from earwitness.review.grouping import CONFIRMATIONS, Standing, standing

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

ALIKE = "/workbench/alike"
TO_COMPARE = "to compare it with one that sounds alike"

log = structlog.get_logger(__name__)
Word = Annotated[str, Form(max_length=500)]


def add_routes(router: APIRouter, program: Earwitness, pages: Pages, tickets: Tickets) -> None:
    desk = _Desk(program, pages, tickets)
    router.add_api_route("/workbench/clips/{utterance}/alike", desk.count, methods=["GET"])
    router.add_api_route(HEARD + "/{utterance}/alike", desk.begin, methods=["POST"])
    router.add_api_route(ALIKE + "/{group}", desk.ask, methods=["GET"])
    router.add_api_route(ALIKE + "/{group}", desk.answer, methods=["POST"])


class _Desk:
    def __init__(self, program: Earwitness, pages: Pages, tickets: Tickets) -> None:
        self._program, self._pages, self._tickets = program, pages, tickets

    @only(LISTENERS)
    async def count(self, request: Request, utterance: str) -> Response:
        """How many that wait sound like it: a number, and nothing of what was heard."""
        found = await asyncio.to_thread(groups.alike, utterance, on=self._program.teaching)
        return self._pages.show(request, "alike_count.html", count=len(found))

    @only(LISTENERS)
    async def begin(self, request: Request, utterance: str, term: Word = "") -> Response:
        """For a word of one's own judgement; begun again it goes on where it was."""
        name, now = visitor_of(request).account.name, datetime.now(UTC)
        on = self._program.teaching
        group = await asyncio.to_thread(groups.begin, utterance, name, term, now, on=on)
        if group is None:
            raise InputError("Too few of the clips that wait sound like this one.")
        return RedirectResponse(f"{ALIKE}/{group.id}", status_code=303)

    @only(LISTENERS)
    async def ask(self, request: Request, group: str) -> Response:
        """The next clip of the group, or what became of it."""
        name, now = visitor_of(request).account.name, datetime.now(UTC)
        ttl = timedelta(minutes=self._program.settings.lease_minutes)
        records = self._program.records
        asked = await asyncio.to_thread(groups.ask, group, name, now, ttl, records=records)
        kept = await asyncio.to_thread(records.group, group)
        return await self._page(request, kept, asked)

    @only(LISTENERS)
    async def answer(
        self,
        request: Request,
        group: str,
        utterance: Token = "",
        token: Token = "",
        same: Token = "",
    ) -> Response:
        """Raises JudgementError where the group is somebody else's, LeaseLost when it is late."""
        if same not in ("yes", "no"):
            raise InputError("Say whether it is the same word, or another.")
        lease, now = lease_of(request, utterance, token), datetime.now(UTC)
        records = self._program.records
        stands, _ = await asyncio.to_thread(
            groups.answer, group, lease, same == "yes", now, records=records
        )
        self._program.nudge()
        log.info("compared", account=visitor_of(request).account.id, group=group, stands=stands)
        return RedirectResponse(f"{ALIKE}/{group}", status_code=303)

    async def _page(
        self, request: Request, group: SoundGroup, asked: Assignment | None
    ) -> Response:
        stands = standing(group.answers)
        sound = room = ""
        if asked is not None:
            lease = asked.lease
            room = await asyncio.to_thread(room_of, asked.source.device, self._program.records)
            sound = self._tickets.address(request, lease.utterance, TO_COMPARE, lease.token)
        records, settled = self._program.records, 0
        if stands is Standing.CONFIRMED:
            known = await asyncio.to_thread(
                lambda: [groups.settled_by(m.utterance, records=records) for m in group.members]
            )
            settled = sum(each is not None and each.id == group.id for each in known)
        return self._pages.show(
            request,
            "alike.html",
            group=group,
            asked=asked,
            sound=sound,
            room=room,
            stands=stands,
            settled=settled,
            pending=stands is Standing.CONFIRMED and group.settled_in is None,
            confirmations=CONFIRMATIONS,
        )
