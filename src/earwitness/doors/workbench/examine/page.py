"""The clip itself: for a reason on record it is heard, seen, measured and looked into.

Nothing that a machine or another listener wrote of it is on these pages.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.doors.workbench.examinations import EXAMINE, Opened
from earwitness.doors.workbench.examine.chains import steps
from earwitness.doors.workbench.examine.desk import CLIP, Desk, Shared, may_write
from earwitness.doors.workbench.examine.shown import bars, rows_of
from earwitness.doors.workbench.incidents.reports import CASE
from earwitness.doors.workbench.listening import lease_of
from earwitness.doors.workbench.roles import EVERYBODY, only
from earwitness.doors.workbench.sound import (
    HEARERS,
    SHORTEST_REASON,
    TO_JUDGE,
    Why,
    plain,
)
from earwitness.doors.workbench.visitors import visitor_of
from earwitness.errors import AccessRefused, InputError
from earwitness.examining import case_of
from earwitness.flow import examination, findings
from earwitness.flow.treating import measurements
from earwitness.model import SAMPLE_RATE
from earwitness.sound import chain as chains
from earwitness.sound.findings import finding as rules
from earwitness.sound.levels import measure
from earwitness.sound.recording import Recording
from earwitness.sound.spectrogram import WINDOWS, centred, fitting, picture

PNG = "image/png"
log = structlog.get_logger(__name__)
Token = Annotated[str, Form(max_length=100)]


def add_routes(router: APIRouter, shared: Shared) -> None:
    desk = _Page(shared)
    router.add_api_route(CLIP, desk.show_clip, methods=["GET"])
    router.add_api_route(CLIP, desk.open, methods=["POST"])
    router.add_api_route(CLIP + "/levels", desk.levels, methods=["GET"])
    router.add_api_route(CLIP + "/facts", desk.facts, methods=["GET"])
    router.add_api_route(CLIP + "/picture/{window}", desk.picture, methods=["GET"])
    router.add_api_route(CLIP + "/sound", desk.sound, methods=["GET"])


class _Page(Desk):
    @only(EVERYBODY)
    async def show_clip(self, request: Request, utterance: str, finding: str = "") -> Response:
        """The page, with the chain of a finding if asked for; or first the question why."""
        case = case_of(utterance)
        try:
            opened = await self.opened(request, utterance)
        except AccessRefused:
            if case:
                return RedirectResponse(f"{CASE}/{case}", status_code=303)
            return await self._ask(request, utterance)
        more = await asyncio.to_thread(self._more, request, utterance, finding)
        return self.show(
            request,
            "clip.html",
            **more,
            opened=opened,
            at=f"{EXAMINE}/{utterance}",
            windows=WINDOWS,
            rate=SAMPLE_RATE,
            kinds=steps(),
        )

    def _more(self, request: Request, subject: str, finding: str) -> dict[str, Any]:
        """What it has besides its sound, for who may see that."""
        custodian = self.of(request, subject).custodian
        clip = custodian.about(subject)
        if not may_write(request, subject):
            return {"clip": clip, "may_write": False, "chain": ""}
        newest = [each for each in custodian.findings(subject) if each.content]
        written = {each.finding: rules.parse(each.content) for each in newest}
        chosen = written.get(finding)
        return {
            "clip": clip,
            "may_write": True,
            "chain": chains.written(findings.chain_of(chosen)) if chosen else "",
            "findings": written,
            "beside": custodian.beside(subject),
        }

    @only(HEARERS)
    async def open(
        self, request: Request, utterance: str, why: Why = "", token: Token = ""
    ) -> Response:
        """For a reason on record, or by the lease of who is at this clip. Raises LeaseLost."""
        name, reason = visitor_of(request).account.name, plain(why)
        await asyncio.to_thread(self.program.records.utterance, utterance)
        await self.require_no_listener(request, utterance)
        if token:
            await asyncio.to_thread(self.program.renew, lease_of(request, utterance, token))
            reason = TO_JUDGE
        elif not may_write(request, utterance):
            raise AccessRefused("You examine the clip that you listen to: open it from there.")
        elif len(reason) < SHORTEST_REASON:
            return await self._ask(request, utterance, "Say why you must examine it.", why)
        new = Opened(utterance, name, reason, token)
        session = visitor_of(request).session.id
        self.shared.examinations.open(session, new, datetime.now(UTC))
        log.info("examination opened", utterance=utterance, account=name, why=reason)
        return RedirectResponse(f"{EXAMINE}/{utterance}", status_code=303)

    @only(EVERYBODY)
    async def levels(self, request: Request, utterance: str, treated: str = "") -> Response:
        """What is measured, before and after: a part of the page."""
        await self.opened(request, utterance)
        made = self.bench.kept(treated, utterance) if treated else None
        on = self.of(request, utterance)

        def measured() -> dict[str, Any]:
            first = made.original if made else examination.original(utterance, on)
            before = measure(first.recording)
            after = measure(made.result.treated.recording) if made else before
            return {"measured": measurements(before, after), "limits": before.limits}

        found = await self.shared.in_turn(request, measured)
        return self.show(request, "levels.html", treated=bool(treated), **found)

    @only(EVERYBODY)
    async def facts(self, request: Request, utterance: str) -> Response:
        """What sounds, and what the original itself shows: a part of the page."""
        await self.seen(await self.opened(request, utterance))
        on = self.of(request, utterance)

        def looked() -> dict[str, Any]:
            track = examination.track(utterance, on)
            return {
                "track": track,
                "bars": bars(track),
                "rows": rows_of(track),
                "seconds": examination.original(utterance, on).recording.seconds,
                "integrity": examination.integrity_of(utterance, on),
            }

        return self.show(request, "facts.html", **await self.shared.in_turn(request, looked))

    @only(EVERYBODY)
    async def picture(
        self, request: Request, utterance: str, window: str, treated: str = ""
    ) -> Response:
        """A spectrogram as PNG, from 0 Hz at the bottom to half the rate."""
        opened = await self.opened(request, utterance)
        if window not in WINDOWS:
            raise InputError(f"A picture has one of these windows: {', '.join(WINDOWS)}.")
        piece = self.bench.kept(treated, utterance) if treated else None
        made = piece.result.treated.recording if piece else None
        await self.seen(opened, piece)
        on = self.of(request, utterance)

        def painted() -> bytes:
            recording = made or examination.original(utterance, on).recording
            return drawn(recording, WINDOWS[window])

        return Response(await self.shared.in_turn(request, painted), media_type=PNG)

    @only(EVERYBODY)
    async def sound(self, request: Request, utterance: str) -> Response:
        """The clip, no louder than any, on record first. Raises LeaseLost for a lost lease."""
        opened = await self.opened(request, utterance)
        on = self.of(request, utterance)
        read = await asyncio.to_thread(examination.original, utterance, on)
        return await self.given(request, opened, read.recording.mono(), opened.why)

    async def _ask(
        self, request: Request, utterance: str, problem: str = "", why: str = ""
    ) -> Response:
        if not visitor_of(request).account.roles & HEARERS:
            raise AccessRefused("Those who listen examine clips; you may not hear them.")
        clip = await asyncio.to_thread(self.on.custodian.about, utterance)
        return self.show(
            request,
            "ask.html",
            400 if problem else 200,
            clip=clip,
            why=why,
            problem=problem,
            may_write=may_write(request, utterance),
            at=f"{EXAMINE}/{utterance}",
        )


def drawn(recording: Recording, window: float) -> bytes:
    """As PNG, in which each moment lies at its share of the length. A clip that is shorter than
    some windows gets a shorter one.
    """
    return picture(centred(recording, fitting(recording, window)))
