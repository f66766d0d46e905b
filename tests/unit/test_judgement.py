"""What an answer must be, and where it leads."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import strategies
from tests.values import START, item, judgement

from earwitness.errors import JudgementError
from earwitness.model import ItemState, Judgement, Taught, Verdict
from earwitness.review.judgement import (
    MAX_FORM,
    MAX_FORMS,
    MAX_TEXT,
    agree,
    needs_second,
    next_state,
    same_words,
    says,
    validate,
)

JOINED = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"  # Persian, with a non-joiner within
GOOD = judgement("u1")
OTHERS = [verdict for verdict in Verdict if verdict is not Verdict.TRANSCRIPT]


def said(text: str, *terms: str | Taught) -> Judgement:
    taught = tuple(Taught(each) if isinstance(each, str) else each for each in terms)
    return replace(GOOD, text=text, terms=taught)


@pytest.mark.parametrize(
    "good",
    [
        GOOD,
        said("Play 'Yeet', will you?", "yeet"),
        said("Rock'n'roll", "rock\u2019n\u2019roll"),
        said("CAFÉ noir", "cafe\u0301"),
        said("call Xochitl Garcia now", "xochitl  garcia"),
        said("א ב yeet ג", "yeet"),
        said("नमस्ते दुनिया", "नमस्ते"),
        said(JOINED, JOINED),
        said("a" * MAX_TEXT),
        said("yeet", Taught("yeet", misheard=(), scope="locale:en-GB", why="slang")),
        said("yeet", Taught("yeet", spoken=("yeat",), scope="household:7")),
        *[replace(GOOD, verdict=verdict, text="", terms=()) for verdict in OTHERS],
    ],
)
def test_a_good_answer_is_taken(good: Judgement) -> None:
    validate(good)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (said(""), "needs the words"),
        (said(" ... "), "needs the words"),
        (said("eat that", "yeet"), "'yeet' does not occur"),
        (said("yeeted", "yeet"), "'yeet' does not occur"),
        (said("go Garcia Xochitl", "xochitl garcia"), "does not occur"),
        (said("yeet", "yeet", "YEET"), "more than once"),
        (said("yeet", "?!"), "no letters"),
        (said("yeet", " "), "term is empty"),
        (said("a" * (MAX_TEXT + 1)), f"{MAX_TEXT + 1} characters"),
        (said("yeet", "y" * 5000), "5000 characters"),
        (said("yeet", Taught("yeet", spoken=("",))), "spoken form is empty"),
        (said("yeet", Taught("yeet", misheard=("e" * (MAX_FORM + 1),))), "misheard form"),
        (said("yeet", Taught("yeet", spoken=("a",) * (MAX_FORMS + 1))), "too many"),
        (said("yeet", *["yeet"] * (MAX_FORMS + 1)), "too many"),
        (said("yeet", Taught("yeet", scope="planet")), "'planet' is not everywhere"),
        (said("yeet", Taught("yeet", why="\x1b[2J")), r"reason .* U\+001B at place 1"),
        (said("yeet\x00"), r"U\+0000 at place 5"),
        (said("yeet\n"), r"U\+000A"),
        (said("\u202eteey"), r"U\+202E"),
        (said("yeet \ud800"), r"U\+D800"),
        (replace(GOOD, analyst=""), "analyst is empty"),
    ],
)
def test_a_bad_answer_is_refused_with_the_reason(bad: Judgement, reason: str) -> None:
    with pytest.raises(JudgementError, match=reason):
        validate(bad)


@pytest.mark.parametrize("verdict", OTHERS)
def test_what_is_no_transcript_has_no_text_and_no_terms(verdict: Verdict) -> None:
    for bad in (said("yeet"), replace(said("yeet", "yeet"), text="")):
        with pytest.raises(JudgementError, match=verdict.value):
            validate(replace(bad, verdict=verdict))


@given(strategies.judgements)
def test_any_answer_is_taken_or_refused_and_nothing_else(anything: Judgement) -> None:
    try:
        validate(anything)
    except JudgementError:
        return
    assert bool(anything.text.strip()) == (anything.verdict is Verdict.TRANSCRIPT)
    assert all(says(anything.text, term.written) for term in anything.terms)


# --- where it leads ---------------------------------------------------------


def by(analyst: str, text: str = "yeet that", verdict: Verdict = Verdict.TRANSCRIPT) -> Judgement:
    answer = judgement("u1", analyst, text)
    return answer if verdict is Verdict.TRANSCRIPT else replace(answer, verdict=verdict, text="")


def lead(state: ItemState, earlier: list[Judgement], last: Judgement, fraction: float = 0.0):
    return next_state(replace(item("u1"), state=state), earlier, last, fraction)


def test_the_first_answer_closes_unless_a_second_listener_is_due() -> None:
    assert lead(ItemState.WAITING, [], by("ada")) == (ItemState.CLOSED, "judged")
    state, why = lead(ItemState.WAITING, [], by("ada"), fraction=1.0)
    assert (state, why) == (ItemState.SECOND, "drawn for a second listener")


@pytest.mark.parametrize(
    ("first", "second", "state"),
    [
        (by("ada"), by("bob", "Yeet, that!"), ItemState.CLOSED),
        (by("ada"), by("bob", "eat that"), ItemState.ADJUDICATION),
        (by("ada"), by("bob", verdict=Verdict.NO_SPEECH), ItemState.ADJUDICATION),
        (
            by("ada", verdict=Verdict.NO_SPEECH),
            by("bob", verdict=Verdict.NO_SPEECH),
            ItemState.CLOSED,
        ),
        (
            by("ada", verdict=Verdict.NO_SPEECH),
            by("bob", verdict=Verdict.UNINTELLIGIBLE),
            ItemState.ADJUDICATION,
        ),
    ],
)
def test_two_who_agree_close_and_two_who_do_not_wait_for_a_third(
    first: Judgement, second: Judgement, state: ItemState
) -> None:
    assert lead(ItemState.SECOND, [first], second)[0] is state


def test_the_adjudicator_has_the_last_word() -> None:
    earlier = [by("ada"), by("bob", "eat that")]
    state, why = lead(ItemState.ADJUDICATION, earlier, by("cy", "neither"))
    assert (state, why) == (ItemState.CLOSED, "adjudicated by cy")


def test_nobody_answers_twice() -> None:
    with pytest.raises(JudgementError, match="ada has judged"):
        lead(ItemState.SECOND, [by("ada")], by("ada"))


@pytest.mark.parametrize("state", [ItemState.CLOSED, ItemState.SETTLED])
def test_what_is_closed_takes_no_answer(state: ItemState) -> None:
    with pytest.raises(JudgementError, match=state.value):
        lead(state, [], by("ada"))


def test_what_counts_as_the_same_text_can_be_given() -> None:
    one, other = by("ada", "2 cups"), by("bob", "two cups")
    assert not agree(one, other)
    assert agree(one, other, lambda a, b: a.replace("two", "2") == b.replace("two", "2"))


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_whoever_is_due_at_a_fraction_is_due_at_every_greater_one(
    name: str, one: float, other: float
) -> None:
    name = name.encode(errors="replace").decode()
    if needs_second(name, min(one, other)):
        assert needs_second(name, max(one, other))
    assert needs_second(name, 1.0)
    assert not needs_second(name, 0.0)


def test_the_fraction_is_what_it_says_and_the_same_for_ever() -> None:
    due = [number for number in range(10_000) if needs_second(f"u{number}", 0.1)]
    assert 900 < len(due) < 1100
    assert due[:5] == [number for number in range(10_000) if needs_second(f"u{number}", 0.1)][:5]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_says_itself_however_it_is_cased(text: str) -> None:
    assert says(text, text)
    assert same_words(text, f"  {text}!")


def test_when_it_was_given_does_not_matter() -> None:
    assert agree(by("ada"), replace(by("bob"), judged_at=START))
