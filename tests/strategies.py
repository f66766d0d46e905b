"""Strategies that make any value of the domain."""

from __future__ import annotations

from datetime import UTC

from hypothesis import strategies as st

from earwitness.model import (
    Flag,
    Heard,
    Hypothesis,
    Interval,
    Judgement,
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

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
number = st.floats(allow_nan=False)
moment = st.datetimes(timezones=st.just(UTC))
forms = st.lists(text, max_size=3).map(tuple)
seconds = st.none() | st.floats(0, 1e6)

words = st.builds(
    Word,
    text=text,
    logprobs=st.lists(number, max_size=4).map(tuple),
    confidence=number,
    start=seconds,
    end=seconds,
    term=st.none() | text,
)
hypotheses = st.builds(
    Hypothesis,
    text=text,
    words=st.lists(words, max_size=3).map(tuple),
    logprob=number,
    terms=forms,
)
transcripts = st.builds(
    Transcript,
    nbest=st.lists(hypotheses, min_size=1, max_size=3).map(tuple),
    engine=text,
    model=text,
    revision=st.integers(0, 2**53),
    seconds=number,
    confidence=number,
    unbiased=st.none() | hypotheses,
)
flags = st.builds(
    Flag, rule=text, score=number, threshold=number, reason=text, start=seconds, end=seconds
)
terms = st.builds(
    Term,
    written=text,
    spoken=forms,
    misheard=forms,
    scope=text,
    weight=st.floats(allow_nan=False, allow_infinity=False),
    margin=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    state=st.sampled_from(TermState),
    taught_by=text,
    utterance=st.none() | text,
    why=text,
    taught_at=st.none() | moment,
)
taught = st.builds(
    Taught, written=text, spoken=forms, misheard=st.none() | forms, scope=text, why=text
)
intervals = st.builds(Interval, value=number, low=number, high=number)
heard = st.builds(Heard, utterance=text, before=text, after=text)
trials = st.builds(
    Trial,
    term=terms,
    base_revision=st.integers(0, 2**53),
    clip=st.none() | heard,
    settles=st.lists(heard, max_size=3).map(tuple),
    regression_clips=st.integers(0, 2**31),
    regression_hours=number,
    u_wer_change=intervals,
    false_accepts_per_hour=intervals,
    seconds=number,
    recognised=st.booleans(),
    because=text,
    decoded_clips=st.none() | st.integers(0, 2**31),
    decoded_hours=st.none() | number,
)
sources = st.builds(Source, device=text, household=text, locale=text, name=text)
utterances = st.builds(
    Utterance,
    id=text,
    source=sources,
    heard_at=moment,
    transcript=transcripts,
    flags=st.lists(flags, max_size=3).map(tuple),
    clip=text,
)
judgements = st.builds(
    Judgement,
    id=text,
    utterance=text,
    analyst=text,
    verdict=st.sampled_from(Verdict),
    judged_at=moment,
    text=text,
    terms=st.lists(taught, max_size=2).map(tuple),
    blind=st.booleans(),
)
