"""One stream of sound: what a door writes into it becomes events.

The stream is a tape, an endpointer that reads it chunk by chunk, and at most one piece of
work at the recogniser. While an utterance that is over is being recognised nothing behind
it is judged, so events come in order and a peer that sends faster than real time is held
up, not buffered.

**Everything is a function of the samples since ``until``.** When an utterance is over, or
nobody spoke for a while, detector and endpointer are made anew at a chunk ``until`` and
read from there again. Whoever sends the sound since ``until`` once more, to whichever
process, gets the same utterances.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np

from earwitness.errors import Overloaded
from earwitness.flow.hear import Answer, Hearing, Listened, conclude, glimpse, listen
from earwitness.live.detection import Detection
from earwitness.live.events import Began, Event, Heard, Partial, Quiet, Shed
from earwitness.live.tape import Tape
from earwitness.live.turns import Rank, Turn, Turns
from earwitness.live.watching import StreamEar
from earwitness.model import SAMPLE_RATE, Samples, Source, Term
from earwitness.speech.endpoint import (
    Endpointer,
    GoesOn,
    Limits,
    Move,
    Over,
    Pause,
    Start,
    TooLong,
)
from earwitness.speech.segment import Cut, Piece
from earwitness.speech.stable import Agreement

TAIL = 0.3
"""Seconds of silence that belong to an utterance. Measured: docs/research/sharing.md."""
PRE_ROLL = 0.3
"""Seconds before the first detected speech that belong to it: a soft beginning."""
RECORDING_PAUSE = 2.0
"""Seconds of silence at which a recording that somebody else ends is cut in two."""
QUIET = 2.0
"""After so many seconds without speech the sound is forgotten, in seconds."""
MOST_EVENTS = 64
"""Events that may wait for a door before nothing more is judged."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a stream is cut and shown, in seconds. See the settings of the same names."""

    endpoint_seconds: float = 0.7
    utterance_seconds: float = 15.0
    partial_seconds: float = 0.7
    max_behind_seconds: float = 5.0


@dataclass(frozen=True, eq=False)
class Shared:
    """What all streams share."""

    hearing: Hearing
    detection: Detection
    turns: Turns
    pace: Pace


