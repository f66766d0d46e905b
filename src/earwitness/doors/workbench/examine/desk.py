"""What parts of the Sound page share: who may, what is open, one piece of work at a time."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from fastapi import Request, Response

from earwitness import __version__
from earwitness.accounts import Account
from earwitness.audio.clip import encode_flac
from earwitness.audio.loudness import softened
from earwitness.doors.workbench.examinations import EXAMINE, Examinations, Opened
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.sound import FOR_A_REASON, HEARERS, Giving, ranged
from earwitness.doors.workbench.visitors import visitor_of
from earwitness.errors import AccessRefused, EngineError, InputError, NotFound, StoreError
from earwitness.evidence.records import Value
from earwitness.examining import Evidence, FindingVersion, case_of
from earwitness.flow import blind_tests
from earwitness.flow.examination import Examining, Piece
from earwitness.flow.incidents import acting
from earwitness.flow.incidents.casefile import CaseFile
from earwitness.flow.turns import Places
from earwitness.model import SAMPLE_RATE, Lease, Samples

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

CLIP = EXAMINE + "/{utterance}"
FINDING = "/workbench/finding/{finding}"
MOST_WAITING, SHARE = 64, 12
"""Requests that wait for their turn at the processor, and those of one person."""

T = TypeVar("T")
Step = Mapping[str, Value]
"""As a record of a case has it: what was done to an original, with all that it takes."""


class Shared:
    """One a server: what several people's pages have in common."""

    def __init__(self, program: Earwitness, pages: Pages, examinations: Examinations) -> None:
        self.program, self.pages = program, pages
        self.examinations, self.bench = examinations, program.bench
        self._turn, self._places = asyncio.Lock(), Places(MOST_WAITING, SHARE)

    async def in_turn(self, request: Request, work: Callable[[], T]) -> T:
        """Long work on a thread, one at a time. Raises Overloaded where too many wait.

        What fails in a model is refused as InputError: it was asked to do what it cannot.
        """
        try:
            with self._places.taken(visitor_of(request).account.id):
                async with self._turn:
                    return await asyncio.to_thread(self.bench.alone, work)
        except EngineError as error:
            raise InputError(str(error)) from error


