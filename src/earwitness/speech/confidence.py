"""How sure Earwitness is of a word, and of a whole answer: calibrated probabilities.

A word: what the decoder knew, as numbers (``speech.features``), read by trees that were
fitted on recordings (``speech.ensemble``). With a second recogniser its agreement is
weighed in (``with_second``). An answer: the probability that all of its words are right,
as if they went wrong independently, corrected for that they do not (``speech.calibration``).
confidence.json holds what tools/calibrate fitted; docs/research/confidence.md the figures.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from earwitness.errors import SettingsError
from earwitness.model import Transcript
from earwitness.speech.agreement import word_agreement
from earwitness.speech.calibration import Calibration, probability
from earwitness.speech.ensemble import Ensemble, Floats
from earwitness.speech.features import Evidence, word_features
from earwitness.speech.nbest import compete

COEFFICIENTS = "confidence.json"


@dataclass(frozen=True, slots=True)
class Model:
    """``words`` gives the log-odds of words, ``answer`` corrects the product of them all."""

    words: Ensemble
    answer: Calibration

    @classmethod
    def read(cls, content: Any) -> Model:
        """From the JSON object that tools/calibrate writes. Raises SettingsError."""
        try:
            slope, shift = map(float, content["answer"])
            return cls(Ensemble.read(content["words"]), Calibration(slope, shift))
        except (KeyError, TypeError, ValueError) as error:
            raise SettingsError(f"The coefficients of confidence are malformed: {error}") from error

    def rated(self, transcript: Transcript, rows: Floats) -> Transcript:
        """With the confidences of the answer's words, one of ``rows`` each, and of itself."""
        return confident(transcript, probability(self.words.log_odds(rows)), self.answer)


@dataclass(frozen=True, slots=True)
class Models:
    alone: Model
    second: Model
    """With a second recogniser: from the confidence alone, and the agreement."""


@cache
def models() -> Models:
    """Those that ship with the program; read once."""
    content = json.loads((files("earwitness.speech") / COEFFICIENTS).read_text("utf-8"))
    return Models(Model.read(content["alone"]), Model.read(content["second"]))


def rated(transcript: Transcript, evidence: Evidence) -> Transcript:
    """The transcript with the confidence of each word of the answer, and of the answer.

    Where nothing was heard there is no word to doubt, and no confidence.
    """
    if not transcript.best.words:
        return transcript
    rows = word_features(transcript, evidence, compete(transcript.nbest))
    return models().alone.rated(transcript, rows)


def with_second(transcript: Transcript, second: str) -> Transcript:
    """Confidences reckoned again, now that another recogniser heard ``second``."""
    if not transcript.best.words:
        return transcript
    return models().second.rated(transcript, word_agreement(transcript, second))


def confident(transcript: Transcript, sure: Floats, answer: Calibration) -> Transcript:
    """With these confidences ``[words]``, and their corrected product for the answer."""
    pairs = zip(transcript.best.words, sure, strict=True)
    words = tuple(replace(word, confidence=float(confidence)) for word, confidence in pairs)
    nbest = (replace(transcript.best, words=words), *transcript.nbest[1:])
    return replace(transcript, nbest=nbest, confidence=answer(float(sure.prod())))
