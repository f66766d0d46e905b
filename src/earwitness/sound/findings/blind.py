"""A blind test: is a treated recording understood better than the original?

Every listener hears every pair twice, in two rounds: first one version of each, then the
other. Which version comes first is drawn for the first listener and alternates from there, so
that with an even number of listeners what was learnt by hearing twice helps both alike. Labels
say nothing of what is behind them, and no two listeners share one.

The unit of the statistics is the pair, for listeners to the same recording are not independent:
the difference of a pair is the mean over the listeners. The p-value is that of the two-sided
sign-flip permutation test (Fisher 1935), the interval comes from the means of all subsets
(Hartigan 1969, "Using subsample values as typical values"); both are exact for differences
that are as likely to be above as below their centre, up to ``EXACT`` pairs, and sampled with
the seed of the test beyond.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from earwitness.errors import InputError

LEAST_LISTENERS = 2
LEAST_SEED = 16
"""Bytes: with fewer the order could be guessed."""
LEAST_PAIRS = 6
"""With five the smallest two-sided p-value there is, 2 / 2^5, is over 0.05."""
EXACT = 12
SAMPLED = 1 << EXACT
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Hearing:
    """One recording for one listener, who sees its ``label`` alone."""

    label: str
    pair: str
    treated: bool


@dataclass(frozen=True, slots=True)
class BlindTest:
    """``orders`` are by listener, in the order of hearing. The seed is secret until the end."""

    seed: bytes
    pairs: tuple[str, ...]
    orders: Mapping[str, tuple[Hearing, ...]]


@dataclass(frozen=True, slots=True)
class Answer:
    """``words`` as the listener wrote them; empty where nothing was understood."""

    listener: str
    label: str
    words: str


@dataclass(frozen=True, slots=True)
class Result:
    """``against`` says what the words were compared with.

    ``original`` and ``treated`` are mean scores from 0 to 1, ``difference`` is treated less
    original, ``low`` and ``high`` its 95 % interval, None with fewer than ``LEAST_PAIRS``.
    ``tests`` is how many were begun with the same chain, this one among them.
    """

    against: str
    pairs: int
    listeners: int
    original: float
    treated: float
    difference: float
    low: float | None
    high: float | None
    p_value: float
    conclusion: str
    tests: int = 1


# --- the order --------------------------------------------------------------


def plan(seed: bytes, pairs: Sequence[str], listeners: Sequence[str]) -> BlindTest:
    """Who hears what in which order: the same for the same seed, unknowable without it.

    Raises InputError for fewer than two listeners, no pairs, names twice or a short seed.
    """
    if len(listeners) < LEAST_LISTENERS:
        raise InputError("A blind test needs two listeners at least; invite another one.")
    if not pairs:
        raise InputError("A blind test needs a pair of recordings at least.")
    if len(set(pairs)) < len(pairs) or len(set(listeners)) < len(listeners):
        raise InputError("Each pair and each listener is named once; leave out the second.")
    if len(seed) < LEAST_SEED:
        raise InputError(f"The seed of a blind test has {LEAST_SEED} random bytes at least.")
    orders = {who: _order(seed, pairs, who, turn) for turn, who in enumerate(listeners)}
    return BlindTest(seed, tuple(pairs), orders)


def _order(seed: bytes, pairs: Sequence[str], who: str, turn: int) -> tuple[Hearing, ...]:
    first = {pair: bool((_drawn(seed, "first", pair)[0] + turn) % 2) for pair in pairs}
    heard = [
        Hearing(_label(seed, who, pair, treated), pair, treated)
        for pair in pairs
        for treated in (False, True)
    ]

    def place(each: Hearing) -> tuple[bool, bytes]:
        return each.treated != first[each.pair], _drawn(seed, "order", who, each.label)

    return tuple(sorted(heard, key=place))


def _label(seed: bytes, who: str, pair: str, treated: bool) -> str:
    return _drawn(seed, "label", who, pair, str(treated)).hex()[:16]


def _drawn(seed: bytes, *what: str) -> bytes:
    """A draw that depends on the seed and on what it is for: HMAC with SHA-256."""
    named = b"".join(len(each.encode()).to_bytes(4, "big") + each.encode() for each in what)
    return hmac.digest(seed, named, "sha256")


# --- answers ----------------------------------------------------------------


def answered(test: BlindTest, answers: Sequence[Answer], new: Answer) -> tuple[Answer, ...]:
    """The answers and a new one. Raises InputError for a stranger, another's label, a second."""
    if new.label not in {each.label for each in test.orders.get(new.listener, ())}:
        raise InputError("This recording is not one that this listener was given.")
    if any((each.listener, each.label) == (new.listener, new.label) for each in answers):
        raise InputError("This recording is answered; what was written first counts.")
    return (*answers, new)


def next_label(test: BlindTest, answers: Sequence[Answer], listener: str) -> str | None:
    """What this listener hears next; None when all is heard, or for a stranger."""
    done = {each.label for each in answers if each.listener == listener}
    order = test.orders.get(listener, ())
    return next((each.label for each in order if each.label not in done), None)


def may_reveal(test: BlindTest, answers: Sequence[Answer]) -> bool:
    """Whether every listener has written to everything: nothing is shown to anybody before."""
    return all(next_label(test, answers, who) is None for who in test.orders)


