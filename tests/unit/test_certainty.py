"""Intervals of shares and of agreement, against published and worked-out values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.flow.intervals import share
from earwitness.review.agreement import cohen_kappa, krippendorff_alpha
from earwitness.review.certainty import alpha_with_interval, kappa_with_interval

PAIRS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=40)


# R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3
@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_score_interval_is_the_published_one(
    count: int, of: int, low: float, high: float
) -> None:
    found = share(count, of)
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    mirrored = share(of - count, of)
    assert mirrored is not None
    assert (mirrored.low, mirrored.high) == (
        pytest.approx(1 - found.high),
        pytest.approx(1 - found.low),
    )


def test_a_share_of_nothing_is_no_number() -> None:
    assert share(0, 0) is None


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_share_lies_within_its_interval(count: int, more: int) -> None:
    found = share(count, count + more)
    assert found is None or 0 <= found.low <= found.value <= found.high <= 1


def fleiss(n: int) -> list[tuple[str, str]]:
    """Two by two, n times 20, 5, 10 and 15: kappa is 0.4."""
    table = {("y", "y"): 20, ("y", "n"): 5, ("n", "y"): 10, ("n", "n"): 15}
    return [pair for pair, count in table.items() for _ in range(count * n)]


def test_the_bootstrap_of_kappa_is_as_wide_as_the_analytic_interval() -> None:
    """The large-sample error of Fleiss, Cohen & Everitt 1969, worked out for this table.

    p = .4 .1 / .2 .3, p_e = .5: A = .4(1 - 1.1 * .6)^2 + .3(1 - .9 * .6)^2 = .10972,
    B = .36 (.1 * 1.1^2 + .2 * .9^2) = .10188,
    C = (.4 - .5 * .6)^2 = .01; se = sqrt((A + B - C) / n) / .5 = .8979 / sqrt(n).
    """
    pairs = fleiss(4)
    found = kappa_with_interval(pairs)
    assert found is not None
    assert found.value == pytest.approx(0.4)
    half = 1.96 * 0.8979 / len(pairs) ** 0.5
    assert found.low == pytest.approx(0.4 - half, abs=0.02)
    assert found.high == pytest.approx(0.4 + half, abs=0.02)
    wide = kappa_with_interval(fleiss(1))
    assert wide is not None
    assert wide.high - wide.low == pytest.approx(2 * (found.high - found.low), rel=0.15)


def test_alpha_of_two_raters_is_about_as_sure_as_kappa() -> None:
    kappa, alpha = kappa_with_interval(fleiss(4)), alpha_with_interval(fleiss(4))
    assert kappa is not None
    assert alpha is not None
    assert (alpha.low, alpha.high) == (
        pytest.approx(kappa.low, abs=0.03),
        pytest.approx(kappa.high, abs=0.03),
    )


def test_where_nobody_disagreed_the_low_end_still_allows_three_in_all() -> None:
    """Half of 30 clips each way: 1 - (3 / 30) / 0.5, and alpha's chance is 30 / 59."""
    pairs = [("y", "y")] * 15 + [("n", "n")] * 15
    kappa, alpha = kappa_with_interval(pairs), alpha_with_interval(pairs)
    assert kappa is not None
    assert alpha is not None
    assert (kappa.value, kappa.low, kappa.high) == (1.0, pytest.approx(0.8), 1.0)
    assert alpha.low == pytest.approx(1 - 0.1 / (30 / 59))


@pytest.mark.parametrize("nothing", [[], [("a", "a")], [("a", "a")] * 9])
def test_what_is_undefined_has_no_interval(nothing: list[tuple[str, str]]) -> None:
    assert kappa_with_interval(nothing) is None
    assert alpha_with_interval(nothing) is None


@given(PAIRS)
def test_the_interval_is_about_the_coefficient_itself(pairs: list[tuple[str, str]]) -> None:
    for of, plain in (
        (kappa_with_interval, cohen_kappa),
        (alpha_with_interval, krippendorff_alpha),
    ):
        found = of(pairs)
        expected = plain(pairs)
        assert (found is None) is (expected is None)
        if found is not None and expected is not None:
            assert found.value == pytest.approx(expected)
            assert found.low <= found.high
            assert found == of(pairs)


def test_units_with_gaps_and_many_raters_have_an_interval() -> None:
    units = ["aab", "ab", "bbb", "aaaa", "c", "cc", "abc"] * 5
    found = alpha_with_interval(units)
    assert found is not None
    assert found.value == pytest.approx(krippendorff_alpha(units))
    assert found.low < found.value < found.high
