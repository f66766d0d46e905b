"""Showing anew who one is, before something is changed by which one signs in.

It begins another session in place of the one that asked (ASVS 5, 7.2.4), so a session says by
its beginning how long ago that was.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.doors.workbench.entrance import (
    Answer,
    Entrance,
    Field,
    own,
    peer_of,
    visitor_of,
)
from earwitness.doors.workbench.guard import HOME
from earwitness.doors.workbench.roles import EVERYBODY, only
from earwitness.errors import AccessRefused
from earwitness.flow import accounts, passkeys

AGAIN = "/workbench/again"

log = structlog.get_logger(__name__)


def add_routes(router: APIRouter, entrance: Entrance) -> None:
    desk = _Desk(entrance)
    router.add_api_route(AGAIN, desk.show, methods=["GET"])
    router.add_api_route(AGAIN, desk.with_password, methods=["POST"])
    router.add_api_route(AGAIN + "/passkey", desk.ask, methods=["GET"])
    router.add_api_route(AGAIN + "/passkey", desk.with_passkey, methods=["POST"])


def first(entrance: Entrance, request: Request, to: str) -> Response | None:
    """The way to this page for whoever did not show lately who they are; None for others."""
    if accounts.is_recent(visitor_of(request).session, datetime.now(UTC)):
        return None
    if request.method == "GET":
        return RedirectResponse(f"{AGAIN}?to={to}", status_code=303)
    return entrance.pages.show(request, "again_first.html", 403, to=to)


class _Desk:
    def __init__(self, entrance: Entrance) -> None:
        self._entrance, self._records = entrance, entrance.program.records

    @only(EVERYBODY)
    async def show(self, request: Request, to: str = HOME) -> Response:
        return await self._form(request, to)

    @only(EVERYBODY)
    async def with_password(
        self, request: Request, to: Field = HOME, password: Field = "", code: Field = ""
    ) -> Response:
        account = visitor_of(request).account
        self._entrance.patience.spend(account.name.casefold(), peer_of(request))
        now = datetime.now(UTC)
        work = partial(accounts.check, account.name, password, code, now, records=self._records)
        try:
            await self._entrance.hashed(work)
        except AccessRefused as error:
            return await self._refused(request, to, error)
        return await self._on(request, to, now)

    @only(EVERYBODY)
    async def ask(self, request: Request) -> Response:
        """What the browser needs to find a passkey of whoever is signed in."""
        account = visitor_of(request).account
        known = await asyncio.to_thread(self._records.passkeys, account.id)
        return self._entrance.asked(request, partial(passkeys.options_again, account, known))

    @only(EVERYBODY)
    async def with_passkey(
        self, request: Request, to: Field = HOME, answer: Answer = ""
    ) -> Response:
        account, ceremony = visitor_of(request).account, self._entrance.ceremony(request)
        self._entrance.patience.spend(f"passkey {passkeys.credential_of(answer)}", peer_of(request))
        try:
            await asyncio.to_thread(
                passkeys.show_again, account, answer, ceremony, records=self._records
            )
        except AccessRefused as error:
            return await self._refused(request, to, error)
        return await self._on(request, to, ceremony.now)

    async def _on(self, request: Request, to: str, now: datetime) -> Response:
        visitor = visitor_of(request)
        signed = await asyncio.to_thread(
            accounts.begin_again, visitor.session, visitor.account, now, records=self._records
        )
        return self._entrance.come_in(signed.secret, own(to))

    async def _refused(self, request: Request, to: str, error: AccessRefused) -> Response:
        log.info("sign-in refused", peer=peer_of(request))
        return await self._form(request, to, 403, str(error))

    async def _form(
        self, request: Request, to: str, status: int = 200, problem: str = ""
    ) -> Response:
        person = await asyncio.to_thread(self._records.person, visitor_of(request).account.id)
        return self._entrance.pages.show(
            request,
            "again.html",
            status,
            to=own(to),
            person=person,
            problem=problem,
            elsewhere=self._entrance.elsewhere(request),
        )
