"""Making an account, signing in and out."""

from __future__ import annotations

import asyncio
from base64 import b32decode, b32encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import segno
import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.doors.workbench.guard import SIGN_IN
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.patience import Patience
from earwitness.doors.workbench.roles import ANYBODY, EVERYBODY, only
from earwitness.doors.workbench.visitors import Cookie, Visitor
from earwitness.errors import AccessRefused, InputError
from earwitness.flow import accounts

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

HOME = "/workbench"
JOIN = "/join"
HASHES_AT_ONCE = 2
"""Argon2 takes 64 MiB each time."""

log = structlog.get_logger(__name__)
Field = Annotated[str, Form(max_length=1000)]


def add_routes(router: APIRouter, program: Earwitness, pages: Pages, cookie: Cookie) -> None:
    desk = _Desk(program, pages, cookie)
    router.add_api_route(JOIN, desk.show_join, methods=["GET"])
    router.add_api_route(JOIN, desk.join, methods=["POST"])
    router.add_api_route(SIGN_IN, desk.show_sign_in, methods=["GET"])
    router.add_api_route(SIGN_IN, desk.sign_in, methods=["POST"])
    router.add_api_route("/sign-out", desk.sign_out, methods=["POST"])


class _Desk:
    def __init__(self, program: Earwitness, pages: Pages, cookie: Cookie) -> None:
        self._program, self._pages, self._cookie = program, pages, cookie
        self._patience = Patience()
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)

    @only(ANYBODY)
    async def show_join(self, request: Request) -> Response:
        """The link's secret is behind its #, where only a script of this page sees it."""
        return self._join_form(request, accounts.new_totp())

    @only(ANYBODY)
    async def join(
        self,
        request: Request,
        secret: Field = "",
        name: Field = "",
        password: Field = "",
        totp: Field = "",
        code: Field = "",
    ) -> Response:
        key = _totp_bytes(totp)
        self._patience.spend(f"join {name}", _peer(request))
        now = datetime.now(UTC)
        try:
            async with self._hashing:
                account = await asyncio.to_thread(
                    accounts.join, secret, name, password, key, code, now,
                    records=self._program.records,
                )  # fmt: skip
        except (AccessRefused, InputError) as error:
            return self._join_form(request, key, secret, name, str(error))
        log.info("account made", account=account.id)
        signed = await asyncio.to_thread(
            accounts.begin, account, _agent(request), now, records=self._program.records
        )
        return self._come_in(signed.secret)

    @only(ANYBODY)
    async def show_sign_in(self, request: Request) -> Response:
        if request.state.visitor:
            return RedirectResponse(HOME, status_code=303)
        return self._pages.show(request, "sign_in.html", name="", problem="")

    @only(ANYBODY)
    async def sign_in(
        self, request: Request, name: Field = "", password: Field = "", code: Field = ""
    ) -> Response:
        self._patience.spend(name.casefold(), _peer(request))
        try:
            async with self._hashing:
                signed = await asyncio.to_thread(
                    accounts.sign_in, name, password, code, _agent(request), datetime.now(UTC),
                    records=self._program.records,
                )  # fmt: skip
        except AccessRefused as error:
            log.info("sign-in refused", peer=_peer(request))
            return self._pages.show(request, "sign_in.html", 403, name=name, problem=str(error))
        log.info("signed in", account=signed.session.account)
        return self._come_in(signed.secret)

    @only(EVERYBODY)
    async def sign_out(self, request: Request) -> Response:
        visitor: Visitor = request.state.visitor
        await asyncio.to_thread(self._program.records.end_session, visitor.session.id)
        response = RedirectResponse(SIGN_IN, status_code=303)
        self._cookie.take(response)
        return response

    def _join_form(
        self, request: Request, totp: bytes, secret: str = "", name: str = "", problem: str = ""
    ) -> Response:
        picture = segno.make(accounts.totp_uri(name or "you", totp), micro=False)
        return self._pages.show(
            request,
            "join.html",
            400 if problem else 200,
            problem=problem,
            secret=secret,
            name=name,
            totp=b32encode(totp).decode(),
            picture=picture.svg_data_uri(scale=4),
        )

    def _come_in(self, secret: str) -> Response:
        response = RedirectResponse(HOME, status_code=303)
        self._cookie.give(response, secret)
        return response


def _totp_bytes(text: str) -> bytes:
    try:
        key = b32decode(text)
    except ValueError as error:
        raise InputError("The page was changed on its way; load it again.") from error
    if len(key) != accounts.TOTP_BYTES:
        raise InputError("The page was changed on its way; load it again.")
    return key


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "")
