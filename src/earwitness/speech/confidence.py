"""How sure Earwitness is of a word, and of a whole answer: calibrated probabilities.

Three steps: what the decoder knew as numbers (``speech.features``), trees that were fitted
on recordings (``speech.ensemble``, confidence.json, written by tools/calibrate), and what
analysts' judgements say of the result (``speech.calibration``). With a second recogniser
its agreement is weighed in (``with_second``). docs/research/confidence.md has the figures.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from earwitness.model import Transcript
from earwitness.speech.agreement import utterance_agreement, word_agreement
from earwitness.speech.calibration import probability
from earwitness.speech.ensemble import Ensemble, Floats
from earwitness.speech.features import Evidence, utterance_features, word_features
from earwitness.speech.nbest import compete

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
    return _with(transcript, own, float(probability(models().utterance.log_odds(whole))[0]))


def with_second(transcript: Transcript, second: str) -> Transcript:
    """Confidences reckoned again, now that another recogniser heard ``second``."""
    if not transcript.best.words:
        return transcript
    own = probability(models().second_word.log_odds(word_agreement(transcript, second)))
    agreed = utterance_agreement(_with(transcript, own, transcript.confidence), second)
    whole = probability(models().second_utterance.log_odds(agreed))
    return _with(transcript, own, float(whole[0]))


def _with(transcript: Transcript, own: Floats, whole: float) -> Transcript:
    best = transcript.best
    rated_words = tuple(
        replace(word, confidence=float(confidence))
        for word, confidence in zip(best.words, own, strict=True)
    )
    return replace(
        transcript,
        nbest=(replace(best, words=rated_words), *transcript.nbest[1:]),
        confidence=whole,
    )
