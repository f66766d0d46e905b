"""The blind test: nobody chooses or sees the order, and the numbers claim no more than they can."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.errors import InputError
from earwitness.sound.findings.blind import (
    Answer,
    BlindTest,
    Hearing,
    agreement,
    answered,
    edits,
    may_reveal,
    next_label,
    plan,
    scored,
    word_accuracy,
    words,
)

SEED = bytes(range(32))
PAIRS = [f"pair {number}" for number in range(8)]
ANN, BEN = "ann", "ben"


def answers(test: BlindTest, write: Callable[[str, Hearing], str]) -> tuple[Answer, ...]:
    given: tuple[Answer, ...] = ()
    for who, order in test.orders.items():
        for each in order:
            given = answered(test, given, Answer(who, each.label, write(who, each)))
    return given


def test_everybody_hears_both_versions_of_everything_once() -> None:
    for order in plan(SEED, PAIRS, [ANN, BEN]).orders.values():
        heard = Counter((each.pair, each.treated) for each in order)
        assert set(heard) == {(pair, treated) for pair in PAIRS for treated in (False, True)}
        assert set(heard.values()) == {1}


def test_who_hears_the_original_first_alternates_between_listeners() -> None:
    test = plan(SEED, PAIRS, [ANN, BEN])
    firsts = [
        {each.pair: each.treated for each in reversed(order)} for order in test.orders.values()
    ]
    assert all(firsts[0][pair] != firsts[1][pair] for pair in PAIRS)
    assert len(set(firsts[0].values())) == 2


def test_two_hearings_of_a_pair_are_in_different_rounds() -> None:
    for order in plan(SEED, PAIRS, [ANN, BEN]).orders.values():
        assert {each.pair for each in order[: len(PAIRS)]} == set(PAIRS)


def test_labels_are_shared_by_nobody_and_the_order_is_anothers_with_another_seed() -> None:
    test = plan(SEED, PAIRS, [ANN, BEN])
    labels = [each.label for order in test.orders.values() for each in order]
    assert len(set(labels)) == len(labels) == 4 * len(PAIRS)
    assert test == plan(SEED, PAIRS, [ANN, BEN])
    assert test.orders != plan(SEED[::-1], PAIRS, [ANN, BEN]).orders


@given(st.binary(min_size=16, max_size=40))
def test_no_seed_favours_a_version(seed: bytes) -> None:
    orders = plan(seed, PAIRS, [ANN, BEN]).orders.values()
    first = [each.treated for order in orders for each in order[: len(PAIRS)]]
    assert sum(first) == len(PAIRS)


@pytest.mark.parametrize(
    ("seed", "pairs", "listeners", "why"),
    [
        (SEED, PAIRS, [ANN], "two listeners"),
        (SEED, [], [ANN, BEN], "a pair"),
        (SEED, PAIRS, [ANN, ANN], "named once"),
        (SEED, ["a", "a"], [ANN, BEN], "named once"),
        (b"short", PAIRS, [ANN, BEN], "16 random bytes"),
    ],
)
def test_a_test_that_would_show_nothing_is_refused(
    seed: bytes, pairs: list[str], listeners: list[str], why: str
) -> None:
    with pytest.raises(InputError, match=why):
        plan(seed, pairs, listeners)


def test_nothing_is_revealed_before_both_have_written_everything() -> None:
    test = plan(SEED, PAIRS, [ANN, BEN])
    given = answers(test, lambda _, __: "help")
    assert all(not may_reveal(test, given[:count]) for count in range(len(given)))
    assert may_reveal(test, given)
    with pytest.raises(InputError, match="Not everybody"):
        scored(test, given[:-1])


def test_the_next_recording_is_the_first_that_is_not_answered() -> None:
    test = plan(SEED, PAIRS, [ANN, BEN])
    first, second, *_ = (each.label for each in test.orders[ANN])
    assert next_label(test, (), ANN) == first
    assert next_label(test, (Answer(ANN, first, ""),), ANN) == second
    assert next_label(test, (), "eve") is None


def test_an_answer_of_a_stranger_to_anothers_recording_or_a_second_one_is_refused() -> None:
    test = plan(SEED, PAIRS, [ANN, BEN])
    mine, theirs = test.orders[ANN][0].label, test.orders[BEN][0].label
    given = answered(test, (), Answer(ANN, mine, "help"))
    for new, why in (
        (Answer("eve", mine, "help"), "not one"),
        (Answer(ANN, theirs, "help"), "not one"),
        (Answer(ANN, mine, "yelp"), "written first"),
    ):
        with pytest.raises(InputError, match=why):
            answered(test, given, new)


def test_what_is_understood_better_in_all_of_eight_pairs_is_no_chance() -> None:
    test = plan(SEED, PAIRS, [ANN, BEN])
    given = answers(test, lambda _, each: "put it down now" if each.treated else "put it")
    result = scored(test, given, dict.fromkeys(PAIRS, "Put it down, now!"))
    assert (result.original, result.treated, result.difference) == (0.5, 1.0, 0.5)
    assert result.p_value == pytest.approx(2 / 2**8)
    assert (result.low, result.high) == (0.5, 0.5)
    assert result.conclusion == "The treated recordings were understood better than the originals."


def test_what_is_understood_worse_is_said_too() -> None:
    test = plan(SEED, PAIRS, [ANN, BEN])
    given = answers(test, lambda _, each: "" if each.treated else "help")
    assert "worse" in scored(test, given, dict.fromkeys(PAIRS, "help")).conclusion


@pytest.mark.parametrize("count", [1, 5])
def test_a_few_pairs_allow_no_conclusion_whatever_was_heard(count: int) -> None:
    test = plan(SEED, PAIRS[:count], [ANN, BEN])
    given = answers(test, lambda _, each: "help" if each.treated else "")
    result = scored(test, given, dict.fromkeys(PAIRS[:count], "help"))
    assert result.difference == 1.0
    assert (result.low, result.high) == (None, None)
    assert result.conclusion.startswith("Does not allow a conclusion")


def test_without_agreed_words_the_result_is_about_agreement_alone() -> None:
    test = plan(SEED, PAIRS, [ANN, BEN])
    given = answers(test, lambda who, each: "help me" if each.treated else f"help {who}")
    result = scored(test, given)
    assert (result.original, result.treated, result.against) == (0.5, 1.0, "one another")
    assert "does not say who is right" in result.conclusion


def test_every_pair_needs_its_agreed_words() -> None:
    test = plan(SEED, PAIRS, [ANN, BEN])
    with pytest.raises(InputError, match="agreed words"):
        scored(test, answers(test, lambda _, __: ""), {PAIRS[0]: "help"})


@pytest.mark.parametrize("count", [8, 16])
def test_chance_is_taken_for_an_effect_in_one_of_twenty_at_most(count: int) -> None:
    """300 tests in which the treatment does nothing; three binomial deviations are allowed."""
    pairs = [str(number) for number in range(count)]
    test = plan(SEED, pairs, [ANN, BEN])
    random = np.random.default_rng(5)
    said = "one two three four five six seven eight nine ten"
    concluded = 0
    for _ in range(300):
        given = answers(test, lambda *_: " ".join(said.split()[: random.integers(0, 11)]))
        result = scored(test, given, dict.fromkeys(pairs, said))
        concluded += not result.conclusion.startswith("Does not")
    assert concluded <= 300 * 0.05 + 3 * np.sqrt(300 * 0.05 * 0.95)


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [("", "", 0), ("a b c", "a c", 1), ("a b", "b a", 2), ("", "a b", 2), ("a b c", "x b z", 2)],
)
def test_edits_are_counted(one: str, other: str, apart: int) -> None:
    assert edits(one.split(), other.split()) == edits(other.split(), one.split()) == apart


def test_words_are_compared_without_case_and_punctuation() -> None:
    assert words('"Don\N{RIGHT SINGLE QUOTATION MARK}t!", she SAID') == ("don't", "she", "said")


def test_scores_stay_between_nothing_and_all() -> None:
    assert word_accuracy(["a"], ["x", "y", "z"]) == 0.0
    assert agreement([], []) == 0.0
    assert agreement(["a", "b"], ["a"]) == 0.5
