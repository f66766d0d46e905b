"""What many live terms cost that nobody says: errors, false accepts, time.

Every utterance is decoded without terms and with each size of lexicon, in an order
that rotates. The terms are random dictionary words, near-homophones of words that are
said among them, and no word of any text. Where a recording has no text, what was
heard without terms stands for it: then only what the terms changed can be counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from earwitness.bench.distractors import distractors
from earwitness.bench.figures import Plain, rate
from earwitness.bench.lexicons import Lexicons, require_lexicon
from earwitness.bench.listen import timed
from earwitness.bench.manifest import Manifest, Row, given, recordings
from earwitness.errors import ManifestError
from earwitness.model import SAMPLE_RATE, Lexicon, Samples
from earwitness.ports import AudioReader, Engine
from earwitness.speech.text import words
from earwitness.speech.wer import (
    Errors,
    LiveTerms,
    difference,
    false_accepts_per_hour,
    ratio,
    score,
    u_wer,
)

SIZES = (1_000, 10_000)
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class _Heard:
    """One size of lexicon: what its terms are, and what was heard with and without them."""

    lexicon: Lexicon
    known: LiveTerms
    scores: list[Errors] = field(default_factory=list)
    plain: list[Errors] = field(default_factory=list)
    has_text: list[bool] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def run(
    manifests: Sequence[Path | Manifest],
    reader: AudioReader,
    engine: Engine,
    *,
    sizes: Sequence[int] = SIZES,
    progress: Progress | None = None,
) -> Plain:
    """The measurement, as plain values; ``sizes`` are numbers of live terms.

    ``false_accepts_per_hour`` counts every live term that is in the text and was not
    said; ``plain_false_accepts_per_hour`` those that the recogniser printed without
    knowing any term; ``added_false_accepts_per_hour`` is their difference.
    """
    require_lexicon(engine)
    sets = [given(each) for each in manifests]
    heard = {size: _prepared(engine, size, sets) for size in sizes}
    left_out = [reason for each in sets for reason in each.left_out]
    plain_seconds: list[float] = []
    lengths: list[float] = []
    total = sum(len(each.rows) for each in sets)
    for row, audio in _all(sets, reader, left_out):
        plain_seconds.append(_hear_all(engine, row, audio, heard, len(lengths)))
        lengths.append(len(audio) / SAMPLE_RATE)
        if progress:
            progress(len(lengths), total)
    if not lengths:
        raise ManifestError(f"No recording could be decoded. {left_out[0]}")
    return {
        "utterances": len(lengths),
        "hours": sum(lengths) / 3600,
        "left_out": left_out,
        **rate("rtf_without_terms", ratio(plain_seconds, lengths)),
        "sizes": {
            str(size): _figures(each, plain_seconds, lengths) for size, each in heard.items()
        },
    }


def _prepared(engine: Engine, size: int, sets: Sequence[Manifest]) -> _Heard:
    texts = [row.text for each in sets for row in each.rows]
    said = {word for text in texts for word in words(text) if len(word) > 3}
    fillers = distractors(size, said, texts)
    return _Heard(Lexicons(engine, (), fillers, ()).with_own(()), LiveTerms(fillers))


def _all(
    sets: Sequence[Manifest], reader: AudioReader, left_out: list[str]
) -> Iterator[tuple[Row, Samples]]:
    for each in sets:
        yield from recordings(each, reader, left_out)


def _hear_all(
    engine: Engine, row: Row, audio: Samples, heard: dict[int, _Heard], count: int
) -> float:
    """One utterance with every lexicon and with none; the seconds it took with none."""
    lexicons = {0: Lexicon()} | {size: each.lexicon for size, each in heard.items()}
    order = list(lexicons)
    order = order[count % len(order) :] + order[: count % len(order)]
    found = {size: timed(engine, audio, lexicons[size]) for size in order}
    plain = found[0][0].text
    reference = row.text or plain
    for size, each in heard.items():
        each.scores.append(score(reference, found[size][0].text, (), each.known))
        each.plain.append(score(reference, plain, (), each.known))
        each.has_text.append(bool(row.text))
        each.seconds.append(found[size][1])
    return found[0][1]


def _figures(heard: _Heard, plain_seconds: Sequence[float], lengths: Sequence[float]) -> Plain:
    hours = [length / 3600 for length in lengths]
    said = [
        (p, s) for p, s, text in zip(heard.plain, heard.scores, heard.has_text, strict=True) if text
    ]
    before, after = ([pair[side] for pair in said] for side in (0, 1))
    added = [
        s.false_accepts - p.false_accepts for p, s in zip(heard.plain, heard.scores, strict=True)
    ]
    return {
        "live_terms": len(heard.lexicon.terms),
        **rate("u_wer", u_wer(after)),
        **rate("u_wer_without_terms", u_wer(before)),
        **rate(
            "u_wer_change",
            difference(
                ([e.other_errors for e in before], [e.other_words for e in before]),
                ([e.other_errors for e in after], [e.other_words for e in after]),
            ),
        ),
        **rate("false_accepts_per_hour", false_accepts_per_hour(heard.scores, lengths)),
        **rate("plain_false_accepts_per_hour", false_accepts_per_hour(heard.plain, lengths)),
        **rate("added_false_accepts_per_hour", ratio(added, hours)),
        **rate("time_ratio", ratio(heard.seconds, plain_seconds)),
    }
