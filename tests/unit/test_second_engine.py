"""Which words of an answer another recogniser heard too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.speech.agreement import same_words

TEXT = st.text("abo .", max_size=12)


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("eat that alarm", "Eat that alarm.", [1, 1, 1]),
        ("eat that alarm", "yeet that alarm", [0, 1, 1]),
        ("U M N Y H six.", "UMNYH6", [1, 1, 1, 1, 1, 1]),
        ("one o seven", "107", [1, 1, 1]),
        ("dead ass hungry", "deadass hungry", [1, 1, 1]),
        ("deadass hungry", "dead-ass hungry", [1, 1]),
        ("is", "this", [0]),
        ("a", "at", [0]),
        ("in the end", "end", [0, 0, 1]),
        ("anything", "", [0]),
        ("...", "", [1]),
    ],
)
def test_words_are_found_by_their_letters(ours: str, theirs: str, same: list[int]) -> None:
    assert same_words(ours.split(), theirs).tolist() == same


@given(TEXT)
def test_a_text_has_all_of_its_own_words(text: str) -> None:
    assert same_words(text.split(), text).all()


@given(TEXT)
def test_a_text_without_its_spaces_has_all_of_its_words(text: str) -> None:
    letters = "".join(filter(str.isalpha, text))
    assert same_words(list(letters), letters).all()


@given(TEXT, TEXT)
def test_every_written_word_gets_an_answer(ours: str, theirs: str) -> None:
    found = same_words(ours.split(), theirs)
    assert len(found) == len(ours.split())
    assert set(found.tolist()) <= {0.0, 1.0}
