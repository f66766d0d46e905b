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
from functools import cached_property
from typing import Any

import structlog

from earwitness.errors import EngineError, SettingsError
from earwitness.flow.memory import Recent, RecentSpeech
from earwitness.flow.readings import Clip
from earwitness.flow.scope import ScopedLexicons
from earwitness.flow.settling import Doubts
from earwitness.flow.watching import Ear, Noticed, Watch, flag
from earwitness.model import (
    SAMPLE_RATE,
    Flag,
    Hypothesis,
    ItemState,
    Lexicon,
    ReviewItem,
    Samples,
    Source,
    Term,
    Transcript,
    Utterance,
)
from earwitness.ports import Blobs, ClipCodec, Engine, SpeechDetector, UtteranceRecords
from earwitness.review.queue import main_reason, priority, value
from earwitness.sound.tagging.harm import HarmSound
from earwitness.speech.confidence import with_second
from earwitness.speech.doubt import AuditSample, Rule, flags, likeness
from earwitness.speech.segment import Cut, Piece, join, pieces
from earwitness.speech.text import words

REPHRASE = "rephrase"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the rules of doubt look at: implements ``speech.doubt.Case``."""

    utterance: str
    transcript: Transcript
    speech: bool = True
    failure: str = ""
    second: Transcript | None = None
    earlier: tuple[Transcript, ...] = ()


def settled_by_gate(transcript: Transcript) -> Transcript:
    """Without the readings that a believed term has overruled.

    A term is believed at a lower score than the plain reading by design, so that
    reading would make every taught word look disputed. What competes is the other
    readings with the same terms; how sure the term is, its confidence says.
    """
    terms = set(transcript.best.terms)
    nbest = tuple(each for each in transcript.nbest if terms <= set(each.terms))
    return replace(transcript, nbest=nbest) if terms else transcript


@dataclass(frozen=True, eq=False)
class Keeper:
    """Where a doubted utterance goes."""

    records: UtteranceRecords
    blobs: Blobs
    codec: ClipCodec


@dataclass(frozen=True, eq=False)
class Hearing:
    """What hearing needs. ``second`` is another recogniser that hears everything too.

    ``watch`` is for sounds other than words, where there is anything to find them.
    """

    engine: Engine
    detector: SpeechDetector
    lexicons: ScopedLexicons
    rules: Sequence[Rule]
    keeper: Keeper
    memory: RecentSpeech
    second: Engine | None = None
    watch: Watch | None = None

    def watched(self, source: Source) -> frozenset[HarmSound]:
        """What the household of this device watches for. Asks nobody: what is known is given."""
        return self.watch.choices.of(source.household) if self.watch else frozenset()


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

    ``listen`` and ``conclude`` are its two halves, for who hears many at once.

    ``blocks`` are consecutive stretches of any size, samples on the 16-bit grid, as
    every door delivers them; what is kept is then what was heard, to the bit. Raises
    StoreError where a doubted clip cannot be kept; the id of an utterance follows from
    its source, moment and sound, so hearing it again keeps it once.
    """
    for piece in pieces(noticing(blocks, source, began, on), on.detector):
        yield conclude(listen(piece, source, began, on))


def noticing(
    blocks: Iterable[Samples], source: Source, began: datetime, on: Hearing
) -> Iterator[Samples]:
    """The blocks as they are; the sounds in them that the household watches for are kept."""
    ear = ear_for(source, on)
    for block in blocks:
        for noticed in ear.push(block) if ear else ():
            notice(noticed, source, began, on)
        yield block
    for noticed in ear.end() if ear else ():
        notice(noticed, source, began, on)


def ear_for(source: Source, on: Hearing) -> Ear | None:
    """None where the household watches for nothing, or no tagger can be had: words are heard."""
    watched = on.watched(source)
    if on.watch is None or not watched:
        return None
    try:
        return Ear(on.watch.tagger(), watched)
    except (EngineError, SettingsError) as error:
        log.error("sounds are not watched for", household=source.household, why=str(error))
        return None


def notice(noticed: Noticed, source: Source, began: datetime, on: Hearing) -> Answer:
    """Hears the stretch around a sound, and puts it where it waits for somebody.

    Raises StoreError.
    """
    sounds = tuple(flag(event, noticed.piece.cut.start) for event in noticed.events)
    return conclude(listen(noticed.piece, source, began, on), sounds=sounds)


def joined(answers: Sequence[Answer]) -> Transcript | None:
    """The transcript of the whole recording, or None where it has no speech at all."""
    return join([(answer.cut, answer.transcript) for answer in answers]) if answers else None


def utterance_id(source: Source, heard_at: datetime, audio: Samples) -> str:
    """32 hex digits that follow from who, when and what."""
    digest = hashlib.blake2b(audio.tobytes(), digest_size=16)
    digest.update("\n".join((source.household, source.device, heard_at.isoformat())).encode())
    return digest.hexdigest()


def listen(
    piece: Piece, source: Source, began: datetime, on: Hearing, terms: Sequence[Term] = ()
) -> Listened:
    """What the recognisers make of a piece of a stream that began at ``began``.

    All of the work, and nothing of it is kept yet: a piece that turns out not to be over
    may be listened to in vain. ``terms`` are live for this piece besides the lexicon.
    """
    return Listened(piece, source, began, on.lexicons.current(source, terms), on)


def conclude(
    listened: Listened, *, keep: bool = True, times: bool = False, sounds: tuple[Flag, ...] = ()
) -> Answer:
    """Doubts what was listened to, and keeps it where it is doubted.

    Without ``keep`` there is no consent: nothing is written, nor remembered for later.
    ``times`` asks for the times of the words. ``sounds`` are flags of what else is heard.
    """
    found = (*sounds, *listened.doubts(times or bool(sounds)))
    heard = listened.recent(bool(found))
    if keep:
        _settle(heard, found, listened.earlier, listened.on)
    return Answer(listened.piece.cut, heard.transcript, found, heard.id if found and keep else None)


