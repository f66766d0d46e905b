from __future__ import annotations

import jiwer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.speech.text import words
from earwitness.speech.wer import (
    Errors,
    LiveTerms,
    b_wer,
    difference,
    false_accepts_per_hour,
    ratio,
    score,
    term_recall,
    u_wer,
    word_error_rate,
)

SENTENCE = st.lists(
    st.sampled_from(("yeet", "eat", "that", "no", "cap", "is", "giving")), min_size=1
)
SENTENCES = st.lists(SENTENCE.map(" ".join), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "own", "expected"),
    [
        # words, errors, biased words, biased errors, said, heard, false accepts
        ("yeet that alarm", "Eat that alarm.", ["yeet"], (3, 1, 1, 1, 1, 0, 0)),
        ("yeet that alarm", "Yeet that a alarm", ["Yeet"], (3, 1, 1, 0, 1, 1, 0)),
        ("no cap no way", "no cap know way", ["no cap"], (4, 1, 2, 0, 1, 1, 0)),
        ("no cap no way", "no cat no way", ["no cap"], (4, 1, 2, 1, 1, 0, 0)),
        ("that alarm", "that yeet alarm", ["yeet"], (2, 1, 0, 1, 0, 0, 1)),
        ("that alarm", "that sheet alarm", ["yeet"], (2, 1, 0, 0, 0, 0, 0)),
        ("fr fr fr fr", "fr fr", ["fr fr"], (4, 2, 4, 2, 2, 1, 0)),
        ("at ten", "at 10", ["ten"], (3, 0, 2, 0, 1, 1, 0)),
        ("", "hello", [], (0, 1, 0, 0, 0, 0, 0)),
        ("hello", "", [], (1, 1, 0, 0, 0, 0, 0)),
        ("", "", [], (0, 0, 0, 0, 0, 0, 0)),
    ],
)
def test_errors_are_counted_by_hand(
    reference: str, hypothesis: str, own: list[str], expected: tuple[int, ...]
) -> None:
    assert score(reference, hypothesis, own) == Errors(*expected)


def test_a_live_term_that_nobody_said_is_a_false_accept_but_no_biased_error() -> None:
    live = LiveTerms(["yeet", "no cap"])
    found = score("eat that no way", "yeet that no cap", [], live)
    assert (found.false_accepts, found.biased_errors, found.other_errors) == (2, 0, 2)


def test_a_live_term_that_was_said_is_no_false_accept() -> None:
    assert score("eat the cap", "eat the cap", [], LiveTerms(["eat", "cap"])).false_accepts == 0


@given(SENTENCES, SENTENCES)
def test_the_word_error_rate_is_that_of_jiwer(said: list[str], heard: list[str]) -> None:
    said, heard = zip(*zip(said, heard, strict=False), strict=True)  # type: ignore[assignment]
    found = word_error_rate([score(*pair) for pair in zip(said, heard, strict=True)])
    assert found is not None
    assert found.value == pytest.approx(jiwer.wer(list(said), list(heard)))


@given(SENTENCES, SENTENCES)
def test_biased_and_other_words_add_up(said: list[str], heard: list[str]) -> None:
    for reference, hypothesis in zip(said, heard, strict=False):
        found = score(reference, hypothesis, ["yeet", "no cap", "is giving"])
        assert found.other_words + found.biased_words == len(words(reference))
        assert 0 <= found.heard <= found.said
        assert found.other_errors >= 0


def scores() -> list[Errors]:
    return [
        score("yeet that alarm", "eat that alarm", ["yeet"]),
        score("no cap that was good", "no cap that was bad", ["no cap"]),
    ]


def values(*found: object) -> list[float]:
    return [interval.value for interval in found]  # type: ignore[attr-defined]


def test_rates_are_sums_over_sums() -> None:
    found = scores()
    assert values(word_error_rate(found), u_wer(found), b_wer(found), term_recall(found)) == [
        2 / 8, 1 / 5, 1 / 3, 1 / 2,
    ]  # fmt: skip


def test_false_accepts_are_counted_by_the_hour() -> None:
    found = [score("eat", "yeet", [], LiveTerms(["yeet"])), score("eat", "eat")]
    rate = false_accepts_per_hour(found, [1800.0, 1800.0])
    assert rate is not None
    assert rate.value == 1.0


def test_an_interval_is_repeatable_and_holds_its_value() -> None:
    errors = np.random.default_rng(1).integers(0, 4, 200)
    lengths = np.full(200, 10)
    found = ratio(errors, lengths)
    assert found == ratio(errors, lengths)
    assert found is not None
    assert found.low < found.value < found.high


def test_the_interval_covers_the_truth_in_nineteen_of_twenty_cases() -> None:
    rng = np.random.default_rng(3)
    found = [ratio(rng.binomial(10, 0.1, 100), np.full(100, 10), seed=n) for n in range(200)]
    covered = sum(interval is not None and interval.low <= 0.1 <= interval.high
                  for interval in found)  # fmt: skip
    assert 176 <= covered <= 200


def test_no_event_leaves_the_rule_of_three() -> None:
    assert ratio([0, 0], [0.25, 0.25]) is not None
    found = ratio([0, 0], [0.25, 0.25])
    assert found is not None
    assert (found.low, found.high) == (0.0, 6.0)


def test_a_full_share_leaves_room_below() -> None:
    found = ratio(np.ones(60), np.ones(60), share=True)
    assert found is not None
    assert (found.value, found.low, found.high) == (1.0, 0.95, 1.0)


def test_a_rate_of_nothing_is_no_rate() -> None:
    assert ratio([0, 0], [0, 0]) is None
    assert ratio([], []) is None
    assert term_recall([score("a", "a")]) is None


def test_a_paired_difference_is_narrower_than_two_intervals() -> None:
    rng = np.random.default_rng(5)
    words_said = rng.integers(5, 30, 100)
    before = rng.binomial(words_said, 0.2)
    after = before - (before > 0) * rng.integers(0, 2, 100)
    found = difference((before, words_said), (after, words_said))
    alone = ratio(before, words_said)
    assert found is not None
    assert alone is not None
    assert found.low < found.value < found.high < 0
    assert found.high - found.low < alone.high - alone.low
