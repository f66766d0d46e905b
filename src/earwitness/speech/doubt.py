"""Whether a human should listen, and why: small rules, each gives a flag or nothing.

    found = flags(case, rules(Thresholds(low_confidence=0.6)))

A rule looks at one ``Case``. It holds its threshold, and its flag shows the number that
crossed it. What the thresholds catch, and at what price, is in docs/research/confidence.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from earwitness.model import Flag, Hypothesis, Transcript, Word
from earwitness.speech.alignment import align, edits
from earwitness.speech.dictionary import is_known
from earwitness.speech.nbest import Competition, compete
from earwitness.speech.sounds import sound_distance
from earwitness.speech.text import words

HASH_BYTES = 6
"""Of the hash, read as a fraction: 48 bits fit a float exactly."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the same device was heard to say before, and how many seconds ago it ended."""

    text: str
    seconds_ago: float


@dataclass(frozen=True, slots=True)
class Case:
    """One utterance, as the rules see it.

    ``transcript`` is None where the engine failed, and ``failure`` says how. ``speech``
    is for how many seconds a detector heard somebody speak. ``second`` is what another
    engine heard, where one is set.
    """

    utterance: str
    transcript: Transcript | None
    speech: float = 0.0
    failure: str = ""
    second: str | None = None
    earlier: Earlier | None = None

    @property
    def best(self) -> Hypothesis:
        """The answer; an empty one where the engine failed."""
        return self.transcript.best if self.transcript else Hypothesis("", (), 0.0)


class Rule(Protocol):
    """One reason to doubt."""

    def flag(self, case: Case) -> Flag | None:
        """None: this rule sees no reason."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a rule fires. Confidences and shares are fractions, times are seconds."""

    low_confidence: float = 0.5
    """A word whose confidence is lower."""
    low_utterance_confidence: float = 0.5
    """An answer whose confidence is lower: also where a word may be missing."""
    unknown_word: float = 0.6
    """The strength of the signs of a word that the recogniser does not know, at least."""
    nbest_disagreement: float = 0.5
    """The share of the probability that reads otherwise, at least."""
    second_engine: float = 0.25
    """The word errors between both engines for each word, at least."""
    rephrase_seconds: float = 30.0
    """How long ago the first of two attempts may have ended."""
    rephrase_likeness: float = 0.5
    """How alike two attempts are that differ, at least."""
    empty_speech: float = 0.4
    """Seconds of speech that must not give an empty text."""
    audit_share: float = 0.01
    """The share of all utterances that is listened to whatever the rules say."""
    audit_key: str = ""
    """Changes which utterances are drawn; the same key draws the same ones."""


def rules(thresholds: Thresholds = Thresholds()) -> tuple[Rule, ...]:
    """Every rule, in the order in which their flags are shown."""
    return (
        EngineFailure(),
        EmptyResult(thresholds.empty_speech),
        UnknownWord(thresholds.unknown_word),
        LowConfidence(thresholds.low_confidence),
        LowUtteranceConfidence(thresholds.low_utterance_confidence),
        NbestDisagreement(thresholds.nbest_disagreement),
        SecondEngine(thresholds.second_engine),
        Rephrase(thresholds.rephrase_likeness, thresholds.rephrase_seconds),
        AuditSample(thresholds.audit_share, thresholds.audit_key),
    )


def flags(case: Case, asked: Sequence[Rule]) -> tuple[Flag, ...]:
    """The flags that the rules give, in their order."""
    found = (rule.flag(case) for rule in asked)
    return tuple(flag for flag in found if flag is not None)


@dataclass(frozen=True, slots=True)
class EngineFailure:
    """``engine_failure``: there was audio, and the recogniser gave no answer."""

    def flag(self, case: Case) -> Flag | None:
        if case.transcript is not None and not case.failure:
            return None
        reason = f"the recogniser failed: {case.failure or 'no transcript'}"
        return Flag("engine_failure", 1.0, 1.0, reason)


@dataclass(frozen=True, slots=True)
class EmptyResult:
    """``empty_result``: somebody spoke, and nothing was written."""

    seconds: float

    def flag(self, case: Case) -> Flag | None:
        silent = case.speech < self.seconds
        if case.transcript is None or words(case.best.text) or silent:
            return None
        reason = f"{case.speech:.1f} s of speech, but no word (from {self.seconds:g} s)"
        return Flag("empty_result", case.speech, self.seconds, reason)


@dataclass(frozen=True, slots=True)
class LowConfidence:
    """``low_confidence``: a word is probably wrong. Shows the least sure one."""

    threshold: float

    def flag(self, case: Case) -> Flag | None:
        unsure = [word for word in case.best.words if word.confidence < self.threshold]
        if not unsure:
            return None
        worst = min(unsure, key=lambda word: word.confidence)
        place = _place(case.best.words, worst)
        reason = f"{worst.text!r} {worst.confidence:.2f} < {self.threshold:g} {place}"
        if len(unsure) > 1:
            reason += f"; {len(unsure)} words are under it"
        return Flag(
            "low_confidence", worst.confidence, self.threshold, reason, worst.start, worst.end
        )