# --- the result -------------------------------------------------------------


def scored(
    test: BlindTest, answers: Sequence[Answer], agreed: Mapping[str, str] | None = None
) -> Result:
    """What came out, for the agreed words of each pair, or else for how far listeners agree.

    Listeners can agree on what was never said: without agreed words the result is about
    agreement. Raises InputError before everybody has written, or where agreed words miss.
    """
    if not may_reveal(test, answers):
        raise InputError("Not everybody has written yet; there is no result before.")
    if agreed is not None and not all(words(agreed.get(pair, "")) for pair in test.pairs):
        raise InputError("Each pair needs its agreed words; write them, or leave all out.")
    written = {(each.listener, each.label): words(each.words) for each in answers}
    scores = np.array(
        [
            [_pair_score(test, written, pair, treated, agreed) for treated in (False, True)]
            for pair in test.pairs
        ]
    )
    differences = scores[:, 1] - scores[:, 0]
    signs, subsets = _draws(len(differences), test.seed)
    low, high = _interval(differences, subsets)
    p_value = _p_value(differences, signs)
    original, treated = scores.mean(axis=0)
    return Result(
        against="agreed words" if agreed is not None else "one another",
        pairs=len(test.pairs),
        listeners=len(test.orders),
        original=float(original),
        treated=float(treated),
        difference=float(differences.mean()),
        low=low,
        high=high,
        p_value=p_value,
        conclusion=_conclusion(differences, p_value, agreed is not None),
    )


def _pair_score(
    test: BlindTest,
    written: Mapping[tuple[str, str], Sequence[str]],
    pair: str,
    treated: bool,
    agreed: Mapping[str, str] | None,
) -> float:
    heard = [written[who, _label(test.seed, who, pair, treated)] for who in test.orders]
    if agreed is not None:
        return fmean(word_accuracy(words(agreed[pair]), each) for each in heard)
    return fmean(agreement(one, other) for one, other in combinations(heard, 2))


def word_accuracy(reference: Sequence[str], heard: Sequence[str]) -> float:
    """1 less the word error rate, and not under 0. ``reference`` has a word at least."""
    return max(0.0, 1 - edits(reference, heard) / len(reference))


def agreement(one: Sequence[str], other: Sequence[str]) -> float:
    """1 less the edits over the longer one's words. Two who understood nothing agree on 0."""
    longer = max(len(one), len(other))
    return 1 - edits(one, other) / longer if longer else 0.0


def edits(reference: Sequence[str], heard: Sequence[str]) -> int:
    """Insertions, deletions and substitutions (Levenshtein 1966)."""
    row = list(range(len(heard) + 1))
    for deleted, word in enumerate(reference, 1):
        diagonal, row[0] = row[0], deleted
        for place, other in enumerate(heard, 1):
            best = min(row[place] + 1, row[place - 1] + 1, diagonal + (word != other))
            diagonal, row[place] = row[place], best
    return row[-1]


def words(text: str) -> tuple[str, ...]:
    """The words as they are compared: without case or punctuation.

    >>> words("Fire! He said: Fire.")
    ('fire', 'he', 'said', 'fire')
    """
    kept = (
        c if c.isalnum() or c == "'" else " "
        for c in text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    )
    return tuple("".join(kept).split())


# --- statistics -------------------------------------------------------------


def _draws(count: int, seed: bytes) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which differences are flipped, and which are in a subset: ``[draws, count]`` each."""
    if count <= EXACT:
        every = (np.arange(1 << count)[:, None] >> np.arange(count)) & 1 == 1
        return every, every[1:]
    random = np.random.Generator(np.random.PCG64(int.from_bytes(seed, "big")))
    signs, subsets = (random.random((SAMPLED, count)) < 0.5 for _ in range(2))
    signs[0] = False  # what was observed is one of the possible flips
    return signs, subsets[subsets.any(axis=1)]


def _p_value(differences: NDArray[np.float64], flipped: NDArray[np.bool_]) -> float:
    sums = np.where(flipped, -1.0, 1.0) @ differences
    return float(np.mean(np.abs(sums) >= abs(differences.sum()) - 1e-9))


def _interval(
    differences: NDArray[np.float64], subsets: NDArray[np.bool_]
) -> tuple[float | None, float | None]:
    """The ordered means of subsets between which 95 % of the chance lies."""
    if len(differences) < LEAST_PAIRS:
        return None, None
    means = np.sort(subsets @ differences / subsets.sum(axis=1))
    outside = int(ALPHA / 2 * (len(means) + 1))
    return float(means[outside - 1]), float(means[-outside])


def _conclusion(differences: NDArray[np.float64], p_value: float, known: bool) -> str:
    if len(differences) < LEAST_PAIRS:
        return (
            f"Does not allow a conclusion: of {len(differences)} pairs no result could be "
            f"told from chance; {LEAST_PAIRS} pairs are needed at least."
        )
    if p_value > ALPHA:
        return "Does not allow a conclusion: such a difference is within what chance makes."
    better = "better" if differences.mean() > 0 else "worse"
    if known:
        return f"The treated recordings were understood {better} than the originals."
    than = "more" if better == "better" else "less"
    return f"Listeners agreed {than} on the treated recordings; that does not say who is right."
