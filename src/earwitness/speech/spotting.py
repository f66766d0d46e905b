"""Live biasing inside the beam: where could a term have been said?

Starts from a reading that the plain search found. At each of its positions the
graph of terms may be entered; entered hypotheses are ranked with a bonus for the
characters that they have spelled, so that a word which the model finds unlikely
at its first token survives until its last. After the term the hypothesis goes on
freely until it falls in with the reading that it left, whose rest is then scored
in one call.

The bonus only ranks. Whether a term is believed is decided by the model's own
score of the whole reading (see ``speech.gate``), so that a term which nobody said
changes nothing: without an accepted term the plain reading stands, bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from earwitness.speech.beam import Cache, Floats, Path, Steps, stack, take, upto
from earwitness.speech.biasing import Ending, Graph, Node


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the search goes. Nats, except counts.

    ``slack``: how far below its term's margin a hypothesis may lie on the way.
    ``deepest``: the largest margin that is searched for.
    ``lookahead``: tokens of the plain reading that a term may stand for.
    ``free``: tokens after the term until the hypothesis must fall in again.
    """

    slack: float = 1.5
    deepest: float = 9.0
    per_character: float = 1.0
    cap: float = 8.0
    width: int = 6
    per_position: int = 6
    branch: float = 2.0
    free: int = 12
    lookahead: int = 4


@dataclass(frozen=True, slots=True)
class Spotted:
    """A reading and the term that it was looked for."""

    path: Path
    ending: Ending


@dataclass(frozen=True, slots=True)
class _Row:
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    rows: tuple[Floats, ...]
    score: float
    first: int
    node: Node | None
    ending: Ending | None = None
    last: int = -1

    @property
    def margin(self) -> float:
        """Of the complete term."""
        return self.ending.margin if self.ending else 0.0

    def rank(self, reach: Reach) -> float:
        depth = self.node.depth if self.node else self.first
        return self.score + (
            min(reach.per_character * depth, reach.cap) if self.node else reach.cap
        )


def spot(model: Steps, graph: Graph, path: Path, reach: Reach) -> list[Spotted]:
    """Readings that differ from ``path`` by one live term, best first."""
    return _Search(model, graph, path, reach).run()


def openness(path: Path, reach: Reach) -> Floats:
    """``[vocabulary]``: how far above the floor each token comes as a term's first.

    A term that begins with token v is followed from some position of ``path`` if,
    and only if, ``openness[v] + margin >= 0``.
    """
    spent = np.concatenate([[0.0], np.cumsum(path.logprobs)])
    best: Floats = np.full(len(path.rows[0]), -np.inf, np.float32)
    for i, row in enumerate(path.rows):
        np.maximum(best, row + np.float32(spent[i] - _ahead(spent, i + 1, reach)), out=best)
    return best + np.float32(reach.slack)


def _ahead(spent: NDArray[np.float64], tokens: int, reach: Reach) -> float:
    """What the plain reading will have spent once a term of this beginning is over."""
    return float(spent[min(tokens + reach.lookahead, len(spent) - 1)])