def glimpse(audio: Samples, source: Source, on: Hearing, terms: Sequence[Term] = ()) -> str:
    """What an utterance sounds like that is not over yet. Raises EngineError."""
    return on.engine.decode(on.engine.encode(audio), on.lexicons.current(source, terms)).text


def _settle(heard: Recent, found: tuple[Flag, ...], earlier: Sequence[Recent], on: Hearing) -> None:
    if found:
        _keep(heard, found, on.keeper)
        _keep_first_attempt(earlier, heard, found, on.keeper)
    on.memory.remember(heard)


class Listened:
    """One piece and what the recognisers made of it."""

    def __init__(
        self, piece: Piece, source: Source, began: datetime, lexicon: Lexicon, on: Hearing
    ) -> None:
        self.on = on
        self.piece = piece
        self.source = source
        self.heard_at = began + timedelta(seconds=piece.cut.start)
        self._lexicon = lexicon
        self._encoded: Any = None
        self.failure = ""
        self._second = self._guarded(self._hear_second, on.second) if on.second else None
        self.transcript = self._guarded(self._hear_first, on.engine) or self._nothing()

    @cached_property
    def earlier(self) -> Sequence[Recent]:
        """What the same device said lately."""
        return self.on.memory.of(self.source, self.heard_at)

    @cached_property
    def id(self) -> str:
        return utterance_id(self.source, self.heard_at, self.piece.audio)

    def doubts(self, times: bool) -> tuple[Flag, ...]:
        """Why a human should listen; where one should, the words get their times."""
        found = flags(self._evidence(), self.on.rules)
        if (found or times) and self._add_times():
            found = flags(self._evidence(), self.on.rules)
        return found

    def recent(self, kept: bool) -> Recent:
        return Recent(self.id, self.source, self.heard_at, self.piece.audio, self.transcript, kept)

    def _evidence(self) -> Evidence:
        return Evidence(
            utterance=self.id,
            transcript=settled_by_gate(self.transcript),
            speech=self._has_speech(),
            failure=self.failure,
            second=self._second,
            earlier=tuple(recent.transcript for recent in self.earlier),
        )

    def _add_times(self) -> bool:
        """The time of each word, where the recogniser knows it; whether there is any news."""
        engine = self.on.engine
        known = all(word.start is not None for word in self.transcript.best.words)
        if self.failure or known or not engine.capabilities.word_times:
            return False
        self.transcript = self._guarded(self._hear_times, engine) or self.transcript
        return True

    def _has_speech(self) -> bool:
        """Looked for only where nothing was written."""
        return bool(self.transcript.text.strip() or self.on.detector.spans(self.piece.audio))

    def _hear_first(self, engine: Engine) -> Transcript:
        self._encoded = engine.encode(self.piece.audio)
        return _compared(engine.decode(self._encoded, self._lexicon), self._second)

    def _hear_times(self, engine: Engine) -> Transcript:
        timed = engine.decode(self._encoded, self._lexicon, times=True)
        return _compared(timed, self._second)

    def _hear_second(self, engine: Engine) -> Transcript:
        return engine.decode(engine.encode(self.piece.audio), _known_to(engine, self._lexicon))

    def _guarded(self, listen: Callable[[Engine], Transcript], engine: Engine) -> Transcript | None:
        """Whatever a recogniser dies of, the clip must reach a human: it becomes a flag."""
        try:
            return listen(engine)
        except Exception as error:
            self.failure = f"{engine.name}: {type(error).__name__}: {error}"
            return None

    def _nothing(self) -> Transcript:
        engine = self.on.engine
        return Transcript(
            nbest=(Hypothesis("", (), 0.0),),
            engine=engine.name,
            model=engine.model,
            revision=self._lexicon.revision,
            seconds=len(self.piece.audio) / SAMPLE_RATE,
        )


def _compared(transcript: Transcript, second: Transcript | None) -> Transcript:
    """Confidences with what another recogniser heard weighed in, if one listened."""
    return transcript if second is None else with_second(transcript, second.text)


def _known_to(engine: Engine, lexicon: Lexicon) -> Lexicon:
    return lexicon if engine.capabilities.lexicon else Lexicon(lexicon.revision)


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
            reason=main_reason(flags),
        ),
    )


def _keep_first_attempt(
    earlier: Sequence[Recent], heard: Recent, found: Sequence[Flag], keeper: Keeper
) -> None:
    """Somebody had to say it again: the first attempt is doubted too, while we have it."""
    repeated = tuple(flag for flag in found if flag.rule == REPHRASE)
    if repeated:
        first = max(earlier, key=lambda each: _repeats(each.transcript, heard.transcript))
        if not first.kept:
            _keep(first, repeated, keeper)


def _repeats(one: Transcript, other: Transcript) -> float:
    same = words(one.text) == words(other.text)
    return -1.0 if same else likeness(one.text, other.text)


def remaining_doubts(on: Hearing) -> Doubts:
    """What a new reading of a kept clip would be doubted for, the audit sample aside."""
    asked = [rule for rule in on.rules if not isinstance(rule, AuditSample)]

    def doubts(clip: Clip, transcript: Transcript) -> Sequence[Flag]:
        second = _reread(clip, on.second, transcript) if on.second else None
        compared = settled_by_gate(_compared(transcript, second))
        return flags(Evidence(clip.id, compared, second=second), asked)

    return doubts


def _reread(clip: Clip, engine: Engine, first: Transcript) -> Transcript:
    return engine.decode(engine.encode(clip.read()), Lexicon(first.revision))
