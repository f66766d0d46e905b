from __future__ import annotations

from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.model import Hypothesis, Word
from earwitness.speech.nbest import FAR, compete


def reading(text: str, logprob: float, terms: tuple[str, ...] = ()) -> Hypothesis:
    return Hypothesis(text, tuple(Word(w, (-0.1,)) for w in text.split()), logprob, terms)


def test_one_reading_has_no_rival() -> None:
    found = compete([reading("eat that", -1.0)])
    assert found.shares == (1.0,)
    assert found.support == (1.0, 1.0)
    assert found.lead == (FAR, FAR)
    assert found.rivals == (0, 0)
    assert found.lead_of_all == FAR


def test_a_word_that_another_reading_lacks_is_supported_by_the_rest() -> None:
    found = compete([reading("eat that alarm", -1.0), reading("yeet that alarm", -2.0)])
    other = exp(-1) / (1 + exp(-1))
    assert found.support == pytest.approx((1 - other, 1.0, 1.0))
    assert found.lead == pytest.approx((1.0, FAR, FAR))
    assert found.rivals == (1, 0, 0)


def test_readings_that_differ_in_writing_alone_are_one() -> None:
    found = compete([reading("Set 10.", -1.0), reading("set ten", -1.1), reading("set Ten!", -2.0)])
    assert found.shares == (1.0,)


def test_a_believed_term_below_the_plain_reading_counts_as_much_as_that() -> None:
    found = compete([reading("yeet that", -6.0), reading("eat that", -3.0)])
    assert found.shares == pytest.approx((0.5, 0.5))
    assert found.lead == pytest.approx((-3.0, FAR))


def test_a_reading_with_a_word_more_says_that_one_may_be_missing() -> None:
    found = compete([reading("turn off", -1.0), reading("turn it off", -1.0)])
    assert found.missing == pytest.approx(0.5)
    assert found.support == (1.0, 1.0)


def test_a_number_of_two_words_is_doubted_as_one() -> None:
    found = compete([reading("at twenty five", -1.0), reading("at 26", -1.0)])
    assert found.rivals[0] == 0
    assert found.rivals[2] == 1


TEXTS = st.lists(st.sampled_from(["eat", "that", "ten", "10", "it"]), max_size=5).map(" ".join)


@given(st.lists(st.tuples(TEXTS, st.floats(-20, 0)), min_size=1, max_size=5))
def test_shares_add_up_and_support_is_a_share(readings: list[tuple[str, float]]) -> None:
    found = compete([reading(*each) for each in readings])
    assert sum(found.shares) == pytest.approx(1.0)
    assert len(found.support) == len(readings[0][0].split())
    assert all(-1e-9 <= share <= 1 + 1e-9 for share in (*found.support, found.missing))
    assert all(lead <= FAR for lead in found.lead)
