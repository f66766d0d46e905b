"""``bench teach``: a term taught from one clip, listened for in the clips of others.

The real flow on a store of its own: the clip is heard and kept, leased, judged, tried
and published; a recogniser thread that hears a stream meanwhile says when it uses the
new revision. Each term is taught from one clip of one speaker (the speakers take
turns, in the order of the manifest) and tested on all clips of the others.

Three hearings of the same test clips, the distractors live in each:

- before: nothing taught;
- term only: the written form of the row's terms, no misheard forms, no trial;
- after: everything that was taught is live, as the trials left it. A term that a trial
  held back or refused was not taught, and is counted as such.

False accepts are counted with everything taught live at once. Negatives whose
``extra`` names a term are its minimal pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from earwitness.bench.distractors import distractors
from earwitness.bench.figures import Plain, percentiles, rate
from earwitness.bench.lexicons import Lexicons
from earwitness.bench.listen import hear
from earwitness.bench.manifest import Manifest, Row, given, recordings
from earwitness.bench.program import publish, temporary_program
from earwitness.bench.streams import Streams
from earwitness.config import Settings
from earwitness.errors import AudioError, ManifestError
from earwitness.flow.judge import Answer
from earwitness.model import (
    SAMPLE_RATE,
    Lexicon,
    Samples,
    Source,
    Taught,
    TrialOutcome,
    Verdict,
)
from earwitness.ports import AudioReader, Engine
from earwitness.speech.alignment import occurrences
from earwitness.speech.segment import MAX_ENGINE_SECONDS
from earwitness.speech.text import words
from earwitness.speech.wer import Errors, LiveTerms, false_accepts_per_hour, ratio, score
from earwitness.speech.wer import term_recall as recall
from earwitness.wiring import Earwitness

ANALYST = "bench"
SOURCE = Source(device="bench", household="bench")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A term, the row it is taught from, and the rows of others that have it."""

    term: str
    taught_from: Row
    tests: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a lesson."""

    lesson: Lesson
    outcome: TrialOutcome
    because: str
    misheard: tuple[str, ...]
    seconds_to_live: float | None


@dataclass(frozen=True, slots=True)
class Test:
    """One test clip and what was heard in it before, with the terms only, and after."""

    row: Row
    terms: tuple[str, ...]
    before: str
    term_only: str
    audio: Samples

    def score(self, text: str) -> Errors:
        return score(self.row.text, text, self.terms)


def run(
    manifest: Path | Manifest,
    settings: Settings,
    reader: AudioReader,
    *,
    negatives: Path | Manifest | None = None,
    distractor_count: int = 0,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> Plain:
    """The measurement, as plain values.

    ``engine`` takes the place of the one in the settings. Raises ManifestError where no
    term has clips of two speakers, LexiconUnsupported for an engine without live terms.
    """
    rows = given(manifest)
    others = given(negatives) if negatives else None
    planned, untestable = lessons(rows)
    texts = [row.text for part in (rows, others) if part for row in part.rows]
    fillers = distractors(distractor_count, [lesson.term for lesson in planned], texts)
    with temporary_program(settings, engine) as program:
        bench = _Bench(program, reader, rows, others, planned, fillers, progress)
        found = bench.measure()
    return {"manifest": rows.path.name, "untestable": untestable, **found}


def lessons(manifest: Manifest) -> tuple[list[Lesson], list[str]]:
    """What can be taught from one speaker and tested on another; and the other terms."""
    by_term: dict[str, list[Row]] = {}
    for row in manifest.rows:
        for term in row.extra:
            by_term.setdefault(term, []).append(row)
    found, untestable = [], []
    for number, (term, rows) in enumerate(by_term.items()):
        speakers = list(dict.fromkeys(row.speaker for row in rows))
        teacher = speakers[number % len(speakers)]
        tests = tuple(row for row in rows if row.speaker != teacher)
        if tests:
            taught_from = next(row for row in rows if row.speaker == teacher)
            found.append(Lesson(term, taught_from, tests))
        else:
            untestable.append(term)
    if not found:
        raise ManifestError(
            f"{manifest.path}: no term in the column extra has clips of two speakers."
        )
    return found, untestable


class _Bench:
    """One run: the program on its own store, the sets and the plan."""

    def __init__(
        self,
        program: Earwitness,
        reader: AudioReader,
        rows: Manifest,
        negatives: Manifest | None,
        planned: Sequence[Lesson],
        fillers: Sequence[str],
        progress: Progress | None,
    ) -> None:
        self._program = program
        self._reader = reader
        self._rows = rows
        self._negatives = negatives
        self._planned = planned
        self._fillers = fillers
        self._progress = progress
        self._done = 0
        self._left_out = [*rows.left_out, *(negatives.left_out if negatives else ())]

    def measure(self) -> Plain:
        publish(self._program, self._fillers)
        tests = list(self._before())
        outcomes = list(self._teach())
        live = self._program.lexicons.current(SOURCE)
        after = [(test, hear(self._program.engine, test.audio, live).text) for test in tests]
        return {
            "terms": len(outcomes),
            "test_clips": len(tests),
            "distractors": len(self._fillers),
            **rate("recall_before", recall([test.score(test.before) for test in tests])),
            **rate("recall_term_only", recall([test.score(test.term_only) for test in tests])),
            **rate("recall_after", recall([test.score(text) for test, text in after])),
            **self._harm([outcome.lesson.term for outcome in outcomes], live),
            "seconds_to_live": percentiles(
                [o.seconds_to_live for o in outcomes if o.seconds_to_live is not None]
            ),
            "outcomes": [_plain(outcome, after) for outcome in outcomes],
            "left_out": self._left_out,
        }

    def _before(self) -> Iterator[Test]:
        """The test clips, heard without what will be taught and with the bare terms."""
        engine = self._program.engine
        lexicons = Lexicons(engine, (), self._fillers, ())
        terms_of = self._terms_by_row()
        tested = Manifest(self._rows.path, tuple(r for r in self._rows.rows if r.line in terms_of))
        for row, audio in recordings(tested, self._reader, self._left_out):
            terms = terms_of[row.line]
            before = hear(engine, audio, lexicons.with_own(())).text
            only = hear(engine, audio, lexicons.with_own(terms)).text
            yield Test(row, terms, before, only, audio)
            self._advance()

    def _terms_by_row(self) -> dict[int, tuple[str, ...]]:
        found: dict[int, tuple[str, ...]] = {}
        for lesson in self._planned:
            for row in lesson.tests:
                found[row.line] = (*found.get(row.line, ()), lesson.term)
        return found

    def _teach(self) -> Iterator[Outcome]:
        """Every lesson, one after the other, while a recogniser thread hears a stream."""
        first = self._reader.read(self._planned[0].taught_from.path)
        with Streams(self._program, [first[: round(MAX_ENGINE_SECONDS) * SAMPLE_RATE]]) as streams:
            for lesson in self._planned:
                try:
                    yield self._lesson(lesson, streams)
                except AudioError as error:
                    self._left_out.append(f"line {lesson.taught_from.line}: {error}")
                self._advance()

    def _lesson(self, lesson: Lesson, streams: Streams) -> Outcome:
        row, program = lesson.taught_from, self._program
        audio = self._reader.read(row.path)
        heard = list(program.hear_stream([audio], SOURCE, datetime.now(UTC)))
        kept = next((answer.utterance for answer in heard if answer.utterance), None)
        assignment = program.assign(ANALYST, kept) if kept else None
        if assignment is None or len(heard) != 1:
            raise AudioError(f"{row.path}: not one utterance, so that it cannot be judged as one.")
        answer = Answer(Verdict.TRANSCRIPT, row.text, (Taught(lesson.term),))
        judged = perf_counter()
        program.judge(assignment.lease, answer)
        (tried,) = program.trials_of_judgement(assignment.lease.utterance)
        seconds = None
        if tried.outcome is TrialOutcome.LIVE:
            seconds = streams.all_use(program.records.revision()) - judged
        trial = tried.trial
        return Outcome(lesson, tried.outcome, trial.because, trial.term.misheard, seconds)

    def _harm(self, terms: Sequence[str], live: Lexicon) -> Plain:
        """False accepts of what was taught, on the negatives."""
        if self._negatives is None:
            return rate("false_accepts_per_hour", None) | rate(
                "minimal_pair_false_accept_rate", None
            )
        known, engine = LiveTerms(terms), self._program.engine
        scores, lengths, pairs = [], [], []
        for row, audio in recordings(self._negatives, self._reader, self._left_out):
            text = hear(engine, audio, live).text
            scores.append(score(row.text, text, (), known))
            lengths.append(len(audio) / SAMPLE_RATE)
            pairs += [_accepted(row, term, text) for term in row.extra if term in terms]
            self._advance()
        accepted = ratio(pairs, [1] * len(pairs), share=True)
        return {
            "negative_hours": sum(lengths) / 3600,
            "minimal_pairs": len(pairs),
            **rate("false_accepts_per_hour", false_accepts_per_hour(scores, lengths)),
            **rate("minimal_pair_false_accept_rate", accepted),
        }

    def _advance(self) -> None:
        self._done += 1
        negatives = self._negatives.rows if self._negatives else ()
        if self._progress:
            total = len(self._terms_by_row()) + len(self._planned) + len(negatives)
            self._progress(min(self._done, total), total)


def _accepted(row: Row, term: str, text: str) -> bool:
    """Whether the term is in the text more often than it was said."""
    spelled = words(term)
    said, heard = (len(occurrences(words(part), spelled)) for part in (row.text, text))
    return heard > said


def _plain(outcome: Outcome, after: Sequence[tuple[Test, str]]) -> Plain:
    term = outcome.lesson.term
    heard = [
        score(test.row.text, text, [term])
        for test, text in after
        if test.row in outcome.lesson.tests
    ]
    return {
        "term": term,
        "taught_from": outcome.lesson.taught_from.path.name,
        "outcome": outcome.outcome.value,
        "because": outcome.because,
        "misheard": list(outcome.misheard),
        "said": sum(errors.said for errors in heard),
        "heard": sum(errors.heard for errors in heard),
        "seconds_to_live": outcome.seconds_to_live,
    }
