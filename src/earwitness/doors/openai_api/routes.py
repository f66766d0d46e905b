"""The routes: ``POST /v1/audio/transcriptions`` and ``GET /v1/models``."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from earwitness.doors.openai_api.asked import asked
from earwitness.doors.openai_api.errors import ApiError, ErrorsLikeOpenAI
from earwitness.doors.openai_api.gate import Gate, Guest
from earwitness.doors.openai_api.models import Models
from earwitness.doors.openai_api.transcribing import Sent, Transcribing
from earwitness.doors.openai_api.uploads import (
    MIB,
    SHARES,
    Budget,
    Form,
    Limits,
    body_size,
    read_form,
)

if TYPE_CHECKING:
    from earwitness.config import Settings
    from earwitness.wiring import Earwitness

TRANSCRIPTIONS = "/v1/audio/transcriptions"
MODELS = "/v1/models"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
"""What is not a route of ours is answered in OpenAI's shape too."""


def router(program: Earwitness) -> APIRouter:
    """The API on one program; its routes share keys, memory for uploads and decoders."""
    api = _Api(program)
    made = APIRouter(route_class=ErrorsLikeOpenAI)
    one_model, anywhere = f"{MODELS}/{{model:path}}", "/v1/audio/{rest:path}"
    made.add_api_route(TRANSCRIPTIONS, api.transcribe, methods=["POST"], openapi_extra=_BODY)
    made.add_api_route(MODELS, api.list_models, methods=["GET"])
    made.add_api_route(one_model, api.get_model, methods=["GET"])
    for path, refuse in (
        (TRANSCRIPTIONS, _only_post),
        (MODELS, _only_get),
        (one_model, _only_get),
        (anywhere, _not_here),
    ):
        made.add_api_route(path, refuse, methods=METHODS, include_in_schema=False)
    return made


class _Api:
    def __init__(self, program: Earwitness) -> None:
        self._gate, self._models = Gate(program.records), Models(program)
        self._transcribing = Transcribing(program)
        self._limits, self._budget = _bounds(program.settings)

    async def transcribe(self, request: Request) -> Response:
        """A recording becomes text; docs/how-to/openai.md says what each field does."""
        guest, now = await self._gate.enter(request), datetime.now(UTC)
        with ExitStack() as held:
            size = body_size(request, self._limits)
            take = held.enter_context(self._budget.hold(guest.source, size))
            sent = _sent(await read_form(request, self._limits, take), guest, now)
            self._models.check(sent.asked.model)
            if sent.asked.stream:
                return await self._transcribing.streamed(sent, held)
            return await self._transcribing.whole(sent, request)

    async def list_models(self, request: Request) -> dict[str, Any]:
        """The one recogniser, by each of its names."""
        await self._gate.enter(request)
        return {"object": "list", "data": self._models.all()}

    async def get_model(self, request: Request, model: str) -> dict[str, Any]:
        """One of its names."""
        await self._gate.enter(request)
        return self._models.one(model)


async def _only_post(request: Request) -> Response:
    raise _not_allowed(request, "POST")


async def _only_get(request: Request) -> Response:
    raise _not_allowed(request, "GET")


async def _not_here(request: Request) -> Response:
    message = f"There is no {request.url.path} here."
    raise ApiError(404, message, code="unknown_url", unread=True)


def _bounds(settings: Settings) -> tuple[Limits, Budget]:
    limits = Limits(settings.upload_mib * MIB, settings.stall_seconds)
    most = max(settings.uploads_mib * MIB, limits.body)
    return limits, Budget(most, max(most // SHARES, limits.body))


def _sent(form: Form, guest: Guest, now: datetime) -> Sent:
    """Raises ApiError for what is missing or cannot be."""
    wanted = asked(form.fields)
    if form.file is None:
        raise ApiError(400, "Send the recording as 'file'.", param="file")
    return Sent(form.file, wanted, guest, now)


def _not_allowed(request: Request, method: str) -> ApiError:
    message = f"{request.method} does nothing here; use {method}."
    return ApiError(405, message, headers={"Allow": method}, unread=True)


_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "model"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "model": {"type": "string"},
                    },
                }
            }
        },
    }
}
