from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.bench.figures import bootstrapped, percentiles, rate
from earwitness.bench.separation import auc, caught, ece
from earwitness.model import Interval

CASES = st.lists(
    st.tuples(st.sampled_from([0.1, 0.3, 0.5, 0.9, 0.95]), st.booleans()), min_size=2, max_size=40
)


def arrays(cases: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([c for c, _ in cases]), np.array([w for _, w in cases])


@given(CASES)
def test_the_area_is_the_share_of_pairs_in_the_right_order(cases: list[tuple[float, bool]]) -> None:
    confidence, wrong = arrays(cases)
    if wrong.all() or not wrong.any():
        assert math.isnan(auc(confidence, wrong))
    else:
        apart = confidence[~wrong][:, None] - confidence[wrong][None]
        assert auc(confidence, wrong) == pytest.approx(((np.sign(apart) + 1) / 2).mean())


@pytest.mark.parametrize(
    ("share", "expected"), [(0.1, 0.5), (0.2, 0.5), (0.3, 1.0), (0.05, 0.25), (1.0, 1.0)]
)
def test_wrong_words_are_caught_among_the_most_doubtful(share: float, expected: float) -> None:
    confidence = np.arange(10) / 10
    wrong = np.isin(np.arange(10), [0, 2])
    assert caught(confidence, wrong, share) == pytest.approx(expected)


def test_of_equally_doubtful_words_the_expected_share_is_caught() -> None:
    confidence = np.full(10, 0.5)
    assert caught(confidence, np.arange(10) < 4, 0.2) == pytest.approx(0.2)


def test_nothing_is_caught_where_nothing_is_wrong() -> None:
    assert math.isnan(caught(np.array([0.5]), np.array([False]), 0.1))


def test_a_calibrated_confidence_has_no_calibration_error() -> None:
    confidence = np.repeat([0.25, 0.75], 300)
    wrong = np.concatenate(
        [np.tile([True, True, True, False], 75), np.tile([True] + [False] * 3, 75)]
    )
    assert ece(confidence, wrong, bins=2) == pytest.approx(0.0)


def test_overconfidence_is_its_own_size() -> None:
    assert ece(np.full(100, 0.9), np.arange(100) < 50) == pytest.approx(0.4, abs=0.1)
    assert ece(np.full(100, 0.9), np.arange(100) % 2 == 0, bins=1) == pytest.approx(0.4)


def test_the_interval_of_a_metric_draws_whole_utterances() -> None:
    groups = np.repeat(np.arange(30), 10)
    values = np.repeat(np.arange(30) % 2, 10).astype(float)
    found = bootstrapped(lambda items: float(values[items].mean()), groups)
    assert found is not None
    assert found.value == 0.5
    assert 0.28 < found.low < 0.4
    assert found == bootstrapped(lambda items: float(values[items].mean()), groups)


def test_a_metric_of_nothing_is_none() -> None:
    assert bootstrapped(lambda items: 1.0, []) is None
    assert bootstrapped(lambda items: math.nan, [0, 1]) is None
    assert percentiles([]) == {"p50": None, "p99": None}


def test_a_rate_is_written_with_its_interval() -> None:
    assert rate("wer", Interval(0.1, 0.05, 0.2)) == {"wer": 0.1, "wer_ci": [0.05, 0.2]}
    assert rate("wer", None) == {"wer": None, "wer_ci": None}
