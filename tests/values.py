"""Values of the domain for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from earwitness.model import (
    Flag,
    Heard,
    Hypothesis,
    Interval,
    ItemState,
    Judgement,
    ReviewItem,
    Source,
    Taught,
    Term,
    TermState,
    Transcript,
    Trial,
    Utterance,
    Verdict,
    Word,
)

START = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def transcript(text: str = "eat that", revision: int = 0) -> Transcript:
    words = tuple(Word(word, (-0.5, -0.25), 0.5) for word in text.split())
    return Transcript((Hypothesis(text, words, -1.5),), "scripted", "scripted@1", revision, 1.5)


def utterance(name: str) -> Utterance:
    flags = (Flag("low_confidence", 0.3, 0.5, "not sure of 'eat'", 0.1, 0.4),)
    return Utterance(name, Source(), START, transcript(), flags, f"clip-of-{name}")


def item(name: str, priority: float = 0.5, queued_at: datetime = START) -> ReviewItem:
    return ReviewItem(name, ItemState.WAITING, priority, queued_at)


def judgement(
    name: str, analyst: str = "ada", text: str = "yeet that", at: datetime = START
) -> Judgement:
    return Judgement(
        id=f"{name}-by-{analyst}",
        utterance=name,
        analyst=analyst,
        verdict=Verdict.TRANSCRIPT,
        judged_at=at,
        text=text,
        terms=(Taught("yeet", misheard=("eat",)),),
    )


def trial(written: str = "yeet") -> Trial:
    return Trial(
        term=Term(written, misheard=("eat",), taught_at=START, state=TermState.TRIAL),
        base_revision=3,
        clip=Heard("u1", "eat that", "yeet that"),
        settles=(Heard("u2", "eat it", "yeet it"),),
        regression_clips=12,
        regression_hours=0.25,
        u_wer_change=Interval(0.0, -0.01, 0.01),
        false_accepts_per_hour=Interval(0.0, 0.0, 2.5),
        seconds=0.75,
        recognised=True,
    )
