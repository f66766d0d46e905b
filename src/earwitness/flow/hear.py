"""Hear: the way of an utterance, from sound to an answer.

Segment, recognise with the terms that are live for the source, doubt. Without a flag
the answer is all that leaves this module: sound and text touch no file, no log, and
are gone from memory after ``RecentSpeech`` has let go of them. With a flag the clip
is kept, sound first, then everything else in one transaction. A recogniser that fails
is a flag too, so that speech is never lost silently.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from earwitness.flow.memory import Recent, RecentSpeech
from earwitness.flow.readings import Clip
from earwitness.flow.scope import ScopedLexicons
from earwitness.flow.trial import Doubts
from earwitness.model import (
    SAMPLE_RATE,
    Flag,
    Hypothesis,
    ItemState,
    Lexicon,
    ReviewItem,
    Samples,
    Source,
    Transcript,
    Utterance,
)
from earwitness.ports import Blobs, ClipCodec, Engine, SpeechDetector, UtteranceRecords
from earwitness.review.queue import AUDIT, priority, value
from earwitness.speech.segment import Cut, Piece, join, pieces

REPHRASE = "rephrase"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the rules of doubt look at.

    ``speech`` tells whether there is any in the clip; ``failure`` why a recogniser
    failed, or nothing; ``second`` what another recogniser heard, where one is set;
    ``earlier`` what the same device said lately, oldest first.
    """

    utterance: str
    transcript: Transcript
    speech: bool = True
    failure: str = ""
    second: Transcript | None = None
    earlier: tuple[Transcript, ...] = ()


@dataclass(frozen=True, eq=False)
class Keeper:
    """Where a doubted utterance goes."""

    records: UtteranceRecords
    blobs: Blobs
    codec: ClipCodec


@dataclass(frozen=True, eq=False)
class Hearing:
    """What hearing needs. ``assess`` fills in calibrated confidences."""

    engine: Engine
    detector: SpeechDetector
    lexicons: ScopedLexicons
    assess: Callable[[Transcript], Transcript]
    doubts: Callable[[Evidence], Sequence[Flag]]
    keeper: Keeper
    memory: RecentSpeech
    second: Engine | None = None


@dataclass(frozen=True, eq=False)
class Answer:
    """What was heard in a piece of a recording. ``utterance`` is its id if it is kept."""

    cut: Cut
    transcript: Transcript
    flags: tuple[Flag, ...]
    utterance: str | None


def hear(
    blocks: Iterable[Samples], source: Source, began: datetime, on: Hearing
) -> Iterator[Answer]:
    """A recording that began at ``began`` -> the answers to its pieces, each at once.

    ``blocks`` are consecutive stretches of any size, samples on the 16-bit grid, as
    every door delivers them; what is kept is then what was heard, to the bit. Raises
    StoreError where a doubted clip cannot be kept; the id of an utterance follows from
    its source, moment and sound, so hearing it again keeps it once.
    """
    for piece in pieces(blocks, on.detector):
        yield _hear_piece(piece, source, began + timedelta(seconds=piece.cut.start), on)


def joined(answers: Sequence[Answer]) -> Transcript | None:
    """The transcript of the whole recording, or None where it has no speech at all."""
    return join([(answer.cut, answer.transcript) for answer in answers]) if answers else None


def utterance_id(source: Source, heard_at: datetime, audio: Samples) -> str:
    """32 hex digits that follow from who, when and what."""
    digest = hashlib.blake2b(audio.tobytes(), digest_size=16)
    digest.update("\n".join((source.household, source.device, heard_at.isoformat())).encode())
    return digest.hexdigest()


def _hear_piece(piece: Piece, source: Source, heard_at: datetime, on: Hearing) -> Answer:
    name = utterance_id(source, heard_at, piece.audio)
    listened = _Listened(piece.audio, on.lexicons.current(source), on)
    earlier = on.memory.of(source, heard_at)
    evidence = listened.evidence(name, tuple(recent.transcript for recent in earlier))
    flags = tuple(on.doubts(evidence))
    if flags:
        evidence = replace(evidence, transcript=listened.timed(evidence.transcript))
        flags = tuple(on.doubts(evidence))
    utterance = Recent(name, source, heard_at, piece.audio, evidence.transcript, bool(flags))
    if flags:
        _keep(utterance, flags, on.keeper)
        _keep_repeated(earlier, flags, on.keeper)
    on.memory.remember(utterance)
    return Answer(piece.cut, evidence.transcript, flags, name if flags else None)


