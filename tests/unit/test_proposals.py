"""What a listener is offered to teach."""

from __future__ import annotations

from dataclasses import replace

from tests.values import judgement, transcript

from earwitness.flow.proposals import Form, proposals
from earwitness.model import Taught, Verdict


def offered(said: str, heard: str, *marked: str) -> list[tuple[str, bool]]:
    mine = replace(judgement("u1", text=said), terms=tuple(map(Taught, marked)))
    return [(each.written, each.likely) for each in proposals(mine, transcript(heard))]


def test_what_differs_is_offered_and_what_no_dictionary_has_comes_first() -> None:
    assert offered("Call Xochitl, at noon", "Call so chill, at moon") == [
        ("Xochitl", True),
        ("noon", False),
    ]


def test_what_was_marked_is_likely_whatever_it_is() -> None:
    assert offered("drop the beat now", "drop a beet now", "beat") == [
        ("beat", True),
        ("the beat", False),
    ]


def test_of_long_stretches_only_words_that_no_dictionary_has_are_offered() -> None:
    assert offered("one two three four five", "") == []
    assert offered("please ask the Gochujang people about Xochitl now", "turn it off") == [
        ("Gochujang", True),
        ("Xochitl", True),
    ]


def test_what_nobody_says_is_not_offered() -> None:
    assert offered("please <script>alert(1)</script> tell", "please tell") == []


def test_misheard_forms_say_when_they_are_ordinary_words() -> None:
    mine = replace(judgement("u1", text="yeet that alarm"), terms=())
    (only,) = proposals(mine, transcript("eat that alarm"))
    assert only.misheard == (Form("eat", ordinary=True),)
    (only,) = proposals(mine, transcript("yeeet that alarm"))
    assert only.misheard == (Form("yeeet", ordinary=False),)


def test_nothing_is_offered_where_nothing_differs_or_was_said() -> None:
    assert offered("yeet that", "Yeet, that!") == []
    silent = replace(judgement("u1"), verdict=Verdict.NO_SPEECH, text="", terms=())
    assert proposals(silent, transcript("eat")) == []


def test_a_short_line_that_shares_no_word_is_not_offered_as_one_term() -> None:
    assert offered("what time is it", "play jazz") == []
    assert offered("ask Xochitl please", "play jazz") == [("Xochitl", True)]
    assert offered("Gochujang", "go to John") == [("Gochujang", True)]


def test_what_would_be_refused_is_not_offered() -> None:
    assert offered("give it to the 25 now", "give it now") == [("to the 25", False)]
    assert offered("turn it up now", "turn it now") == []
    assert offered("set it to 25 now", "set it to now") == []
    long = "Donaudampfschifffahrtsgesellschaft" * 2
    assert offered(f"call the {long} now", "call the now") == []
