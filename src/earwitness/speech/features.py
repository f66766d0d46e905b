"""What is known of the words of a reading, as numbers that their confidence is reckoned from.

The recogniser's own scores, what else it would have written, and how rare the word is:
nothing that tells one kind of recording from another, since what held in one folder of
recordings alone made other folders worse (docs/research/confidence.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import NDArray

from earwitness.model import Hypothesis, Transcript
from earwitness.speech.nbest import FAR, Competition
from earwitness.speech.text import bare
from earwitness.speech.words import WORD_MARK

Floats = NDArray[np.float64]
Ids = NDArray[np.intp]
Rows = Sequence[NDArray[np.float32]]

DIGITS = {
    "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6",
    "seven": "7", "eight": "8", "nine": "9", "ten": "10",
}  # fmt: skip
ENDS = 0
"""The group of all that may follow a word."""
UNLIKELY = -8.0
"""Tokens under this log-probability, 0.0003, are not looked at."""

WORD = (
    "mean", "least", "first", "gap", "first_gap", "support", "lead", "rivals", "is_term",
    "term_lead", "before", "after", "before_support", "after_support", "letters", "rank",
    "all_least",
)  # fmt: skip
"""Of a word: ``mean``, ``least`` and ``first`` log-probability of its tokens, the least also
of its end; ``gap``: how far, in nats, its least sure token lies above what else could have
been said; ``support``, ``lead``, ``rivals``: see ``nbest``; ``term_lead``: how far the reading
lies above the best one without this term; ``before``, ``after``: the neighbours'; ``rank``:
log of its rarest token's id, which is its rank of frequency; ``all_least``: of all words."""


class Alike:
    """Which tokens are the same to a listener: "▁Eat", "▁eat" and "▁EAT" are.

    ``groups`` ``[vocabulary]`` gives tokens that are alike one number, from 1; ``starts``
    marks those that begin a word (and the end), ``silent`` those without a letter or digit.
    """

    def __init__(self, texts: Sequence[str | None], end: int) -> None:
        numbers: dict[str, int] = {}
        heard = [_heard(text) if text is not None else f"<{i}>" for i, text in enumerate(texts)]
        self.groups = np.array([numbers.setdefault(text, len(numbers) + 1) for text in heard])
        self.starts = np.array([text.startswith(WORD_MARK) for text in heard])
        self.silent = np.array([not text.strip(WORD_MARK) for text in heard])
        self.starts[end], self.silent[end] = True, False