class LiveStream:
    """Made by ``LiveHearing.open``; belongs to one event loop.

    ``keep`` may change at any time: what is doubted is kept only with consent.
    """

    def __init__(
        self,
        source: Source,
        began: datetime,
        on: Shared,
        *,
        endpointing: bool,
        terms: tuple[Term, ...],
        keep: bool,
        partials: bool,
        closed: Callable[[LiveStream], None],
        told: Callable[[Event], None],
    ) -> None:
        self.source = source
        self.keep = keep
        self.terms = terms
        self.memory: Any = None
        self._began = began
        self._on = on
        self._endpointing = endpointing
        self._partials = partials and on.pace.partial_seconds > 0
        self._closed, self._told = closed, told
        self._tape = Tape()
        self._ear = StreamEar(source, began, on.hearing, on.turns, lambda: self.keep)
        self._events: asyncio.Queue[Event | Exception | None] = asyncio.Queue()
        self._room = asyncio.Event()
        self._room.set()
        self._chunk = on.detection.detector.chunk
        self._limits = self._chunks_of(on.pace)
        self._judging = self._ending = self._ended = False
        self._nothing_yet = True
        self._early: Turn[Listened] | None = None
        self._look: Turn[str] | None = None
        self._answer: asyncio.Task[None] | None = None
        self._start_over(0)

    # --- for the door -----------------------------------------------------------

    async def write(self, samples: Samples) -> None:
        """What was heard next, ``[samples]`` at 16 kHz. Waits while it is too far ahead."""
        if self._ending:
            return
        self._tape.write(samples)
        self._ear.write(samples)
        self._proceed()
        if self._is_behind():
            self._room.clear()
            await self._room.wait()

    async def end(self) -> None:
        """No more sound follows; ``events`` ends after what was said last."""
        self._ending = True
        self._ear.end()
        self._proceed()

    def close(self) -> None:
        """Forgets everything at once: nobody is there any more. Idempotent."""
        if self._ended:
            return
        self._ended = self._ending = True
        self._drop_early()
        self._drop_look()
        if self._answer is not None:
            self._answer.cancel()
        self._on.detection.leave(self)
        self._tape.forget(self._tape.end)
        self._room.set()
        self._events.put_nowait(None)
        self._closed(self)

    async def events(self) -> AsyncIterator[Event]:
        """In order. Raises what made hearing impossible, such as StoreError."""
        while (event := await self._events.get()) is not None:
            if isinstance(event, Exception):
                raise event
            self._proceed()
            yield event

    def __aiter__(self) -> AsyncIterator[Event]:
        return self.events()

    @property
    def until(self) -> int:
        """Everything before this sample is done with."""
        return self._until

    # --- for detection ----------------------------------------------------------

    def next_chunks(self, most: int) -> bytes:
        if not self._has_chunk():
            return b""
        self._judging = True
        position, chunk = self._position, self._chunk
        whole = min(most, (self._tape.end - position) // chunk)
        return self._tape.pcm(position, position + max(1, whole) * chunk).ljust(2 * chunk, b"\0")

    def judged(self, probabilities: Sequence[float]) -> None:
        """Up to where everything begins anew: what lies behind it is judged again."""
        self._judging = False
        endpointer = self._endpointer
        for probability in probabilities:
            self._judge(probability)
            if self._endpointer is not endpointer or self._answer is not None:
                break
        if not self._is_behind():
            self._room.set()
        self._proceed()

    # --- what moves it ----------------------------------------------------------

    def _proceed(self) -> None:
        if self._has_chunk():
            self._on.detection.due(self)
        elif self._ending and not self._ended and not self._judging and self._answer is None:
            self._say_last()

    def _has_chunk(self) -> bool:
        if self._ended or self._answer is not None or self._events.qsize() > MOST_EVENTS:
            return False
        here = self._tape.end - self._position
        return here >= self._chunk or (self._ending and here > 0)

    def _follow(self, move: Move) -> None:
        match move:
            case Start(first):
                self._agreement, self._looked_at = Agreement(), self._at(first)
                self._emit(Began(self._at(first), self._until))
            case Pause(first, end):
                self._drop_look()
                self._early = self._submit(self._at(first), self._at(end), Rank.EARLY)
            case GoesOn():
                self._drop_early()
            case Over(first, end):
                self._conclude(self._at(first), min(self._at(end), self._tape.end))
            case TooLong(first, end):
                self._conclude(self._at(first), self._quietest(first, end))

    def _say_last(self) -> None:
        """There is no more sound: what was being said is over, however it sounds."""
        over = self._endpointer.end()
        if over is not None:
            self._follow(over)
        elif self._nothing_yet and not self._endpointing and self._tape.end > self._tape.start:
            # Somebody says that this is speech; the detector may well be wrong.
            self._conclude(self._tape.start, self._tape.end)
        else:
            self.close()

    def _stay_quiet(self) -> None:
        until = self._position - self._limits.pre_roll * self._chunk
        if self._endpointing and until - self._until >= QUIET * SAMPLE_RATE:
            self._start_over(until)
            self._emit(Quiet(until))
        elif not self._endpointing and until - self._until >= self._longest:
            self._start_over(until)

    def _start_over(self, until: int) -> None:
        self._until = until
        self._tape.forget(until)
        self._endpointer = Endpointer(self._limits)
        self.memory = self._on.detection.detector.fresh()

    def _judge(self, probability: float) -> None:
        for move in self._endpointer.judge(probability):
            self._follow(move)
        if self._endpointer.hushed:
            self._stay_quiet()
        elif self._wants_look():
            self._have_look()

    # --- recognising ------------------------------------------------------------

    def _conclude(self, start: int, end: int) -> None:
        early, self._early = self._early, None
        self._drop_look()
        if early is None:
            early = self._submit(start, end, Rank.FINAL)
        else:
            self._on.turns.promote(early)
        self._nothing_yet = False
        self._answer = asyncio.create_task(self._answered(early, start, end, self._position))

    async def _answered(self, turn: Turn[Listened], start: int, end: int, endpoint: int) -> None:
        try:
            answer = await self._settled(await turn.future)
            self._emit(Heard(answer, start, end, min(endpoint, self._tape.end), end))
        except Overloaded as error:
            self._emit(Shed(start, end, error.retry_after, end))
        except Exception as error:  # the door tells its peer, whatever it is
            self._events.put_nowait(error)
            self.close()
            return
        self._answer = None
        self._start_over(end)
        self._proceed()

    async def _settled(self, listened: Listened) -> Answer:
        work = partial(conclude, listened, keep=self.keep)
        return await self._on.turns.submit(work, 0.0, Rank.KEEP).future

    def _submit(self, start: int, end: int, rank: Rank) -> Turn[Listened]:
        cut = Cut(start / SAMPLE_RATE, end / SAMPLE_RATE)
        piece = Piece(cut, self._tape.read(start, end))
        work = partial(listen, piece, self.source, self._began, self._on.hearing, self.terms)
        return self._on.turns.submit(work, cut.end - cut.start, rank)

    def _drop_early(self) -> None:
        if self._early is not None:
            self._on.turns.cancel(self._early)
            self._early = None

    # --- showing what is still being said -----------------------------------------

    def _wants_look(self) -> bool:
        return (
            self._partials
            and self._look is None
            and self._early is None
            and self._answer is None
            and self._endpointer.started is not None
            and self._position - self._looked_at >= self._on.pace.partial_seconds * SAMPLE_RATE
            and self._on.turns.has_room()
        )

    def _have_look(self) -> None:
        start = self._at(self._endpointer.started or 0)
        audio = self._tape.read(start, self._position)
        self._looked_at = self._position
        work = partial(glimpse, audio, self.source, self._on.hearing, self.terms)
        self._look = self._on.turns.submit(work, len(audio) / SAMPLE_RATE, Rank.PARTIAL)
        self._look.future.add_done_callback(self._looked)

    def _looked(self, future: asyncio.Future[str]) -> None:
        """A look that failed shows nothing: the final result will say why."""
        self._look = None
        if not future.cancelled() and future.exception() is None:
            stable = self._agreement.with_(future.result())
            self._emit(Partial(self._agreement.shown(future.result()), stable, self._until))

    def _drop_look(self) -> None:
        if self._look is not None:
            self._look.future.remove_done_callback(self._looked)
            self._on.turns.cancel(self._look)
            self._look = None

    # --- where we are -----------------------------------------------------------

    @property
    def _position(self) -> int:
        """The first sample that is not judged yet."""
        return self._until + self._endpointer.chunks * self._chunk

    @property
    def _longest(self) -> int:
        return self._limits.longest * self._chunk

    def _at(self, chunk: int) -> int:
        return self._until + chunk * self._chunk

    def _is_behind(self) -> bool:
        ahead = self._tape.end - self._position
        return not self._ended and ahead > self._on.pace.max_behind_seconds * SAMPLE_RATE

    def _quietest(self, first: int, end: int) -> int:
        """The end of the quietest chunk in the second half of what is too long."""
        half = (first + end) // 2
        sound = self._tape.read(self._at(half), self._at(end)).reshape(-1, self._chunk)
        return self._at(half + int(np.square(sound).sum(axis=1).argmin()) + 1)

    def _emit(self, event: Event) -> None:
        self._told(event)
        self._events.put_nowait(event)

    def _chunks_of(self, pace: Pace) -> Limits:
        silence = pace.endpoint_seconds if self._endpointing else RECORDING_PAUSE
        return Limits(
            silence=self._rounded(max(silence, TAIL)),
            longest=self._rounded(pace.utterance_seconds),
            pre_roll=self._rounded(PRE_ROLL),
            tail=self._rounded(TAIL),
        )

    def _rounded(self, seconds: float) -> int:
        return max(1, round(seconds * SAMPLE_RATE / self._chunk))
