"""``bench doubt``: does the confidence know what is wrong?

Against the plain threshold that everybody has: the mean log-probability of a word's
(of an utterance's) tokens, in the same run. A word is wrong if the alignment with the
reference has no match for it; an utterance is wrong if it has any error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earwitness.bench.figures import Plain, bootstrapped, rate
from earwitness.bench.listen import hear
from earwitness.bench.manifest import Manifest, given, recordings
from earwitness.bench.separation import auc, caught, ece
from earwitness.errors import EngineError, ManifestError
from earwitness.model import Hypothesis, Lexicon, Samples, Transcript
from earwitness.ports import AudioReader, Engine
from earwitness.speech.alignment import align, edits
from earwitness.speech.confidence import with_second
from earwitness.speech.text import tokens, words

Progress = Callable[[int, int], None]

SURE = 0.0
"""The log-probability of what an engine gives no score for."""


@dataclass(slots=True)
class Observations:
    """Words, or utterances: how sure, how sure plainly, whether wrong, in which utterance."""

    confidence: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)
    wrong: list[bool] = field(default_factory=list)
    utterance: list[int] = field(default_factory=list)

    def add(self, confidence: float, plain: float, wrong: bool, utterance: int) -> None:
        self.confidence.append(confidence)
        self.plain.append(plain)
        self.wrong.append(wrong)
        self.utterance.append(utterance)


def run(
    manifest: Path | Manifest,
    reader: AudioReader,
    engine: Engine,
    *,
    second: Engine | None = None,
    progress: Progress | None = None,
) -> Plain:
    """The measurement, as plain values. Rows without text are left out and named."""
    rows = given(manifest)
    left_out = list(rows.left_out)
    of_words, of_utterances = Observations(), Observations()
    for count, (row, audio) in enumerate(recordings(rows, reader, left_out)):
        if not words(row.text):
            left_out.append(f"line {row.line}: no text to compare with")
            continue
        try:
            heard = _heard(engine, second, audio)
        except EngineError as error:
            left_out.append(f"line {row.line}: {error}")
            continue
        observe(row.text, heard, count, of_words, of_utterances)
        if progress:
            progress(count + 1, len(rows.rows))
    if not of_utterances.wrong:
        raise ManifestError(f"{rows.path}: no row could be used. {left_out[0]}")
    return {
        "manifest": rows.path.name,
        "utterances": len(of_utterances.wrong),
        "words": len(of_words.wrong),
        "left_out": left_out,
        "second_engine": second.name if second else None,
        "word": figures(of_words),
        "utterance": figures(of_utterances),
    }


def observe(
    reference: str,
    transcript: Transcript,
    number: int,
    of_words: Observations,
    of_utterances: Observations,
) -> None:
    """Adds one utterance and its words."""
    best = transcript.best
    for word, wrong in zip(best.words, wrong_words(reference, best), strict=True):
        if wrong is not None:
            of_words.add(word.confidence, _mean(word.logprobs), wrong, number)
    scores = [score for word in best.words for score in word.logprobs]
    errors = edits(align(words(reference), words(best.text)))
    of_utterances.add(transcript.confidence, _mean(scores), errors > 0, number)


def wrong_words(reference: str, hypothesis: Hypothesis) -> list[bool | None]:
    """Of each word whether it is wrong; None for one that has nothing to compare.

    A word that is compared as several (a number) is wrong if one of them is.
    """
    compared = tokens(" ".join(word.text for word in hypothesis.words))
    pairs = align(words(reference), [token.text for token in compared])
    wrong: list[bool | None] = [None] * len(hypothesis.words)
    for pair in pairs:
        if pair.hypothesis is not None:
            token = compared[pair.hypothesis]
            for place in range(token.first, token.last + 1):
                wrong[place] = bool(wrong[place]) or not pair.match
    return wrong


def figures(seen: Observations) -> Plain:
    """AUC, plain AUC, ECE and what is caught, each with its interval over utterances."""
    sure, plain = np.array(seen.confidence), np.array(seen.plain)
    wrong = np.array(seen.wrong, dtype=np.bool_)
    metrics: dict[str, Callable[[NDArray[np.intp]], float]] = {
        "auc": lambda items: auc(sure[items], wrong[items]),
        "auc_plain": lambda items: auc(plain[items], wrong[items]),
        "ece": lambda items: ece(sure[items], wrong[items]),
        "caught_at_10": lambda items: caught(sure[items], wrong[items], 0.1),
        "caught_at_20": lambda items: caught(sure[items], wrong[items], 0.2),
        "caught_at_10_plain": lambda items: caught(plain[items], wrong[items], 0.1),
        "caught_at_20_plain": lambda items: caught(plain[items], wrong[items], 0.2),
    }
    found: Plain = {"count": len(wrong), "wrong": int(wrong.sum())}
    for name, metric in metrics.items():
        found |= rate(name, bootstrapped(metric, seen.utterance))
    return found


def _heard(engine: Engine, second: Engine | None, audio: Samples) -> Transcript:
    """With the confidence that the program would have: that of two engines, if there are two."""
    transcript = hear(engine, audio, Lexicon())
    return with_second(transcript, hear(second, audio, Lexicon()).text) if second else transcript


def _mean(scores: Sequence[float]) -> float:
    return float(np.mean(scores)) if scores else SURE
