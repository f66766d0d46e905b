"""What everybody passes who signs in, whichever way: attempts counted, a browser known, a cookie.

The browser's own secret is worth nothing alone. It ties a challenge to the browser that asked
for it, before anybody is signed in. It is Lax, for a provider of identities sends the browser
back from another site.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated, TypeVar
from urllib.parse import quote, unquote, urlsplit

from fastapi import Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from earwitness.accounts import Role
from earwitness.doors.workbench.guard import HOME
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.patience import Patience
from earwitness.doors.workbench.visitors import Cookie, Visitor
from earwitness.errors import InputError
from earwitness.flow.challenges import VALID, Challenges
from earwitness.flow.passkeys import LOCALHOST, Ceremony, relying_party
from earwitness.oidc import Provider

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

WORDS = {
    Role.ANALYST: "listens, writes, teaches",
    Role.LEAD: "looks after the queue, the terms and agreement",
    Role.RESPONDER: "acts on incidents",
    Role.PRIVACY_OFFICER: "consent, retention, erasure",
    Role.AUDITOR: "reads who did what",
    Role.ADMINISTRATOR: "accounts and settings; hears nothing",
}
"""What each role is for, beside its box."""
HASHES_AT_ONCE = 2
"""Argon2 takes 64 MiB each time."""
BROWSER_BYTES = 32
MAX_FIELD = 1000
"""Characters of what somebody writes into a field."""
MAX_ANSWER = 16_384
"""Characters of what an authenticator answered; an attestation is some thousand."""

T = TypeVar("T")
Field = Annotated[str, Form(max_length=MAX_FIELD)]
Roles = Annotated[list[str], Form(max_length=len(Role))]
Answer = Annotated[str, Form(max_length=MAX_ANSWER)]


@dataclass(frozen=True)
class Entrance:
    """One for all routes of a server."""

    program: Earwitness
    pages: Pages
    cookie: Cookie
    provider: Provider | None
    challenges: Challenges = field(default_factory=Challenges)
    patience: Patience = field(default_factory=Patience)
    _hashing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(HASHES_AT_ONCE))

    async def hashed(self, work: Callable[[], T]) -> T:
        """What hashes a password, on another thread and not too many at once."""
        async with self._hashing:
            return await asyncio.to_thread(work)

    def come_in(self, secret: str, to: str = HOME) -> Response:
        """The session's cookie, and on to a page."""
        response = RedirectResponse(to, status_code=303)
        self.cookie.give(response, secret)
        return response

    # --- the browser -------------------------------------------------------------

    def browser(self, request: Request) -> str:
        """Its secret; empty where it brings none."""
        return request.cookies.get(self._browser_cookie, "")

    def know(self, response: Response, secret: str) -> None:
        """Gives a browser the secret, or a longer time with the one it has."""
        self._give(response, self._browser_cookie, secret)

    def remember(self, response: Response, to: str) -> None:
        """Which page to show when the browser is back from elsewhere."""
        self._give(response, f"{self.cookie.name}-to", quote(own(to)))

    def remembered(self, request: Request) -> str:
        return own(unquote(request.cookies.get(f"{self.cookie.name}-to", "")))

    def _give(self, response: Response, name: str, value: str) -> None:
        response.set_cookie(
            name,
            value,
            max_age=int(2 * VALID.total_seconds()),
            path="/",
            secure=self.cookie.encrypted,
            httponly=True,
            samesite="lax",
        )

    @property
    def _browser_cookie(self) -> str:
        return f"{self.cookie.name}-browser"

    # --- passkeys ----------------------------------------------------------------

    def ceremony(self, request: Request, browser: str = "") -> Ceremony:
        """Raises InputError at an address that can have no passkeys."""
        host, public_url = request.headers.get("host", ""), self.program.settings.public_url
        party = relying_party(host, self._scheme, public_url)
        if party is None:
            raise InputError("There are no passkeys at this address.")
        return Ceremony(party, self.challenges, browser or self.browser(request), datetime.now(UTC))

    def asked(self, request: Request, options: Callable[[Ceremony], str]) -> Response:
        """JSON for passkey.js, with a challenge for this browser alone."""
        browser = self.browser(request) or secrets.token_urlsafe(BROWSER_BYTES)
        try:
            content = options(self.ceremony(request, browser))
        except InputError as error:
            return JSONResponse({"problem": str(error)}, 400)
        response = Response(content, media_type="application/json")
        self.know(response, browser)
        return response

    def elsewhere(self, request: Request) -> str | None:
        """Where passkeys work, if they do not here; empty where that is nowhere."""
        host, public_url = request.headers.get("host", ""), self.program.settings.public_url
        if relying_party(host, self._scheme, public_url):
            return None
        if public_url:
            return public_url
        at = urlsplit(f"//{host}")
        try:
            here = ip_address(at.hostname or "").is_loopback
            port = f":{at.port}" if at.port else ""
        except ValueError:
            return ""
        return f"{self._scheme}://{LOCALHOST}{port}" if here else ""

    def base(self, request: Request) -> str:
        """Where somebody else reaches us, for a link: at best where passkeys work."""
        return self.elsewhere(request) or self.here(request)

    def here(self, request: Request) -> str:
        """Where this browser reached us, or where everybody does."""
        here = f"{self._scheme}://{request.headers.get('host', '')}"
        return self.program.settings.public_url or here

    @property
    def _scheme(self) -> str:
        return "https" if self.program.settings.tls_certificate else "http"


def chosen(roles: Sequence[str]) -> frozenset[Role]:
    """Of the boxes of a form. Raises InputError for what is no role."""
    try:
        return frozenset(map(Role, roles))
    except ValueError as error:
        raise InputError("There is no such role.") from error


def own(to: str) -> str:
    """A page of the workbench, whoever wrote the address.

    >>> [own(each) for each in ("/workbench/me", "/workbenches", "//evil.example", "/sign-out")]
    ['/workbench/me', '/workbench', '/workbench', '/workbench']
    """
    ours = to.startswith(f"{HOME}/") and to.isascii() and to.isprintable() and "\\" not in to
    return to if ours and len(to) <= MAX_FIELD else HOME


def visitor_of(request: Request) -> Visitor:
    """Whoever is signed in, where the guard let nobody else by."""
    visitor: Visitor = request.state.visitor
    return visitor


def peer_of(request: Request) -> str:
    return request.client.host if request.client else ""


def agent_of(request: Request) -> str:
    return request.headers.get("user-agent", "")
