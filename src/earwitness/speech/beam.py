"""Beam search over a model that gives one token's log-probabilities at a time.

Plain search, without terms: what it finds is what the recogniser hears by itself.
Scores are sums of natural log-probabilities, the end token included. ``forced``
goes along one reading and keeps its rows and its cache, so that ``speech.spotting``
can leave it at any word without running the model again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Cache = tuple[Floats, ...]
"""The model's memory: arrays ``[hypotheses, heads, tokens, width]``, first token the start mark."""


class Steps(Protocol):
    """One clip, ready to be decoded."""

    end: int

    def begin(self) -> tuple[Floats, Cache]:
        """Log-probabilities ``[1, vocabulary]`` of the first token, and the cache."""

    def step(self, cache: Cache, tokens: NDArray[np.int64]) -> tuple[Floats, Cache]:
        """Tokens ``[hypotheses, n]`` -> log-probabilities ``[hypotheses, n, vocabulary]``."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A reading, finished or not: its tokens' log-probabilities and, once finished, the end's."""

    tokens: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()

    @property
    def score(self) -> float:
        return float(sum(self.logprobs))


@dataclass(frozen=True, slots=True)
class Path(Scored):
    """A finished reading that can be left at any of its tokens.

    ``rows`` ``[tokens + 1, vocabulary]`` are what the model said before each of them.
    """

    rows: Sequence[Floats] = ()
    cache: Cache = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    score: float
    row: int
    token: int


def take(cache: Cache, rows: Sequence[int]) -> Cache:
    """Some hypotheses of a cache, copied."""
    return tuple(part[list(rows)] for part in cache)


def upto(cache: Cache, tokens: int) -> Cache:
    """The cache as it was after ``tokens`` tokens (and the start mark)."""
    return tuple(part[:, :, : tokens + 1] for part in cache)


def stack(caches: Iterable[Cache]) -> Cache:
    """Hypotheses of several caches of one length in one."""
    return tuple(np.concatenate(parts) for parts in zip(*caches, strict=True))


def log_softmax(logits: Floats) -> Floats:
    """Over the last axis."""
    shifted: Floats = logits - logits.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def forced(model: Steps, tokens: Sequence[int]) -> Path:
    """A given reading, scored in one call: a tenth of the cost of finding it."""
    first, cache = model.begin()
    rows = [first[0]]
    if tokens:
        out, cache = model.step(cache, np.array([tokens], np.int64))
        rows += list(out[0])
    spelled = zip(rows, (*tokens, model.end), strict=True)
    return Path(tuple(tokens), tuple(float(row[token]) for row, token in spelled), rows, cache)


def search(model: Steps, *, width: int, spread: float, limit: int) -> list[Scored]:
    """The readings within ``spread`` nats of the best, best first; at most ``width``.

    ``limit`` bounds the tokens of a reading. Never empty.
    """
    logprobs, cache = model.begin()
    live = [Scored()]
    finished: list[Scored] = []
    for length in range(limit + 1):
        chosen = _best(live, logprobs, finished, width, spread)
        if length == limit:
            ended = [c for c in chosen if c.token == model.end]
            chosen = ended if ended or finished else [_Candidate(0.0, 0, model.end)]
        grown = [(c, _extend(live[c.row], logprobs[c.row], c.token)) for c in chosen]
        finished += [replace(s, tokens=s.tokens[:-1]) for c, s in grown if c.token == model.end]
        going = [(c, scored) for c, scored in grown if c.token != model.end]
        if not going:
            break
        live = [scored for _, scored in going]
        cache = take(cache, [c.row for c, _ in going])
        out, cache = model.step(cache, np.array([[c.token] for c, _ in going], np.int64))
        logprobs = out[:, 0]
    finished.sort(key=lambda scored: -scored.score)
    return [scored for scored in finished if scored.score >= finished[0].score - spread][:width]


def _best(
    live: list[Scored], logprobs: Floats, finished: list[Scored], width: int, spread: float
) -> list[_Candidate]:
    scores = [scored.score for scored in live]
    ahead = [score + float(top) for score, top in zip(scores, logprobs.max(axis=1), strict=True)]
    best = max([*ahead, *(scored.score for scored in finished)])
    found = [
        _Candidate(score + float(row[token]), i, int(token))
        for i, (score, row) in enumerate(zip(scores, logprobs, strict=True))
        for token in np.flatnonzero(row >= best - spread - score)
    ]
    found.sort(key=lambda c: (-c.score, c.row, c.token))
    return found[:width]


def _extend(scored: Scored, row: Floats, token: int) -> Scored:
    return Scored((*scored.tokens, token), (*scored.logprobs, float(row[token])))
