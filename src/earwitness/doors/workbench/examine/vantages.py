"""Other recordings of the same moment, as lanes beside a clip: aligned, or refused and why."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response

from earwitness import __version__
from earwitness.doors.workbench.examinations import EXAMINE, Opened
from earwitness.doors.workbench.examine.desk import CLIP, Desk, Shared, Step
from earwitness.doors.workbench.examine.page import PNG, drawn
from earwitness.doors.workbench.examine.typed import Text, Texts
from earwitness.doors.workbench.roles import EVERYBODY, only
from earwitness.doors.workbench.visitors import visitor_of
from earwitness.errors import AccessRefused, InputError, RevisionConflict, Stopped
from earwitness.examining import Evidence
from earwitness.flow import examination, vantage
from earwitness.flow.vantage import Vantage
from earwitness.sound.several.align import Aligned
from earwitness.sound.spectrogram import WINDOWS

log = structlog.get_logger(__name__)


def add_routes(router: APIRouter, shared: Shared) -> None:
    desk = _Vantages(shared)
    router.add_api_route(CLIP + "/align", desk.align, methods=["POST"])
    router.add_api_route(CLIP + "/align/cancel", desk.cancel, methods=["POST"])
    router.add_api_route(CLIP + "/beside/{other}/sound", desk.sound, methods=["GET"])
    router.add_api_route(CLIP + "/beside/{other}/picture/{window}", desk.picture, methods=["GET"])


class _Vantages(Desk):
    @only(EVERYBODY)
    async def align(
        self, request: Request, utterance: str, others: Texts = (), page: Text = ""
    ) -> Response:
        """The lanes, a part of the page: time differences with their uncertainty, or why not.

        It takes up to half a minute; what the same ``page`` asked for before is given up.
        """
        who = _who(request, page)
        stop = partial(self.bench.is_late, (who, self.bench.asked(who)))
        opened = await self.opened_to_write(request, utterance)
        on = self.of(request, utterance)
        for each in await asyncio.to_thread(vantage.chosen, utterance, others, on):
            await self.require_no_listener(request, each.id)
            await asyncio.to_thread(self._open_beside, request, opened, each.id)
        try:
            found, closures = await self.shared.in_turn(
                request, lambda: vantage.together(utterance, others, on, stop)
            )
        except Stopped as error:
            raise RevisionConflict(str(error)) from error
        log.info("aligned", utterance=utterance, others=len(found))
        return self.show(
            request,
            "lanes.html",
            at=f"{EXAMINE}/{utterance}",
            found=found,
            closures=closures,
            timing=[_timing(each) for each in found],
        )

    @only(EVERYBODY)
    async def cancel(self, request: Request, utterance: str, page: Text = "") -> Response:
        """What this ``page`` has aligned is given up."""
        await self.opened_to_write(request, utterance)
        self.bench.asked(_who(request, page))
        return Response(status_code=204)

    @only(EVERYBODY)
    async def sound(self, request: Request, utterance: str, other: str) -> Response:
        """The other recording, no louder than any clip, on record as heard beside this one."""
        theirs = await self._beside(request, utterance, other)
        on = self.of(request, other)
        read = await asyncio.to_thread(examination.original, other, on)
        return await self.given(request, theirs, read.recording.mono(), theirs.why)

    @only(EVERYBODY)
    async def picture(self, request: Request, utterance: str, other: str, window: str) -> Response:
        theirs = await self._beside(request, utterance, other)
        if window not in WINDOWS:
            raise InputError(f"A picture has one of these windows: {', '.join(WINDOWS)}.")
        await self.seen(theirs)
        on = self.of(request, other)

        def made() -> bytes:
            return drawn(examination.original(other, on).recording, WINDOWS[window])

        return Response(await self.shared.in_turn(request, made), media_type=PNG)

    async def _beside(self, request: Request, utterance: str, other: str) -> Opened:
        """What is on record of the other one. Raises NotFound for what is not beside it,
        AccessRefused as ``opened``.
        """
        opened, on = await self.opened_to_write(request, utterance), self.of(request, utterance)
        await asyncio.to_thread(vantage.require_beside, utterance, other, on)
        if Evidence.of(other) is not None:  # since they were aligned
            return await self.opened(request, other)
        await self.require_no_listener(request, other)
        return _beside(opened, other)

    def _open_beside(self, request: Request, opened: Opened, other: str) -> None:
        """Evidence that is aligned is examined, for the same reason, and on record before."""
        evidence, visitor, now = Evidence.of(other), visitor_of(request), datetime.now(UTC)
        if evidence is None:
            return
        try:
            self.shared.examinations.of(visitor.session.id, other, now)
        except AccessRefused:
            new = _beside(opened, other)
            look: Step = {"step": "alignment and pictures", "earwitness": __version__}
            self.in_custody(evidence, visitor.account, new.why, [look], "examined")
            self.shared.examinations.open(visitor.session.id, new, now)


def _who(request: Request, page: str) -> str:
    return f"{visitor_of(request).session.id} {page[:40]} aligned"


def _beside(opened: Opened, other: str) -> Opened:
    """The other one, for the same reason."""
    first = Evidence.of(opened.utterance)
    named = f"evidence {first.sha256[:12]}" if first else f"clip {opened.utterance[:12]}"
    return replace(opened, utterance=other, why=f"{opened.why} (beside {named})", token="")


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
