"""A household for the tests of the flow: scripted sounds, everything else is real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, perf_counter

import numpy as np

from earwitness.engines.scripted import Reading, Script, ScriptedEngine, recording
from earwitness.flow import hear, judge, steps
from earwitness.flow.clips import Clips
from earwitness.flow.hear import Answer, Hearing, Keeper, remaining_doubts
from earwitness.flow.memory import RecentSpeech
from earwitness.flow.readings import Clip, Readings
from earwitness.flow.scope import ScopedLexicons
from earwitness.flow.teach import Teaching
from earwitness.model import SAMPLE_RATE, Event, Samples, Source, Span, Taught, Verdict
from earwitness.ports import Engine
from earwitness.speech.doubt import Thresholds, rules
from earwitness.stores import FolderBlobs, PolledLexicon, SqlRecords, open_store
from earwitness.wiring import FlacCodec

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LEASE = timedelta(minutes=15)

SURE, UNSURE = 0.95, 0.2

YEET = Taught("yeet", why="slang")

SCRIPTS = {
    # said: "yeet that alarm"; three more speakers say it with other words around it
    0: Script(
        (
            Reading("eat that alarm", -2.0, confidence=UNSURE),
            Reading("yeet that alarm", -5.0, term="yeet", confidence=SURE),
        )
    ),
    1: Script(
        (
            Reading("eat the meeting now", -2.0, confidence=UNSURE),
            Reading("yeet the meeting now", -6.0, term="yeet", confidence=SURE),
        )
    ),
    2: Script(
        (
            Reading("lead the song", -2.0, confidence=UNSURE),
            Reading("yeet the song", -7.0, term="yeet", confidence=UNSURE),
        )
    ),
    3: Script((Reading("what time is it", -1.0, confidence=UNSURE),)),
    4: Script((Reading("turn off the light", -1.0, confidence=SURE),)),
    5: Script((Reading("turn off the lights now", -1.0, confidence=SURE),)),
    6: Script(fails="out of memory"),
    7: Script((Reading("", -1.0, confidence=SURE),)),
    # ordinary speech of the regression set; 10 sounds like yeet beyond a margin of 5
    10: Script(
        (
            Reading("we eat at noon", -1.0, confidence=SURE),
            Reading("we yeet at noon", -6.5, term="yeet", confidence=SURE),
        )
    ),
    11: Script((Reading("the weather is fine", -1.0, confidence=SURE),)),
    # always taken for bussin as soon as that is live
    12: Script(
        (
            Reading("the bus in front", -1.0, confidence=SURE),
            Reading("the bussin front", -1.0, term="bussin", confidence=SURE),
        )
    ),
    13: Script(
        (
            Reading("this is bus in", -1.0, confidence=UNSURE),
            Reading("this is bussin", -2.0, term="bussin", confidence=SURE),
        )
    ),
    # said: "pour tea, then yeet it"; the flag is at the first of equally unsure words
    14: Script(
        (
            Reading("poor tea then eat it", -2.0, confidence=UNSURE),
            Reading("poor tea then yeet it", -3.0, term="yeet", confidence=SURE),
        )
    ),
    # somebody just says "yeet", which is never sure; with a word beside it; and something else
    20: Script(
        (
            Reading("eat", -2.0, confidence=UNSURE),
            Reading("yeet", -3.0, term="yeet", confidence=UNSURE),
        )
    ),
    21: Script(
        (
            Reading("eat now", -2.0, confidence=UNSURE),
            Reading("yeet now", -3.0, term="yeet", confidence=UNSURE),
        )
    ),
    22: Script((Reading("feet", -2.0, confidence=UNSURE),)),
}

REGRESSION = {10: "we eat at noon", 11: "the weather is fine", 12: "the bus in front"}


class Loud:
    """Implements ``ports.SpeechDetector``: whatever is not silent is speech."""

    def spans(self, audio: Samples) -> Sequence[Span]:
        tenth = SAMPLE_RATE // 10
        loud = [np.abs(audio[at : at + tenth]).max() > 1e-4 for at in range(0, len(audio), tenth)]
        edges = np.flatnonzero(np.diff([False, *loud, False]))
        return [Span(a / 10, b / 10) for a, b in zip(edges[::2], edges[1::2], strict=True)]


@dataclass(eq=False)
class House:
    """Store, clips, recogniser and rules in one folder. ``now`` is what the clock shows."""

    folder: Path
    records: SqlRecords
    hearing: Hearing
    teaching: Teaching
    second_fraction: float = 0.0
    now: datetime = START

    def hear(self, number: int, source: Source | None = None, seconds: float = 1.0) -> Answer:
        audio = recording(number, seconds)
        (answer,) = hear.hear([audio], source or Source(), self.now, self.hearing)
        return answer

    def text_of(self, number: int, source: Source | None = None) -> str:
        return self.hear(number, source).transcript.text

    def answer(
        self, utterance: str, text: str, *terms: Taught, by: str = "ada", carried: bool = True
    ) -> Event:
        """One listener's answer, from lease to what follows."""
        assignment = judge.assign(
            by, self.now, records=self.records, ttl=LEASE, utterance_id=utterance
        )
        assert assignment is not None
        verdict = Verdict.TRANSCRIPT if text else Verdict.UNINTELLIGIBLE
        event = judge.judge(
            assignment.lease,
            judge.Answer(verdict, text, terms),
            self.now,
            records=self.records,
            second_fraction=self.second_fraction,
        )
        self.now += timedelta(seconds=1)
        if carried:
            self.carry_out_pending()
        return event

    def carry_out_pending(self) -> None:
        for event in self.records.pending():
            steps.carry_out(event.id, self.now, self.teaching)

    def with_engine(self, engine: Engine) -> House:
        """The same house after its recogniser was exchanged."""
        return open_house(self.folder, engine=engine, records=self.records)

    def clips_on_disk(self) -> list[str]:
        return list(self.hearing.keeper.blobs.keys())


