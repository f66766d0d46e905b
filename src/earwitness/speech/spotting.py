"""Live biasing inside the beam: where could a term have been said?

Starts from the plain reading, the one that the recogniser found by itself. At each
of its positions the graph of terms may be entered; while a hypothesis spells a term
it is ranked with a bonus for its characters, so that a word which the model finds
unlikely at its first token survives until its last. After the term it goes on
freely until two of its tokens are two of the plain reading's; there it falls in,
and the rest is scored in one call::

    plain reading  ▁I ▁will ▁eat ▁that ▁box .
    enters at 2    ▁I ▁will ▁ye               bonus for "▁ye", 3 characters
    spells         ▁I ▁will ▁ye et            bonus for "▁yeet", the term is complete
    goes on        ▁I ▁will ▁ye et ▁that      one token of the plain reading
    falls in       ▁I ▁will ▁ye et ▁that ▁box two, so "." and the end are scored at once

The bonus only ranks. Whether a term is believed is decided by the model's own
score of the whole reading (see ``speech.gate``), so that a term which nobody said
changes nothing: without an accepted term the plain reading stands, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from earwitness.speech.beam import Cache, Floats, Path, Scored, Steps, stack, take, upto
from earwitness.speech.biasing import Ending, Graph, Node


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the search goes. Nats, except counts.

    ``slack``: how far below its term's margin a hypothesis may lie on the way.
    ``deepest``: the largest margin that is searched for.
    ``per_character``, ``cap``: the bonus of a spelled beginning, and its most.
    ``width``: hypotheses under way at once; ``per_position``: how many may enter.
    ``branch``: how far below the likeliest token one may lie after the term.
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

    path: Scored
    ending: Ending


def spot(model: Steps, graph: Graph, path: Path, reach: Reach) -> list[Spotted]:
    """Readings that differ from ``path`` by one live term, best first."""
    found = _Search(model, graph, _Plain(path, reach), reach).run()
    return sorted(found, key=lambda spotted: -spotted.path.score)


def openness(path: Path, reach: Reach) -> Floats:
    """``[vocabulary]``: how far above the floor each token comes as a term's first.

    A term that begins with token v is followed from some position of ``path`` if,
    and only if, ``openness[v] + margin >= 0``.
    """
    plain = _Plain(path, reach)
    best: Floats = np.full(len(path.rows[0]), -np.inf, np.float32)
    for i, row in enumerate(path.rows):
        np.maximum(best, row + np.float32(plain.spent[i] - plain.ahead(i + 1)), out=best)
    return best + np.float32(reach.slack)


class _Plain:
    """The plain reading, as the measure of every hypothesis that leaves it."""

    def __init__(self, path: Path, reach: Reach) -> None:
        self.path = path
        self.spent: list[float] = [0.0, *np.cumsum(path.logprobs).tolist()]
        """What the first n tokens score, for n up to all of them and the end."""
        self._reach = reach

    def ahead(self, tokens: int) -> float:
        """What it will have spent once a term that is ``tokens`` far is over."""
        return self.spent[min(tokens + self._reach.lookahead, len(self.spent) - 1)]

    def floor(self, tokens: int, margin: float) -> float:
        """The least score worth following for a hypothesis of so many tokens.

        The margin is bounded: what scores worse is for misheard forms to find.
        """
        return self.ahead(tokens) - (min(margin, self._reach.deepest) + self._reach.slack)

    def after(self, position: int, pair: tuple[int, int]) -> int | None:
        """Where, after a position, it first says these two tokens: the second's index."""
        tokens = self.path.tokens
        later = range(position + 1, len(tokens))
        return next((j for j in later if tokens[j - 1 : j + 1] == pair), None)


@dataclass(frozen=True, slots=True, eq=False)
class _Hypothesis:
    """The plain reading up to ``left``, then tokens of its own, of which this is the last.

    ``open`` is how far above the floor without margin its first token came. ``score``
    and ``length`` count all tokens, the plain reading's among them. ``node`` is set
    while a term is spelled, ``ending`` once it is complete, and then ``free`` counts the
    tokens since.
    """

    before: _Hypothesis | None
    left: int
    open: float
    token: int
    logprob: float
    score: float
    length: int
    node: Node | None
    ending: Ending | None = None
    free: int = 0

    @property
    def margin(self) -> float:
        """Of the complete term."""
        return self.ending.margin if self.ending else 0.0

    def rank(self, reach: Reach) -> float:
        if self.node is None:
            return self.score + reach.cap
        return self.score + min(reach.per_character * self.node.depth, reach.cap)

    def then(self, token: int, row: Floats, node: Node | None = None) -> _Hypothesis:
        """One token further: in the term where ``node`` is given, otherwise after it."""
        logprob = float(row[token])
        return replace(
            self,
            before=self,
            token=token,
            logprob=logprob,
            score=self.score + logprob,
            length=self.length + 1,
            node=node,
            free=self.free + (node is None),
        )

    def own(self) -> list[_Hypothesis]:
        """One for each of its own tokens, from the first of the term on."""
        return [*(self.before.own() if self.before else ()), self]


