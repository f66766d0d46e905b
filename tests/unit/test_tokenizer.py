from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from earwitness.engines.moonshine.graphs import asset
from earwitness.engines.moonshine.tokenizer import FIRST_BYTE, FIRST_PIECE, Tokenizer, read_pieces

TOKENIZER = Tokenizer(asset("tokenizer.bin"))
RANKS = {
    text: token
    for token, text in enumerate(TOKENIZER.texts)
    if text is not None and token >= FIRST_PIECE
}
anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\u2581"))
english = st.text("abcdefghijklmnopqrstuvwxyzTHE '.,", max_size=40)
quick = settings(max_examples=200)


def naive(text: str) -> list[int]:
    """The best-ranked pair anywhere, the leftmost of equals, again and again."""
    parts = list("\u2581" + text.replace(" ", "\u2581")) if text else []
    while True:
        pairs = [(RANKS[a + b], i) for i, (a, b) in enumerate(pairwise(parts)) if a + b in RANKS]
        if not pairs:
            break
        _, i = min(pairs)
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    return [
        token
        for part in parts
        for token in ([RANKS[part]] if part in RANKS else [FIRST_BYTE + b for b in part.encode()])
    ]


@quick
@given(anything)
@example("  two  spaces ")
@example("</s> <unk> <<ST_5>>")
def test_text_comes_back_as_it_went_in_but_for_outer_space(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text.strip()


@quick
@given(anything | english)
@example("aaaaaaaaaaaaaaaa")
@example("the the thethethe")
@example("mississippi" * 3)
def test_merging_is_that_of_the_simplest_implementation(text: str) -> None:
    assert TOKENIZER.encode(text) == naive(text)


@quick
@given(anything | english)
def test_no_text_makes_a_control_token(text: str) -> None:
    for token in TOKENIZER.encode(text):
        assert token >= FIRST_BYTE
        assert not TOKENIZER.pieces[token].startswith(b"<<ST_")


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("the", ["\u2581the"]),
        ("Hello there.", ["\u2581Hello", "\u2581there", "."]),
        ("yeet", ["\u2581ye", "et"]),
        ("don't", ["\u2581don", "'", "t"]),
    ],
)
def test_known_words_have_known_pieces(text: str, pieces: list[str]) -> None:
    assert [TOKENIZER.texts[token] for token in TOKENIZER.encode(text)] == pieces


def test_what_has_no_piece_is_spelled_in_bytes() -> None:
    rare = "\U00010380"
    assert rare not in RANKS
    assert TOKENIZER.encode(rare)[-4:] == [FIRST_BYTE + byte for byte in rare.encode()]
    assert not TOKENIZER.is_spelled(rare)
    assert TOKENIZER.is_spelled("gochujang jar")


def test_half_a_character_is_shown_as_a_replacement() -> None:
    assert TOKENIZER.decode([FIRST_BYTE + 0xC3]) == "\ufffd"


def test_a_common_word_has_a_low_rank_and_a_rare_one_none() -> None:
    the, kitchen = TOKENIZER.rank("the"), TOKENIZER.rank("kitchen")
    assert the is not None
    assert kitchen is not None
    assert the < kitchen
    assert TOKENIZER.rank("xochitl") is None


@quick
@given(st.lists(st.binary(max_size=300), max_size=6))
def test_pieces_of_any_length_are_read(pieces: list[bytes]) -> None:
    content = b"".join(_prefixed(piece) for piece in pieces)
    assert list(read_pieces(content)) == pieces


def _prefixed(piece: bytes) -> bytes:
    high, low = divmod(len(piece), 128)
    return (bytes([128 + low, high]) if high else bytes([low])) + piece
