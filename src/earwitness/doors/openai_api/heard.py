"""What was heard in a recording, put together piece by piece as the answers come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from earwitness.flow.hear import Answer
from earwitness.model import Flag, Word
from earwitness.speech.segment import seam

FAILED = "engine_failure"
LOOK_BACK = 16
"""More words than two pieces can share."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What is told about a piece of the recording, besides its words."""

    start: float
    end: float
    text: str
    confidence: float
    alternatives: tuple[str, ...]
    flags: tuple[Flag, ...]
    utterance: str | None


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word, its times counted from the recording's start, and the piece that it is in."""

    word: Word
    piece: int

    @property
    def logprob(self) -> float:
        return sum(self.word.logprobs)


class Heard:
    """All words so far. All but the last one do not change any more.

    Where somebody spoke on and on, a recording is cut within speech; what both pieces
    heard is kept once, and half a word at the cut is dropped (``speech.segment.seam``).
    """

    def __init__(self) -> None:
        self.words: list[Spoken] = []
        self.pieces: list[Piece] = []
        self.revision = 0
        self._settled = self._told = 0

    @property
    def text(self) -> str:
        return _text(self.words)

    @property
    def failed(self) -> bool:
        """Whether the recogniser gave no answer at all."""
        return bool(self.pieces) and all(
            any(flag.rule == FAILED for flag in piece.flags) for piece in self.pieces
        )

    def add(self, answer: Answer) -> None:
        words = _words(answer)
        before = [spoken.word for spoken in self.words[-LOOK_BACK:]]
        keep, skip = seam(before, words, answer.cut.overlap)
        del self.words[max(self._settled, len(self.words) - len(before) + keep) :]
        number = len(self.pieces)
        self.words += [Spoken(word, number) for word in words[skip:]]
        self.pieces.append(_piece(answer))
        self._settled = max(self._settled, len(self.words) - 1)
        self.revision = max(self.revision, answer.transcript.revision)

    def settled(self) -> Sequence[Spoken]:
        """The words that have settled since the last time."""
        return self._told_now(self._settled)

    def rest(self) -> Sequence[Spoken]:
        """The words that were not told yet, when no more are to come."""
        return self._told_now(len(self.words))

    def _told_now(self, end: int) -> Sequence[Spoken]:
        new = self.words[self._told : end]
        self._told = end
        return new


def _text(words: Sequence[Spoken]) -> str:
    return " ".join(spoken.word.text for spoken in words)


def _words(answer: Answer) -> list[Word]:
    """Those of an engine that gives only a text have no probabilities and no times."""
    best = answer.transcript.best
    words = best.words or tuple(Word(text, ()) for text in best.text.split())
    return [_later(word, answer.cut.start) for word in words]


def _later(word: Word, seconds: float) -> Word:
    if word.start is None or word.end is None:
        return word
    return replace(word, start=word.start + seconds, end=word.end + seconds)


def _piece(answer: Answer) -> Piece:
    return Piece(
        start=answer.cut.start,
        end=answer.cut.end,
        text=answer.transcript.text,
        confidence=answer.transcript.confidence,
        alternatives=tuple(each.text for each in answer.transcript.nbest[1:]),
        flags=answer.flags,
        utterance=answer.utterance,
    )
