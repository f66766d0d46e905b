"""``bench recognition``: engines side by side on the same utterances, in one run.

What is live for an utterance:

- without ``terms``: nothing;
- with ``terms="rows"``: the row's own terms (its ``extra``) and the distractors, no
  other row's terms;
- with a file of terms: all of its terms and the distractors, for every row.

A row's own terms, which B-WER, U-WER and term recall are about, are its ``extra``,
live or not; with a file of terms, those of the file that the row's text has. An engine
without live terms runs without, and is scored for the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from earwitness.bench.child import Answer, Child, Ready, Wanted
from earwitness.bench.distractors import distractors
from earwitness.bench.figures import Plain, percentiles, rate
from earwitness.bench.manifest import Manifest, Row, given, recordings, terms_of
from earwitness.errors import ManifestError
from earwitness.model import SAMPLE_RATE
from earwitness.ports import AudioReader
from earwitness.speech.text import words
from earwitness.speech.wer import (
    Errors,
    LiveTerms,
    b_wer,
    false_accepts_per_hour,
    ratio,
    score,
    term_recall,
    u_wer,
    word_error_rate,
)

DEFAULT_ENGINES = ("moonshine", "moonshine-library")
Terms = Literal["rows"] | Path | None
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class _Heard:
    """What one engine made of the utterances, in their order."""

    answers: list[Answer] = field(default_factory=list)
    scores: list[Errors] = field(default_factory=list)
    unbiased: list[Errors] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Live:
    """The terms of a run: ``base`` for every row, ``fillers``, and each row's own."""

    base: tuple[str, ...]
    fillers: tuple[str, ...]
    by_row: bool

    def own(self, row: Row) -> tuple[str, ...]:
        """What B-WER and recall are about in this row."""
        if not self.base:
            return row.extra
        spelled = LiveTerms(self.base).in_text(words(row.text))
        return tuple(term for term in self.base if words(term) in spelled)

    def added(self, row: Row) -> tuple[str, ...]:
        """What is live in this row beside the base and the fillers."""
        return row.extra if self.by_row else ()


def run(
    manifest: Path | Manifest,
    reader: AudioReader,
    engines: Sequence[str] = DEFAULT_ENGINES,
    *,
    terms: Terms = None,
    distractor_count: int = 0,
    models: Mapping[str, Path] | None = None,
    progress: Progress | None = None,
) -> Plain:
    """The measurement, as plain values.

    ``models`` gives the model folder of engines that need one. Raises ManifestError,
    SettingsError (an unknown engine) or EngineError (one that dies); an utterance on
    which an engine fails counts as heard empty, and is counted in ``failures``.
    """
    rows = given(manifest)
    live = live_terms(rows, terms, distractor_count)
    wanted = [_wanted(name, live, rows, models or {}) for name in dict.fromkeys(engines)]
    with ExitStack() as stack:
        children = {want.engine: stack.enter_context(Child(want)) for want in wanted}
        heard, lengths, left_out = _listen(rows, reader, children, live, progress)
        return {
            "manifest": rows.path.name,
            "utterances": len(lengths),
            "hours": sum(lengths) / 3600,
            "left_out": left_out,
            "terms": "rows" if live.by_row else len(live.base),
            "distractors": len(live.fillers),
            "engines": {
                name: _figures(heard[name], lengths, child.ready, child.peak_rss_mib())
                for name, child in children.items()
            },
        }


def live_terms(rows: Manifest, terms: Terms, distractor_count: int) -> Live:
    """The terms of a run; distractors are near to the terms and in no text."""
    base = terms_of(terms) if isinstance(terms, Path) else ()
    near = [*base, *(term for row in rows.rows for term in row.extra)]
    texts = [row.text for row in rows.rows]
    fillers = distractors(distractor_count, near, texts) if distractor_count else ()
    return Live(base, fillers, by_row=terms == "rows")


def _wanted(name: str, live: Live, rows: Manifest, models: Mapping[str, Path]) -> Wanted:
    longest = max((live.added(row) for row in rows.rows), key=lambda own: len(" ".join(own)))
    return Wanted(name, models.get(name.replace("-", "_")), live.base, live.fillers, longest)


def _listen(
    rows: Manifest,
    reader: AudioReader,
    children: Mapping[str, Child],
    live: Live,
    progress: Progress | None,
) -> tuple[dict[str, _Heard], list[float], list[str]]:
    """Every engine hears every utterance, in an order that rotates."""
    heard = {name: _Heard() for name in children}
    lengths: list[float] = []
    left_out = list(rows.left_out)
    known = LiveTerms((*live.base, *live.fillers))
    for count, (row, audio) in enumerate(recordings(rows, reader, left_out)):
        names = [*children][count % len(children) :] + [*children][: count % len(children)]
        for name in names:
            if not count:
                children[name].hear(audio, live.added(row))  # warms up; not counted
            _record(heard[name], row, children[name].hear(audio, live.added(row)), live, known)
        lengths.append(len(audio) / SAMPLE_RATE)
        if progress:
            progress(count + 1, len(rows.rows))
    if not lengths:
        raise ManifestError(f"No recording could be decoded. {left_out[0]}")
    return heard, lengths, left_out


def _record(heard: _Heard, row: Row, answer: Answer, live: Live, known: LiveTerms) -> None:
    own = live.own(row)
    heard.answers.append(answer)
    heard.scores.append(score(row.text, answer.text, own, known))
    unbiased = answer.text if answer.unbiased is None else answer.unbiased
    heard.unbiased.append(score(row.text, unbiased, own, known))


def _figures(heard: _Heard, lengths: Sequence[float], ready: Ready, peak: float) -> Plain:
    seconds = [answer.seconds for answer in heard.answers]
    return {
        **_errors(heard.scores, lengths),
        **rate("rtf", ratio(seconds, lengths)),
        **rate("cpu_rtf", ratio([answer.cpu_seconds for answer in heard.answers], lengths)),
        "latency_ms": percentiles(seconds, factor=1000),
        "peak_rss_mib": peak,
        "load_s": ready.load_s,
        "prepare_s": ready.prepare_s,
        "model": ready.model,
        "live_terms": ready.live if ready.lexicon else None,
        "refused_terms": dict(ready.refused),
        "failures": [answer.failure for answer in heard.answers if answer.failure],
        "unbiased": _errors(heard.unbiased, lengths) if ready.lexicon else None,
    }


def _errors(scores: Sequence[Errors], lengths: Sequence[float]) -> Plain:
    return (
        rate("wer", word_error_rate(scores))
        | rate("u_wer", u_wer(scores))
        | rate("b_wer", b_wer(scores))
        | rate("term_recall", term_recall(scores))
        | rate("false_accepts_per_hour", false_accepts_per_hour(scores, lengths))
    )