class _Listened:
    """One piece and what the recognisers made of it."""

    def __init__(self, audio: Samples, lexicon: Lexicon, on: Hearing) -> None:
        self._on = on
        self._audio = audio
        self._lexicon = lexicon
        self._encoded: Any = None
        self.failure = ""

    def evidence(self, name: str, earlier: tuple[Transcript, ...]) -> Evidence:
        transcript = self._guarded(self._first, self._on.engine) or self._nothing()
        second = self._guarded(self._second, self._on.second) if self._on.second else None
        return Evidence(
            utterance=name,
            transcript=transcript,
            speech=bool(transcript.text.strip() or self._on.detector.spans(self._audio)),
            failure=self.failure,
            second=second,
            earlier=earlier,
        )

    def timed(self, transcript: Transcript) -> Transcript:
        """The same reading with the time of each word, where the recogniser knows it."""
        engine, words = self._on.engine, transcript.best.words
        if self.failure or not engine.capabilities.word_times:
            return transcript
        if all(word.start is not None for word in words):
            return transcript
        return self._guarded(self._first_timed, engine) or transcript

    def _first(self, engine: Engine) -> Transcript:
        self._encoded = engine.encode(self._audio)
        return self._on.assess(engine.decode(self._encoded, self._lexicon))

    def _first_timed(self, engine: Engine) -> Transcript:
        return self._on.assess(engine.decode(self._encoded, self._lexicon, times=True))

    def _second(self, engine: Engine) -> Transcript:
        known = self._lexicon if engine.capabilities.lexicon else Lexicon(self._lexicon.revision)
        return engine.decode(engine.encode(self._audio), known)

    def _guarded(self, listen: Callable[[Engine], Transcript], engine: Engine) -> Transcript | None:
        """Whatever a recogniser dies of, the clip must reach a human: it becomes a flag."""
        try:
            return listen(engine)
        except Exception as error:
            self.failure = f"{engine.name}: {type(error).__name__}: {error}"
            return None

    def _nothing(self) -> Transcript:
        engine = self._on.engine
        return Transcript(
            nbest=(Hypothesis("", (), 0.0),),
            engine=engine.name,
            model=engine.model,
            revision=self._lexicon.revision,
            seconds=len(self._audio) / SAMPLE_RATE,
        )


def _keep(recent: Recent, flags: tuple[Flag, ...], keeper: Keeper) -> None:
    """Sound first: a transaction never names a clip that is not there."""
    clip = keeper.blobs.put(keeper.codec.encode(recent.audio))
    worth = value(recent.transcript.confidence, flags)
    keeper.records.keep(
        Utterance(recent.id, recent.source, recent.heard_at, recent.transcript, flags, clip),
        ReviewItem(
            utterance=recent.id,
            state=ItemState.WAITING,
            priority=priority(worth, recent.heard_at),
            queued_at=recent.heard_at,
        ),
    )


def _keep_repeated(earlier: Sequence[Recent], flags: tuple[Flag, ...], keeper: Keeper) -> None:
    """Somebody had to say it again: the first attempt is doubted too, while we have it."""
    repeated = tuple(flag for flag in flags if flag.rule == REPHRASE)
    if repeated and earlier and not earlier[-1].kept:
        _keep(earlier[-1], repeated, keeper)


def remaining_doubts(on: Hearing) -> Doubts:
    """What a new reading of a kept clip would be doubted for, the audit sample aside."""

    def doubts(clip: Clip, transcript: Transcript) -> Sequence[Flag]:
        second = _reread(clip, on.second) if on.second else None
        evidence = Evidence(clip.id, on.assess(transcript), second=second)
        return [flag for flag in on.doubts(evidence) if flag.rule != AUDIT]

    return doubts


def _reread(clip: Clip, engine: Engine) -> Transcript:
    return engine.decode(engine.encode(clip.read()), Lexicon())
