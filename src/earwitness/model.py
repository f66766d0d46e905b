"""The values of the domain. Frozen, without behaviour that needs the outside.

Times within a recording are seconds from its start; moments are aware UTC
``datetime``; rates and confidences are fractions from 0 to 1; log-probabilities
are natural.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
"""Every ``Samples`` in the program is mono at this rate, in Hz."""

Samples = NDArray[np.float32]
"""Mono audio, float32 in -1 to 1, shape ``[samples]``, at ``SAMPLE_RATE``."""


# --- what was heard ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a hypothesis as it is written, punctuation and all.

    ``logprobs`` are its tokens' acoustic log-probabilities (no bonus for taught
    terms in them). ``confidence`` is the calibrated probability that the word is
    right. ``start`` and ``end`` are there only when times were asked for.
    ``term`` is the written form of the taught term that this word belongs to.
    """

    text: str
    logprobs: tuple[float, ...]
    confidence: float = 0.0
    start: float | None = None
    end: float | None = None
    term: str | None = None


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One reading of an utterance. ``logprob`` is the sum over tokens, end included."""

    text: str
    words: tuple[Word, ...]
    logprob: float
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """What an engine heard: n-best first to last, and what made it.

    ``nbest`` is never empty; its first entry is the answer. ``unbiased`` is what
    would have been heard without any taught term, where the engine knows it.
    ``confidence`` is the calibrated probability that the answer has no error.
    """

    nbest: tuple[Hypothesis, ...]
    engine: str
    model: str
    revision: int
    seconds: float
    confidence: float = 0.0
    unbiased: Hypothesis | None = None

    @property
    def best(self) -> Hypothesis:
        return self.nbest[0]

    @property
    def text(self) -> str:
        return self.nbest[0].text


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a recording in which somebody speaks."""

    start: float
    end: float


# --- doubt ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Flag:
    """Why a human should listen: the rule, its number, the setting it crossed."""

    rule: str
    score: float
    threshold: float
    reason: str
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where an utterance came from."""

    device: str = "local"
    household: str = "local"
    locale: str = "en"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A doubted utterance, as it is kept. ``clip`` is the key of its audio blob."""

    id: str
    source: Source
    heard_at: datetime
    transcript: Transcript
    flags: tuple[Flag, ...]
    clip: str


# --- who may speak ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Device:
    """An enrolled device. ``key`` is its raw Ed25519 public key, 32 bytes.

    ``next_key`` is one that it announced and has not used yet; both open the door until
    it does. Without ``consent`` nothing that it hears is kept.
    """

    id: str
    household: str
    room: str
    key: bytes
    enrolled_at: datetime
    consent: bool = True
    next_key: bytes | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """Who may use the HTTP API, and for which household. The secret itself is kept nowhere."""

    id: str
    name: str
    household: str
    made_at: datetime
    consent: bool = True
    revoked_at: datetime | None = None


# --- the lexicon ------------------------------------------------------------


class TermState(StrEnum):
    DRAFT = "draft"
    TRIAL = "trial"
    LIVE = "live"
    RETIRED = "retired"


EVERYWHERE = "everywhere"


def term_key(written: str) -> str:
    """What makes two spellings one term: NFKC, case folded, white space collapsed.

    >>> term_key("  Xochitl\\u00a0 GARCIA ")
    'xochitl garcia'
    """
    folded = unicodedata.normalize("NFKC", written).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


@dataclass(frozen=True, slots=True)
class Term:
    """A word or short phrase that the recogniser is taught.

    ``written`` is what it prints. ``spoken`` are other spellings that sound like
    it. ``misheard`` is what the recogniser wrote where a human heard the term.
    ``scope`` is ``everywhere``, ``locale:en-GB`` or ``household:ID``. ``weight``
    scales how readily it is heard; 1 is normal. ``margin`` is how much worse than
    the best other reading, in nats, a reading with this term may score and still
    be believed; None takes the recogniser's own rule, a number comes from a trial.
    """

    written: str
    spoken: tuple[str, ...] = ()
    misheard: tuple[str, ...] = ()
    scope: str = EVERYWHERE
    weight: float = 1.0
    margin: float | None = None
    state: TermState = TermState.DRAFT
    taught_by: str = ""
    utterance: str | None = None
    why: str = ""
    taught_at: datetime | None = None

    @property
    def key(self) -> str:
        """The term's identity in a lexicon (see ``term_key``)."""
        return term_key(self.written)


