"""Who a program acts for, and what its token lets it do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from earwitness.doors.workbench import roles
from earwitness.errors import (
    AccessRefused,
    EarwitnessError,
    InputError,
    JudgementError,
    LeaseLost,
    LexiconUnsupported,
    LogBroken,
    NotFound,
    NotWitnessed,
    Overloaded,
    RevisionConflict,
    StoreError,
    TooLarge,
)
from earwitness.flow import tokens
from earwitness.flow.tokens import Bearer

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

MAX_BODY = 256 * 1024
"""In bytes."""
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_document = HTTPBearer(auto_error=False, description="A token of the workbench: ewt_...")

log = structlog.get_logger(__name__)


def bearer_of(request: Request) -> Bearer:
    """Whose token this request came with."""
    bearer: Bearer = request.state.bearer
    return bearer


def guarded(program: Earwitness) -> type[APIRoute]:
    """The class of every route of the API on one program."""

    class Guarded(APIRoute):
        """Raises TypeError, as it is made, for an endpoint that names no roles."""

        def __init__(self, path: str, endpoint: Callable[..., Any], **how: Any) -> None:
            self.roles = roles.of(endpoint)
            self.most = roles.body_of(endpoint) or MAX_BODY
            how["dependencies"] = [*(how.get("dependencies") or ()), Depends(_document)]
            how["openapi_extra"] = (how.get("openapi_extra") or {}) | {
                "x-roles": sorted(self.roles)
            }
            super().__init__(path, endpoint, **how)

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def answer(request: Request) -> Response:
                try:
                    await self._check(request)
                    response = await handle(request)
                except EarwitnessError as error:
                    response = refusal(error, request)
                for name, value in HEADERS.items():
                    response.headers.setdefault(name, value)
                return response

            return answer

        async def _check(self, request: Request) -> None:
            """Raises AccessRefused, InputError; sets ``request.state.bearer``."""
            if not await self._is_known(request):  # 256 random bits: nobody guesses them
                raise _NoToken("A good token is needed: Authorization: Bearer ewt_...")
            if not self.roles & bearer_of(request).roles:
                wanted = ", ".join(sorted(self.roles))
                raise AccessRefused(f"This is for tokens with one of these roles: {wanted}.")
            length = request.headers.get("content-length", "0")
            if "transfer-encoding" in request.headers or not length.isdecimal():
                raise InputError("Say how long the body is, with Content-Length.")
            if len(length) > 12 or int(length) > self.most:
                raise TooLarge(f"A body has at most {self.most} bytes here.")
            try:
                async with asyncio.timeout(program.settings.stall_seconds * self.most / MAX_BODY):
                    await request.body()  # kept for whoever asks again
            except TimeoutError:
                raise InputError("The body did not arrive; send it again.") from None

        async def _is_known(self, request: Request) -> bool:
            scheme, _, secret = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer":
                return False
            now = datetime.now(UTC)
            try:
                request.state.bearer = await asyncio.to_thread(
                    tokens.whose_token, secret.strip(), now, records=program.records
                )
            except AccessRefused:
                return False
            return True

    return Guarded


class _NoToken(AccessRefused):
    """Nobody knows who asks."""


def refusal(error: EarwitnessError, request: Request) -> JSONResponse:
    """An error of ours as the status and the sentence that go with it."""
    headers: dict[str, str] = {}
    match error:
        case _NoToken():
            status, headers = 401, {"WWW-Authenticate": "Bearer"}
        case AccessRefused():
            status = 403
        case LeaseLost() | RevisionConflict() | JudgementError():
            status = 409
        case Overloaded(retry_after=seconds):
            status, headers = 429, {"Retry-After": str(round(seconds))}
        case LogBroken() | NotWitnessed():
            log.error("the log is broken", path=request.url.path, exc_info=error)
            status = 503
        case TooLarge():
            status = 413
        case NotFound():
            status = 404
        case InputError() | LexiconUnsupported():
            status = 400
        case StoreError() if "stored" in str(error):
            status = 400
        case _:
            log.error("operation failed", path=request.url.path, exc_info=error)
            return JSONResponse({"detail": "The server could not do this; its log says why."}, 500)
    return JSONResponse({"detail": str(error)}, status, headers)
