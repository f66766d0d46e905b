"""A device that was given a code lets itself in, once, over HTTP."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from earwitness.doors.pacing import PeerBuckets
from earwitness.errors import AccessRefused, ProtocolError
from earwitness.flow import access
from earwitness.model import Device
from earwitness.ports import AccessRecords
from earwitness.wire.link.messages import Key

ATTEMPTS_A_SECOND, ATTEMPTS_AT_ONCE = 0.2, 10.0
"""From one address. A code has 60 bits."""
MAX_BODY = 4096


@dataclass(frozen=True, slots=True)
class Enrolment:
    """``code`` as it was read out; ``key`` is the device's public key."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    code: Annotated[str, Field(min_length=1, max_length=64)]
    key: Key


_ENROLMENT = TypeAdapter(Enrolment)


def add_enrolment(router: APIRouter, records: AccessRecords, stall_seconds: float) -> None:
    """``POST /v1/device/enrol``: 200, or 400, 403, 408 or 429 with ``{code, message}``."""
    attempts = PeerBuckets(ATTEMPTS_A_SECOND, ATTEMPTS_AT_ONCE)

    @router.post("/v1/device/enrol")
    async def enrol(request: Request) -> JSONResponse:
        """Uses up a one-time code: ``{code, key}`` -> ``{device, household, room}``."""
        peer = request.client.host if request.client else ""
        if not attempts.try_take(peer, monotonic()):
            return _refused(429, "too_many", "Too many attempts; try again in a few seconds.")
        try:
            async with asyncio.timeout(stall_seconds):
                wish = parsed(await _body(request))
            device = await asyncio.to_thread(_enrol, wish, records)
        except TimeoutError:
            return _refused(408, "stalled", "The request took too long to arrive.")
        except ProtocolError as error:
            return _refused(400, error.code, str(error))
        except AccessRefused as error:
            return _refused(403, "refused", str(error))
        told = {"device": device.id, "household": device.household, "room": device.room}
        return JSONResponse(told)


def parsed(body: bytes) -> Enrolment:
    """Raises ProtocolError, without repeating the code."""
    try:
        return _ENROLMENT.validate_json(body)
    except ValidationError:
        raise ProtocolError(
            "An enrolment has a code, and a key of 64 hexadecimal digits."
        ) from None


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise ProtocolError(f"An enrolment has at most {MAX_BODY} bytes.", "too_large")
    return bytes(body)


def _enrol(wish: Enrolment, records: AccessRecords) -> Device:
    return access.enrol(wish.code, bytes.fromhex(wish.key), datetime.now(UTC), records=records)


def _refused(status: int, code: str, message: str) -> JSONResponse:
    headers = {"Retry-After": "5"} if status == 429 else {}
    return JSONResponse({"code": code, "message": message}, status, headers)
