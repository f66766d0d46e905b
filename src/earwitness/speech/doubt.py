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

from earwitness.model import Flag, Transcript, Word
from earwitness.speech.agreement import same_words
from earwitness.speech.alignment import align
from earwitness.speech.dictionary import is_known
from earwitness.speech.nbest import compete
from earwitness.speech.sounds import sound_distance
from earwitness.speech.text import bare, words

HASH_BYTES = 6
"""Of the hash, read as a fraction: 48 bits fit a float exactly."""


UNKNOWN_ODDS = 0.5
"""That a wrong word stands for an unknown one, before looking at it."""
SIGNS = {
    "no dictionary has it": (2.9, 0.82),
    "it is written like a name": (2.9, 0.89),
    "it is long": (1.8, 0.78),
    "other readings differ here": (1.4, 0.82),
    "it is put together from pieces": (1.1, 0.89),
}
"""By what the odds are multiplied where a wrong word has a sign, and where it has not."""
LONG, READINGS, PIECES = 6, 2, 2
"""Letters, other readings and tokens from which a word has its sign."""
I = frozenset({"i", "i'm", "i'll", "i've", "i'd"})  # noqa: E741 - the English word
"""Written with a capital letter, but no names."""


class Case(Protocol):
    """One utterance, as the rules see it (``flow.hear.Evidence`` is one).

    ``transcript`` has an empty text where the engine failed, and ``failure`` says how.
    ``speech``: somebody speaks in the clip. ``second`` is what another engine heard,
    where one is set; ``earlier`` what the same device said lately, oldest first.
    """

    @property
    def utterance(self) -> str: ...
    @property
    def transcript(self) -> Transcript: ...
    @property
    def speech(self) -> bool: ...
    @property
    def failure(self) -> str: ...
    @property
    def second(self) -> Transcript | None: ...
    @property
    def earlier(self) -> Sequence[Transcript]: ...


class Rule(Protocol):
    """One reason to doubt."""

    def flag(self, case: Case) -> Flag | None:
        """None: this rule sees no reason."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a rule fires. All are fractions from 0 to 1."""

    low_confidence: float = 0.5
    """A word whose confidence is lower."""
    low_utterance_confidence: float = 0.5
    """An answer whose confidence is lower: also where a word may be missing."""
    unknown_word: float = 0.3
    """The probability that a word was said that the recogniser does not know, at least."""
    nbest_disagreement: float = 0.5
    """The share of the probability that reads otherwise, at least."""
    second_engine: float = 0.1
    """The share of the words that the other engine did not hear, at least."""
    rephrase: float = 0.5
    """How alike two attempts are that differ, at least."""
    audit_share: float = 0.01
    """The share of all utterances that is listened to whatever the rules say."""
    audit_key: str = ""
    """Changes which utterances are drawn; the same key draws the same ones."""


def rules(thresholds: Thresholds = Thresholds()) -> tuple[Rule, ...]:
    """Every rule, in the order in which their flags are shown."""
    return (
        EngineFailure(),
        EmptyResult(),
        UnknownWord(thresholds.unknown_word),
        LowConfidence(thresholds.low_confidence),
        LowUtteranceConfidence(thresholds.low_utterance_confidence),
        NbestDisagreement(thresholds.nbest_disagreement),
        SecondEngine(thresholds.second_engine),
        Rephrase(thresholds.rephrase),
        AuditSample(thresholds.audit_share, thresholds.audit_key),
    )


def flags(case: Case, asked: Sequence[Rule]) -> tuple[Flag, ...]:
    """The flags that the rules give, in their order."""
    found = (rule.flag(case) for rule in asked)
    return tuple(flag for flag in found if flag is not None)


@dataclass(frozen=True, slots=True)
class EngineFailure:
    """``engine_failure``: there was audio, and a recogniser gave no answer."""

    def flag(self, case: Case) -> Flag | None:
        if not case.failure:
            return None
        return Flag("engine_failure", 1.0, 1.0, f"a recogniser failed: {case.failure}")


@dataclass(frozen=True, slots=True)
class EmptyResult:
    """``empty_result``: somebody spoke, and nothing was written."""

    def flag(self, case: Case) -> Flag | None:
        if case.failure or not case.speech or words(case.transcript.text):
            return None
        reason = f"0 words < 1, but somebody speaks in these {case.transcript.seconds:.1f} s"
        return Flag("empty_result", 0.0, 1.0, reason)


