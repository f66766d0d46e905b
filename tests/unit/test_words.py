from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.engines.moonshine.graphs import asset
from earwitness.engines.moonshine.tokenizer import Tokenizer
from earwitness.speech.words import TokenSpan, word_spans

TOKENIZER = Tokenizer(asset("tokenizer.bin"))
tokens = st.lists(st.integers(259, 4000), max_size=12)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Yeet it, please.", ["Yeet", "it,", "please."]),
        ("It's the cat's", ["It's", "the", "cat's"]),
        ("twenty-five", ["twenty-five"]),
        ("na\u00efve caf\u00e9 \u2615", ["na\u00efve", "caf\u00e9", "\u2615"]),
        ("a", ["a"]),
        ("", []),
    ],
)
def test_words_are_what_white_space_parts(text: str, words: list[str]) -> None:
    assert [span.text for span in word_spans(TOKENIZER.encode(text), TOKENIZER)] == words


@given(tokens)
def test_words_lie_in_order_and_leave_out_no_character(said: list[int]) -> None:
    spans = word_spans(said, TOKENIZER)
    assert " ".join(span.text for span in spans).split() == TOKENIZER.decode(said).split()
    ends = [(span.first, span.last) for span in spans]
    assert ends == sorted(ends)
    assert all(first < last for first, last in ends)
    assert all(one[1] <= other[0] for one, other in pairwise(ends))


def test_a_reading_that_begins_within_a_word_has_it_all_the_same() -> None:
    inner = TOKENIZER.encode("yeet")[1:]
    spans = word_spans([*inner, *TOKENIZER.encode("it")], TOKENIZER)
    assert [span.text for span in spans][-1] == "it"
    assert spans[0].first == 0


def test_a_lone_word_mark_is_no_word() -> None:
    mark = TOKENIZER.texts.index("\u2581")
    it = TOKENIZER.encode("it")
    assert word_spans([mark, *it], TOKENIZER) == [TokenSpan("it", 1, 1 + len(it))]
