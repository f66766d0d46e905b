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
    made = APIRouter(route_class=ErrorsLikeOpenAI)
    gate, models = Gate(program.records), Models(program)
    transcribing = Transcribing(program)
    limits, budget = _bounds(program.settings)

    @made.post(TRANSCRIPTIONS, openapi_extra={"requestBody": _BODY})
    async def transcribe(request: Request) -> Response:
        """A recording becomes text; docs/how-to/openai.md says what each field does."""
        guest, now = await gate.enter(request), datetime.now(UTC)
        with ExitStack() as held:
            size = body_size(request, limits)
            held.enter_context(budget.hold(guest.source.device, size))
            sent = _sent(await read_form(request, limits), guest, now)
            models.check(sent.asked.model)
            if sent.asked.stream:
                return await transcribing.streamed(sent, held)
            return await transcribing.whole(sent, request)

    @made.get(MODELS)
    async def list_models(request: Request) -> dict[str, Any]:
        """The one recogniser, by each of its names."""
        await gate.enter(request)
        return {"object": "list", "data": models.all()}

    @made.get(MODELS + "/{model:path}")
    async def get_model(request: Request, model: str) -> dict[str, Any]:
        """One of its names."""
        await gate.enter(request)
        return models.one(model)

    @made.api_route(TRANSCRIPTIONS, methods=METHODS, include_in_schema=False)
    async def only_post(request: Request) -> Response:
        raise _not_allowed(request, "POST")

    @made.api_route(MODELS, methods=METHODS, include_in_schema=False)
    @made.api_route(MODELS + "/{rest:path}", methods=METHODS, include_in_schema=False)
    async def only_get(request: Request) -> Response:
        raise _not_allowed(request, "GET")

    @made.api_route("/v1/audio/{rest:path}", methods=METHODS, include_in_schema=False)
    async def not_here(request: Request) -> Response:
        message = f"There is no {request.url.path} here."
        raise ApiError(404, message, code="unknown_url", unread=True)

    return made


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
