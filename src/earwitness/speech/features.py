"""What is known of a reading, as numbers from which its confidence is reckoned.

One row a word (``WORD``) and one an utterance (``UTTERANCE``). Nothing here knows of any
model but the recogniser's own: its scores, what else it would have written, and the
shape of what it wrote. The order of the names is the order of the columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from earwitness.model import Hypothesis, Transcript
from earwitness.speech.dictionary import is_known
from earwitness.speech.nbest import FAR, compete
from earwitness.speech.text import bare
from earwitness.speech.words import WORD_MARK

Floats = NDArray[np.float64]
Rows = Sequence[NDArray[np.float32]]

DIGITS = {
    "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6",
    "seven": "7", "eight": "8", "nine": "9", "ten": "10",
}  # fmt: skip
ENDS = -1
"""The group of all that may follow a word."""
SHORTEST = 0.1
"""Seconds; so that nothing is divided by none."""
UNLIKELY = -8.0
"""Tokens under this log-probability, 0.0003, are not looked at."""

WORD = (
    "mean", "least", "first", "closed", "gap", "first_gap", "entropy", "most_entropy", "tokens",
    "support", "lead", "rivals", "letters", "rank", "known", "capital", "digits", "place",
    "is_first", "is_last", "before", "after", "before_gap", "after_gap", "before_support",
    "after_support", "all_mean", "all_least", "all_entropy", "end", "words", "seconds", "pace",
    "is_term", "term_lead", "repeated",
)  # fmt: skip
"""Of a word: ``mean``, ``least`` and ``first`` log-probability of its ``tokens``; ``closed``:
that it ends where it does; ``gap``: how far, in nats, its least sure token lies above what
else could have been said; entropy of what could; ``support``, ``lead``, ``rivals``: see
``nbest``; ``rank``: log of its rarest token's id, which is its rank of frequency; ``known``:
in the dictionary; ``before``, ``after``: the neighbours'; ``all_``: of the utterance;
``pace``: words a second; ``term_lead``: how far the reading lies above the best one without
this term."""

UTTERANCE = (
    "all_mean", "all_least", "gap", "second_gap", "all_entropy", "most_entropy", "end", "end_gap",
    "share", "lead", "readings", "missing", "words", "seconds", "pace", "letters_a_second",
    "unknown", "terms", "term_lead", "doubtful", "word_product", "word_least", "word_second",
    "word_mean",
)  # fmt: skip
"""``share``: the answer's share of the probability; ``missing``: that of the readings with a
word more; ``doubtful``: tokens with a gap under 1; ``word_``: of the words' confidences."""


class Alike:
    """Which tokens are the same to a listener: "▁Eat", "▁eat" and "▁EAT" are.

    ``groups`` ``[vocabulary]`` gives tokens that are alike one number; ``starts`` marks those
    that begin a word (and the end), ``silent`` those without a letter or digit.
    """

    def __init__(self, texts: Sequence[str | None], end: int) -> None:
        numbers: dict[str, int] = {}
        folded = [_heard(text) if text is not None else f"<{i}>" for i, text in enumerate(texts)]
        self.groups = np.array([numbers.setdefault(text, len(numbers)) for text in folded])
        self.starts = np.array([text.startswith(WORD_MARK) for text in folded])
        self.silent = np.array([not text.strip(WORD_MARK) for text in folded])
        self.starts[end], self.silent[end] = True, False


