"""What is worth a human's time first."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import strategies
from tests.values import MINUTE, START, item

from earwitness.model import Flag, ItemState, Lease
from earwitness.review.queue import (
    AUDIT,
    FAILURE,
    GAINS,
    OPEN,
    PATIENCE,
    is_valid,
    may_lease,
    may_settle,
    priority,
    value,
)

RULES = st.sampled_from([*GAINS, AUDIT, "a rule of tomorrow"])
FLAGS = st.lists(st.builds(lambda rule: flags(rule)[0], RULES), max_size=5)
FRACTION = st.floats(0, 1)


def flags(*rules: str) -> list[Flag]:
    return [Flag(rule, 0.5, 0.5, "") for rule in rules]


@pytest.mark.parametrize(
    ("confidence", "rules", "worth"),
    [
        (0.5, [], 0.0),
        (1.0, ["unknown_word", "low_confidence"], 0.0),
        (0.0, ["unknown_word"], 0.9),
        (0.5, ["unknown_word"], 0.45),
        (0.5, ["low_confidence"], 0.2),
        (0.5, ["low_confidence", "low_confidence"], 0.36),
        (0.5, ["unknown_word", "low_confidence"], 1 - 0.55 * 0.8),
        (0.5, ["a rule of tomorrow"], 0.2),
        (1.0, [FAILURE], 0.3),
        (1.0, [AUDIT], 1.0),
        (0.9, [AUDIT, "low_confidence"], 1.0),
    ],
)
def test_the_worth_of_a_clip(confidence: float, rules: list[str], worth: float) -> None:
    assert value(confidence, flags(*rules)) == pytest.approx(worth)


@given(FRACTION, FLAGS)
def test_worth_is_a_fraction_and_no_flag_lessens_it(confidence: float, raised: list[Flag]) -> None:
    worth = value(confidence, raised)
    assert 0.0 <= worth <= 1.0
    for rule in GAINS:
        assert value(confidence, raised + flags(rule)) >= worth - 1e-12


def test_an_unknown_word_is_worth_more_than_low_confidence() -> None:
    assert value(0.3, flags("unknown_word")) > value(0.3, flags("low_confidence"))


@given(FRACTION, FRACTION, FLAGS)
def test_the_worth_of_an_audit_clip_does_not_depend_on_what_the_machine_thinks(
    one: float, other: float, raised: list[Flag]
) -> None:
    assert value(one, [*raised, *flags(AUDIT)]) == value(other, flags(AUDIT)) == 1.0


@given(FRACTION, FRACTION, strategies.moment)
def test_of_two_that_came_together_the_more_valuable_is_first(
    one: float, other: float, queued_at: datetime
) -> None:
    if one - other > 1e-6:
        assert priority(one, queued_at) > priority(other, queued_at)


def test_of_two_that_are_worth_the_same_the_older_is_first() -> None:
    assert priority(0.5, START) > priority(0.5, START + timedelta(seconds=1))


def test_nothing_waits_for_ever() -> None:
    worthless = priority(0.0, START)
    assert worthless < priority(1.0, START + PATIENCE - MINUTE)
    assert worthless > priority(1.0, START + PATIENCE + MINUTE)


def test_a_lease_is_over_at_the_moment_at_which_it_expires() -> None:
    lease = Lease("token", "u1", "ada", START + MINUTE)
    assert is_valid(lease, START + MINUTE - timedelta.resolution)
    assert not is_valid(lease, START + MINUTE)


@pytest.mark.parametrize("state", ItemState)
def test_only_what_is_open_can_be_leased(state: ItemState) -> None:
    waiting = item("u1")
    in_state = type(waiting)("u1", state, 0.5, START)
    assert may_lease(in_state, (), None, "ada", START) == (state in OPEN)


def test_an_item_is_leased_to_one_who_did_not_answer_it_and_while_nobody_else_holds_it() -> None:
    held = Lease("token", "u1", "bob", START + MINUTE)
    assert not may_lease(item("u1"), ("ada",), None, "ada", START)
    assert not may_lease(item("u1"), (), held, "ada", START)
    assert may_lease(item("u1"), (), held, "bob", START)
    assert not may_lease(item("u1"), ("bob",), held, "bob", START)
    assert may_lease(item("u1"), ("cy",), held, "ada", START + MINUTE)


def test_an_audit_clip_is_never_settled_unheard() -> None:
    assert may_settle(item("u1"), flags("unknown_word"), None, START)
    assert not may_settle(item("u1"), flags("unknown_word", AUDIT), None, START)


def test_what_somebody_holds_is_not_settled() -> None:
    held = Lease("token", "u1", "bob", START + MINUTE)
    assert not may_settle(item("u1"), (), held, START)
    assert may_settle(item("u1"), (), held, START + MINUTE)
