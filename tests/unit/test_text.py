from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.speech.text import bare, normalise, tokens, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10", "ten"),
        ("25", "twenty-five"),
        ("1 5 2 1 3", "15213"),
        ("one five two one three", "15,213"),
        ("one hundred and ten", "110"),
        ("two oh three", "203"),
        ("forty nine hundred", "4,900"),
        ("nineteen sixty seven", "1967"),
        ("two million three hundred thousand and five", "2,300,005"),
        ("2 million", "two million"),
        ("the 27th of May", "the twenty-seventh of may"),
        ("first, 2nd", "1st second"),
        ("mac & cheese", "Mac and cheese!"),
        ("OK", "okay"),
        ("O.K.", "Ok,"),
        ("7 p.m.", "7pm"),
        ("Mr. Hale", "mister hale"),
        ("$5.50", "five point five zero dollars"),
        ("it\u2019s", "it's"),
        ("caf\u00e9", "cafe\u0301"),
        ("\ufb01nna", "finna"),
        ("\u202e\u05e9\u05dc\u05d5\u05dd\u202c", "\u05e9\u05dc\u05d5\u05dd"),
    ],
)  # fmt: skip
def test_two_ways_to_write_the_same_speech_compare_equal(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gonna", "going to"),
        ("don't", "do not"),
        ("colour", "color"),
        ("um yes", "yes"),
        ("finna", "fine"),
        ("its", "it's"),
        ("oh", "zero"),
        ("seven", "seventh"),
    ],
)
def test_different_speech_stays_different(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


@pytest.mark.parametrize(
    "term",
    ["finna", "bussin", "fr fr", "no cap", "it is giving", "y'all", "deadass", "gyatt", "i'ma",
     "x\u00f3chitl", "\u0939\u093f\u0928\u094d\u0926\u0940", "\u05d7\u05dc\u05dc\u05d4"],
)  # fmt: skip
def test_a_taught_term_stays_as_it_is(term: str) -> None:
    assert normalise(term.upper()) == normalise(term) == term


def test_a_token_names_the_written_words_it_came_from() -> None:
    found = [(token.text, token.first, token.last) for token in tokens("Set 25 (twenty hundred).")]
    assert found == [
        ("set", 0, 0), ("2", 1, 3), ("5", 1, 3), ("2", 1, 3), ("0", 1, 3), ("0", 1, 3), ("0", 1, 3),
    ]  # fmt: skip


def test_a_read_out_digit_string_keeps_one_token_a_word() -> None:
    places = [(token.first, token.last) for token in tokens("one five two one three")]
    assert places == [(at, at) for at in range(5)]


def test_a_text_of_nothing_but_punctuation_has_no_words() -> None:
    assert words(" -- ... ?! \u200f") == ()


def test_bare_takes_off_the_punctuation_around_a_word_only() -> None:
    assert [bare(word) for word in ("\u201cBussin,\u201d", "y'all!", "mac-n-cheese", "...")] == [
        "bussin", "y'all", "mac-n-cheese", "",
    ]  # fmt: skip


@given(st.text(max_size=60))
def test_every_token_lies_within_the_written_words(text: str) -> None:
    written = text.split()
    found = tokens(text)
    assert all(0 <= token.first <= token.last < len(written) for token in found)
    assert all(token.text == token.text.strip() != "" for token in found)
    assert [token.first for token in found] == sorted(token.first for token in found)


@given(st.lists(st.sampled_from(["a", "yeet", "it's", "bussin", "okay", "mac", "and", "cheese"])))
def test_normalising_twice_changes_nothing(chosen: list[str]) -> None:
    once = normalise(" ".join(chosen))
    assert normalise(once) == once == " ".join(chosen)


@given(st.integers(min_value=0, max_value=10**9))
def test_a_number_is_its_digits(number: int) -> None:
    assert words(str(number)) == tuple(str(number)) == words(f"{number:,}")