def starter() -> list[Clip]:
    return [
        Clip(f"starter/{number}", 30.0, lambda n=number: recording(n), text=text)  # type: ignore[misc]
        for number, text in REGRESSION.items()
    ]


def open_house(
    folder: Path,
    *,
    engine: Engine | None = None,
    second: Engine | None = None,
    records: SqlRecords | None = None,
    audit: float = 0.0,
    memory: RecentSpeech | None = None,
) -> House:
    records = records or open_store(f"sqlite:///{folder / 'earwitness.sqlite'}")
    engine = engine or ScriptedEngine(SCRIPTS)
    lexicons = ScopedLexicons(PolledLexicon(records, monotonic, interval=0.0))
    keeper = Keeper(records, FolderBlobs(folder / "clips"), FlacCodec())
    hearing = Hearing(
        engine=engine,
        detector=Loud(),
        lexicons=lexicons,
        rules=rules(Thresholds(unknown_word=1.0, audit_share=audit)),
        keeper=keeper,
        memory=memory or RecentSpeech(),
        second=second,
    )
    teaching = Teaching(
        engine=engine,
        lexicons=lexicons,
        records=records,
        clips=Clips(records, keeper.blobs, keeper.codec, starter),
        readings=Readings(engine),
        doubts=remaining_doubts(hearing),
        clock=perf_counter,
        seconds=120.0,
    )
    return House(folder, records, hearing, teaching)


def without_harm(teaching: Teaching) -> Teaching:
    """The same teaching on recordings that nothing can harm."""
    return replace(teaching, clips=replace(teaching.clips, starter=tuple))


def kept(house: House, number: int, source: Source | None = None) -> str:
    """The id of a doubted utterance, heard just now."""
    utterance = house.hear(number, source).utterance
    assert utterance is not None
    return utterance


def taught(house: House, number: int = 0, text: str = "yeet that alarm", *terms: Taught) -> Event:
    """Heard, judged, and what follows carried out."""
    return house.answer(kept(house, number), text, *(terms or (YEET,)))
