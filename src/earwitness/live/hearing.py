"""Hearing many streams at once."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from earwitness.errors import Overloaded
from earwitness.flow.hear import Answer, Hearing, Listened, conclude, listen, noticing
from earwitness.live.detection import Detection
from earwitness.live.events import Event, Heard, Shed
from earwitness.live.stream import LiveStream, Pace, Shared
from earwitness.live.turns import Load, Rank, Turns
from earwitness.model import Samples, Source, Term
from earwitness.ports import LiveDetector
from earwitness.speech.segment import Piece, pieces


@dataclass(frozen=True, slots=True)
class Limits:
    """How much at once. ``threads`` 0 is one for each core that we may use."""

    max_streams: int = 4000
    threads: int = 0
    shed_seconds: float = 2.0


@dataclass(eq=False)
class Tally:
    """What was heard since the start; numbers only."""

    utterances: int = 0
    refused: int = 0
    shed: int = 0
    kept: int = 0

    def __post_init__(self) -> None:
        self.flags: Counter[str] = Counter()
        self.terms: Counter[str] = Counter()
        self.began = datetime.now(UTC)

    def heard(self, answer: Answer) -> None:
        self.utterances += 1
        self.kept += answer.utterance is not None
        self.flags.update({flag.rule for flag in answer.flags})
        self.terms.update(set(answer.transcript.best.terms))


class LiveHearing:
    """Made within a running event loop, and belongs to it."""

    def __init__(
        self, hearing: Hearing, detector: LiveDetector, pace: Pace, limits: Limits
    ) -> None:
        threads = limits.threads or len(os.sched_getaffinity(0))
        self._limits = limits
        self._shared = Shared(
            hearing, Detection(detector), Turns(threads, limits.shed_seconds), pace
        )
        self._streams: set[LiveStream] = set()
        self._free = asyncio.Event()
        self._free.set()
        self.tally = Tally()

    def open(
        self,
        source: Source,
        began: datetime,
        *,
        endpointing: bool = True,
        terms: Sequence[Term] = (),
        keep: bool = True,
        partials: bool = True,
    ) -> LiveStream:
        """A stream whose first sample was heard at ``began``.

        With ``endpointing`` silence ends an utterance and the stream goes on; without it
        is one recording from its start to ``end``, cut only where it is too long for one
        utterance. ``terms`` are live for this stream alone; without ``keep`` there is no
        consent. Raises Overloaded where too many are open.
        """
        if len(self._streams) >= self._limits.max_streams:
            self.tally.refused += 1
            raise Overloaded(f"{len(self._streams)} streams are open (setting max_streams).")
        stream = LiveStream(
            source,
            began,
            self._shared,
            endpointing=endpointing,
            terms=tuple(terms),
            keep=keep,
            partials=partials,
            closed=self._closed,
            told=self._told,
        )
        self._streams.add(stream)
        self._free.clear()
        return stream

    async def recording(
        self,
        blocks: Iterable[Samples],
        source: Source,
        began: datetime,
        *,
        terms: Sequence[Term] = (),
        keep: bool = True,
        times: bool = False,
    ) -> AsyncIterator[Answer]:
        """A whole recording, piece by piece, behind those who are speaking now.

        ``times`` asks for the times of words. Raises what ``blocks`` raise, Overloaded
        where it would have to wait too long, StoreError.
        """
        hearing = self._shared.hearing
        watched = noticing(blocks, source, began, hearing) if keep else blocks
        parts = pieces(watched, hearing.detector)
        while (piece := await asyncio.to_thread(_next, parts)) is not None:
            work = partial(_whole, piece, source, began, hearing, tuple(terms), keep, times)
            try:
                answer = await self._shared.turns.submit(work, _seconds(piece), Rank.WHOLE).future
            except Overloaded:
                self.tally.shed += 1
                raise
            self.tally.heard(answer)
            yield answer

    @property
    def streams(self) -> int:
        """How many are open."""
        return len(self._streams)

    def load(self) -> Load:
        return self._shared.turns.load()

    async def close(self, seconds: float = 0.0) -> None:
        """Ends, after ``seconds`` at most for streams whose doors are ending them."""
        try:
            await asyncio.wait_for(self._free.wait(), seconds)
        except TimeoutError:
            for stream in list(self._streams):
                stream.close()
        await self._shared.detection.close()
        await asyncio.to_thread(self._shared.turns.close)

    def _told(self, event: Event) -> None:
        match event:
            case Heard(answer=answer):
                self.tally.heard(answer)
            case Shed():
                self.tally.shed += 1

    def _closed(self, stream: LiveStream) -> None:
        self._streams.discard(stream)
        if not self._streams:
            self._free.set()


def _whole(
    piece: Piece,
    source: Source,
    began: datetime,
    hearing: Hearing,
    terms: Sequence[Term],
    keep: bool,
    times: bool,
) -> Answer:
    listened: Listened = listen(piece, source, began, hearing, terms)
    return conclude(listened, keep=keep, times=times)


def _next(parts: Iterator[Piece]) -> Piece | None:
    return next(parts, None)


def _seconds(piece: Piece) -> float:
    return piece.cut.end - piece.cut.start
