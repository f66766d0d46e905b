"""For whoever was chosen outside: the case, by the code that was sent to them.

The code is in no address. It is sent with each form, and kept nowhere here. What they hear has
an address for some minutes, which is made for them alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import structlog
from fastapi import APIRouter, Form, Request, Response

from earwitness.doors.workbench.entrance import Entrance, peer_of
from earwitness.doors.workbench.incidents.files import file
from earwitness.doors.workbench.incidents.originals import Player, originals, saved_as
from earwitness.doors.workbench.incidents.refusals import REFUSED, words
from earwitness.doors.workbench.incidents.typed import NOTHING, typed_into
from earwitness.doors.workbench.incidents.whose import reported_by
from earwitness.doors.workbench.roles import ANYBODY, only
from earwitness.doors.workbench.sound import Tickets, ranged
from earwitness.errors import (
    AccessRefused,
    NotFound,
)
from earwitness.flow.incidents import acting, cases, codes, logbook, outside
from earwitness.flow.incidents.cases import Look
from earwitness.flow.incidents.evidence import FILE
from earwitness.incidents.records import Kind

if TYPE_CHECKING:
    from earwitness.flow.incidents.parts import Incidents

OUTSIDE = "/outside/{case}"

log = structlog.get_logger(__name__)
Field = Annotated[str, Form()]
T = TypeVar("T")


def add_routes(router: APIRouter, entrance: Entrance, tickets: Tickets) -> None:
    desk = _Desk(entrance, tickets)
    router.add_api_route(OUTSIDE, desk.show, methods=["GET"])
    router.add_api_route(OUTSIDE, desk.open, methods=["POST"])
    for name in ("accept", "hear", "bundle", "answer", "receipt"):
        router.add_api_route(f"{OUTSIDE}/{name}", getattr(desk, name), methods=["POST"])
    router.add_api_route(OUTSIDE + "/sound/{ticket}", desk.sound, methods=["GET"])


class _Desk:
    def __init__(self, entrance: Entrance, tickets: Tickets) -> None:
        self._entrance, self._pages, self._tickets = entrance, entrance.pages, tickets
        self._program, self._player = entrance.program, Player(entrance.program)

    @only(ANYBODY)
    async def show(self, request: Request, case: str) -> Response:
        return self._pages.show(request, "incidents/outside.html", case=case, problem="")

    @only(ANYBODY)
    async def open(self, request: Request, case: str, code: Field = "") -> Response:
        """That somebody with the code reads it is on record; a log that is broken hides nothing."""
        try:
            found = await self._opened(request, case, code)
        except NotFound as error:
            template = "incidents/outside.html"
            return self._pages.show(request, template, 404, case=case, problem=str(error))
        try:
            found = await self._do(lambda now: outside.read(found, now, self._on))
        except REFUSED as error:
            log.error("that the outside opened a case is not on record", case=case, exc_info=error)
        return await self._page(request, found, code)

    @only(ANYBODY)
    async def accept(
        self, request: Request, case: str, code: Field = "", who: Field = ""
    ) -> Response:
        """They have it: from now on no message comes."""
        found = await self._opened(request, case, code)
        try:
            found = await self._do(lambda now: acting.accept(case, who, now, self._on))
        except REFUSED as error:
            return await self._page(request, found, code, words(error))
        log.info("accepted outside", case=case)
        return await self._page(request, found, code)

    @only(ANYBODY)
    async def hear(
        self, request: Request, case: str, code: Field = "", sha256: Field = "", why: Field = ""
    ) -> Response:
        """An original, once it is on record that they hear it and why."""
        found = await self._opened(request, case, code)
        try:
            content = await self._do(
                lambda now: outside.see(found, sha256, why, now, self._on, [self._player.step])
            )
        except REFUSED as error:
            return await self._page(request, found, code, words(error))
        if name := saved_as(found, sha256):
            return file(content, FILE, name)
        at = OUTSIDE.format(case=case) + "/sound"
        hashed = codes.code_hash(code).hex()
        sound = self._tickets.address(request, sha256, f"outside {case}", hashed, at=at)
        return await self._page(request, await self._again(case), code, sound=sound)

    @only(ANYBODY)
    async def sound(self, request: Request, case: str, ticket: str) -> Response:
        """The case is looked at again, for their channel may be somebody's who is named since."""
        read = self._tickets.read(ticket, request)
        if read.why != f"outside {case}":
            raise AccessRefused("This address is somebody else's.")
        await asyncio.to_thread(outside.still, case, bytes.fromhex(read.token), self._on)
        content = await asyncio.to_thread(self._player.played, read.utterance)
        response = ranged(request.headers.get("range", ""), content)
        response.headers["Content-Type"] = "audio/flac"
        return response

    @only(ANYBODY)
    async def bundle(
        self, request: Request, case: str, code: Field = "", why: Field = ""
    ) -> Response:
        """Everything of the case."""
        found = await self._opened(request, case, code)
        try:
            content = await self._do(lambda now: outside.export(found, why, now, self._on))
        except REFUSED as error:
            return await self._page(request, found, code, words(error))
        return file(content, "application/zip", f"case-{case}.zip")

    @only(ANYBODY)
    async def answer(
        self, request: Request, case: str, code: Field = "", said: Field = ""
    ) -> Response:
        """To the reporter."""
        found = await self._opened(request, case, code)
        try:
            found = await self._do(lambda now: outside.answer(found, said, now, self._on))
        except REFUSED as error:
            return await self._page(request, found, code, words(error))
        told = "It is on record. The reporter sees it on their page."
        return await self._page(request, found, code, done=told)

    @only(ANYBODY)
    async def receipt(self, request: Request, case: str, code: Field = "") -> Response:
        """That the log holds each record; it says nothing of what was reported."""
        await self._opened(request, case, code)
        made = await asyncio.to_thread(logbook.receipt, case, self._on.book)
        return file(str(made).encode(), "application/json", f"receipt-{case}.json")

    @property
    def _on(self) -> Incidents:
        return self._program.incidents

    async def _do(self, work: Callable[[datetime], T]) -> T:
        return await asyncio.to_thread(lambda: work(self._program.clock.now()))

    async def _again(self, case: str) -> Look:
        return await asyncio.to_thread(cases.look, case, self._on)

    async def _opened(self, request: Request, case: str, code: str) -> Look:
        """Raises NotFound, in the same words for every case and code; Overloaded."""
        try:
            return await asyncio.to_thread(outside.opened, case, code, self._on)
        except NotFound:
            self._entrance.patience.missed(f"outside {case[:16]}", peer_of(request))
            raise

    async def _page(
        self,
        request: Request,
        found: Look,
        code: str,
        problem: str = "",
        sound: str = "",
        done: str = "",
    ) -> Response:
        return self._pages.show(
            request,
            "incidents/outside_case.html",
            400 if problem else 200,
            found=found,
            stands=found.status,
            delivered=any(each.kind == Kind.DELIVERED for each in found.good),
            reported_by=await asyncio.to_thread(reported_by, found, self._on),
            originals=await asyncio.to_thread(originals, found, self._program.records),
            zone=found.status.policy.hours.zone,
            may_hear=outside.may_hear(found),
            code=code,
            problem=problem,
            typed=await typed_into(request) if problem else NOTHING,
            sound=sound,
            done=done,
            place=self._program.settings.public_url,
            key=self._on.book.key.public,
            names={each.id: each.name for each in found.status.accounts},
        )