def _heard(text: str) -> str:
    """The letters and digits of a token, in small letters, after its word mark."""
    letters = "".join(filter(str.isalnum, text)).lower()
    return text[:1] * text.startswith(WORD_MARK) + DIGITS.get(letters, letters)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the decoder knew when it chose each token of the answer and, last, the end.

    ``firsts`` ``[words]`` are the places of the words' first tokens. The others have shape
    ``[tokens + 1]``. ``chosen``: log-probability of what was heard, however
    it is written, among what could have been heard there; ``rival``: that of the best other;
    ``entropy`` of all, nats; ``closed``: log-probability that the word before is over.
    Tokens without a letter are ``silent``: punctuation is not heard.
    """

    firsts: tuple[int, ...]
    tokens: NDArray[np.intp]
    chosen: Floats
    rival: Floats
    entropy: Floats
    closed: Floats
    silent: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: Rows, tokens: Sequence[int], firsts: Sequence[int], alike: Alike) -> Evidence:
        """``rows`` ``[tokens + 1, vocabulary]``: log-probabilities before each of ``tokens``."""
        pairs = zip(rows, tokens, strict=True)
        chosen, rival, entropy, closed = np.array([_choice(*pair, alike) for pair in pairs]).T
        ids = np.array(tokens, np.intp)
        return cls(tuple(firsts), ids, chosen, rival, entropy, closed, alike.silent[ids])


def _choice(
    row: NDArray[np.float32], token: int, alike: Alike
) -> tuple[float, float, float, float]:
    """(chosen, rival, entropy, closed) where one token was chosen.

    A word that begins competes with other beginnings and with the end; a word that goes on
    competes with its end, whatever comes after, and with going on otherwise.
    """
    likely = np.flatnonzero(row > UNLIKELY)
    mass = np.exp(row[likely].astype(np.float64))
    groups, starts, silent = alike.groups[likely], alike.starts[likely], alike.silent[likely]
    over = starts | silent
    closed = float(mass[over].sum())
    if alike.starts[token]:
        heard = starts & ~silent
        groups, mass = groups[heard], mass[heard]
    else:
        groups = np.where(over, ENDS, groups)
    own = max(float(mass[groups == alike.groups[token]].sum()), exp(float(row[token])))
    others = _by_group(groups, mass, alike.groups[token])
    total = own + float(others.sum())
    shares = np.array([own, *others]) / total
    best = float(others.max(initial=exp(UNLIKELY))) / total
    entropy = -float((shares * np.log(shares)).sum())
    return log(own / total), log(best), entropy, log(min(max(closed, exp(UNLIKELY)), 1.0))


def _by_group(groups: NDArray[np.intp], mass: Floats, but: int) -> Floats:
    """The mass of each group except one."""
    other = groups != but
    _, place = np.unique(groups[other], return_inverse=True)
    return np.bincount(place, mass[other]).astype(np.float64)


def word_features(transcript: Transcript, evidence: Evidence) -> Floats:
    """``[words, WORD]`` for the words of the answer; at least one word."""
    competition = compete(transcript.nbest)
    count = len(transcript.best.words)
    columns = _scores(transcript.best, evidence)
    columns |= {
        "support": np.array(competition.support),
        "lead": np.array(competition.lead),
        "rivals": np.array(competition.rivals, np.float64),
    }
    columns |= _neighbours(columns, evidence) | _writing(transcript.best) | _terms(transcript)
    columns |= {name: np.full(count, value) for name, value in _whole(transcript, evidence).items()}
    return np.column_stack([columns[name] for name in WORD])


def utterance_features(transcript: Transcript, evidence: Evidence, words: Floats) -> Floats:
    """``[1, UTTERANCE]``; ``words`` are the confidences of the answer's words, one at least."""
    competition, whole = compete(transcript.nbest), _whole(transcript, evidence)
    gaps = np.sort((evidence.chosen - evidence.rival)[~evidence.silent])
    best = transcript.best
    values = {
        "gap": float(gaps[0]),
        "second_gap": float(gaps[1]),
        "most_entropy": float(evidence.entropy.max()),
        "end_gap": float(evidence.chosen[-1] - evidence.rival[-1]),
        "share": competition.shares[0],
        "lead": competition.lead_of_all,
        "readings": len(competition.shares),
        "missing": competition.missing,
        "letters_a_second": len(best.text) / max(transcript.seconds, SHORTEST),
        "unknown": sum(not is_known(word.text) for word in best.words),
        "terms": len(best.terms),
        "term_lead": float(_terms(transcript)["term_lead"].min()),
        "doubtful": int((gaps < 1.0).sum()),
        "word_product": float(np.prod(words)),
        "word_least": float(words.min()),
        "word_second": float(np.sort(words)[:2][-1]),
        "word_mean": float(words.mean()),
    }
    return np.array([[(whole | values)[name] for name in UTTERANCE]])


