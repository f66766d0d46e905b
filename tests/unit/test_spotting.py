from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.toy import TEXTS, VOCABULARY, Toy, ending, graph, text

from earwitness.speech.beam import Cache, Floats, Path, forced, search
from earwitness.speech.biasing import Ending, Graph
from earwitness.speech.spotting import Reach, Spotted, openness, spot

quick = settings(max_examples=60)
toys = st.builds(Toy, st.integers(0, 10_000), st.sampled_from([0.5, 2.0, 4.0]))
written = st.text("ab ", min_size=1, max_size=3).map(str.strip).filter(bool)
margins = st.sampled_from([0.0, 0.5, 2.0, 4.0, 7.0])
reaches = st.builds(
    Reach,
    slack=st.sampled_from([0.0, 1.5]),
    deepest=st.sampled_from([3.0, 9.0]),
    width=st.integers(1, 6),
    per_position=st.integers(1, 6),
    branch=st.sampled_from([0.5, 2.0, 8.0]),
    free=st.integers(1, 6),
    lookahead=st.integers(0, 4),
)
EVERYTHING = 10_000


@st.composite
def endings(draw: st.DrawFn) -> Ending:
    return ending(" ".join(draw(written).split()), draw(margins))


def plain(toy: Toy, limit: int = 6) -> Path:
    return forced(toy, search(toy, width=4, spread=5.0, limit=limit)[0].tokens)


def heard(spotted: list[Spotted]) -> list[tuple[tuple[int, ...], tuple[float, ...], Ending]]:
    return [(each.path.tokens, each.path.logprobs, each.ending) for each in spotted]


@quick
@given(toys, st.lists(endings(), max_size=4), reaches)
def test_what_is_spotted_has_its_term_and_the_score_that_the_model_gives_it(
    toy: Toy, terms: list[Ending], reach: Reach
) -> None:
    live = graph(*terms)
    spotted = spot(toy, live, plain(toy), reach)
    for each in spotted:
        assert each.path.logprobs == toy.logprobs(each.path.tokens)
        assert each.ending in [
            found for _, _, found in graph(each.ending).matches(text(each.path.tokens))
        ]
        assert live.find(each.ending.written) == each.ending
    scores = [each.path.score for each in spotted]
    assert scores == sorted(scores, reverse=True)


def spelled(path: str) -> Iterator[tuple[int, ...]]:
    """Every way to spell some characters in tokens."""
    if not path:
        yield ()
    for token, piece in enumerate(TEXTS):
        if piece and path.startswith(piece):
            for rest in spelled(path[len(piece) :]):
                yield (token, *rest)


def one_term_readings(whole: Path, term: Ending, free: int) -> set[tuple[int, ...]]:
    """All readings that leave the plain one for the term, and fall in again or end."""
    found: set[tuple[int, ...]] = set()
    paths = list(spelled("▁" + term.key.replace(" ", "▁")))
    for left in range(len(whole.tokens) + 1):
        for path in paths:
            begun = (*whole.tokens[:left], *path)
            found |= {(*begun, *rest) for rest in _rests(whole.tokens, left, (), free)}
    return found


def _rests(
    tokens: tuple[int, ...], left: int, said: tuple[int, ...], free: int
) -> Iterator[tuple[int, ...]]:
    position = _falls_in(tokens, left, said[-2:])
    if position is not None:
        yield (*said, *tokens[position + 1 :])
    elif len(said) <= free:
        yield said
        for token in range(1, len(TEXTS)):
            if said or VOCABULARY.closes[token]:
                yield from _rests(tokens, left, (*said, token), free)


def _falls_in(tokens: tuple[int, ...], left: int, tail: tuple[int, ...]) -> int | None:
    pairs = list(enumerate(pairwise(tokens)))[left:]
    return next((first + 1 for first, pair in pairs if pair == tail), None)


