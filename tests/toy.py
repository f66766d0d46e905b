"""A recogniser small enough to search exhaustively.

Its log-probabilities are a seeded function of the tokens before. It knows those
only from the cache that it is handed, so that a search which mixes up hypotheses
or cuts a cache in the wrong place gets other scores.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from earwitness.speech.beam import Cache, Floats, Path, log_softmax
from earwitness.speech.biasing import Ending, Graph, Vocabulary

END = 0
START_MARK = -1
TEXTS: tuple[str | None, ...] = (None, "▁a", "▁b", "▁ab", "a", "b", ".")
VOCABULARY = Vocabulary(TEXTS, END)


@lru_cache(maxsize=20_000)
def row(seed: int, sharpness: float, size: int, before: tuple[int, ...]) -> Floats:
    """Log-probabilities ``[size]`` of the token after some others."""
    generator = np.random.default_rng([seed, *before])
    logits = sharpness * generator.standard_normal(size)
    logits[END] += 1
    said: Floats = log_softmax(logits.astype(np.float32)[None])[0]
    said.setflags(write=False)
    return said


@dataclass
class Toy:
    """Implements ``speech.beam.Steps``."""

    seed: int
    sharpness: float = 2.0
    size: int = len(TEXTS)
    end: int = field(default=END, init=False)

    def begin(self) -> tuple[Floats, Cache]:
        mark = np.full((1, 1, 1, 1), START_MARK, np.float32)
        return self.row(())[None], (mark, np.zeros_like(mark))

    def step(self, cache: Cache, tokens: NDArray[np.int64]) -> tuple[Floats, Cache]:
        longer = _longer(cache, tokens)
        count = tokens.shape[1]
        said = [
            [self.row(before[: len(before) - count + 1 + i]) for i in range(count)]
            for before in _tokens(longer)
        ]
        return np.array(said, np.float32), longer

    def row(self, before: Sequence[int]) -> Floats:
        return row(self.seed, self.sharpness, self.size, tuple(before))

    def logprobs(self, tokens: Sequence[int]) -> tuple[float, ...]:
        """Of a whole reading and its end, computed without any cache."""
        whole = [*tokens, END]
        return tuple(float(self.row(whole[:i])[token]) for i, token in enumerate(whole))

    def score(self, tokens: Sequence[int]) -> float:
        return sum(self.logprobs(tokens))

    def path(self, tokens: Sequence[int]) -> Path:
        """A reading as a search would have finished it."""
        first, cache = self.begin()
        rows = [first[0]]
        if tokens:
            out, cache = self.step(cache, np.array([tokens], np.int64))
            rows += list(out[0])
        return Path(tuple(tokens), self.logprobs(tokens), tuple(rows), cache)

    def holds(self, path: Path) -> bool:
        """Whether everything that a path says of itself is true."""
        rows = [self.row(path.tokens[:i]) for i in range(len(path.tokens) + 1)]
        return (
            path.logprobs == self.logprobs(path.tokens)
            and np.array_equal(np.stack(path.rows), np.stack(rows))
            and _tokens(path.cache) == [path.tokens]
        )


def _longer(cache: Cache, tokens: NDArray[np.int64]) -> Cache:
    said, places = cache
    new = tokens.astype(np.float32)[:, None, :, None]
    further = np.arange(places.shape[2], places.shape[2] + new.shape[2], dtype=np.float32)
    more = np.broadcast_to(further[None, None, :, None], new.shape)
    return np.concatenate([said, new], axis=2), np.concatenate([places, more], axis=2)


def _tokens(cache: Cache) -> list[tuple[int, ...]]:
    said, places = cache
    assert said.shape == places.shape == (len(said), 1, said.shape[2], 1)
    assert (said[:, 0, 0, 0] == START_MARK).all(), "a hypothesis lost its start mark"
    assert (places[:, 0, :, 0] == np.arange(said.shape[2])).all(), (
        "a cache was put together wrongly"
    )
    return [tuple(int(token) for token in each[0, 1:, 0]) for each in said]


def readings(longest: int) -> Iterator[tuple[int, ...]]:
    """Every sequence of up to so many tokens, without the end."""
    for length in range(longest + 1):
        yield from product(range(1, len(TEXTS)), repeat=length)


def text(tokens: Sequence[int]) -> str:
    return "".join(TEXTS[token] or "?" for token in tokens)


def ending(written: str, margin: float = 0.0) -> Ending:
    return Ending(written.lower(), written, margin)


def graph(*endings: Ending) -> Graph:
    return Graph.empty(VOCABULARY).changed({each.key: each for each in endings})