@dataclass(frozen=True, eq=False)
class Lexicon:
    """One immutable, numbered set of live terms.

    ``terms`` maps a term's key (``Term.key``) to the term. Compared by
    identity: recognisers compile it once and swap a pointer.
    """

    revision: int = 0
    terms: Mapping[str, Term] = field(default_factory=lambda: MappingProxyType({}))


# --- review -----------------------------------------------------------------


class Verdict(StrEnum):
    """What the listener decided about a clip."""

    TRANSCRIPT = "transcript"
    UNINTELLIGIBLE = "unintelligible"
    NO_SPEECH = "no_speech"
    NOT_ADDRESSED = "not_addressed"
    OTHER_LANGUAGE = "other_language"


class ItemState(StrEnum):
    WAITING = "waiting"  # for a first listener
    SECOND = "second"  # for a second, blind listener
    ADJUDICATION = "adjudication"  # two listeners disagree
    CLOSED = "closed"  # judged, and agreed on where two listened
    SETTLED = "settled"  # a taught term explained it; nobody had to listen


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One clip that waits for a human."""

    utterance: str
    state: ItemState
    priority: float
    queued_at: datetime
    closed_at: datetime | None = None
    closed_because: str = ""
    reason: str = ""
    """The rule of the flag that makes it most worth a listener's time."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one analyst to answer one item until ``expires_at``."""

    token: str
    utterance: str
    analyst: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Taught:
    """A term that a judgement asks to teach, in the listener's spelling."""

    written: str
    spoken: tuple[str, ...] = ()
    misheard: tuple[str, ...] | None = None
    """None: propose them from the alignment; a tuple: exactly these."""
    scope: str = EVERYWHERE
    why: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one listener said about one clip. ``text`` is verbatim."""

    id: str
    utterance: str
    analyst: str
    verdict: Verdict
    judged_at: datetime
    text: str = ""
    terms: tuple[Taught, ...] = ()
    blind: bool = True
    """The listener wrote before any machine text was shown."""


@dataclass(frozen=True, slots=True)
class Alike:
    """A waiting clip whose doubtful stretch sounds like another's, with that probability."""

    utterance: str
    score: float


@dataclass(frozen=True, slots=True)
class SameWord:
    """What an analyst heard in one clip of a group: the word of the group, or another."""

    utterance: str
    analyst: str
    same: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class SoundGroup:
    """Clips that sound like one in which an analyst heard a term, the most alike first.

    ``utterance`` is that one, ``key`` the term's. ``settled_in`` is the lexicon revision with
    which the group settled its clips; a group does so once.
    """

    id: str
    utterance: str
    key: str
    written: str
    made_by: str
    at: datetime
    members: tuple[Alike, ...]
    answers: tuple[SameWord, ...] = ()
    settled_in: int | None = None


# --- teaching ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Interval:
    """A measured value with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Heard:
    """One clip before and after a candidate revision."""

    utterance: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What a candidate revision gained and harmed, measured before it goes live."""

    term: Term
    base_revision: int
    clip: Heard | None
    settles: tuple[Heard, ...]
    regression_clips: int
    regression_hours: float
    u_wer_change: Interval
    false_accepts_per_hour: Interval
    seconds: float
    recognised: bool
    """The clip that taught the term is now heard with the term in it."""
    because: str = ""
    """Why it was held or refused; empty when it went live by itself."""
    decoded_clips: int | None = None
    """How many of the regression clips were decoded; the others sound nothing like the
    term and count as unchanged. None where it was not recorded."""
    decoded_hours: float | None = None


class TrialOutcome(StrEnum):
    LIVE = "live"
    HELD = "held"  # over the harm limits: waits for a lead's override
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was decided and must be carried out. Identified, so idempotent."""

    id: str
    kind: str
    payload: Mapping[str, str]
    at: datetime