def _scores(best: Hypothesis, evidence: Evidence) -> dict[str, Floats]:
    """What the recogniser gave to each word's own tokens."""
    gaps = evidence.chosen - evidence.rival
    spoken = [_spoken(span, evidence) for span in _spans(best, evidence)]
    closed = np.array([evidence.closed[places[-1] + 1] for places in spoken])
    chosen = [evidence.chosen[places] for places in spoken]
    entropies = [evidence.entropy[places] for places in spoken]
    return {
        "mean": np.array([part.mean() for part in chosen]),
        "least": np.minimum([part.min() for part in chosen], closed),
        "first": np.array([part[0] for part in chosen]),
        "closed": closed,
        "gap": np.array([gaps[places].min() for places in spoken]),
        "first_gap": np.array([gaps[places[0]] for places in spoken]),
        "entropy": np.array([part.mean() for part in entropies]),
        "most_entropy": np.array([part.max() for part in entropies]),
        "tokens": np.array([len(places) for places in spoken], np.float64),
        "rank": np.log([evidence.tokens[places].max() + 1.0 for places in spoken]),
    }


def _spans(best: Hypothesis, evidence: Evidence) -> list[range]:
    """The places of each word's tokens."""
    return [
        range(first, first + len(word.logprobs))
        for first, word in zip(evidence.firsts, best.words, strict=True)
    ]


def _spoken(span: range, evidence: Evidence) -> list[int]:
    """The places of the tokens with a letter, or all where none has one."""
    return [place for place in span if not evidence.silent[place]] or list(span)


def _neighbours(own: dict[str, Floats], evidence: Evidence) -> dict[str, Floats]:
    """Those of the words before and after; the start is sure, the end is a word of its own."""
    end = float(evidence.chosen[-1])
    end_gap = float(evidence.chosen[-1] - evidence.rival[-1])
    return {
        "before": np.array([0.0, *own["mean"][:-1]]),
        "after": np.array([*own["mean"][1:], end]),
        "before_gap": np.array([FAR, *own["gap"][:-1]]),
        "after_gap": np.array([*own["gap"][1:], end_gap]),
        "before_support": np.array([1.0, *own["support"][:-1]]),
        "after_support": np.array([*own["support"][1:], 1.0]),
    }


def _writing(best: Hypothesis) -> dict[str, Floats]:
    """How the words look."""
    texts = [word.text for word in best.words]
    bares = [bare(text) for text in texts]
    places = np.arange(len(texts), dtype=np.float64)
    repeated = [later == earlier for earlier, later in pairwise(bares)]
    return {
        "letters": np.array([len(text) for text in bares], np.float64),
        "known": np.array([is_known(text) for text in texts], np.float64),
        "capital": np.array([_is_name(text, i) for i, text in enumerate(texts)], np.float64),
        "digits": np.array([any(map(str.isdigit, text)) for text in texts], np.float64),
        "place": places / max(len(texts) - 1, 1),
        "is_first": (places == 0).astype(np.float64),
        "is_last": (places == len(texts) - 1).astype(np.float64),
        "repeated": np.array([False, *repeated], np.float64),
    }


def _is_name(text: str, place: int) -> bool:
    """Whether a word within the text is written as a name is; "I" is not one."""
    return (
        place > 0
        and text[:1].isupper()
        and not bare(text).startswith(("i'", "i\u2019"))
        and bare(text) != "i"
    )


def _terms(transcript: Transcript) -> dict[str, Floats]:
    """Which words are taught ones, and the likelihood ratio of their reading."""
    words = transcript.best.words
    leads = [_term_lead(transcript, word.term) if word.term else 0.0 for word in words]
    return {
        "is_term": np.array([word.term is not None for word in words], np.float64),
        "term_lead": np.array(leads),
    }


def _term_lead(transcript: Transcript, term: str) -> float:
    """s of ``speech.gate``: nats above the best reading without the term, within ``FAR``."""
    others = [reading.logprob for reading in transcript.nbest if term not in reading.terms]
    lead = transcript.best.logprob - max(others, default=-np.inf)
    return float(np.clip(lead, -2 * FAR, FAR))


def _whole(transcript: Transcript, evidence: Evidence) -> dict[str, float]:
    """What all words of the utterance share, by the names of both tables."""
    count, seconds = len(transcript.best.words), transcript.seconds
    spoken = ~evidence.silent
    return {
        "all_mean": float(evidence.chosen[spoken].mean()),
        "all_least": float(evidence.chosen[spoken].min()),
        "all_entropy": float(evidence.entropy[spoken].mean()),
        "end": float(evidence.chosen[-1]),
        "words": float(count),
        "seconds": seconds,
        "pace": count / max(seconds, SHORTEST),
    }