@dataclass
class _Search:
    model: Steps
    graph: Graph
    path: Path
    reach: Reach
    found: list[Spotted] = field(default_factory=list)
    steps: int = 0

    def run(self) -> list[Spotted]:
        entries = self._entries()
        if not entries:
            return []
        rows: list[_Row] = []
        cache: Cache | None = None
        at = min(entries)
        last = max(entries)
        while rows or at <= last:
            fresh = entries.get(at, [])
            rows, cache = self._merge(rows, cache, fresh, at)
            at += 1
            if not rows:
                cache = None
                if at > last:
                    break
                continue
            assert cache is not None
            out, cache = self.model.step(
                cache, np.array([[row.tokens[-1]] for row in rows], np.int64)
            )
            self.steps += 1
            rows, cache = self._advance(rows, out[:, 0], cache)
        self.found.sort(key=lambda spotted: -spotted.path.score)
        return self.found

    def __post_init__(self) -> None:
        self._spent = np.concatenate([[0.0], np.cumsum(self.path.logprobs)])

    def _floor(self, tokens: int, margin: float) -> float:
        """The least score worth following for a hypothesis of so many tokens.

        The margin is bounded: what scores worse is for misheard forms to find.
        """
        allowed = min(margin, self.reach.deepest) + self.reach.slack
        return _ahead(self._spent, tokens, self.reach) - allowed

    def _entries(self) -> dict[int, list[_Row]]:
        moves = self.graph.root.moves(self.graph.vocabulary)
        entries: dict[int, list[_Row]] = {}
        if not len(moves.ids):
            return entries
        bonus = np.minimum(self.reach.per_character * moves.depths, self.reach.cap)
        margins = np.minimum(moves.margins, self.reach.deepest)
        before = 0.0
        for i, row in enumerate(self.path.rows):
            here = row[moves.ids]
            good = np.flatnonzero(here >= self._floor(i + 1, 0.0) - before - margins)
            if len(good):
                order = good[np.argsort(-(here + bonus)[good], kind="stable")]
                entries[i] = [
                    self._enter(i, before, int(moves.ids[k]), moves.nodes[k])
                    for k in order[: self.reach.per_position]
                ]
            before += self.path.logprobs[i]
        return entries

    def _enter(self, i: int, before: float, token: int, node: Node) -> _Row:
        row = self.path.rows[i]
        logprob = float(row[token])
        return _Row(
            (*self.path.tokens[:i], token),
            (*self.path.logprobs[:i], logprob),
            (*self.path.rows[: i + 1],),
            before + logprob,
            i,
            node,
        )

    def _merge(
        self, rows: list[_Row], cache: Cache | None, fresh: Sequence[_Row], at: int
    ) -> tuple[list[_Row], Cache | None]:
        both = [*rows, *fresh]
        if not both:
            return [], None
        order = sorted(range(len(both)), key=lambda i: -both[i].rank(self.reach))
        kept = order[: self.reach.width]
        old = [i for i in kept if i < len(rows)]
        new = [i for i in kept if i >= len(rows)]
        caches = []
        if old:
            assert cache is not None
            caches.append(take(cache, old))
        if new:
            mine = upto(self.path.cache, at)
            caches.append(take(mine, [0] * len(new)))
        return [both[i] for i in [*old, *new]], stack(caches)

    def _advance(self, rows: list[_Row], out: Floats, cache: Cache) -> tuple[list[_Row], Cache]:
        grown: list[tuple[_Row, int]] = []
        for i, row in enumerate(rows):
            for nxt in self._next(row, out[i], cache, i):
                grown.append((nxt, i))
        grown.sort(key=lambda pair: -pair[0].rank(self.reach))
        grown = grown[: self.reach.width]
        return [row for row, _ in grown], take(cache, [i for _, i in grown])

    def _next(self, row: _Row, out: Floats, cache: Cache, i: int) -> list[_Row]:
        result: list[_Row] = []
        if row.node is not None:
            moves = row.node.moves(self.graph.vocabulary)
            for token, node in zip(moves.ids, moves.nodes, strict=True):
                if row.score + out[token] >= self._floor(len(row.tokens) + 1, node.margin):
                    result.append(self._grow(row, int(token), out, node))
            if row.node.ending is not None:
                done = replace(row, node=None, ending=row.node.ending, last=len(row.tokens))
                result += self._free(done, out, cache, i, closing=True)
            return result
        return self._free(row, out, cache, i, closing=False)

    def _free(self, row: _Row, out: Floats, cache: Cache, i: int, *, closing: bool) -> list[_Row]:
        scores = np.where(self.graph.vocabulary.closes, out, -np.inf) if closing else out
        top = float(scores.max())
        floor = max(
            top - self.reach.branch, self._floor(len(row.tokens) + 1, row.margin) - row.score
        )
        result: list[_Row] = []
        for token in np.flatnonzero(scores >= floor):
            grown = self._grow(row, int(token), out, None)
            if token == self.model.end:
                self._finish(grown, take(cache, [i]))
            elif (j := self._rejoins(grown)) >= 0:
                self._complete(grown, j, take(cache, [i]))
            elif len(grown.tokens) - grown.last <= self.reach.free:
                result.append(grown)
        return result

    def _grow(self, row: _Row, token: int, out: Floats, node: Node | None) -> _Row:
        logprob = float(out[token])
        return replace(
            row,
            tokens=(*row.tokens, token),
            logprobs=(*row.logprobs, logprob),
            rows=(*row.rows, out),
            score=row.score + logprob,
            node=node,
        )

    def _rejoins(self, row: _Row) -> int:
        """The position in the path that the row's last token falls in with, or -1."""
        since = len(row.tokens) - row.last
        tail = row.tokens[-2:] if since >= 2 else ()
        if not tail:
            return -1
        for j in range(row.first + 1, len(self.path.tokens)):
            if self.path.tokens[j - 1 : j + 1] == tail:
                return j
        return -1

    def _complete(self, row: _Row, j: int, cache: Cache) -> None:
        if row.score < self._spent[j + 1] - row.margin - self.reach.slack:
            return
        rest = self.path.tokens[j + 1 :]
        out, cache = self.model.step(cache, np.array([[row.tokens[-1], *rest]], np.int64))
        self.steps += 1
        chosen = [*rest, self.model.end]
        logprobs = [float(out[0, k, token]) for k, token in enumerate(chosen)]
        score = row.score + sum(logprobs)
        if score >= self.path.score - row.margin - self.reach.slack:
            done = replace(
                row,
                tokens=(*row.tokens, *chosen),
                logprobs=(*row.logprobs, *logprobs),
                rows=(*row.rows, *out[0]),
                score=score,
            )
            self._finish(done, cache)

    def _finish(self, row: _Row, cache: Cache) -> None:
        assert row.ending is not None
        path = Path(row.tokens[:-1], row.logprobs, row.rows, cache)
        self.found.append(Spotted(path, row.ending))
