"""What stands before every page: who may, from where, and with which headers it answers."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from earwitness.doors.workbench import roles
from earwitness.doors.workbench.pages import FRAGMENT_HEADER, Pages
from earwitness.doors.workbench.visitors import (
    CSRF_FIELD,
    SAFE,
    Cookie,
    Visitor,
    brings_token,
    csrf_token,
    is_own,
)
from earwitness.errors import (
    AccessRefused,
    EarwitnessError,
    InputError,
    LeaseLost,
    LogBroken,
    NotFound,
    NotWitnessed,
    Overloaded,
    RevisionConflict,
    TooLarge,
)
from earwitness.flow import accounts

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

MAX_BODY = 64 * 1024
"""Of a form, in bytes, where its page does not allow for more (``roles.up_to``)."""
LONGEST_UPLOAD = 120.0
"""Seconds for a form that may be long."""
HOME, SIGN_IN = "/workbench", "/sign-in"
KEPT = (
    "/workbench/report", "/workbench/case/", "/workbench/own/", "/workbench/finding/",
    "/workbench/blind/",
)  # fmt: skip
"""Where forms begin whose text is given back if they come too late: there is no other copy."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with "no-referrer" a form's Origin would be null
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}

log = structlog.get_logger(__name__)


def guarded(
    program: Earwitness, pages: Pages, cookie: Cookie, policy: Callable[[str], str]
) -> type[APIRoute]:
    """The class of every route of the workbench on one program.

    ``policy`` gives the Content-Security-Policy for the nonce of an answer.
    """

    class Guarded(APIRoute):
        """Raises TypeError, as it is made, for an endpoint that names no roles."""

        def __init__(self, path: str, endpoint: Callable[..., Any], **how: Any) -> None:
            self.roles = roles.of(endpoint)
            self.most = roles.body_of(endpoint) or MAX_BODY
            super().__init__(path, endpoint, **how)

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def answer(request: Request) -> Response:
                request.state.nonce = secrets.token_urlsafe(16)
                try:
                    response = await self._checked(request) or await handle(request)
                except EarwitnessError as error:
                    response = _refusal(pages, request, error)
                except RequestValidationError:  # it would repeat what was typed, a password too
                    response = pages.problem(request, 400, "This form cannot be read.")
                except HTTPException as error:
                    response = pages.problem(request, error.status_code, str(error.detail))
                headers = {"Content-Security-Policy": policy(request.state.nonce), **HEADERS}
                for name, value in headers.items():
                    response.headers.setdefault(name, value)
                return response

            return answer

        async def _checked(self, request: Request) -> Response | None:
            """None when the request may go on; ``request.state.visitor`` is then set."""
            request.state.visitor = None
            changes = request.method not in SAFE
            first = self.most == MAX_BODY or not self.roles  # read before it is known who sends it
            if changes:
                _check_size(request, self.most)
                if not is_own(request):
                    return pages.problem(request, 403, "This came from a page that is not ours.")
                if first and (refused := await self._arrived(request)):
                    return refused
            secret = cookie.secret(request)
            if self.roles and secret is None:
                return await _to_sign_in(pages, request)
            if secret is None:
                return None
            try:
                session, account = await asyncio.to_thread(
                    accounts.whose, secret, datetime.now(UTC), records=program.records
                )
            except AccessRefused:
                return await _to_sign_in(pages, request) if self.roles else None
            visitor = Visitor(account, session, csrf_token(secret))
            if changes and not first:  # not read for whoever may not send it
                if not self.roles & account.roles:
                    return pages.problem(request, 403, "Your roles do not include this page.")
                if refused := await self._arrived(request):
                    return refused
            if changes and not await brings_token(request, visitor.csrf):
                if _is_kept(request):
                    return await _unsent(pages, request, 403, "Send it again.", visitor.csrf)
                return pages.problem(request, 403, "This page is too old; load it again.")
            request.state.visitor = visitor
            if self.roles and not self.roles & account.roles:
                return pages.problem(request, 403, "Your roles do not include this page.")
            return None

        async def _arrived(self, request: Request) -> Response | None:
            """None once the form is here; it is kept for whoever asks again."""
            patience = program.settings.stall_seconds * self.most / MAX_BODY
            try:
                async with asyncio.timeout(min(patience, LONGEST_UPLOAD)):
                    await request.form()
            except TimeoutError:
                return pages.problem(request, 408, "The form did not arrive; send it again.")
            return None

    return Guarded


def _check_size(request: Request, most: int) -> None:
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise InputError("A form says how many bytes it has.")
    if len(length) > 12 or int(length) > most:
        raise TooLarge(f"A form here has at most {most} bytes.")


async def _to_sign_in(pages: Pages, request: Request) -> Response:
    if request.method in SAFE:
        return RedirectResponse(SIGN_IN + _wanted(request), status_code=303)
    if _is_kept(request):
        return await _unsent(pages, request, 401, "You are signed out.")
    message = "You are signed out; sign in again. What you wrote on the listening page is kept."
    return pages.problem(request, 401, message, SIGN_IN, "Sign in")


def _is_kept(request: Request) -> bool:
    """Whether what a form holds must not be lost, and is no secret."""
    return request.url.path.startswith(KEPT)


async def _unsent(
    pages: Pages, request: Request, status: int, message: str, token: str = ""
) -> Response:
    """The form as it came, to be sent again."""
    form = await request.form()
    pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    fields = [each for each in pairs if each[0] != CSRF_FIELD]
    return pages.show(request, "unsent.html", status, message=message, fields=fields, token=token)


def _wanted(request: Request) -> str:
    """What leads to the page that was asked for once somebody is signed in; never to a part."""
    headers, url = request.headers, request.url
    is_page = "text/html" in headers.get("accept", "") and FRAGMENT_HEADER not in headers
    return wanting(f"{url.path}?{url.query}" if url.query else url.path) if is_page else ""


def wanting(to: str) -> str:
    """The query of an address where somebody signs in and then wants a page."""
    return "" if to == HOME else "?" + urlencode({"to": to})


def _refusal(pages: Pages, request: Request, error: EarwitnessError) -> Response:
    match error:
        case AccessRefused():
            return pages.problem(request, 403, str(error))
        case Overloaded(retry_after=seconds):
            response = pages.problem(request, 429, str(error))
            response.headers["Retry-After"] = str(round(seconds))
            return response
        case LeaseLost() | RevisionConflict():
            return pages.problem(request, 409, str(error))
        case LogBroken() | NotWitnessed():
            log.error("the log is broken", path=request.url.path, exc_info=error)
            return pages.problem(request, 503, str(error))
        case NotFound():
            return pages.problem(request, 404, str(error))
        case TooLarge():
            return pages.problem(request, 413, str(error))
        case InputError():
            return pages.problem(request, 400, str(error))
    log.error("page failed", path=request.url.path, exc_info=error)
    return pages.problem(request, 500, "The server could not do this; its log says why.")
