from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.toy import END, Toy, readings

from earwitness.speech.beam import Floats, Path, forced, log_softmax, search, stack, take, upto

toys = st.builds(Toy, st.integers(0, 10_000), st.sampled_from([0.5, 2.0, 4.0]))
EVERYTHING = 100_000
quick = settings(max_examples=40)


def exhaustive(toy: Toy, longest: int) -> list[tuple[int, ...]]:
    return sorted(readings(longest), key=lambda tokens: -toy.score(tokens))


@quick
@given(toys, st.integers(0, 3))
def test_a_beam_that_cuts_nothing_finds_every_reading_in_order(toy: Toy, limit: int) -> None:
    found = search(toy, width=EVERYTHING, spread=np.inf, limit=limit)
    assert [path.tokens for path in found] == exhaustive(toy, limit)


@quick
@given(toys, st.integers(1, 5), st.floats(0, 12), st.integers(0, 6))
def test_what_a_narrow_beam_finds_is_true(toy: Toy, width: int, spread: float, limit: int) -> None:
    found = search(toy, width=width, spread=spread, limit=limit)
    scores = [path.score for path in found]
    assert 1 <= len(found) <= width
    assert all(path.logprobs == toy.logprobs(path.tokens) for path in found)
    assert all(toy.holds(forced(toy, path.tokens)) for path in found)
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] >= scores[0] - spread
    assert len({path.tokens for path in found}) == len(found)
    assert all(len(path.tokens) <= limit and END not in path.tokens for path in found)


@quick
@given(toys, st.integers(1, 5), st.floats(0, 12))
def test_a_search_repeats_itself(toy: Toy, width: int, spread: float) -> None:
    one, other = (search(toy, width=width, spread=spread, limit=6) for _ in range(2))
    assert [(path.tokens, path.logprobs) for path in one] == [
        (path.tokens, path.logprobs) for path in other
    ]


@quick
@given(toys, st.floats(0.5, 8))
def test_a_wide_beam_gives_all_readings_within_the_spread_of_the_best_beginning(
    toy: Toy, spread: float
) -> None:
    found = {path.tokens for path in search(toy, width=EVERYTHING, spread=spread, limit=3)}
    every = exhaustive(toy, 3)
    best_ever = max(
        sum(toy.logprobs(tokens)[:n]) for tokens in every for n in range(1, len(tokens) + 2)
    )
    assert {tokens for tokens in every if toy.score(tokens) >= best_ever - spread} <= found


class Talker(Toy):
    """Says "a" or "ab" and would go on for ever: its end comes late, and after "ab" first."""

    def row(self, before: Sequence[int]) -> Floats:
        ended = 0.5 if tuple(before[:1]) == (3,) else 1e-4
        likely = [ended, 0.6, 0.3, 0.4, 1e-4, 1e-4, 1e-4]
        return log_softmax(np.log(np.array(likely, np.float32)))


def test_at_the_limit_a_reading_that_ends_is_taken_before_one_that_is_cut_off() -> None:
    (found,) = search(Talker(0), width=8, spread=1.5, limit=1)
    assert found.tokens == (3,)


@pytest.mark.parametrize("limit", [0, 1, 5])
def test_a_reading_that_never_ends_is_cut_off_at_the_limit(limit: int) -> None:
    endless = Talker(0)
    (found,) = search(endless, width=1, spread=0.1, limit=limit)
    assert found.tokens == (1,) * limit
    assert endless.holds(forced(endless, found.tokens))


def test_the_score_of_a_path_counts_its_end() -> None:
    assert Path((4, 5), (-1.0, -0.5, -0.25), (), ()).score == -1.75


def test_caches_are_taken_cut_and_stacked_by_hypothesis_and_token() -> None:
    cache = (np.arange(12, dtype=np.float32).reshape(2, 1, 3, 2),)
    assert np.array_equal(take(cache, [1, 1, 0])[0][:, 0, 0, 0], [6, 6, 0])
    assert np.array_equal(upto(cache, 1)[0][:, 0, :, 0], [[0, 2], [6, 8]])
    assert np.array_equal(stack([take(cache, [1]), take(cache, [0])])[0][:, 0, 0, 0], [6, 0])


def test_log_probabilities_sum_to_one_however_large_the_logits() -> None:
    said = log_softmax(np.array([[1000.0, 999.0, -1000.0]], np.float32))
    assert np.exp(said).sum() == pytest.approx(1)
    assert said[0, 0] == pytest.approx(-np.log1p(np.exp(-1)), rel=1e-4)