def _heard(text: str) -> str:
    """The letters and digits of a token, in small letters, after its word mark."""
    letters = "".join(filter(str.isalnum, text)).lower()
    return text[:1] * text.startswith(WORD_MARK) + DIGITS.get(letters, letters)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the decoder knew when it chose each token of the answer and, last, the end.

    ``firsts`` ``[words]`` are the places of the words' first tokens. The others have shape
    ``[tokens + 1]``. ``chosen``: log-probability of what was heard, however it is written,
    among what could have been heard there; ``rival``: that of the best other; ``closed``:
    log-probability that the word before is over. Tokens without a letter are ``silent``:
    punctuation is not heard.
    """

    firsts: tuple[int, ...]
    tokens: Ids
    chosen: Floats
    rival: Floats
    closed: Floats
    silent: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: Rows, tokens: Sequence[int], firsts: Sequence[int], alike: Alike) -> Evidence:
        """``rows`` ``[tokens + 1, vocabulary]``: log-probabilities before each of ``tokens``."""
        ids = np.array(tokens, np.intp)
        found = _Possible.of(rows)
        own = np.exp([float(row[token]) for row, token in zip(rows, tokens, strict=True)])
        chosen, rival = found.against(ids, own, alike)
        return cls(tuple(firsts), ids, chosen, rival, found.closed(alike), alike.silent[ids])


@dataclass(frozen=True, slots=True)
class _Possible:
    """The tokens that were not unlikely, over all places: ``at``, ``token``, ``mass`` ``[n]``."""

    places: int
    at: Ids
    token: Ids
    mass: Floats

    @classmethod
    def of(cls, rows: Rows) -> _Possible:
        likely = [np.flatnonzero(row > UNLIKELY) for row in rows]
        at = np.repeat(np.arange(len(rows)), [len(part) for part in likely])
        scores = np.concatenate([row[part] for row, part in zip(rows, likely, strict=True)])
        return cls(len(rows), at, np.concatenate(likely), np.exp(scores.astype(np.float64)))

    def closed(self, alike: Alike) -> Floats:
        """By place, the log-probability that no word goes on."""
        over = alike.starts[self.token] | alike.silent[self.token]
        sums = np.bincount(self.at[over], self.mass[over], self.places)
        return np.asarray(np.log(np.clip(sums, exp(UNLIKELY), 1.0)))

    def against(self, tokens: Ids, own: Floats, alike: Alike) -> tuple[Floats, Floats]:
        """By place: log-probability of the chosen token's group, and of the best other.

        A word that begins competes with other beginnings and with the end; a word that goes
        on competes with its end, whatever comes after, and with going on otherwise.
        """
        starts, silent = alike.starts[self.token], alike.silent[self.token]
        begins = alike.starts[tokens][self.at]
        counts = ~begins | (starts & ~silent)
        groups = np.where(~begins & (starts | silent), ENDS, alike.groups[self.token])
        mine = groups == alike.groups[tokens][self.at]
        same = np.bincount(self.at[mine], self.mass[mine], self.places)
        own = np.maximum(same, own)
        others, best = self._others(groups, counts & ~mine)
        total = own + others
        return np.log(own / total), np.log(np.maximum(best / total, exp(UNLIKELY)))

    def _others(self, groups: Ids, kept: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """By place, the mass of all kept groups, and of the greatest."""
        count = int(groups.max(initial=0)) + 1
        keys, group = np.unique(self.at[kept] * count + groups[kept], return_inverse=True)
        masses: Floats = np.bincount(group, self.mass[kept], len(keys)).astype(np.float64)
        total, best = np.zeros((2, self.places))
        np.add.at(total, keys // count, masses)
        np.maximum.at(best, keys // count, masses)
        return total, best


def word_features(transcript: Transcript, evidence: Evidence, competition: Competition) -> Floats:
    """``[words, WORD]`` for the words of the answer; at least one word."""
    columns = _scores(transcript.best, evidence)
    columns |= {
        "support": np.array(competition.support),
        "lead": np.array(competition.lead),
        "rivals": np.array(competition.rivals, np.float64),
        "letters": np.array([len(bare(word.text)) for word in transcript.best.words], np.float64),
    }
    columns |= _terms(transcript)
    columns |= _neighbours(columns, evidence)
    return np.column_stack([columns[name] for name in WORD])


def _scores(best: Hypothesis, evidence: Evidence) -> dict[str, Floats]:
    """What the recogniser gave to each word's own tokens."""
    gaps = evidence.chosen - evidence.rival
    spoken = [_spoken(word_tokens, evidence) for word_tokens in _tokens_of(best, evidence)]
    closed = evidence.closed[[places[-1] + 1 for places in spoken]]
    chosen = [evidence.chosen[places] for places in spoken]
    return {
        "mean": np.array([part.mean() for part in chosen]),
        "least": np.minimum([part.min() for part in chosen], closed),
        "first": np.array([part[0] for part in chosen]),
        "gap": np.array([gaps[places].min() for places in spoken]),
        "first_gap": np.array([gaps[places[0]] for places in spoken]),
        "rank": np.log([evidence.tokens[places].max() + 1.0 for places in spoken]),
    }


def _tokens_of(best: Hypothesis, evidence: Evidence) -> list[range]:
    """The places of each word's tokens."""
    pairs = zip(evidence.firsts, best.words, strict=True)
    return [range(first, first + len(word.logprobs)) for first, word in pairs]


def _spoken(places: range, evidence: Evidence) -> list[int]:
    """Those of the tokens with a letter, or all where none has one."""
    return [place for place in places if not evidence.silent[place]] or list(places)


def _neighbours(own: dict[str, Floats], evidence: Evidence) -> dict[str, Floats]:
    """Those of the words before and after; the start is sure, the end is a word of its own.

    A taught word counts as sure there: it was believed although it scores low, and that
    says nothing about the words beside it.
    """
    taught = own["is_term"] > 0
    mean, least = np.where(taught, 0.0, own["mean"]), np.where(taught, 0.0, own["least"])
    return {
        "before": np.array([0.0, *mean[:-1]]),
        "after": np.array([*mean[1:], evidence.chosen[-1]]),
        "before_support": np.array([1.0, *own["support"][:-1]]),
        "after_support": np.array([*own["support"][1:], 1.0]),
        "all_least": np.full(len(mean), min(least.min(), evidence.chosen[-1])),
    }


def _terms(transcript: Transcript) -> dict[str, Floats]:
    """Which words are taught ones, and the likelihood ratio of their reading."""
    words = transcript.best.words
    leads = [_term_lead(transcript, word.term) if word.term else 0.0 for word in words]
    return {
        "is_term": np.array([word.term is not None for word in words], np.float64),
        "term_lead": np.array(leads),
    }


def _term_lead(transcript: Transcript, term: str) -> float:
    """Nats above the best reading without the term (``speech.gate``), within limits."""
    others = [reading.logprob for reading in transcript.nbest if term not in reading.terms]
    lead = transcript.best.logprob - max(others, default=-np.inf)
    return float(np.clip(lead, -2 * FAR, FAR))
