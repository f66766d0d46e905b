"""Making an account, signing in and out."""

from __future__ import annotations

import asyncio
from base64 import b32decode, b32encode
from datetime import UTC, datetime
from functools import partial

import segno
import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from earwitness.accounts import Account
from earwitness.doors.workbench.entrance import (
    Answer,
    Entrance,
    Field,
    agent_of,
    own,
    peer_of,
    visitor_of,
)
from earwitness.doors.workbench.guard import HOME, SIGN_IN, wanting
from earwitness.doors.workbench.roles import ANYBODY, EVERYBODY, only
from earwitness.errors import AccessRefused, InputError
from earwitness.flow import accounts, passkeys
from earwitness.flow.access import secret_hash

JOIN = "/join"

log = structlog.get_logger(__name__)


def add_routes(router: APIRouter, entrance: Entrance) -> None:
    desk = _Desk(entrance)
    router.add_api_route(JOIN, desk.show_join, methods=["GET"])
    router.add_api_route(JOIN, desk.join, methods=["POST"])
    router.add_api_route(JOIN + "/link", desk.check_link, methods=["POST"])
    router.add_api_route(JOIN + "/passkey", desk.ask_to_join, methods=["GET"])
    router.add_api_route(JOIN + "/passkey", desk.join_with_passkey, methods=["POST"])
    router.add_api_route(SIGN_IN, desk.show_sign_in, methods=["GET"])
    router.add_api_route(SIGN_IN, desk.sign_in, methods=["POST"])
    router.add_api_route(SIGN_IN + "/passkey", desk.ask_to_sign_in, methods=["GET"])
    router.add_api_route(SIGN_IN + "/passkey", desk.sign_in_with_passkey, methods=["POST"])
    router.add_api_route("/sign-out", desk.sign_out, methods=["POST"])


