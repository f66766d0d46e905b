"""From a recording that was sent to the answer: whole, or as it is heard."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import ExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from earwitness.audio.memory import MemoryFile
from earwitness.doors.openai_api import answers
from earwitness.doors.openai_api.asked import Asked
from earwitness.doors.openai_api.errors import SERVER, ApiError, translated
from earwitness.doors.openai_api.gate import Guest
from earwitness.doors.openai_api.heard import Heard
from earwitness.errors import EarwitnessError, Overloaded
from earwitness.flow import brought
from earwitness.flow.hear import Answer
from earwitness.model import SAMPLE_RATE, Samples, Term

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

DECODERS_A_CORE = 2
"""Decoding is quick, but its process is there until its recording is heard to the end."""
MOST_DECODERS = 16
PATIENCE = 15
"""How many times ``shed_seconds`` a recording waits for a decoder, as long as for a core."""


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """A recording, what is wanted of it, whose it is and when it came."""

    file: MemoryFile
    asked: Asked
    guest: Guest
    at: datetime


class Counted:
    """Blocks as they are, and how many seconds of them there were."""

    def __init__(self, blocks: Iterator[Samples]) -> None:
        self._blocks = blocks
        self._samples = 0

    def __iter__(self) -> Iterator[Samples]:
        for block in self._blocks:
            self._samples += len(block)
            yield block

    @property
    def seconds(self) -> float:
        return self._samples / SAMPLE_RATE


class Transcribing:
    """Hears recordings on one program. Called from one event loop."""

    def __init__(self, program: Earwitness) -> None:
        decoders = DECODERS_A_CORE * len(os.sched_getaffinity(0))
        self._program = program
        self._decoders = asyncio.Semaphore(min(decoders, MOST_DECODERS))

    async def whole(self, sent: Sent, request: Request) -> Response:
        """Raises ApiError, what hearing raises, and ClientDisconnect where nobody waits."""
        heard, blocks = Heard(), self._blocks(sent)
        async with aclosing(self._answers(sent, blocks)) as coming:
            async for answer in coming:
                heard.add(answer)
                if await request.is_disconnected():
                    raise ClientDisconnect
        _refuse_failed(heard)
        return answers.answer(heard, blocks.seconds, sent.asked)

    async def streamed(self, sent: Sent, held: ExitStack) -> Response:
        """Raises as ``whole`` until the first words are there; later errors are events.

        ``held`` is given back when the last event is sent.
        """
        events = self._events(sent)
        first = await anext(events)
        return EventStream(first, events, held.pop_all())

    async def _events(self, sent: Sent) -> AsyncGenerator[bytes, None]:
        heard, begun = Heard(), False
        try:
            async with aclosing(self._answers(sent, self._blocks(sent))) as coming:
                async for answer in coming:
                    heard.add(answer)
                    if words := heard.settled():
                        yield answers.delta(words, sent.asked, first=not begun)
                        begun = True
            _refuse_failed(heard)
            if words := heard.rest():
                yield answers.delta(words, sent.asked, first=not begun)
            yield answers.done(heard, sent.asked)
        except (ApiError, EarwitnessError) as error:
            if not begun:
                raise
            yield answers.failed(error if isinstance(error, ApiError) else translated(error))

    async def _answers(self, sent: Sent, blocks: Iterable[Samples]) -> AsyncGenerator[Answer, None]:
        terms = await asyncio.to_thread(self._terms, sent.asked, sent.guest)
        async with self._decoder():
            coming = self._program.live.recording(
                blocks,
                sent.guest.source,
                sent.at,
                terms=terms,
                keep=sent.guest.keep,
                times=sent.asked.times,
            )
            async with aclosing(coming):  # type: ignore[type-var]
                async for answer in coming:
                    yield answer

    def _blocks(self, sent: Sent) -> Counted:
        return Counted(self._program.reader.pieces(sent.file))

    def _terms(self, asked: Asked, guest: Guest) -> tuple[Term, ...]:
        """Live for this recording only: keywords, and words of the prompt that nobody knows."""
        if not asked.keywords and not asked.prompt:
            return ()
        lexicon = self._program.lexicons.current(guest.source)
        known = lexicon, self._program.engine
        named = brought.asked_for(asked.keywords, *known)
        more = brought.unknown_in(asked.prompt, *known, most=brought.MOST - len(named))
        return tuple({term.key: term for term in (*more, *named)}.values())

    @asynccontextmanager
    async def _decoder(self) -> AsyncIterator[None]:
        """Raises Overloaded where none becomes free in time."""
        seconds = PATIENCE * self._program.settings.shed_seconds
        try:
            async with asyncio.timeout(seconds):
                await self._decoders.acquire()
        except TimeoutError:
            self._program.live.tally.shed += 1
            raise Overloaded(retry_after=seconds) from None
        try:
            yield
        finally:
            self._decoders.release()


class EventStream(StreamingResponse):
    """Server-sent events; whatever way it ends, nothing goes on behind it."""

    def __init__(self, first: bytes, events: AsyncGenerator[bytes, None], held: ExitStack) -> None:
        super().__init__(_all(first, events), media_type="text/event-stream")
        self.headers["Cache-Control"] = "no-store"
        self._events = events
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._held:
            async with aclosing(self._events):
                await super().__call__(scope, receive, send)


async def _all(first: bytes, events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for each in events:
        yield each


def _refuse_failed(heard: Heard) -> None:
    """An empty text would say that nobody spoke."""
    if heard.failed:
        raise ApiError(
            500,
            "The recogniser failed on this recording; a human will hear it where that may be.",
            kind=SERVER,
            code="recogniser_failed",
        )