class Desk:
    """The parts that every endpoint here needs."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.program, self.pages, self.bench = shared.program, shared.pages, shared.bench
        self.giving = Giving(shared.program)

    @property
    def on(self) -> Examining:
        return self.program.examining

    def of(self, request: Request, name: str) -> Examining:
        """What examining a clip, or evidence of a case for who may see that, needs.

        ``name`` is that of the subject, or of a finding on it.
        """
        case = case_of(name)
        if not case:
            return self.on
        by, now = visitor_of(request).account, self.program.clock.now
        return replace(self.on, custodian=CaseFile(case, by, now, self.program.incidents))

    async def opened(self, request: Request, subject: str) -> Opened:
        """Raises AccessRefused for who has not said why they examine it, may not any more, or has
        yet to write blind of it; LeaseLost for who was at this clip and is no more.
        """
        visitor = visitor_of(request)
        found = self.shared.examinations.of(visitor.session.id, subject, datetime.now(UTC))
        evidence = Evidence.of(subject)
        if evidence is not None:
            on = self.program.incidents
            await asyncio.to_thread(acting.seen_by, evidence.case, visitor.account, on)
        elif not visitor.account.roles & HEARERS:
            raise AccessRefused("You may not hear clips any more.")
        elif found.token:
            lease = Lease(found.token, subject, found.listener, datetime.now(UTC))
            await asyncio.to_thread(self.program.renew, lease)
        await self.require_no_listener(request, subject)
        return found

    async def opened_to_write(self, request: Request, subject: str) -> Opened:
        """As ``opened``. Raises AccessRefused for who only listens, too."""
        require_writer(request, subject)
        return await self.opened(request, subject)

    async def seen(self, opened: Opened, made: Piece | None = None) -> None:
        """On record, once for each opening, before what can be seen of a clip is given: pictures,
        and what sounds in it. Raises LeaseLost. A case has it on record since it was opened.
        """
        if Evidence.of(opened.utterance) is None:
            await asyncio.to_thread(self._seen, opened, made)

    def _seen(self, opened: Opened, made: Piece | None) -> None:
        kept = self.on.records.utterance(opened.utterance)
        what = f"seen, treated: {named(made)}" if made else "seen"
        key = f"{opened.id} {opened.utterance} {made.key if made else ''}"
        playback = hashlib.sha256(key.encode()).hexdigest()[:24]
        why, seconds = f"{opened.why} ({what})", kept.transcript.seconds
        self.giving.note(playback, kept.id, opened.listener, opened.token, why, seconds)

    async def given(
        self, request: Request, opened: Opened, samples: Samples, why: str, chain: str = ""
    ) -> Response:
        """A sound, no louder than any clip, once it is on record why. Raises LeaseLost.

        ``chain`` is what was done to it, empty for an original.
        """
        loudest = self.program.settings.loudest_lufs

        def made() -> tuple[Samples, float]:
            heard = softened(samples, loudest)
            return heard.samples, heard.turned_down

        new = self.giving.new()
        return await self.handed(request, opened, new, why, made, chain)

    async def handed(
        self,
        request: Request,
        opened: Opened,
        playback: str,
        why: str,
        made: Callable[[], tuple[Samples, float]],
        chain: str = "",
    ) -> Response:
        """What ``made`` gives, which is turned down by so many dB, once it is on record.

        What has the same ``playback`` is on record once. Raises LeaseLost.
        """
        account, evidence = visitor_of(request).account, Evidence.of(opened.utterance)

        def encoded() -> tuple[bytes, float]:
            samples, turned_down = made()
            if evidence is not None:
                self.in_custody(evidence, account, opened.why, self._heard_by(chain))
            else:
                seconds = len(samples) / SAMPLE_RATE
                self.giving.note(
                    playback, opened.utterance, opened.listener, opened.token, why, seconds
                )
            return encode_flac(samples), turned_down

        content, turned_down = await asyncio.to_thread(encoded)
        response = ranged(request.headers.get("range", ""), content)
        response.headers["Content-Type"] = "audio/flac"
        response.headers["X-Turned-Down"] = f"{turned_down:.3f}"
        if evidence is None:
            response.headers["X-Playback"] = playback
        return response

    def _heard_by(self, chain: str) -> list[Step]:
        """The steps by which what is heard is made of an original."""
        steps: list[Step] = [{"step": "chain", "chain": chain}] if chain else []
        loudest = str(self.program.settings.loudest_lufs)
        return [*steps, {"step": "one gain", "loudest_lufs": loudest, "earwitness": __version__}]

    def in_custody(
        self, evidence: Evidence, account: Account, why: str, steps: Sequence[Step], how: str = ""
    ) -> None:
        """In the case it is on record who had what, as what, why, and how that was made."""
        on, now = self.program.incidents, self.program.clock.now()
        found = acting.seen_by(evidence.case, account, on)
        acting.heard(found, evidence.sha256, why, account, now, on, steps, how)

    def saved(
        self, request: Request, opened: Opened, what: str, seconds: float, *steps: Step
    ) -> None:
        """On record before somebody takes it away; ``what`` in words. Raises LeaseLost."""
        evidence = Evidence.of(opened.utterance)
        if evidence is not None:
            account = visitor_of(request).account
            self.in_custody(evidence, account, opened.why, steps, "saved")
            return
        new, why = self.giving.new(), f"{opened.why} (saved: {what})"
        self.giving.note(new, opened.utterance, opened.listener, opened.token, why, seconds, True)

    async def versions(self, request: Request, finding: str) -> list[FindingVersion]:
        """Of a finding, the oldest first, for who is no listener of a test of it.

        Raises NotFound, AccessRefused, and InputError where what was sealed is not there.
        """
        require_writer(request, finding)
        custodian = self.of(request, finding).custodian
        try:
            found = await asyncio.to_thread(custodian.finding, finding)
        except NotFound:
            raise
        except StoreError as error:
            raise InputError(str(error)) from error
        await self.require_no_listener(request, found[0].utterance)
        return list(found)

    async def require_no_listener(self, request: Request, utterance: str) -> None:
        """Raises AccessRefused for who has yet to write in a blind test of this clip."""
        name = visitor_of(request).account.name
        await asyncio.to_thread(blind_tests.require_no_listener, utterance, name, self.on.records)

    def show(
        self, request: Request, template: str, status: int = 200, **filled: object
    ) -> Response:
        return self.pages.show(request, f"examine/{template}", status, **filled)


def named(piece: Piece) -> str:
    """What was done, in a word for each step."""
    return ", ".join(step.do for step in piece.result.record.chain.steps) or "a stretch"


def may_write(request: Request, name: str) -> bool:
    """Whether somebody may see others' recordings and findings, and take sounds away: of a clip
    by their role; of a case whoever may see it, which ``opened`` and ``of`` look at.
    """
    return bool(case_of(name)) or bool(visitor_of(request).account.roles & FOR_A_REASON)


def require_writer(request: Request, name: str) -> None:
    """Raises AccessRefused."""
    if not may_write(request, name):
        raise AccessRefused("Leads and responders do this; you may listen.")
