"""Errors in the shape of OpenAI's API, so that its clients raise the right exceptions.

https://platform.openai.com/docs/guides/error-codes
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from earwitness.errors import (
    AccessRefused,
    AudioError,
    EarwitnessError,
    InputError,
    LexiconUnsupported,
    Overloaded,
    TermRefused,
)

log = structlog.get_logger(__name__)

INVALID = "invalid_request_error"
SERVER = "server_error"
CLIENT_CLOSED = 499
"""Nobody reads this answer any more; the number is nginx's."""
LINGER_SECONDS = 3.0


class ApiError(Exception):
    """A refusal with its status. ``code`` is for programs, ``param`` names the field.

    ``unread`` says that the body of the request was not read to its end.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = INVALID,
        code: str | None = None,
        param: str | None = None,
        retry_after: float | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        unread: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param
        self.headers = dict(headers)
        if retry_after is not None:
            self.headers["Retry-After"] = str(math.ceil(retry_after))
        elif status >= 500:
            self.headers["x-should-retry"] = "false"  # it would be heard, and kept, again
        self.unread = unread

    @property
    def body(self) -> dict[str, Any]:
        told = {"message": str(self), "type": self.kind, "param": self.param, "code": self.code}
        return {"error": told}


def translated(error: EarwitnessError) -> ApiError:
    """An error of ours. What went wrong on our side is logged, and said without details."""
    match error:
        case Overloaded(retry_after=seconds):
            return ApiError(503, str(error), kind=SERVER, code="overloaded", retry_after=seconds)
        case AccessRefused():
            return ApiError(401, str(error), code="invalid_api_key")
        case AudioError():
            return ApiError(400, str(error), code="invalid_audio", param="file")
        case TermRefused() | LexiconUnsupported():
            return ApiError(400, str(error), code="invalid_keyword", param="keywords")
        case InputError():
            return ApiError(400, str(error))
    log.error("request failed", exc_info=error)
    return ApiError(500, "The server could not do this; its log says why.", kind=SERVER)


class ErrorsLikeOpenAI(APIRoute):
    """A route whose every error has OpenAI's shape, whatever application it is part of."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await handle(request)
            except ApiError as error:
                refused = error
            except EarwitnessError as error:
                refused = translated(error)
            except ClientDisconnect:
                return Response(status_code=CLIENT_CLOSED)
            except RequestValidationError as error:
                refused = ApiError(400, str(error.errors()[0]["msg"]))
            return Refusal(refused)

        return guarded


class Refusal(JSONResponse):
    """The answer to a request that is refused.

    Whoever is still sending would lose the answer if the connection just ended: what comes
    is read and dropped for a moment first (RFC 9112, section 9.6).
    """

    def __init__(self, error: ApiError) -> None:
        super().__init__(error.body, error.status, error.headers)
        self._lingers = error.unread
        if error.unread:
            self.headers["Connection"] = "close"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._lingers or "expect" in Headers(scope=scope):
            await super().__call__(scope, receive, send)
            return
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                await _drop(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _drop(receive: Receive) -> None:
    while (await receive()).get("more_body", False):
        pass
