"""A chain on a copy of the clip: run, heard as loud as the original, and taken away."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse

from earwitness import __version__
from earwitness.doors.workbench.examinations import Opened
from earwitness.doors.workbench.examine.desk import CLIP, Desk, Shared, named
from earwitness.doors.workbench.incidents.files import file
from earwitness.doors.workbench.roles import EVERYBODY, only, up_to
from earwitness.doors.workbench.visitors import visitor_of
from earwitness.errors import InputError, RevisionConflict, Stopped
from earwitness.examining import Evidence
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

    @only(EVERYBODY)
    @up_to(MOST_FORM)
    async def save(
        self, request: Request, utterance: str, chain: Text = "", what: Text = ""
    ) -> Response:
        """The chain, its replay file, the treated sound or the original, as a file."""
        opened, asked = await self.opened_to_write(request, utterance), chains.parse(chain)
        name = short_name(utterance)
        if what == "chain":
            return file(chains.written(asked).encode(), "application/json", f"{name}.chain.json")
        if what == "original":
            content = await asyncio.to_thread(self._original, request, opened)
            return file(content, "audio/flac", f"{name}.flac")
        piece = await self._treated(request, utterance, asked)
        if what == "replay":
            told = replay.written(piece.result.record).encode()
            if Evidence.of(utterance) is not None:  # whatever leaves a case is on record there
                await asyncio.to_thread(self._noted, request, opened, piece, "replay file")
            return file(told, "application/json", f"{treated_name(utterance, asked)}.replay.json")
        if what != "treated":
            raise InputError("Save the chain, the replay file, the treated sound or the original.")
        await asyncio.to_thread(self._noted, request, opened, piece, "WAV of 24 bits")
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

    def _noted(self, request: Request, opened: Opened, piece: Piece, form: str) -> None:
        chain = chains.written(piece.result.record.chain)
        steps = ({"step": "chain", "chain": chain}, {"step": form, "earwitness": __version__})
        self.saved(request, opened, named(piece), piece.result.treated.recording.seconds, *steps)

    def _original(self, request: Request, opened: Opened) -> bytes:
        on = self.of(request, opened.utterance)
        read = examination.original(opened.utterance, on)
        self.saved(request, opened, "the original", read.recording.seconds)
        return examination.content(opened.utterance, on)


def treated_name(utterance: str, chain: Chain) -> str:
    """Of the file; one into which something may have been put says so."""
    return f"{short_name(utterance)}.{'for-listening' if chain.invents else 'treated'}.wav"


def short_name(subject: str) -> str:
    """Of a file: of evidence by its hash."""
    evidence = Evidence.of(subject)
    return (evidence.sha256 if evidence else subject)[:16]
