"""The sample household: devices in three rooms that speak to a running server.

They enrol with one-time codes, speak in real time over the device link, and know no more
of the server than any device does.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness import starter
from earwitness.device.client import Device
from earwitness.device.enrolment import enrol, link_url
from earwitness.device.keys import Identity, KeyFile
from earwitness.device.sound import in_real_time
from earwitness.flow import access
from earwitness.flow.hear import Answer
from earwitness.flow.lessons import Tried
from earwitness.model import SAMPLE_RATE, Flag, Hypothesis, Transcript, Word, term_key
from earwitness.speech.segment import Cut
from earwitness.starter import Recording, Role
from earwitness.wire.link import messages as link

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

NAME = "sample"
POLL_SECONDS = 0.05
PAUSE_SECONDS = 2.0
KNOWN_SHARE = 0.7
AFTERWARDS = 1.0
"""Seconds of silence behind a recording: a room is quiet after somebody spoke."""


class Household:
    """Implements ``doors.cli.story.Stage``. Called from a thread of its own."""

    about = "The whole loop on a running server: a sample household speaks to it in real time."

    def __init__(
        self, program: Earwitness, server: str, folder: Path, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._program = program
        self._server = server
        self._folder = folder
        self._loop = loop
        self._identities: dict[str, Identity] = {}

    def hear(self, path: Path, device: str) -> list[Answer]:
        playing = self._play(self._identity(device), [path])
        (finals,) = asyncio.run_coroutine_threadsafe(playing, self._loop).result()
        return [_answer(final) for final in finals]

    def hear_all(self, clips: Sequence[Recording]) -> list[list[Answer]]:
        """All devices at once, each of them one recording after the other."""
        by_device: dict[str, list[Path]] = {}
        for clip in clips:
            by_device.setdefault(clip.speaker, []).append(clip.path)
        playing = [self._play(self._identity(name), paths) for name, paths in by_device.items()]
        futures = [asyncio.run_coroutine_threadsafe(each, self._loop) for each in playing]
        heard = {
            path: [_answer(final) for final in finals]
            for paths, future in zip(by_device.values(), futures, strict=True)
            for path, finals in zip(paths, future.result(), strict=True)
        }
        return [heard[clip.path] for clip in clips]

    def tried(self, utterance: str) -> list[Tried]:
        """The server's own worker tries them; this waits until it has."""
        while any(_about(event.payload, utterance) for event in self._program.records.pending()):
            sleep(POLL_SECONDS)
        trials = self._program.records.trials(utterance=utterance)
        return [Tried(*each) for each in trials]

    def stay(self, told: Callable[[Recording, list[Answer]], None]) -> None:
        """Goes on speaking while nothing waits for a listener, until the loop is closed.

        Mostly words that are live by now, so that whoever taught one hears what came of it.
        """
        clips = [clip for clip in starter.recordings() if clip.role is not Role.REGRESSION]
        order = random.Random(1)  # noqa: S311 - which recording comes next is no secret
        while True:
            if not self._program.records.count_open(1):
                live = self._program.records.lexicon().terms
                taught = [clip for clip in clips if any(term_key(w) in live for w in clip.extra)]
                clip = order.choice(taught if taught and order.random() < KNOWN_SHARE else clips)
                told(clip, self.hear(clip.path, clip.speaker))
            sleep(PAUSE_SECONDS)

    def _identity(self, device: str) -> Identity:
        """Enrolled the first time it speaks, as a device at home is."""
        if device not in self._identities:
            now = datetime.now(UTC)
            invited = access.invite(NAME, device, now, records=self._program.records)
            keys = KeyFile(self._folder / f"{device}.key")
            self._identities[device] = enrol(self._server, invited.code, keys)
        return self._identities[device]

    async def _play(self, identity: Identity, paths: Sequence[Path]) -> list[list[link.Final]]:
        """One device's recordings on one connection; the finals of each."""
        finals: list[list[link.Final]] = []

        def hear(message: Any) -> None:
            if isinstance(message, link.Final):
                finals[-1].append(message)

        async with _connected(Device(link_url(self._server), identity, hear)) as device:
            for path in paths:
                finals.append([])
                async for block in in_real_time(self._program.reader.pieces(path)):
                    device.say(block)
                device.say(np.zeros(round(AFTERWARDS * SAMPLE_RATE), np.float32))
                device.session.end()
                await device.drained()
        return finals


@asynccontextmanager
async def _connected(device: Device) -> AsyncIterator[Device]:
    running = asyncio.create_task(device.run())
    try:
        yield device
    finally:
        await device.close()
        await running


def _about(payload: Any, utterance: str) -> bool:
    return bool(payload.get("utterance") == utterance)


def _answer(final: link.Final) -> Answer:
    """What the device was told, as far as it goes."""
    words = tuple(Word(w.text, (), w.confidence, term=w.term) for w in final.words)
    terms = tuple(dict.fromkeys(word.term for word in words if word.term))
    start, end = final.start / SAMPLE_RATE, final.end / SAMPLE_RATE
    transcript = Transcript(
        nbest=(Hypothesis(final.text, words, 0.0, terms),),
        engine="",
        model="",
        revision=final.revision,
        seconds=end - start,
        confidence=final.confidence,
    )
    flags = tuple(Flag(flag.rule, 0.0, 0.0, flag.reason) for flag in final.flags)
    return Answer(Cut(start, end), transcript, flags, final.utterance)
