"""Other recordings of the same moment, as lanes beside a clip: aligned, or refused and why."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response

from earwitness.doors.workbench.examinations import EXAMINE, Opened
from earwitness.doors.workbench.examine.desk import CLIP, Desk, Shared
from earwitness.doors.workbench.examine.page import PNG, drawn
from earwitness.doors.workbench.examine.typed import Texts
from earwitness.doors.workbench.roles import only
from earwitness.doors.workbench.sound import FOR_A_REASON
from earwitness.errors import InputError
from earwitness.flow import examination, vantage
from earwitness.flow.vantage import Vantage
from earwitness.sound.several.align import Aligned
from earwitness.sound.spectrogram import WINDOWS

log = structlog.get_logger(__name__)


def add_routes(router: APIRouter, shared: Shared) -> None:
    desk = _Vantages(shared)
    router.add_api_route(CLIP + "/align", desk.align, methods=["POST"])
    router.add_api_route(CLIP + "/beside/{other}/sound", desk.sound, methods=["GET"])
    router.add_api_route(CLIP + "/beside/{other}/picture/{window}", desk.picture, methods=["GET"])


class _Vantages(Desk):
    @only(FOR_A_REASON)
    async def align(self, request: Request, utterance: str, others: Texts = ()) -> Response:
        """The lanes, a part of the page: time differences with their uncertainty, or why not."""
        await self.opened_clip(request, utterance)
        for each in others[: vantage.MOST_ALIGNED]:
            await self.require_no_listener(request, each)
        found, closures = await self.shared.in_turn(
            request, lambda: vantage.together(utterance, others, self.on)
        )
        log.info("aligned", utterance=utterance, others=len(found))
        return self.show(
            request,
            "lanes.html",
            at=f"{EXAMINE}/{utterance}",
            found=found,
            closures=closures,
            timing=[_timing(each) for each in found],
        )

    @only(FOR_A_REASON)
    async def sound(self, request: Request, utterance: str, other: str) -> Response:
        """The other recording, no louder than any clip, on record as heard beside this one."""
        theirs = await self._beside(request, utterance, other)
        read = await asyncio.to_thread(examination.original, other, self.on)
        return await self.given(request, theirs, read.recording.mono(), theirs.why)

    @only(FOR_A_REASON)
    async def picture(self, request: Request, utterance: str, other: str, window: str) -> Response:
        theirs = await self._beside(request, utterance, other)
        if window not in WINDOWS:
            raise InputError(f"A picture has one of these windows: {', '.join(WINDOWS)}.")
        await self.seen(theirs)

        def made() -> bytes:
            return drawn(examination.original(other, self.on).recording, WINDOWS[window])

        return Response(await self.shared.in_turn(request, made), media_type=PNG)

    async def _beside(self, request: Request, utterance: str, other: str) -> Opened:
        """What is on record of the other one. Raises NotFound for what is not beside it,
        AccessRefused as ``opened``.
        """
        opened = await self.opened_clip(request, utterance)
        await asyncio.to_thread(vantage.require_beside, utterance, other, self.on)
        await self.require_no_listener(request, other)
        why = f"{opened.why} (beside clip {utterance[:12]})"
        return replace(opened, utterance=other, why=why, token="")


def _timing(each: Vantage) -> str:
    """For the page that plays it, as JSON; empty for one that is refused."""
    if not isinstance(each.found, Aligned):
        return ""
    told: dict[str, Any] = {
        "offset": each.found.offset_s,
        "drift_ppm": each.found.drift_ppm,
        "breaks": [[one.at_s, one.jump_s] for one in each.found.breaks],
        "seconds": each.seconds,
    }
    return json.dumps(told)
