"""Where an utterance begins and ends, while it is still being said.

A detector says of each chunk how probably somebody speaks in it. ``Endpointer`` turns
these numbers into moves: somebody began, paused, went on, is done. Positions are chunks
since the endpointer was made; it knows nothing of sound or time.

An utterance reaches from ``PRE_ROLL`` before its first speech to ``TAIL`` after its last.
Silence of ``TAIL`` is a pause; silence of ``Limits.silence`` is the endpoint. So the sound
of an utterance is known when its pause begins, well before its endpoint is.

>>> endpointer = Endpointer(Limits(silence=4, longest=99, pre_roll=1, tail=2))
>>> said = [0.1, 0.9, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1]
>>> [type(move).__name__ for p in said for move in endpointer.judge(p)]
['Start', 'Pause', 'Over']
"""

from __future__ import annotations

from dataclasses import dataclass

SPEECH = 0.5
"""From this probability on a chunk is speech."""
RELEASE = 0.35
"""Below it, speech has ended; in between it goes on if it was there."""
FIRST = 3
"""Chunks of speech, without a break, that make a beginning: a click has fewer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """All in chunks. ``silence`` ends an utterance; ``tail`` of it still belongs to it.

    No utterance is longer than ``longest``, its pre-roll and tail included.
    """

    silence: int
    longest: int
    pre_roll: int
    tail: int


@dataclass(frozen=True, slots=True)
class Start:
    """Somebody speaks; with its pre-roll, since ``first``."""

    first: int


@dataclass(frozen=True, slots=True)
class Pause:
    """If nothing more is said, the utterance is [first, end)."""

    first: int
    end: int


@dataclass(frozen=True, slots=True)
class GoesOn:
    """The pause was not the end."""


@dataclass(frozen=True, slots=True)
class Over:
    """[first, end) was the utterance."""

    first: int
    end: int


@dataclass(frozen=True, slots=True)
class TooLong:
    """[first, end) is as long as an utterance may be, and nobody has paused."""

    first: int
    end: int


Move = Start | Pause | GoesOn | Over | TooLong


class Endpointer:
    """Judges one chunk after the other, up to the end of one utterance."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._chunks = 0
        self._run = 0
        self._first: int | None = None
        self._last = 0
        """The end of the last chunk with speech."""
        self._paused = False

    @property
    def chunks(self) -> int:
        """How many were judged."""
        return self._chunks

    @property
    def started(self) -> int | None:
        """The first chunk of the utterance that is being said, if one is."""
        return self._first

    @property
    def hushed(self) -> bool:
        """Nobody speaks, and nobody is about to."""
        return self._first is None and not self._run

    def judge(self, probability: float) -> list[Move]:
        """What the next chunk means."""
        self._chunks += 1
        self._run = self._run + 1 if self._is_speech(probability) else 0
        if self._first is None:
            return self._waiting()
        return self._speaking()

    def end(self) -> Over | None:
        """Nothing follows: the utterance that was being said, if there was one."""
        if self._first is None:
            return None
        return Over(self._first, min(self._last + self._limits.tail, self._chunks))

    def _is_speech(self, probability: float) -> bool:
        return probability >= (RELEASE if self._run else SPEECH)

    def _waiting(self) -> list[Move]:
        if self._run < FIRST:
            return []
        self._first = max(0, self._chunks - FIRST - self._limits.pre_roll)
        self._last = self._chunks
        return [Start(self._first)]

    def _speaking(self) -> list[Move]:
        assert self._first is not None
        if self._run:
            return self._went_on(self._first)
        silence = self._chunks - self._last
        if silence == self._limits.tail:
            self._paused = True
            return [Pause(self._first, self._chunks)]
        if silence >= self._limits.silence:
            return [Over(self._first, self._last + self._limits.tail)]
        return []

    def _went_on(self, first: int) -> list[Move]:
        moves: list[Move] = [GoesOn()] if self._paused else []
        self._paused = False
        self._last = self._chunks
        if self._chunks - first + self._limits.tail >= self._limits.longest:
            moves.append(TooLong(first, self._chunks))
        return moves
