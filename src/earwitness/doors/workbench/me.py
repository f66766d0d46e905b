"""One's own account: passkeys, password, tokens, open sessions."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.doors.workbench import again
from earwitness.doors.workbench.entrance import (
    WORDS,
    Answer,
    Entrance,
    Field,
    Roles,
    chosen,
    visitor_of,
)
from earwitness.doors.workbench.once import Once
from earwitness.doors.workbench.roles import EVERYBODY, only
from earwitness.doors.workbench.signing_in import shown_totp, totp_bytes
from earwitness.errors import AccessRefused, InputError, NotFound
from earwitness.flow import accounts, passkeys, tokens

ME = "/workbench/me"

log = structlog.get_logger(__name__)


def add_routes(router: APIRouter, entrance: Entrance) -> None:
    desk = _Desk(entrance)
    router.add_api_route(ME, desk.show, methods=["GET"])
    router.add_api_route(ME + "/passkey", desk.ask, methods=["GET"])
    router.add_api_route(ME + "/passkey", desk.add_passkey, methods=["POST"])
    router.add_api_route(ME + "/passkey/{passkey}/remove", desk.remove_passkey, methods=["POST"])
    router.add_api_route(ME + "/password", desk.show_password, methods=["GET"])
    router.add_api_route(ME + "/password", desk.set_password, methods=["POST"])
    router.add_api_route(ME + "/password/remove", desk.remove_password, methods=["POST"])
    router.add_api_route(ME + "/token", desk.make_token, methods=["POST"])
    router.add_api_route(ME + "/made/{made}", desk.show_token, methods=["GET"])
    router.add_api_route(ME + "/token/{token}/revoke", desk.revoke_token, methods=["POST"])
    router.add_api_route(ME + "/sessions/end", desk.end_others, methods=["POST"])
    router.add_api_route(ME + "/session/{session}/end", desk.end_session, methods=["POST"])


class _Desk:
    def __init__(self, entrance: Entrance) -> None:
        self._entrance, self._records = entrance, entrance.program.records
        self._made: Once[tokens.NewToken] = Once()

    @only(EVERYBODY)
    async def show(self, request: Request) -> Response:
        return await self._page(request)

    # --- passkeys ----------------------------------------------------------------

    @only(EVERYBODY)
    async def ask(self, request: Request) -> Response:
        """What the browser needs to make another passkey."""
        account = visitor_of(request).account
        known = await asyncio.to_thread(self._records.passkeys, account.id)
        return self._entrance.asked(request, partial(passkeys.options_to_add, account, known))

    @only(EVERYBODY)
    async def add_passkey(
        self, request: Request, name: Field = "", answer: Answer = ""
    ) -> Response:
        if first := again.first(self._entrance, request, ME):
            return first
        account, ceremony = visitor_of(request).account, self._entrance.ceremony(request)
        try:
            new = await asyncio.to_thread(
                passkeys.add, account, name, answer, ceremony, records=self._records
            )
        except (AccessRefused, InputError) as error:
            return await self._page(request, 400, str(error))
        log.info("passkey added", account=account.id, passkey=new.id)
        return _back()

    @only(EVERYBODY)
    async def remove_passkey(self, request: Request, passkey: str) -> Response:
        """What was opened with it elsewhere is closed."""
        if first := again.first(self._entrance, request, ME):
            return first
        account = visitor_of(request).account
        try:
            await asyncio.to_thread(self._records.remove_passkey, account.id, passkey)
        except InputError as error:
            return await self._page(request, 400, str(error))
        await self._end_others(request)
        log.info("passkey removed", account=account.id, passkey=passkey)
        return _back()

    # --- password ----------------------------------------------------------------

    @only(EVERYBODY)
    async def show_password(self, request: Request) -> Response:
        if first := again.first(self._entrance, request, f"{ME}/password"):
            return first
        return self._password_form(request, accounts.new_totp())

    @only(EVERYBODY)
    async def set_password(
        self, request: Request, password: Field = "", totp: Field = "", code: Field = ""
    ) -> Response:
        if first := again.first(self._entrance, request, f"{ME}/password"):
            return first
        key, session = totp_bytes(totp), visitor_of(request).session
        now, records = datetime.now(UTC), self._records
        work = partial(accounts.set_password, session, password, key, code, now, records=records)
        try:
            await self._entrance.hashed(work)
        except InputError as error:
            return self._password_form(request, key, 400, str(error))
        log.info("password set", account=session.account)
        return _back()

    @only(EVERYBODY)
    async def remove_password(self, request: Request) -> Response:
        if first := again.first(self._entrance, request, ME):
            return first
        account = visitor_of(request).account
        try:
            await asyncio.to_thread(self._records.remove_password, account.id)
        except InputError as error:
            return await self._page(request, 400, str(error))
        await self._end_others(request)
        log.info("password removed", account=account.id)
        return _back()

    # --- tokens ------------------------------------------------------------------

    @only(EVERYBODY)
    async def make_token(
        self,
        request: Request,
        name: Field = "",
        roles: Roles = [],  # noqa: B006
        days: Field = "",
    ) -> Response:
        """Its secret is shown once: no store keeps it."""
        if first := again.first(self._entrance, request, ME):
            return first
        visitor, now = visitor_of(request), datetime.now(UTC)
        account = visitor.account
        try:
            made = await asyncio.to_thread(
                tokens.make_token, account, name, chosen(roles), _days(days), now,
                records=self._records,
            )  # fmt: skip
        except InputError as error:
            return await self._page(request, 400, str(error))
        log.info("token made", account=account.id, token=made.token.id)
        key = self._made.put(visitor.session.id, made, now)
        return RedirectResponse(f"{ME}/made/{key}", status_code=303)

    @only(EVERYBODY)
    async def show_token(self, request: Request, made: str) -> Response:
        now = datetime.now(UTC)
        shown = self._made.take(visitor_of(request).session.id, made, now)
        return self._entrance.pages.show(request, "token.html", made=shown, now=now)

    @only(EVERYBODY)
    async def revoke_token(self, request: Request, token: str) -> Response:
        account = visitor_of(request).account
        await asyncio.to_thread(
            tokens.revoke, account, token, datetime.now(UTC), records=self._records
        )
        log.info("token revoked", account=account.id, token=token)
        return _back()

    # --- sessions ----------------------------------------------------------------

    @only(EVERYBODY)
    async def end_session(self, request: Request, session: str) -> Response:
        mine = await asyncio.to_thread(self._records.sessions, visitor_of(request).account.id)
        if session not in {each.id for each in mine}:
            raise NotFound("There is no such session.")
        await asyncio.to_thread(self._records.end_session, session)
        return _back()

    @only(EVERYBODY)
    async def end_others(self, request: Request) -> Response:
        await self._end_others(request)
        return _back()

    async def _end_others(self, request: Request) -> None:
        mine = visitor_of(request).session
        await asyncio.to_thread(self._records.end_sessions, mine.account, but=mine.id)

    # --- pages -------------------------------------------------------------------

    async def _page(self, request: Request, status: int = 200, problem: str = "") -> Response:
        visitor, records, now = visitor_of(request), self._records, datetime.now(UTC)
        await asyncio.to_thread(accounts.prune, now, records=records)
        return self._entrance.pages.show(
            request,
            "me.html",
            status,
            problem=problem,
            person=await asyncio.to_thread(records.person, visitor.account.id),
            passkeys=await asyncio.to_thread(records.passkeys, visitor.account.id),
            sessions=await asyncio.to_thread(records.sessions, visitor.account.id),
            tokens=await asyncio.to_thread(records.tokens, visitor.account.id),
            words=WORDS,
            days=tokens.DAYS,
            recent=accounts.is_recent(visitor.session, now),
            elsewhere=self._entrance.elsewhere(request),
            now=now,
        )

    def _password_form(
        self, request: Request, totp: bytes, status: int = 200, problem: str = ""
    ) -> Response:
        shown = shown_totp(visitor_of(request).account.name, totp)
        return self._entrance.pages.show(request, "password.html", status, problem=problem, **shown)


def _days(text: str) -> timedelta:
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(tokens.LONGEST.days)):
        raise InputError("A token ends after a number of days.")
    return timedelta(days=int(text))


def _back() -> Response:
    return RedirectResponse(ME, status_code=303)
