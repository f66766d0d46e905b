"""What a listener of a blind test sees: a recording, a field, nothing that suggests a word."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from datetime import UTC, datetime

import numpy as np
import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.accounts import Role
from earwitness.audio.loudness import softened
from earwitness.doors.workbench.examinations import Opened
from earwitness.doors.workbench.examine.desk import Desk, Shared
from earwitness.doors.workbench.examine.tests import put_in
from earwitness.doors.workbench.examine.typed import Text
from earwitness.doors.workbench.pages import Place
from earwitness.doors.workbench.roles import only
from earwitness.doors.workbench.visitors import visitor_of
from earwitness.errors import AlreadyJudged, InputError
from earwitness.flow import blind_tests
from earwitness.flow.blind_tests import Turn
from earwitness.model import Samples
from earwitness.sound import chain as chains
from earwitness.sound.kinds import linear

BLIND = "/workbench/blind"
LISTENERS = frozenset({Role.ANALYST})
MOST_TEXT = 5000
PLACE = Place("Blind tests", BLIND, LISTENERS, "Write what you hear, knowing nothing")
log = structlog.get_logger(__name__)


def add_routes(router: APIRouter, shared: Shared) -> None:
    desk = _Blind(shared)
    router.add_api_route(BLIND, desk.waiting, methods=["GET"])
    router.add_api_route(BLIND + "/{test}", desk.listen, methods=["GET"])
    router.add_api_route(BLIND + "/{test}", desk.write, methods=["POST"])
    router.add_api_route(BLIND + "/{test}/{label}", desk.sound, methods=["GET"])


class _Blind(Desk):
    @only(LISTENERS)
    async def waiting(self, request: Request) -> Response:
        """The tests that wait for who asks."""
        name = visitor_of(request).account.name
        found = await asyncio.to_thread(blind_tests.waiting, name, self.on.records)
        return self.show(request, "blind.html", turns=found, at=BLIND)

    @only(LISTENERS)
    async def listen(self, request: Request, test: str) -> Response:
        return await self._page(request, test)

    @only(LISTENERS)
    async def write(
        self, request: Request, test: str, label: Text = "", text: Text = ""
    ) -> Response:
        """What was heard in the recording that is next; the last one ends the test."""
        name, records = visitor_of(request).account.name, self.on.records

        def written() -> None:
            if len(text) > MOST_TEXT or "\x00" in text:
                raise InputError(f"Write at most {MOST_TEXT} characters.")
            found = records.blind_test(test)
            now = datetime.now(UTC)
            if blind_tests.answered(found, name, label, text, now, records):
                with suppress(InputError):  # the finding has another chain by now: it says so
                    put_in(found, found.by, records)

        try:
            await asyncio.to_thread(written)
        except AlreadyJudged:
            return RedirectResponse(f"{BLIND}/{test}", status_code=303)
        except InputError as error:
            return await self._page(request, test, text, str(error))
        log.info("heard blind", test=test, account=name)
        return RedirectResponse(f"{BLIND}/{test}", status_code=303)

    @only(LISTENERS)
    async def sound(self, request: Request, test: str, label: str) -> Response:
        """The recording that is next, and no other; both versions as loud, none too loud."""
        name, records = visitor_of(request).account.name, self.on.records
        turn = await asyncio.to_thread(self._turn, test, name)
        if turn.hearing is None or turn.hearing.label != label:
            raise InputError("This recording is not the one that you hear next.")
        await asyncio.to_thread(blind_tests.require_blind, turn.test, name, records)
        samples = await self.shared.in_turn(request, lambda: self._samples(turn))
        playback = hashlib.sha256(f"{test} {name} {label}".encode()).hexdigest()[:24]
        listens = Opened(turn.test.utterance, name, blind_tests.why_of(turn.test))
        return await self.handed(request, listens, playback, listens.why, lambda: (samples, 0.0))

    def _turn(self, test: str, name: str) -> Turn:
        return blind_tests.turn(self.on.records.blind_test(test), name, self.on.records)

    def _samples(self, turn: Turn) -> Samples:
        """Turned down by the same for both versions, however often and by whom they are heard."""
        test, loudest = turn.test, self.program.settings.loudest_lufs
        piece = self.bench.treated(test.utterance, chains.parse(test.chain), self.on)
        treated = piece.result.treated
        softer = np.float32(linear(treated.softer_db))
        versions = (
            piece.original.recording.with_samples(piece.original.recording.samples * softer),
            treated.recording,
        )
        down = max(softened(each.mono(), loudest).turned_down for each in versions)
        assert turn.hearing is not None
        chosen = versions[turn.hearing.treated]
        heard = chosen.cut(*turn.piece) if len(test.pieces) > 1 else chosen
        samples: Samples = heard.mono() * np.float32(linear(-down))
        return samples

    async def _page(
        self, request: Request, test: str, text: str = "", problem: str = ""
    ) -> Response:
        turn = await asyncio.to_thread(self._turn, test, visitor_of(request).account.name)
        return self.show(
            request,
            "blind_turn.html",
            400 if problem else 200,
            turn=turn,
            at=f"{BLIND}/{test}",
            text=text,
            problem=problem,
        )
