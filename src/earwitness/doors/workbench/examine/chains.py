"""A chain on a copy of the clip: run, heard as loud as the original, and taken away."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse

from earwitness.doors.workbench.examinations import Opened
from earwitness.doors.workbench.examine.desk import CLIP, Desk, Shared, named
from earwitness.doors.workbench.incidents.files import file
from earwitness.doors.workbench.roles import EVERYBODY, only, up_to
from earwitness.doors.workbench.sound import FOR_A_REASON
from earwitness.doors.workbench.visitors import visitor_of
from earwitness.errors import InputError, RevisionConflict, Stopped
from earwitness.flow import examination
from earwitness.flow.examination import Piece
from earwitness.flow.treating import FOR_LISTENING
from earwitness.sound import chain as chains
from earwitness.sound import replay
from earwitness.sound.chain import Chain
from earwitness.sound.kinds import Choice, Kind, Number, Setting, Stretch, Whole

MOST_FORM = 256 * 1024
SELECTED = (("start", "end"), ("low_hz", "high_hz"))
"""Settings by which a step names a stretch of time and a band of frequencies."""
log = structlog.get_logger(__name__)
Text = Annotated[str, Form()]


def add_routes(router: APIRouter, shared: Shared) -> None:
    desk = _Chains(shared)
    router.add_api_route(CLIP + "/treat", desk.treat, methods=["POST"])
    router.add_api_route(CLIP + "/treated/{key}", desk.sound, methods=["GET"])
    router.add_api_route(CLIP + "/save", desk.save, methods=["POST"])


def steps() -> str:
    """Every kind of step with its settings, as JSON, for the editor."""
    return json.dumps({name: _kind(kind) for name, kind in chains.kinds().items()})


def _kind(kind: Kind) -> dict[str, Any]:
    return {
        "says": kind.says,
        "reference": kind.reference,
        "invents": kind.invents,
        "selected": [
            name for pair in SELECTED if kind.settings.keys() >= set(pair) for name in pair
        ],
        "settings": {name: _setting(each) for name, each in kind.settings.items()},
    }


def _setting(setting: Setting) -> dict[str, Any]:
    told: dict[str, Any] = {
        "default": setting.default,
        "allowed": setting.allowed,
        "means": setting.means,
    }
    if isinstance(setting, Number | Whole):
        whole = isinstance(setting, Whole)
        unit = {"low": setting.low, "high": setting.high, "unit": setting.unit}
        return told | unit | {"is": "whole" if whole else "number"}
    if isinstance(setting, Choice):
        return told | {"is": "choice", "options": setting.options}
    assert isinstance(setting, Stretch)
    return told | {"is": "stretch"}


class _Chains(Desk):
    @only(EVERYBODY)
    @up_to(MOST_FORM)
    async def treat(
        self, request: Request, utterance: str, chain: Text = "", page: Text = ""
    ) -> Response:
        """Runs a chain; what the same ``page``, a name of its own, asked for before is given up."""
        await self.opened(request, utterance)
        who = f"{visitor_of(request).session.id} {page[:40]}"
        piece = await self._treated(request, utterance, chains.parse(chain), who)
        treated = piece.result.treated
        return JSONResponse(
            {
                "key": piece.key,
                "seconds": treated.recording.seconds,
                "of": piece.original.recording.seconds,
                "stretch": piece.result.record.chain.stretch,
                "notes": treated.notes,
                "for_listening": FOR_LISTENING if piece.result.record.chain.invents else "",
                "matched_db": treated.matched_db,
                "softer_db": treated.softer_db,
            }
        )

    @only(EVERYBODY)
    async def sound(self, request: Request, utterance: str, key: str) -> Response:
        """The treated version, no louder than any clip, on record first. Raises NotFound."""
        opened, piece = await self.opened(request, utterance), self.bench.kept(key, utterance)
        chain = chains.written(piece.result.record.chain)
        samples = piece.result.treated.recording.mono()
        why = f"{opened.why} (treated: {named(piece)})"
        return await self.given(request, opened, samples, why, chain)

    @only(FOR_A_REASON)
    @up_to(MOST_FORM)
    async def save(
        self, request: Request, utterance: str, chain: Text = "", what: Text = ""
    ) -> Response:
        """The chain, its replay file, the treated sound or the original, as a file."""
        opened, asked = await self.opened_clip(request, utterance), chains.parse(chain)
        name = utterance[:16]
        if what == "chain":
            return file(chains.written(asked).encode(), "application/json", f"{name}.chain.json")
        if what == "original":
            content = await asyncio.to_thread(self._saved, opened, "the original")
            return file(content, "audio/flac", f"{name}.flac")
        piece = await self._treated(request, utterance, asked)
        if what == "replay":
            told = replay.written(piece.result.record).encode()
            return file(told, "application/json", f"{treated_name(utterance, asked)}.replay.json")
        if what != "treated":
            raise InputError("Save the chain, the replay file, the treated sound or the original.")
        why = f"{opened.why} (saved: {named(piece)})"
        await asyncio.to_thread(self._noted, opened, self.giving.new(), why, piece)
        made = await asyncio.to_thread(self.on.written, piece.result.treated.recording)
        return file(made, "audio/wav", treated_name(utterance, asked))

    async def _treated(
        self, request: Request, utterance: str, chain: Chain, who: str = ""
    ) -> Piece:
        """Raises RevisionConflict if the same ``who`` asked for something else meanwhile."""
        asked = (who, self.bench.asked(who)) if who else None
        try:
            return await self.shared.in_turn(
                request,
                lambda: self.bench.treated(utterance, chain, self.of(request, utterance), asked),
            )
        except Stopped as error:
            raise RevisionConflict("Another version was asked for meanwhile.") from error

    def _noted(self, opened: Opened, playback: str, why: str, piece: Piece) -> None:
        seconds = piece.result.treated.recording.seconds
        self.giving.note(
            playback, opened.utterance, opened.listener, opened.token, why, seconds, True
        )

    def _saved(self, opened: Opened, what: str) -> bytes:
        read = examination.original(opened.utterance, self.on)
        why, seconds = f"{opened.why} (saved: {what})", read.recording.seconds
        new, token = self.giving.new(), opened.token
        self.giving.note(new, opened.utterance, opened.listener, token, why, seconds, True)
        return examination.content(opened.utterance, self.on)


def treated_name(utterance: str, chain: Chain) -> str:
    """Of the file; one into which something may have been put says so."""
    return f"{utterance[:16]}.{'for-listening' if chain.invents else 'treated'}.wav"
