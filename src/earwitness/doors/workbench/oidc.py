"""Signing in by a provider of identities, and back.

The state is a challenge of this browser; the nonce and the verifier of PKCE follow from it, so
nothing is kept for those who never come back.
"""

from __future__ import annotations

import asyncio
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.doors.workbench.entrance import BROWSER_BYTES, Entrance, agent_of, peer_of
from earwitness.doors.workbench.guard import HOME, SIGN_IN
from earwitness.doors.workbench.roles import ANYBODY, only
from earwitness.errors import AccessRefused, InputError
from earwitness.flow import identity
from earwitness.flow.accounts import SignedIn
from earwitness.oidc import Provider

START = SIGN_IN + "/oidc"
BACK = START + "/back"
MAX_PARAMETER = 4096
USE = "oidc"

log = structlog.get_logger(__name__)


def add_routes(router: APIRouter, entrance: Entrance) -> None:
    """None of them without a provider."""
    if entrance.provider is not None:
        desk = _Desk(entrance, entrance.provider)
        router.add_api_route(START, desk.start, methods=["GET"])
        router.add_api_route(BACK, desk.back, methods=["GET"])


@dataclass(frozen=True, slots=True)
class _Asked:
    """What goes with one state."""

    challenge: bytes
    nonce: str
    verifier: str


class _Desk:
    def __init__(self, entrance: Entrance, provider: Provider) -> None:
        self._entrance, self._provider = entrance, provider

    @only(ANYBODY)
    async def start(self, request: Request, to: str = HOME) -> Response:
        browser = self._entrance.browser(request) or secrets.token_urlsafe(BROWSER_BYTES)
        asked = self._asked(self._entrance.challenges.new(USE, browser, datetime.now(UTC)))
        state, back = _text(asked.challenge), self._back(request)
        address = await asyncio.to_thread(
            self._provider.address, state, asked.nonce, asked.verifier, back
        )
        response = RedirectResponse(address, status_code=303)
        self._entrance.know(response, browser)
        self._entrance.remember(response, to)
        return response

    @only(ANYBODY)
    async def back(
        self, request: Request, code: str = "", state: str = "", iss: str = "", error: str = ""
    ) -> Response:
        """A page and no redirect: our cookie is Strict, and this request comes from elsewhere."""
        self._entrance.patience.spend(f"oidc {state[:MAX_PARAMETER]}", peer_of(request))
        try:
            signed = await asyncio.to_thread(self._sign_in, request, code, state, iss, error)
        except (AccessRefused, InputError) as refused:
            log.info("sign-in refused", peer=peer_of(request))
            return self._entrance.pages.problem(request, 403, str(refused))
        log.info("signed in", account=signed.session.account)
        response = self._entrance.pages.show(
            request, "come_in.html", to=self._entrance.remembered(request)
        )
        self._entrance.cookie.give(response, signed.secret)
        return response

    def _sign_in(self, request: Request, code: str, state: str, iss: str, error: str) -> SignedIn:
        if max(map(len, (code, state, iss, error))) > MAX_PARAMETER:
            raise InputError("This did not come from the provider of identities.")
        program, now = self._entrance.program, datetime.now(UTC)
        asked, browser = self._asked(_bytes(state)), self._entrance.browser(request)
        self._entrance.challenges.spend(asked.challenge, USE, browser, now)
        if error or not code:
            raise AccessRefused("The provider of identities did not sign you in.")
        if not self._provider.is_issuer(iss):
            raise AccessRefused("This answer is of another provider of identities.")
        known = self._provider.identity(code, asked.nonce, asked.verifier, self._back(request), now)
        roles, agent = program.settings.oidc_roles, agent_of(request)
        return identity.sign_in(known, roles, agent, now, records=program.records)

    def _asked(self, challenge: bytes) -> _Asked:
        derive = self._entrance.challenges.derive
        nonce, verifier = (_text(derive(challenge, what)) for what in ("nonce", "verifier"))
        return _Asked(challenge, nonce, verifier)

    def _back(self, request: Request) -> str:
        return self._entrance.here(request) + BACK


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """Empty where it is none, which nobody is given."""
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""
