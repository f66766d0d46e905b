"""A device that was given a code lets itself in, once, over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import ConfigDict, Field

from earwitness.doors.device_link.pacing import PeerBuckets
from earwitness.errors import AccessRefused
from earwitness.flow import access
from earwitness.ports import AccessRecords
from earwitness.wire.link.messages import Key

ATTEMPTS_A_SECOND, ATTEMPTS_AT_ONCE = 0.2, 10.0
"""From one address. A code has 60 bits."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """``code`` as it was read out; ``key`` is the device's public key."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    code: Annotated[str, Field(min_length=1, max_length=64)]
    key: Key


def add_enrolment(router: APIRouter, records: AccessRecords) -> None:
    """``POST /v1/device/enrol``."""
    attempts = PeerBuckets(ATTEMPTS_A_SECOND, ATTEMPTS_AT_ONCE)

    @router.post("/v1/device/enrol")
    def enrol(enrolment: Enrolment, request: Request) -> JSONResponse:
        """Uses up a one-time code: ``{device, household, room}``, or 403, or 429."""
        peer = request.client.host if request.client else ""
        if not attempts.try_take(peer, monotonic()):
            return _refused(429, "too_many", "Too many attempts; try again in a few seconds.")
        try:
            key = bytes.fromhex(enrolment.key)
            device = access.enrol(enrolment.code, key, datetime.now(UTC), records=records)
        except AccessRefused as error:
            return _refused(403, "refused", str(error))
        told = {"device": device.id, "household": device.household, "room": device.room}
        return JSONResponse(told)


def _refused(status: int, code: str, message: str) -> JSONResponse:
    headers = {"Retry-After": "5"} if status == 429 else {}
    return JSONResponse({"code": code, "message": message}, status, headers)
