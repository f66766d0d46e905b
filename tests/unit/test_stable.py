"""What is shown of an utterance that is not over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from earwitness.speech.stable import Agreement

TEXTS = st.lists(
    st.lists(st.sampled_from(["eat", "Eat,", "the", "left", "overs", "overs."]), max_size=6).map(
        " ".join
    ),
    max_size=8,
)


def test_what_two_in_a_row_agree_on_is_stable() -> None:
    agreement = Agreement()
    agreement.with_("Just ye.")
    assert agreement.with_("just yi, that meeting on,") == "just"
    assert agreement.with_("Just yeet that meeting off") == "just"


def test_a_full_stop_behind_the_last_word_so_far_does_not_stay() -> None:
    agreement = Agreement()
    agreement.with_("Please eat.")
    assert agreement.with_("Please eat. This song") == "Please eat"
    assert agreement.shown("Please eat this song") == "Please eat this song"


@given(TEXTS)
def test_what_is_stable_is_never_taken_back_and_always_shown(texts: list[str]) -> None:
    agreement, stable = Agreement(), ""
    for text in texts:
        grown = agreement.with_(text)
        assert grown == stable or grown.startswith(f"{stable} ".lstrip())
        assert agreement.shown(text).startswith(grown)
        stable = grown
