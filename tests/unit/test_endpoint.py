"""From probabilities of speech to beginnings and ends."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from earwitness.speech.endpoint import (
    FIRST,
    Endpointer,
    GoesOn,
    Limits,
    Move,
    Over,
    Pause,
    Start,
    TooLong,
)

LIMITS = Limits(silence=8, longest=60, pre_roll=5, tail=3)


def moves(probabilities: Iterable[float], limits: Limits = LIMITS) -> list[Move]:
    endpointer = Endpointer(limits)
    return [move for p in probabilities for move in endpointer.judge(p)]


def test_an_utterance_has_its_pre_roll_and_its_tail() -> None:
    assert moves([0.1] * 10 + [0.9] * 20 + [0.1] * 8) == [Start(5), Pause(5, 33), Over(5, 33)]


def test_speech_at_the_very_beginning_has_no_pre_roll_before_it() -> None:
    assert moves([0.9] * FIRST) == [Start(0)]


def test_fewer_chunks_than_a_beginning_has_are_none() -> None:
    assert moves(([0.9] * (FIRST - 1) + [0.1]) * 10) == []


def test_between_the_two_thresholds_speech_goes_on_but_does_not_begin() -> None:
    assert moves([0.4] * 20) == []
    assert moves([0.9] * 5 + [0.4] * 20) == [Start(0)]


def test_who_pauses_and_goes_on_is_one_utterance() -> None:
    said = [0.9] * 5 + [0.1] * 4 + [0.9] * 5 + [0.1] * 8
    assert moves(said) == [Start(0), Pause(0, 8), GoesOn(), Pause(0, 17), Over(0, 17)]


def test_who_never_pauses_is_cut_so_that_nothing_is_longer_than_the_longest() -> None:
    found = moves([0.9] * 60)
    assert [type(move) for move in found] == [Start, *[TooLong] * 4]
    assert found[1] == TooLong(0, 57)


def test_where_the_sound_ends_the_utterance_is_over() -> None:
    endpointer = Endpointer(LIMITS)
    for _ in range(6):
        endpointer.judge(0.9)
    assert endpointer.end() == Over(0, 6)
    assert Endpointer(LIMITS).end() is None


@given(st.lists(st.floats(0, 1), max_size=200))
def test_moves_make_sense_whatever_the_probabilities(probabilities: list[float]) -> None:
    endpointer = Endpointer(LIMITS)
    paused = False
    for number, probability in enumerate(probabilities, 1):
        for move in endpointer.judge(probability):
            match move:
                case Start(first):
                    assert 0 <= first < number
                case Pause(first, end):
                    assert first < end <= number
                    paused = True
                case GoesOn():
                    assert paused
                    paused = False
                case Over(first, end):
                    assert paused
                    assert first < end <= number
                    assert end - first <= LIMITS.longest
                    return
                case TooLong(first, end):
                    assert end - first <= LIMITS.longest
                    return
