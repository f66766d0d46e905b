"""How sure Earwitness is of a word, and of a whole answer: calibrated probabilities.

Three steps: what the decoder knew as numbers (``speech.features``), trees that were fitted
on recordings (``speech.ensemble``, confidence.json, written by tools/calibrate), and what
analysts' judgements say of the result (``speech.calibration``). With a second recogniser
its agreement is weighed in (``with_second``). docs/research/confidence.md has the figures.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import numpy as np

from earwitness.model import Transcript
from earwitness.speech.alignment import align
from earwitness.speech.calibration import log_odds, probability
from earwitness.speech.ensemble import Ensemble, Floats
from earwitness.speech.features import Evidence, utterance_features, word_features
from earwitness.speech.nbest import compete
from earwitness.speech.text import tokens, words

COEFFICIENTS = "confidence.json"


@dataclass(frozen=True, slots=True)
class Models:
    """The fitted trees: alone, and with a second recogniser."""

    word: Ensemble
    utterance: Ensemble
    second_word: Ensemble
    second_utterance: Ensemble


@cache
def models() -> Models:
    """Those that ship with the program; read once."""
    content = json.loads((files("earwitness.speech") / COEFFICIENTS).read_text("utf-8"))
    return Models(**{name: Ensemble.read(content[name]) for name in Models.__slots__})


def rated(transcript: Transcript, evidence: Evidence) -> Transcript:
    """The transcript with the confidence of each word of the answer, and of the answer.

    Where nothing was heard there is no word to doubt, and no confidence.
    """
    if not transcript.best.words:
        return transcript
    competition = compete(transcript.nbest)
    own = probability(models().word.log_odds(word_features(transcript, evidence, competition)))
    whole = utterance_features(transcript, evidence, competition, own)
    return _with(transcript, own, probability(models().utterance.log_odds(whole)))


def with_second(transcript: Transcript, second: str) -> Transcript:
    """Confidences reckoned again, now that another recogniser heard ``second``."""
    if not transcript.best.words:
        return transcript
    agreed = agreement(transcript, second)
    own = probability(models().second_word.log_odds(agreed))
    whole = utterance_agreement(transcript, second, own)
    return _with(transcript, own, probability(models().second_utterance.log_odds(whole)))


SECOND_WORD = ("odds", "same", "same_before", "same_after", "share", "all_odds", "more")
SECOND_UTTERANCE = ("all_odds", "share", "more", "equal", "least", "product", "words")


def agreement(transcript: Transcript, second: str) -> Floats:
    """``[words, SECOND_WORD]``: how another text agrees with the words of the answer.

    Log-odds of the word's and the answer's confidence; whether the word and its neighbours
    are the same; the share of the words that are; how many words the other has more.
    """
    best = transcript.best
    same = same_words([word.text for word in best.words], second)
    share, more = _overlap(best.text, second)
    odds = log_odds(np.array([word.confidence for word in best.words]))
    columns = [
        odds,
        same,
        np.array([1.0, *same[:-1]]),
        np.array([*same[1:], 1.0]),
        np.full(len(same), share),
        np.full(len(same), float(log_odds(transcript.confidence))),
        np.full(len(same), more),
    ]
    return np.column_stack(columns)


def utterance_agreement(transcript: Transcript, second: str, own: Floats) -> Floats:
    """``[1, SECOND_UTTERANCE]``; ``own`` are the words' confidences, agreement weighed in."""
    share, more = _overlap(transcript.text, second)
    equal = float(words(transcript.text) == words(second))
    odds = float(log_odds(transcript.confidence))
    return np.array(
        [[odds, share, more, equal, float(own.min()), float(own.prod()), float(len(own))]]
    )


def same_words(written: Sequence[str], other: str) -> Floats:
    """1 for each written word that ``other`` has in its place, else 0; ``[words]``.

    >>> same_words(["Eat", "that", "alarm."], "yeet that alarm").tolist()
    [0.0, 1.0, 1.0]
    """
    ours = tokens(" ".join(written))
    same = np.ones(len(written))
    for pair in align(words(other), [token.text for token in ours]):
        if pair.hypothesis is not None and not pair.match:
            token = ours[pair.hypothesis]
            same[token.first : token.last + 1] = 0.0
    return same


def _overlap(text: str, other: str) -> tuple[float, float]:
    """The share of equal words, and how many words the other has more (less: below 0)."""
    ours, theirs = words(text), words(other)
    same = sum(pair.match for pair in align(ours, theirs))
    return 2 * same / max(len(ours) + len(theirs), 1), float(len(theirs) - len(ours))


def _with(transcript: Transcript, own: Floats, whole: Floats) -> Transcript:
    best = transcript.best
    rated_words = tuple(
        replace(word, confidence=float(confidence))
        for word, confidence in zip(best.words, own, strict=True)
    )
    return replace(
        transcript,
        nbest=(replace(best, words=rated_words), *transcript.nbest[1:]),
        confidence=float(whole[0]),
    )