@settings(max_examples=50)
@given(toys, endings(), st.integers(1, 2))
@example(Toy(0), ending("b", 0.0), 1)  # the plain reading has the term already
def test_a_search_that_cuts_nothing_finds_every_reading_with_the_term(
    toy: Toy, term: Ending, free: int
) -> None:
    whole = plain(toy, limit=4)
    generous = Reach(
        slack=1e4, deepest=1e4, branch=1e4, width=EVERYTHING, per_position=EVERYTHING, free=free
    )
    spotted = spot(toy, graph(term), whole, generous)
    expected = one_term_readings(whole, term, free)
    assert {each.path.tokens for each in spotted} == expected
    best = max(toy.score(tokens) for tokens in expected)
    assert spotted[0].path.score == best


def too_far(whole: Path, term: Ending, reach: Reach) -> bool:
    """Whether ``openness`` rules out all tokens that the term may begin with."""
    first = [path[0] for path in spelled("▁" + term.key.replace(" ", "▁"))]
    return all(openness(whole, reach)[first] + min(term.margin, reach.deepest) < -1e-3)


@settings(max_examples=300)
@given(toys, endings(), reaches)
def test_a_term_whose_first_tokens_are_too_far_off_is_not_found(
    toy: Toy, term: Ending, reach: Reach
) -> None:
    whole = plain(toy)
    if too_far(whole, term, reach):
        assert spot(toy, graph(term), whole, reach) == []


@settings(max_examples=1000)
@given(toys, st.lists(endings(), max_size=3), endings(), reaches)
def test_such_a_term_changes_nothing_for_the_others(
    toy: Toy, terms: list[Ending], more: Ending, reach: Reach
) -> None:
    whole = plain(toy)
    if too_far(whole, more, reach) and more.key not in {each.key for each in terms}:
        without = spot(toy, graph(*terms), whole, reach)
        assert heard(spot(toy, graph(*terms, more), whole, reach)) == heard(without)


@quick
@given(toys, st.lists(endings(), max_size=4), reaches)
def test_looking_twice_finds_the_same(toy: Toy, terms: list[Ending], reach: Reach) -> None:
    whole = plain(toy)
    assert heard(spot(toy, graph(*terms), whole, reach)) == heard(
        spot(toy, graph(*reversed(terms)), whole, reach)
    ) or len({each.key for each in terms}) < len(terms)


def test_a_term_does_not_get_in_by_the_margin_of_one_that_begins_alike() -> None:
    toy, reach = Toy(5203), Reach(branch=8.0, lookahead=0)
    others = [ending("aab", 2.0), ending("ba", 2.0), ending("b", 7.0)]
    more = ending("a b", 0.5)
    whole = plain(toy)
    assert too_far(whole, more, reach)
    found = heard(spot(toy, graph(*others, more), whole, reach))
    assert found == heard(spot(toy, graph(*others), whole, reach)) != []


@dataclass
class Counting(Toy):
    steps: int = 0

    def step(self, cache: Cache, tokens: NDArray[np.int64]) -> tuple[Floats, Cache]:
        self.steps += 1
        return super().step(cache, tokens)


def test_a_term_that_goes_along_with_the_plain_reading_costs_no_step() -> None:
    """The reading is "ab" and the term "aba", whose last letter is less likely than the end."""
    toy, strict = Counting(47), Reach(slack=0.0, lookahead=0)
    whole = toy.path([TEXTS.index("▁a"), TEXTS.index("b")])
    assert whole.rows[2][TEXTS.index("a")] < whole.rows[2][toy.end]
    assert openness(whole, strict)[TEXTS.index("▁a")] >= 0.0
    toy.steps = 0
    assert spot(toy, graph(ending("aba", 0.0)), whole, strict) == []
    assert toy.steps == 0


def test_nothing_is_looked_for_without_terms() -> None:
    assert spot(Toy(1), Graph.empty(VOCABULARY), plain(Toy(1)), Reach()) == []
