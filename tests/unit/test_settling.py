"""Which doubts a new reading answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from earwitness.engines.scripted import Reading, Script, ScriptedEngine, recording
from earwitness.flow.readings import Clip, Readings
from earwitness.flow.scope import Scoped
from earwitness.flow.settling import settles
from earwitness.model import Flag, Lexicon, Term, Transcript

YEET, RIZZ = Term("yeet"), Term("rizz")
SAID = "please yeet the bad rizz"
"""Five words in a clip of five seconds, so each is said for one."""


class Knowing(ScriptedEngine):
    """Hears several terms in one reading, which a script cannot say."""

    def decode(self, encoded: Any, lexicon: Lexicon, *, times: bool = False) -> Transcript:
        heard = super().decode(encoded, lexicon, times=times)
        terms = tuple(term.written for term in lexicon.terms.values())
        return replace(heard, nbest=(replace(heard.best, terms=terms),))


def is_settled(
    *places: tuple[float | None, float | None],
    live: Sequence[Term] = (YEET,),
    known: Sequence[Term] = (),
    doubts: Sequence[Flag] = (),
) -> bool:
    """Whether teaching yeet settles a clip that was doubted at these places."""
    readings = Readings(Knowing({0: Script((Reading(SAID, -1.0),))}))
    flags = tuple(Flag("low_confidence", 0.1, 0.5, "unsure", *place) for place in places)
    clip = Clip("clip", 5.0, lambda: recording(0, 5.0), flags=flags)
    clip = replace(clip, heard=readings.try_out(clip, scoped(known)))
    after = readings.try_out(clip, scoped(live))
    return settles(YEET, clip, scoped(live), after, readings, lambda *_: doubts)


def scoped(terms: Sequence[Term]) -> Scoped:
    return Scoped(Lexicon(1, {term.key: term for term in terms}))


@pytest.mark.parametrize("place", [(1.0, 2.0), (1.3, 1.5), (0.9, 2.6), (0.6, 1.6)])
def test_a_doubt_at_the_place_of_the_term_is_answered(place: tuple[float, float]) -> None:
    assert is_settled(place)


@pytest.mark.parametrize("place", [(0.0, 1.0), (0.2, 1.1), (2.0, 3.0), (1.9, 2.6), (4.0, 5.0)])
def test_a_doubt_about_another_word_is_not_even_about_the_next_one(
    place: tuple[float, float],
) -> None:
    assert not is_settled(place)
    assert not is_settled((1.0, 2.0), place)


def test_a_doubt_without_a_place_is_answered_by_a_reading_without_doubt() -> None:
    assert is_settled()
    assert is_settled((None, None), (1.0, 2.0))


def test_a_reading_that_is_doubted_settles_nothing() -> None:
    assert not is_settled((1.0, 2.0), doubts=[Flag("low_confidence", 0.1, 0.5, "unsure")])


def test_doubts_at_two_places_are_answered_once_both_words_are_known() -> None:
    assert is_settled((1.0, 2.0), (4.0, 5.0), live=(YEET, RIZZ))


def test_a_word_that_was_known_when_its_place_was_doubted_answers_nothing() -> None:
    assert not is_settled((1.0, 2.0), (4.0, 5.0), live=(YEET, RIZZ), known=(RIZZ,))
