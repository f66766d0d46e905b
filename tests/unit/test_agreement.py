"""Agreement, against the worked examples of those who defined it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.review.agreement import cohen_kappa, krippendorff_alpha, word_agreement

LABELS = st.sampled_from("abc")
PAIRS = st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=30)

# K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011)
BINARY = ("0100000010", "1110010000")  # section A: two observers
NOMINAL = ("aabbdcccedda", "babbbccceddd")  # section B: two observers
GAPS = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")  # section C: four


def units(*observers: str) -> list[list[str]]:
    return [[value for value in unit if value != "."] for unit in zip(*observers, strict=True)]


@pytest.mark.parametrize(
    ("both", "first", "second", "neither", "kappa"),
    [(20, 5, 10, 15, 0.4), (45, 15, 25, 15, 0.1304), (25, 35, 5, 35, 0.2593), (0, 5, 5, 0, -1.0)],
)
def test_kappa_of_a_table_of_two_by_two(
    both: int, first: int, second: int, neither: int, kappa: float
) -> None:
    pairs = [("y", "y")] * both + [("y", "n")] * first + [("n", "y")] * second
    assert cohen_kappa(pairs + [("n", "n")] * neither) == pytest.approx(kappa, abs=5e-5)


@pytest.mark.parametrize(("observers", "alpha"), [(BINARY, 0.095), (NOMINAL, 0.692), (GAPS, 0.743)])
def test_alpha_of_the_published_examples(observers: tuple[str, ...], alpha: float) -> None:
    assert krippendorff_alpha(units(*observers)) == pytest.approx(alpha, abs=5e-4)


@given(PAIRS)
def test_who_agrees_always_agrees_perfectly(pairs: list[tuple[str, str]]) -> None:
    same = [(one, one) for one, _ in pairs]
    expected = None if len(set(same)) == 1 else pytest.approx(1.0)
    assert cohen_kappa(same) == expected
    assert krippendorff_alpha(same) == expected


@given(PAIRS)
def test_agreement_does_not_depend_on_who_is_named_first(pairs: list[tuple[str, str]]) -> None:
    swapped = [(other, one) for one, other in pairs]
    for measure in (cohen_kappa, krippendorff_alpha):
        there, back = measure(pairs), measure(swapped)
        assert there == back or there == pytest.approx(back)
        assert there is None or there <= 1.0 + 1e-9


@pytest.mark.parametrize("nothing", [[], [("a", "a")], [("a", "a"), ("a", "a")]])
def test_without_any_difference_to_see_agreement_is_undefined(nothing: list[object]) -> None:
    assert cohen_kappa(nothing) is None
    assert krippendorff_alpha(nothing) is None


def test_a_unit_with_one_value_says_nothing() -> None:
    assert krippendorff_alpha([*units(*NOMINAL), ["a"], []]) == pytest.approx(0.692, abs=5e-4)


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        ("", "", 1.0),
        ("yeet that", "yeet that", 1.0),
        ("yeet that", "", 0.0),
        ("yeet that", "eat that", 0.5),
        ("please yeet that", "yeet that", 2 / 3),
        ("a b c d", "b c d e", 0.5),
        ("a b", "c d", 0.0),
    ],
)
def test_the_words_that_two_have_in_common(one: str, other: str, share: float) -> None:
    assert word_agreement(one.split(), other.split()) == pytest.approx(share)
    assert word_agreement(other.split(), one.split()) == pytest.approx(share)


@given(st.lists(LABELS, max_size=8), st.lists(LABELS, max_size=8))
def test_words_in_common_are_a_fraction_and_all_only_of_the_same(
    one: list[str], other: list[str]
) -> None:
    share = word_agreement(one, other)
    assert 0.0 <= share <= 1.0
    assert (share == 1.0) == (one == other)
