"""Who asks: the session behind a cookie, and what shows that a page of ours sent a form."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import Request, Response

from earwitness.accounts import Account, Session
from earwitness.flow.accounts import LONGEST

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in."""

    account: Account
    session: Session
    csrf: str
    """A form brings it back; no page of another origin can read it."""


def visitor_of(request: Request) -> Visitor:
    """Who asks, on a route that is for somebody who is signed in."""
    visitor: Visitor = request.state.visitor
    return visitor


@dataclass(frozen=True, slots=True)
class Cookie:
    """With TLS a browser takes it from this host alone, and never sends it in the clear."""

    encrypted: bool

    @property
    def name(self) -> str:
        return "__Host-earwitness" if self.encrypted else "earwitness"

    def secret(self, request: Request) -> str | None:
        return request.cookies.get(self.name)

    def give(self, response: Response, secret: str) -> None:
        response.set_cookie(
            self.name,
            secret,
            max_age=int(LONGEST.total_seconds()),
            path="/",
            secure=self.encrypted,
            httponly=True,
            samesite="strict",
        )

    def take(self, response: Response) -> None:
        response.delete_cookie(self.name, path="/", secure=self.encrypted, httponly=True)


def csrf_token(secret: str) -> str:
    """Follows from the session's secret, so nothing has to be kept for it.

    >>> csrf_token("a") == csrf_token("a"), csrf_token("a") == csrf_token("b")
    (True, False)
    """
    return hmac.new(secret.encode(errors="surrogateescape"), b"csrf", hashlib.sha256).hexdigest()


def is_own(request: Request) -> bool:
    """Whether a page of ours sent this: by Origin, or else by Sec-Fetch-Site.

    A request with neither is no browser's; it has no cookie that somebody else could use.
    """
    origin = request.headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == request.headers.get("host", "")
    return request.headers.get("sec-fetch-site", "none") in ("same-origin", "none")


async def brings_token(request: Request, token: str) -> bool:
    """Whether a request that changes something has the token of its session."""
    given = request.headers.get(CSRF_HEADER)
    if given is None:
        form = await request.form()
        field = form.get(CSRF_FIELD)
        given = field if isinstance(field, str) else ""
    return hmac.compare_digest(given.encode(errors="surrogateescape"), token.encode())