@dataclass(frozen=True, slots=True)
class LowUtteranceConfidence:
    """``low_utterance_confidence``: the answer has an error somewhere, or lacks a word."""

    threshold: float

    def flag(self, case: Case) -> Flag | None:
        if case.transcript is None or case.transcript.confidence >= self.threshold:
            return None
        score = case.transcript.confidence
        reason = f"the whole text {score:.2f} < {self.threshold:g}: a word is wrong or missing"
        return Flag("low_utterance_confidence", score, self.threshold, reason)


@dataclass(frozen=True, slots=True)
class UnknownWord:
    """``unknown_word``: signs that a word was said which the recogniser does not know.

    Looks at every word for itself. The signs are: its confidence is low; it was put
    together from several pieces; no dictionary has it; other readings differ here.
    """

    threshold: float

    def flag(self, case: Case) -> Flag | None:
        if case.transcript is None or not case.best.words:
            return None
        competition = compete(case.transcript.nbest)
        scored = [
            (_unknown(word, competition, place), -place, word)
            for place, word in enumerate(case.best.words)
        ]
        score, _, word = max(scored, key=lambda each: each[:2])
        if score < self.threshold:
            return None
        place = _place(case.best.words, word)
        reason = f"perhaps an unknown word, heard as {word.text!r} {place}: {score:.2f}"
        reason += f" >= {self.threshold:g}"
        return Flag("unknown_word", score, self.threshold, reason, word.start, word.end)


@dataclass(frozen=True, slots=True)
class NbestDisagreement:
    """``nbest_disagreement``: the recogniser's own readings differ, and none leads."""

    threshold: float

    def flag(self, case: Case) -> Flag | None:
        if case.transcript is None:
            return None
        competition = compete(case.transcript.nbest)
        score = 1.0 - competition.shares[0]
        if score < self.threshold:
            return None
        rival = max(range(1, len(competition.shares)), key=competition.shares.__getitem__)
        reason = (
            f"{score:.0%} of the probability reads otherwise (from {self.threshold:.0%}), "
            f"first of all {competition.texts[rival]!r}"
        )
        return Flag("nbest_disagreement", score, self.threshold, reason)


@dataclass(frozen=True, slots=True)
class SecondEngine:
    """``second_engine``: another recogniser wrote something else."""

    threshold: float

    def flag(self, case: Case) -> Flag | None:
        if case.transcript is None or case.second is None:
            return None
        ours, theirs = words(case.best.text), words(case.second)
        score = edits(align(theirs, ours)) / max(len(ours), len(theirs), 1)
        if score < self.threshold:
            return None
        heard = case.second.strip() or "nothing"
        reason = f"{score:.0%} of the words differ (from {self.threshold:.0%}): it heard {heard!r}"
        return Flag("second_engine", score, self.threshold, reason)


@dataclass(frozen=True, slots=True)
class Rephrase:
    """``rephrase``: the same device was told nearly the same a moment ago."""

    likeness: float
    seconds: float

    def flag(self, case: Case) -> Flag | None:
        if case.earlier is None or not 0 <= case.earlier.seconds_ago <= self.seconds:
            return None
        score = likeness(case.earlier.text, case.best.text)
        if score < self.likeness or words(case.earlier.text) == words(case.best.text):
            return None
        reason = (
            f"said again in other words: {case.earlier.text!r} {case.earlier.seconds_ago:.0f} s "
            f"before, likeness {score:.2f} >= {self.likeness:g}"
        )
        return Flag("rephrase", score, self.likeness, reason)


@dataclass(frozen=True, slots=True)
class AuditSample:
    """``audit_sample``: drawn by a hash of the utterance's id, whatever was heard.

    Nobody can tell beforehand without the key, and it draws the same ones every time.
    """

    share: float
    key: str = ""

    def flag(self, case: Case) -> Flag | None:
        drawn = draw(case.utterance, self.key)
        if drawn >= self.share:
            return None
        return Flag("audit_sample", drawn, self.share, f"one of {self.share:.1%}, drawn by hash")


def draw(utterance: str, key: str = "") -> float:
    """A number from 0 up to 1, evenly spread over ids, from SHA-256 of key and id."""
    digest = hashlib.sha256(f"{key}\0{utterance}".encode()).digest()
    return int.from_bytes(digest[:HASH_BYTES]) / 256.0**HASH_BYTES


def likeness(one: str, other: str) -> float:
    """1 for the same words or sounds, 0 for nothing in common; symmetric.

    The greater of the share of equal words and of equal sounds.
    """
    ours, theirs = words(one), words(other)
    if not ours or not theirs:
        return 0.0
    same = sum(pair.match for pair in align(ours, theirs))
    return max(2 * same / (len(ours) + len(theirs)), 1.0 - sound_distance(one, other))


def _place(all_words: Sequence[Word], word: Word) -> str:
    """Where a word is, for a person: its time, or else its number."""
    if word.start is not None:
        return f"at {word.start:.1f} s"
    number = next(i for i, other in enumerate(all_words, 1) if other is word)
    return f"(word {number} of {len(all_words)})"


def _unknown(word: Word, competition: Competition, place: int) -> float:
    """How strong the signs are that an unknown word was said here, 0 to 1."""
    signs = (
        0.4 * (len(word.logprobs) > 1),
        0.5 * (not is_known(word.text)),
        0.2 * min(competition.rivals[place], 2),
    )
    strength = 1.0
    for sign in signs:
        strength *= 1.0 - sign
    return 0.0 if word.term else (1.0 - word.confidence) * (1.0 - 0.5 * strength)