@dataclass(frozen=True, slots=True)
class _Beam:
    """Hypotheses of one length and, row by row, their cache."""

    hypotheses: Sequence[_Hypothesis] = ()
    cache: Cache = ()


@dataclass
class _Search:
    model: Steps
    graph: Graph
    plain: _Plain
    reach: Reach
    found: list[Spotted] = field(default_factory=list)

    def run(self) -> list[Spotted]:
        entries = self._entries()
        beam, at = _Beam(), 0
        while beam.hypotheses or at <= max(entries, default=-1):
            beam = self._joined(beam, entries.get(at, ()), at)
            if beam.hypotheses:
                beam = self._advanced(beam)
            at += 1
        return self.found

    def _entries(self) -> Mapping[int, Sequence[_Hypothesis]]:
        """What leaves the plain reading, by the position of its first other token."""
        entries: dict[int, list[_Hypothesis]] = {}
        for first in self._first_tokens():
            for hypothesis in self._leaving(first):
                entries.setdefault(hypothesis.length - 1, []).append(hypothesis)
        return entries

    def _first_tokens(self) -> Iterator[_Hypothesis]:
        """Where the graph is worth entering, and with which first tokens."""
        moves = self.graph.root.moves(self.graph.vocabulary)
        bonus = np.minimum(self.reach.per_character * moves.depths, self.reach.cap)
        margins = np.minimum(moves.margins, self.reach.deepest)
        for i, row in enumerate(self.plain.path.rows):
            here = row[moves.ids]
            spent = self.plain.spent[i]
            good = np.flatnonzero(here >= self.plain.floor(i + 1, 0.0) - spent - margins)
            order = good[np.argsort(-(here + bonus)[good], kind="stable")]
            for k in order[: self.reach.per_position]:
                yield self._entry(i, int(moves.ids[k]), moves.nodes[k])

    def _leaving(self, hypothesis: _Hypothesis) -> Iterator[_Hypothesis]:
        """Itself, or what comes of it where it leaves the plain reading.

        As long as a term goes along with that, its rows are at hand and no step is run.
        """
        if not self._goes_along(hypothesis):
            yield hypothesis
            return
        for further in self._next(hypothesis, self.plain.path.rows[hypothesis.length]):
            if further.node is not None:
                yield from self._leaving(further)
            elif not self._over(further, (), 0):
                yield further

    def _goes_along(self, hypothesis: _Hypothesis) -> bool:
        """Whether its last token, and so all of them, are those of the plain reading."""
        tokens, at = self.plain.path.tokens, hypothesis.length - 1
        return at < len(tokens) and tokens[at] == hypothesis.token

    def _entry(self, at: int, token: int, node: Node) -> _Hypothesis:
        logprob = float(self.plain.path.rows[at][token])
        score = self.plain.spent[at] + logprob
        above = score - self.plain.floor(at + 1, 0.0)
        return _Hypothesis(None, at, above, token, logprob, score, at + 1, node)

    def _joined(self, beam: _Beam, entering: Sequence[_Hypothesis], at: int) -> _Beam:
        """The best of those under way and those that leave the plain reading here."""
        both = [*beam.hypotheses, *entering]
        best = self._best(both)
        old = [i for i in best if i < len(beam.hypotheses)]
        new = [i for i in best if i >= len(beam.hypotheses)]
        caches = [take(beam.cache, old)] if old else []
        if new:
            caches.append(take(upto(self.plain.path.cache, at), [0] * len(new)))
        return _Beam([both[i] for i in (*old, *new)], stack(caches))

    def _advanced(self, beam: _Beam) -> _Beam:
        """Every hypothesis one token further, without those that are over."""
        tokens = np.array([[hypothesis.token] for hypothesis in beam.hypotheses], np.int64)
        out, cache = self.model.step(beam.cache, tokens)
        grown = [
            (further, i)
            for i, hypothesis in enumerate(beam.hypotheses)
            for further in self._next(hypothesis, out[i, 0])
            if not self._over(further, cache, i)
        ]
        best = [grown[i] for i in self._best([further for further, _ in grown])]
        return _Beam([further for further, _ in best], take(cache, [i for _, i in best]))

    def _best(self, hypotheses: Sequence[_Hypothesis]) -> list[int]:
        ranks = [hypothesis.rank(self.reach) for hypothesis in hypotheses]
        return sorted(range(len(ranks)), key=lambda i: -ranks[i])[: self.reach.width]

    def _next(self, hypothesis: _Hypothesis, row: Floats) -> Iterator[_Hypothesis]:
        node = hypothesis.node
        if node is None:
            yield from self._after(hypothesis, row, row)
            return
        yield from self._spelled(hypothesis, node, row)
        if node.ending is not None and self._may_spell(hypothesis, node.ending.margin):
            complete = replace(hypothesis, node=None, ending=node.ending)
            closing = np.where(self.graph.vocabulary.closes, row, -np.inf)
            yield from self._after(complete, row, closing)

    def _spelled(self, hypothesis: _Hypothesis, node: Node, row: Floats) -> Iterator[_Hypothesis]:
        """One token further in the term, wherever that may still be worth it."""
        moves = node.moves(self.graph.vocabulary)
        margins = np.minimum(moves.margins, self.reach.deepest)
        floor = self.plain.floor(hypothesis.length + 1, 0.0)
        worth_it = hypothesis.score + row[moves.ids] >= floor - margins
        for k in np.flatnonzero(worth_it & (hypothesis.open + margins >= 0)):
            yield hypothesis.then(int(moves.ids[k]), row, moves.nodes[int(k)])

    def _may_spell(self, hypothesis: _Hypothesis, margin: float) -> bool:
        """Whether a term of this margin would have entered here without the others."""
        return hypothesis.open + min(margin, self.reach.deepest) >= 0

    def _after(
        self, hypothesis: _Hypothesis, row: Floats, allowed: Floats
    ) -> Iterator[_Hypothesis]:
        """One of the likely tokens further, once the term is complete."""
        least = self.plain.floor(hypothesis.length + 1, hypothesis.margin) - hypothesis.score
        floor = max(float(allowed.max()) - self.reach.branch, least)
        return (hypothesis.then(int(token), row) for token in np.flatnonzero(allowed >= floor))

    def _over(self, hypothesis: _Hypothesis, cache: Cache, i: int) -> bool:
        """Whether it ended, fell in or went too far; what came of it is in ``found``."""
        if hypothesis.node is not None:
            return False
        if hypothesis.token == self.model.end:
            self._finish(hypothesis)
            return True
        position = self._falls_in(hypothesis)
        if position is not None:
            self._score_rest(hypothesis, position, take(cache, [i]))
            return True
        return hypothesis.free > self.reach.free

    def _falls_in(self, hypothesis: _Hypothesis) -> int | None:
        """The position in the plain reading that its last token has come to."""
        if hypothesis.free < 2 or hypothesis.before is None:
            return None
        return self.plain.after(hypothesis.left, (hypothesis.before.token, hypothesis.token))

    def _score_rest(self, hypothesis: _Hypothesis, position: int, cache: Cache) -> None:
        """Goes on as the plain reading does after ``position``, in one call."""
        least = -hypothesis.margin - self.reach.slack
        if hypothesis.score < self.plain.spent[position + 1] + least:
            return
        rest = [*self.plain.path.tokens[position + 1 :], self.model.end]
        out, _ = self.model.step(cache, np.array([[hypothesis.token, *rest[:-1]]], np.int64))
        logprobs = [float(row[token]) for row, token in zip(out[0], rest, strict=True)]
        self._finish(hypothesis, rest, logprobs, self.plain.path.score + least)

    def _finish(
        self,
        hypothesis: _Hypothesis,
        rest: Sequence[int] = (),
        logprobs: Sequence[float] = (),
        least: float = -np.inf,
    ) -> None:
        """The plain reading, the hypothesis's own tokens, then ``rest``; the last is the end."""
        assert hypothesis.ending is not None
        plain, left, own = self.plain.path, hypothesis.left, hypothesis.own()
        tokens = [*(each.token for each in own), *rest]
        scores = [*(each.logprob for each in own), *logprobs]
        whole = Scored((*plain.tokens[:left], *tokens[:-1]), (*plain.logprobs[:left], *scores))
        if whole.score >= least:
            self.found.append(Spotted(whole, hypothesis.ending))
