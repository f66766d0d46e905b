"""How sure Earwitness is of a word, and of a whole answer: calibrated probabilities.

A word: what the decoder knew, as numbers (``speech.features``), read by trees that were
fitted on recordings (``speech.ensemble``). With a second recogniser its agreement is
weighed in (``with_second``). An answer: the product of its words, as if they went wrong
independently; in folders of recordings that the trees never saw, nothing that was fitted
did better. confidence.json is what tools/calibrate fitted; docs/research/confidence.md
has the figures.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from earwitness.model import Transcript
from earwitness.speech.agreement import word_agreement
from earwitness.speech.calibration import probability
from earwitness.speech.ensemble import Ensemble, Floats
from earwitness.speech.features import Evidence, word_features
from earwitness.speech.nbest import compete

COEFFICIENTS = "confidence.json"


@dataclass(frozen=True, slots=True)
class Models:
    """``second`` reads what ``alone`` says, and a second recogniser's agreement."""

    alone: Ensemble
    second: Ensemble


@cache
def models() -> Models:
    """Those that ship with the program; read once."""
    content = json.loads((files("earwitness.speech") / COEFFICIENTS).read_text("utf-8"))
    return Models(Ensemble.read(content["alone"]), Ensemble.read(content["second"]))


def rated(transcript: Transcript, evidence: Evidence) -> Transcript:
    """The transcript with the confidence of each word of the answer, and of the answer.

    Where nothing was heard there is no word to doubt, and no confidence.
    """
    if not transcript.best.words:
        return transcript
    rows = word_features(transcript, evidence, compete(transcript.nbest))
    return confident(transcript, probability(models().alone.log_odds(rows)))


def with_second(transcript: Transcript, second: str) -> Transcript:
    """Confidences reckoned again, now that another recogniser heard ``second``."""
    if not transcript.best.words:
        return transcript
    rows = word_agreement(transcript, second)
    return confident(transcript, probability(models().second.log_odds(rows)))


def confident(transcript: Transcript, sure: Floats) -> Transcript:
    """With these confidences ``[words]`` of the answer's words, and their product for it."""
    pairs = zip(transcript.best.words, sure, strict=True)
    words = tuple(replace(word, confidence=float(confidence)) for word, confidence in pairs)
    nbest = (replace(transcript.best, words=words), *transcript.nbest[1:])
    return replace(transcript, nbest=nbest, confidence=float(sure.prod()))