@dataclass(frozen=True, slots=True)
class LowConfidence:
    """``low_confidence``: a word is probably wrong. Shows the least sure one."""

    threshold: float

    def flag(self, case: Case) -> Flag | None:
        unsure = [word for word in case.transcript.best.words if word.confidence < self.threshold]
        if not unsure:
            return None
        worst = min(unsure, key=lambda word: word.confidence)
        place = _place(case.transcript.best.words, worst)
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
        score = case.transcript.confidence
        if score >= self.threshold or not words(case.transcript.text):
            return None
        reason = f"the whole text {score:.2f} < {self.threshold:g}: a word is wrong or missing"
        return Flag("low_utterance_confidence", score, self.threshold, reason)


@dataclass(frozen=True, slots=True)
class UnknownWord:
    """``unknown_word``: a word was probably said that the recogniser does not know.

    The score of a word is the probability that it is wrong, times the probability that a
    wrong word stands for an unknown one. Signs of that: no dictionary has it, it is written
    like a name, it is long, other readings differ here, it is put together from pieces. A
    word without any sign, and a taught one, is known.
    """

    threshold: float

    def flag(self, case: Case) -> Flag | None:
        best, competition = case.transcript.best, compete(case.transcript.nbest)
        found = [
            (unknown_score(word, signs), word, signs)
            for place, word in enumerate(best.words)
            if word.term is None and (signs := signs_of(word, place, competition.rivals[place]))
        ]
        if not found:
            return None
        score, word, signs = max(found, key=lambda each: each[0])
        if score < self.threshold:
            return None
        reason = (
            f"perhaps an unknown word, heard as {word.text!r} {_place(best.words, word)}: "
            f"{score:.2f} >= {self.threshold:g}; {', '.join(signs)}"
        )
        return Flag("unknown_word", score, self.threshold, reason, word.start, word.end)


@dataclass(frozen=True, slots=True)
class NbestDisagreement:
    """``nbest_disagreement``: the recogniser's own readings differ, and none leads."""

    threshold: float

    def flag(self, case: Case) -> Flag | None:
        competition = compete(case.transcript.nbest)
        score = 1.0 - competition.shares[0]
        if score < self.threshold or len(competition.shares) == 1:
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
        if case.failure or case.second is None:
            return None
        score = disagreement(case.transcript.text, case.second.text)
        if score < self.threshold:
            return None
        heard = case.second.text.strip() or "nothing"
        reason = (
            f"{score:.0%} of the words differ (from {self.threshold:.0%}): "
            f"{case.second.engine} heard {heard!r}"
        )
        return Flag("second_engine", score, self.threshold, reason)


@dataclass(frozen=True, slots=True)
class Rephrase:
    """``rephrase``: the same device was told nearly the same a moment ago."""

    threshold: float

    def flag(self, case: Case) -> Flag | None:
        text = case.transcript.text
        scored = [(likeness(e.text, text), e.text) for e in case.earlier if _differ(e.text, text)]
        score, before = max(scored, default=(0.0, ""))
        if not scored or score < self.threshold:
            return None
        reason = f"said again in other words: {score:.2f} >= {self.threshold:g} like {before!r}"
        return Flag("rephrase", score, self.threshold, reason)


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


def disagreement(one: str, other: str) -> float:
    """The share of words that the other text lacks, of the text that has more of them."""
    ours, theirs = words(one), words(other)
    if not ours or not theirs:
        return float(ours != theirs)
    shared = same_words(ours, other).mean(), same_words(theirs, one).mean()
    return 1.0 - float(min(shared))


def unknown_score(word: Word, signs: Sequence[str]) -> float:
    """How probably a word stands for one that the recogniser does not know, 0 to 1."""
    odds = UNKNOWN_ODDS
    for sign, (present, absent) in SIGNS.items():
        odds *= present if sign in signs else absent
    return (1.0 - word.confidence) * odds / (1.0 + odds)


def signs_of(word: Word, place: int, rivals: int) -> list[str]:
    """Those of ``SIGNS`` that a word has.

    ``place`` is its number in the text, ``rivals`` how many other readings lack it.
    """
    letters = bare(word.text)
    found = (
        not is_known(word.text),
        place > 0 and word.text[:1].isupper() and letters not in I,
        len(letters) >= LONG,
        rivals >= READINGS,
        len(word.logprobs) >= PIECES,
    )
    return [sign for sign, there in zip(SIGNS, found, strict=True) if there]


def _differ(one: str, other: str) -> bool:
    return words(one) != words(other)


def _place(all_words: Sequence[Word], word: Word) -> str:
    """Where a word is, for a person: its time, or else its number."""
    if word.start is not None:
        return f"at {word.start:.1f} s"
    number = next(i for i, other in enumerate(all_words, 1) if other is word)
    return f"(word {number} of {len(all_words)})"