class _Desk:
    def __init__(self, entrance: Entrance) -> None:
        self._entrance, self._records = entrance, entrance.program.records
        self._pages, self._patience = entrance.pages, entrance.patience

    # --- joining -----------------------------------------------------------------

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
        key = totp_bytes(totp)
        self._patience.spend(f"join {name}", peer_of(request))
        now = datetime.now(UTC)
        work = partial(accounts.join, secret, name, password, key, code, now, records=self._records)
        try:
            account = await self._entrance.hashed(work)
        except (AccessRefused, InputError) as error:
            return self._join_form(request, key, secret, name, str(error))
        return await self._begin(request, account, now)

    @only(ANYBODY)
    async def check_link(self, request: Request, secret: Field = "") -> Response:
        """What a link is good for, before somebody fills in a form; it is not used up."""
        key = secret_hash(secret)
        self._patience.spend(f"link {key.hex()}", peer_of(request))
        records, now = self._entrance.program.records, datetime.now(UTC)
        try:
            roles = await asyncio.to_thread(records.offered, key, now)
        except AccessRefused as error:
            return JSONResponse({"problem": str(error)}, 403)
        return JSONResponse({"roles": sorted(roles)})

    @only(ANYBODY)
    async def ask_to_join(self, request: Request, name: str = "") -> Response:
        """What the browser needs to make a passkey."""
        return self._entrance.asked(request, partial(passkeys.options_to_join, name))

    @only(ANYBODY)
    async def join_with_passkey(
        self, request: Request, secret: Field = "", name: Field = "", answer: Answer = ""
    ) -> Response:
        self._patience.spend(f"join {name}", peer_of(request))
        ceremony = self._entrance.ceremony(request)
        try:
            account = await asyncio.to_thread(
                passkeys.join, secret, name, answer, ceremony, records=self._records
            )
        except (AccessRefused, InputError) as error:
            return self._join_form(request, accounts.new_totp(), secret, name, str(error))
        return await self._begin(request, account, ceremony.now)

    async def _begin(self, request: Request, account: Account, now: datetime) -> Response:
        log.info("account made", account=account.id)
        signed = await asyncio.to_thread(
            accounts.begin, account, agent_of(request), now, records=self._records
        )
        return self._entrance.come_in(signed.secret)

    # --- signing in and out ------------------------------------------------------

    @only(ANYBODY)
    async def show_sign_in(self, request: Request, to: str = HOME) -> Response:
        if request.state.visitor:
            return RedirectResponse(own(to), status_code=303)
        return self._sign_in_form(request, to)

    @only(ANYBODY)
    async def sign_in(
        self,
        request: Request,
        name: Field = "",
        password: Field = "",
        code: Field = "",
        to: Field = HOME,
    ) -> Response:
        self._patience.spend(name.casefold(), peer_of(request))
        now, agent = datetime.now(UTC), agent_of(request)
        work = partial(accounts.sign_in, name, password, code, agent, now, records=self._records)
        try:
            signed = await self._entrance.hashed(work)
        except AccessRefused as error:
            return self._sign_in_refused(request, error, to, name)
        return self._signed_in(signed, to)

    @only(ANYBODY)
    async def ask_to_sign_in(self, request: Request) -> Response:
        """What the browser needs to find a passkey."""
        return self._entrance.asked(request, passkeys.options_to_sign_in)

    @only(ANYBODY)
    async def sign_in_with_passkey(
        self, request: Request, answer: Answer = "", to: Field = HOME
    ) -> Response:
        self._patience.spend(f"passkey {passkeys.credential_of(answer)}", peer_of(request))
        ceremony = self._entrance.ceremony(request)
        try:
            signed = await asyncio.to_thread(
                passkeys.sign_in, answer, agent_of(request), ceremony, records=self._records
            )
        except AccessRefused as error:
            return self._sign_in_refused(request, error, to)
        return self._signed_in(signed, to)

    @only(EVERYBODY)
    async def sign_out(self, request: Request) -> Response:
        await asyncio.to_thread(self._records.end_session, visitor_of(request).session.id)
        response = RedirectResponse(SIGN_IN, status_code=303)
        self._entrance.cookie.take(response)
        return response

    def _signed_in(self, signed: accounts.SignedIn, to: str) -> Response:
        log.info("signed in", account=signed.session.account)
        return self._entrance.come_in(signed.secret, own(to))

    def _sign_in_refused(
        self, request: Request, error: AccessRefused, to: str, name: str = ""
    ) -> Response:
        log.info("sign-in refused", peer=peer_of(request))
        return self._sign_in_form(request, to, 403, name, str(error))

    # --- pages -------------------------------------------------------------------

    def _sign_in_form(
        self, request: Request, to: str, status: int = 200, name: str = "", problem: str = ""
    ) -> Response:
        elsewhere = self._entrance.elsewhere(request)
        return self._pages.show(
            request,
            "sign_in.html",
            status,
            to=own(to),
            wanting=wanting(own(to)),
            name=name,
            problem=problem,
            elsewhere=elsewhere,
            issuer=self._entrance.program.settings.oidc_issuer,
        )

    def _join_form(
        self, request: Request, totp: bytes, secret: str = "", name: str = "", problem: str = ""
    ) -> Response:
        return self._pages.show(
            request,
            "join.html",
            400 if problem else 200,
            problem=problem,
            secret=secret,
            name=name,
            elsewhere=self._entrance.elsewhere(request),
            **shown_totp(name, totp),
        )


def totp_bytes(text: str) -> bytes:
    """A secret as our own page wrote it. Raises InputError."""
    try:
        key = b32decode(text)
    except ValueError as error:
        raise InputError("The page was changed on its way; load it again.") from error
    if len(key) != accounts.TOTP_BYTES:
        raise InputError("The page was changed on its way; load it again.")
    return key


def shown_totp(name: str, totp: bytes) -> dict[str, str]:
    """The secret for a page, as text and as a picture."""
    picture = segno.make(accounts.totp_uri(name or "you", totp), micro=False)
    return {"totp": b32encode(totp).decode(), "picture": picture.svg_data_uri(scale=4)}
