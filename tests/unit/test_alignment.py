from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.model import Hypothesis
from earwitness.speech.alignment import align, edits, occurrences, propose_misheard

WORDS = st.lists(st.sampled_from("abc"), max_size=7).map(tuple)


@cache
def fewest_edits(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[int, int]:
    """(edits, -matches) of the best alignment, by trying everything."""
    if not one or not other:
        return len(one) + len(other), 0
    below, after, both = (
        fewest_edits(one[1:], other),
        fewest_edits(one, other[1:]),
        fewest_edits(one[1:], other[1:]),
    )
    match = one[0] == other[0]
    return min(
        (below[0] + 1, below[1]),
        (after[0] + 1, after[1]),
        (both[0] + (not match), both[1] - match),
    )


@given(WORDS, WORDS)
def test_the_alignment_has_the_fewest_edits_and_of_those_the_most_matches(
    one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    pairs = align(one, other)
    assert (edits(pairs), -sum(pair.match for pair in pairs)) == fewest_edits(one, other)


@given(WORDS, WORDS)
def test_the_alignment_uses_every_word_once_and_in_order(
    one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    pairs = align(one, other)
    assert [p.reference for p in pairs if p.reference is not None] == list(range(len(one)))
    assert [p.hypothesis for p in pairs if p.hypothesis is not None] == list(range(len(other)))
    for pair in pairs:
        if pair.reference is not None and pair.hypothesis is not None:
            assert pair.match == (one[pair.reference] == other[pair.hypothesis])
        else:
            assert not pair.match


def test_of_equal_alignments_the_pair_comes_last() -> None:
    pairs = [(pair.reference, pair.hypothesis) for pair in align(["bussin"], ["bus", "in"])]
    assert pairs == [(None, 0), (0, 1)]


def test_occurrences_do_not_overlap() -> None:
    assert occurrences(["fr", "fr", "fr", "fr", "fr"], ["fr", "fr"]) == [(0, 2), (2, 4)]
    assert occurrences(["a"], []) == []


@pytest.mark.parametrize(
    ("human", "term", "machine", "forms"),
    [
        ("yeet that alarm", "yeet", ["Eat that alarm."], ("eat",)),
        ("this is bussin, add it", "bussin", ["This is bus in. Add it."], ("bus in",)),
        ("he is deadass hungry", "deadass", ["He is dead ass hungry"], ("dead ass",)),
        ("No cap, that was good", "no cap", ["No cat, that was good"], ("no cat",)),
        ("twenty five yeet", "yeet", ["25 eat"], ("eat",)),
        ("set two yeets", "yeets", ["Set 2 eats"], ("eats",)),
    ],
)
def test_what_the_machine_wrote_for_the_term_is_proposed(
    human: str, term: str, machine: list[str], forms: tuple[str, ...]
) -> None:
    assert propose_misheard(human, term, machine) == forms


def test_the_form_is_what_sounds_alike_when_a_neighbour_was_misheard_too() -> None:
    forms = propose_misheard("tell khaleesi I am on my way", "Khaleesi",
                             ["Tell Kelly see I'm on my way"])  # fmt: skip
    assert forms == ("kelly see",)


def test_forms_come_in_the_order_of_the_hypotheses_and_once() -> None:
    nbest = ["Eat that alarm", "Heat that alarm", "eat, that alarm", "Yeet that alarm"]
    assert propose_misheard("Yeet that alarm", "yeet", nbest) == ("eat", "heat")


def test_at_most_four_forms_are_proposed() -> None:
    nbest = [f"{word} that" for word in ("eat", "heat", "yet", "yeah", "yet it", "feet", "it")]
    assert len(propose_misheard("yeet that", "yeet", nbest)) == 4


@pytest.mark.parametrize(
    "machine",
    [
        "yeet that alarm",
        "that alarm",
        "banana that alarm",
        "would you please be so kind and eat up all of that alarm",
        "",
        "?!",
    ],
)
def test_what_explains_nothing_is_not_proposed(machine: str) -> None:
    assert propose_misheard("yeet that alarm", "yeet", [machine]) == ()


def test_a_term_that_the_human_did_not_write_has_no_misheard_form() -> None:
    assert propose_misheard("eat that alarm", "yeet", ["eat that alarm"]) == ()


def test_hypotheses_of_an_engine_are_taken_as_they_are() -> None:
    heard = Hypothesis(text="Eat that.", words=(), logprob=-1.0)
    assert propose_misheard("yeet that", "yeet", [heard]) == ("eat",)


@given(st.text(max_size=40), st.text(max_size=10), st.lists(st.text(max_size=40), max_size=3))
def test_no_text_breaks_the_proposal(human: str, term: str, machine: list[str]) -> None:
    forms = propose_misheard(f"{human} {term}", term, machine)
    assert all(form and form == form.strip() for form in forms)
    assert len(set(forms)) == len(forms) <= 4
