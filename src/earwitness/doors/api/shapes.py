"""What is sent and answered, as the OpenAPI document shows it. Moments are ISO 8601, UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from earwitness.accounts import Account, Role, Token
from earwitness.flow.judge import Assignment, Revealed
from earwitness.listening import Harm, Imminence
from earwitness.model import (
    EVERYWHERE,
    Interval,
    ItemState,
    Judgement,
    Taught,
    Term,
    TermState,
    Trial,
    TrialOutcome,
    Verdict,
)

Name = Annotated[str, Field(min_length=1, max_length=100)]
Text = Annotated[str, Field(max_length=10_000)]
Note = Annotated[str, Field(min_length=1, max_length=1_000)]


class Shape(BaseModel):
    """Nothing that is not in the document is taken, so a typing error is said."""

    model_config = ConfigDict(extra="forbid")


class Problem(Shape):
    """Every error."""

    detail: str


class Span(Shape):
    """A doubt: which rule, its number, and where, in seconds."""

    rule: str
    score: float
    threshold: float
    start: float | None
    end: float | None


class Leased(Shape):
    """A clip to listen to, without anything that the machine heard unless a lead lets it."""

    utterance: str
    token: str
    expires_at: datetime
    device: str
    household: str
    heard_at: datetime
    seconds: float
    state: ItemState
    doubts: list[Span]
    words: list[float]
    guess: str | None

    @classmethod
    def of(cls, given: Assignment) -> Leased:
        return cls(
            utterance=given.lease.utterance,
            token=given.lease.token,
            expires_at=given.lease.expires_at,
            device=given.source.device,
            household=given.source.household,
            heard_at=given.heard_at,
            seconds=given.seconds,
            state=given.state,
            doubts=[Span(**fields(each)) for each in given.doubts],
            words=list(given.words),
            guess=given.guess,
        )


class Wanted(Shape):
    """Which clip: this one, or any but that one; by default the most valuable."""

    utterance: Name | None = None
    besides: Name | None = None


class Held(Shape):
    """The token of a lease."""

    token: Name


class Lesson(Shape):
    """A word to teach. ``misheard`` None lets them be proposed."""

    written: Name
    spoken: list[Name] = Field(default=[], max_length=50)
    misheard: list[Name] | None = Field(default=None, max_length=50)
    scope: Name = EVERYWHERE
    why: Annotated[str, Field(max_length=1_000)] = ""

    def taught(self) -> Taught:
        misheard = None if self.misheard is None else tuple(self.misheard)
        return Taught(self.written, tuple(self.spoken), misheard, self.scope, self.why)


class Answer(Held):
    """A judgement. Only a transcript has a text and words to teach."""

    verdict: Verdict = Verdict.TRANSCRIPT
    text: Text = ""
    terms: list[Lesson] = Field(default=[], max_length=50)


class Given(Shape):
    """Somebody's judgement."""

    analyst: str
    verdict: Verdict
    text: str
    terms: list[str]
    blind: bool
    judged_at: datetime

    @classmethod
    def of(cls, judgement: Judgement) -> Given:
        return cls(
            analyst=judgement.analyst,
            verdict=judgement.verdict,
            text=judgement.text,
            terms=[term.written for term in judgement.terms],
            blind=judgement.blind,
            judged_at=judgement.judged_at,
        )


class Heard(Shape):
    """What the machine heard of a clip, and every judgement of it."""

    utterance: str
    device: str
    household: str
    heard_at: datetime
    seconds: float
    state: ItemState
    engine: str
    model: str
    revision: int
    confidence: float
    nbest: list[str]
    flags: list[Span]
    judgements: list[Given]

    @classmethod
    def of(cls, seen: Revealed, state: ItemState) -> Heard:
        utterance, transcript = seen.utterance, seen.utterance.transcript
        return cls(
            utterance=utterance.id,
            device=utterance.source.device,
            household=utterance.source.household,
            heard_at=utterance.heard_at,
            seconds=transcript.seconds,
            state=state,
            engine=transcript.engine,
            model=transcript.model,
            revision=transcript.revision,
            confidence=transcript.confidence,
            nbest=[each.text for each in transcript.nbest],
            flags=[
                Span(rule=f.rule, score=f.score, threshold=f.threshold, start=f.start, end=f.end)
                for f in utterance.flags
            ],
            judgements=[Given.of(each) for each in seen.judgements],
        )


