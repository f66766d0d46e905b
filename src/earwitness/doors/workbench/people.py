"""Accounts and invitations, for those who look after them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.accounts import Role
from earwitness.doors.workbench import again
from earwitness.doors.workbench.entrance import WORDS, Entrance, Roles, chosen, visitor_of
from earwitness.doors.workbench.incidents.reports import responders
from earwitness.doors.workbench.once import Once
from earwitness.doors.workbench.roles import only
from earwitness.errors import InputError
from earwitness.flow import accounts
from earwitness.flow.tokens import is_live

PEOPLE = "/workbench/accounts"
ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
T = TypeVar("T")
log = structlog.get_logger(__name__)


def add_routes(router: APIRouter, entrance: Entrance) -> None:
    desk = _Desk(entrance)
    one = PEOPLE + "/{account}"
    router.add_api_route(PEOPLE, desk.show, methods=["GET"])
    router.add_api_route(PEOPLE, desk.invite, methods=["POST"])
    router.add_api_route("/workbench/invited/{made}", desk.show_invited, methods=["GET"])
    router.add_api_route(
        "/workbench/invitation/{invitation}/withdraw", desk.withdraw, methods=["POST"]
    )
    router.add_api_route("/workbench/token/{token}/revoke", desk.revoke_token, methods=["POST"])
    router.add_api_route(one, desk.show_one, methods=["GET"])
    router.add_api_route(one + "/roles", desk.set_roles, methods=["POST"])
    router.add_api_route(one + "/end", desk.end_sessions, methods=["POST"])
    router.add_api_route(one + "/disable", desk.confirm_disable, methods=["GET"])
    router.add_api_route(one + "/disable", desk.disable, methods=["POST"])


class _Desk:
    def __init__(self, entrance: Entrance) -> None:
        self._entrance, self._records = entrance, entrance.program.records
        self._pages = entrance.pages
        self._made: Once[accounts.Offer] = Once()

    @only(ADMINISTRATORS)
    async def show(self, request: Request) -> Response:
        return await self._page(request)

    @only(ADMINISTRATORS)
    async def invite(self, request: Request, roles: Roles = []) -> Response:  # noqa: B006
        """The link is shown once: no store keeps its secret."""
        if first := again.first(self._entrance, request, PEOPLE):
            return first
        visitor, now = visitor_of(request), datetime.now(UTC)
        by = visitor.account
        try:
            offer = await self._do(
                lambda: accounts.offer(chosen(roles), by.name, now, records=self._records)
            )
        except InputError as error:
            return await self._page(request, 400, str(error))
        log.info("invited", account=by.id, roles=sorted(offer.roles))
        key = self._made.put(visitor.session.id, offer, now)
        return RedirectResponse(f"/workbench/invited/{key}", status_code=303)

    @only(ADMINISTRATORS)
    async def show_invited(self, request: Request, made: str) -> Response:
        now = datetime.now(UTC)
        offer = self._made.take(visitor_of(request).session.id, made, now)
        link = f"{self._entrance.base(request)}/join#{offer.secret}"
        return self._pages.show(request, "invited.html", link=link, offer=offer, now=now)

    @only(ADMINISTRATORS)
    async def withdraw(self, request: Request, invitation: str) -> Response:
        await self._do(lambda: self._records.withdraw_invitation(invitation))
        log.info("invitation withdrawn", account=visitor_of(request).account.id)
        return RedirectResponse(PEOPLE, status_code=303)

    @only(ADMINISTRATORS)
    async def show_one(self, request: Request, account: str) -> Response:
        return await self._one(request, account)

    @only(ADMINISTRATORS)
    async def set_roles(
        self,
        request: Request,
        account: str,
        roles: Roles = [],  # noqa: B006
    ) -> Response:
        """Whoever it is must sign in again."""
        if first := again.first(self._entrance, request, _at(account)):
            return first
        try:
            changed = await self._do(
                lambda: accounts.set_roles(account, chosen(roles), records=self._records)
            )
        except InputError as error:
            return await self._one(request, account, 400, str(error))
        self._log("roles changed", request, account, roles=sorted(changed.roles))
        return RedirectResponse(_at(account), status_code=303)

    @only(ADMINISTRATORS)
    async def end_sessions(self, request: Request, account: str) -> Response:
        await self._do(lambda: self._records.end_sessions(account))
        self._log("sessions ended", request, account)
        return RedirectResponse(_at(account), status_code=303)

    @only(ADMINISTRATORS)
    async def confirm_disable(self, request: Request, account: str) -> Response:
        person = await self._do(lambda: self._records.person(account))
        return self._pages.show(request, "disable.html", person=person)

    @only(ADMINISTRATORS)
    async def disable(self, request: Request, account: str) -> Response:
        """For good, and whoever it is is signed out at once."""
        if first := again.first(self._entrance, request, _at(account)):
            return first
        try:
            await self._do(lambda: self._records.disable_account(account, datetime.now(UTC)))
        except InputError as error:
            return await self._one(request, account, 400, str(error))
        self._log("account disabled", request, account)
        return RedirectResponse(_at(account), status_code=303)

    @only(ADMINISTRATORS)
    async def revoke_token(self, request: Request, token: str) -> Response:
        revoked = await self._do(lambda: self._records.revoke_token(token, datetime.now(UTC)))
        self._log("token revoked", request, revoked.account, token=token)
        return RedirectResponse(_at(revoked.account), status_code=303)

    async def _page(self, request: Request, status: int = 200, problem: str = "") -> Response:
        now = datetime.now(UTC)
        await self._do(lambda: accounts.prune(now, records=self._records))
        people = await self._do(self._records.people)
        return self._pages.show(
            request,
            "accounts.html",
            status,
            problem=problem,
            people=people,
            names={each.account.id: each.account.name for each in people},
            invitations=await self._do(lambda: self._records.invitations(now)),
            tokens=[each for each in await self._do(self._records.tokens) if is_live(each, now)],
            words=WORDS,
            responders=await self._do(lambda: responders(self._records)),
            now=now,
        )

    async def _one(
        self, request: Request, account: str, status: int = 200, problem: str = ""
    ) -> Response:
        now = datetime.now(UTC)
        await self._do(lambda: accounts.prune(now, records=self._records))
        return self._pages.show(
            request,
            "account.html",
            status,
            problem=problem,
            person=await self._do(lambda: self._records.person(account)),
            tokens=await self._do(lambda: self._records.tokens(account)),
            words=WORDS,
            now=now,
        )

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.to_thread(work)

    def _log(self, event: str, request: Request, account: str, **more: object) -> None:
        log.info(event, account=account, by=visitor_of(request).account.id, **more)


def _at(account: str) -> str:
    return f"{PEOPLE}/{account}"