class Item(Shape):
    """A clip of the queue."""

    utterance: str
    state: ItemState
    priority: float
    queued_at: datetime
    closed_at: datetime | None
    closed_because: str
    reason: str


class TermShape(Shape):
    """A term as it is live."""

    written: str
    spoken: list[str]
    misheard: list[str]
    scope: str
    weight: float
    margin: float | None
    state: TermState
    taught_by: str
    utterance: str | None
    why: str
    taught_at: datetime | None

    @classmethod
    def of(cls, term: Term) -> TermShape:
        return cls(**fields(term))


class Measured(Shape):
    """A figure with its 95 % interval; without a bound where there is none."""

    value: float
    low: float
    high: float | None

    @classmethod
    def of(cls, interval: Interval) -> Measured:
        high = interval.high if interval.high < 1e300 else None
        return cls(value=interval.value, low=interval.low, high=high)


class TrialShape(Shape):
    """What a term gained and harmed before it went live, or did not."""

    id: str
    written: str
    outcome: TrialOutcome
    because: str
    base_revision: int
    recognised: bool
    settles: list[str]
    u_wer_change: Measured
    false_accepts_per_hour: Measured
    regression_clips: int
    seconds: float

    @classmethod
    def of(cls, trial_id: str, trial: Trial, outcome: TrialOutcome) -> TrialShape:
        return cls(
            id=trial_id,
            written=trial.term.written,
            outcome=outcome,
            because=trial.because,
            base_revision=trial.base_revision,
            recognised=trial.recognised,
            settles=[each.utterance for each in trial.settles],
            u_wer_change=Measured.of(trial.u_wer_change),
            false_accepts_per_hour=Measured.of(trial.false_accepts_per_hour),
            regression_clips=trial.regression_clips,
            seconds=trial.seconds,
        )


class Reason(Shape):
    """Why."""

    why: Note


class Undone(Reason):
    """Which revision's terms are to be live again."""

    revision: Annotated[int, Field(ge=0, le=2**62)]


class Revision(Shape):
    """A published revision of the lexicon."""

    number: int
    published_at: datetime | None = None
    by: str = ""
    why: str = ""


class Accepted(Shape):
    """It is written down; the server's worker carries it out."""

    event: str


class Reported(Shape):
    """I heard something. ``whoever``: reported although a name in ``implicated`` is nobody's.

    ``confidential``: only two people together learn who it was, and ``code`` alone opens it.
    """

    harm: Harm
    imminence: Imminence
    heard: Annotated[str, Field(min_length=1, max_length=10_000)]
    when: Annotated[str, Field(max_length=1_000)] = ""
    implicated: list[Name] = Field(default=[], max_length=20)
    whoever: bool = False
    confidential: bool = False
    utterance: Name | None = None
    code: Name | None = None


class AccountShape(Shape):
    """Somebody who may sign in."""

    id: str
    name: str
    roles: list[Role]
    made_at: datetime
    disabled_at: datetime | None

    @classmethod
    def of(cls, account: Account) -> AccountShape:
        return cls(
            id=account.id,
            name=account.name,
            roles=sorted(account.roles),
            made_at=account.made_at,
            disabled_at=account.disabled_at,
        )


class TokenShape(Shape):
    """A token, without its secret, which is kept nowhere."""

    id: str
    account: str
    name: str
    roles: list[Role]
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, token: Token) -> TokenShape:
        return cls(**fields(token) | {"roles": sorted(token.roles)})


class RolesOf(Shape):
    """Which roles."""

    roles: Annotated[list[Role], Field(min_length=1, max_length=len(Role))]


class Invited(Shape):
    """A one-time link's secret, shown once: it goes behind the # of /join."""

    secret: str
    roles: list[Role]
    expires_at: datetime


class Guesses(Shape):
    """Where listeners see the machine's text before they write."""

    household: str
    allowed_by: str
    why: str
    at: datetime


def fields(value: Any) -> dict[str, Any]:
    """Of a dataclass, by name; what is within stays as it is."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}
