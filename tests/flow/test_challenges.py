"""Challenges: once, in time, for what they were given, by whom they were given to."""

from __future__ import annotations

import pytest
from tests.values import START

from earwitness.errors import AccessRefused, Overloaded
from earwitness.flow import challenges
from earwitness.flow.challenges import VALID, Challenges


def test_a_challenge_is_good_once() -> None:
    known = Challenges()
    one, other = (known.new("sign-in", "browser", START) for _ in range(2))
    assert one != other
    known.spend(one, "sign-in", "browser", START)
    known.spend(other, "sign-in", "browser", START)
    with pytest.raises(AccessRefused, match="second time"):
        known.spend(one, "sign-in", "browser", START)


@pytest.mark.parametrize(
    ("use", "browser"), [("join", "browser"), ("sign-in", "another"), ("sign-in", "")]
)
def test_a_challenge_is_for_one_thing_and_one_browser(use: str, browser: str) -> None:
    known = Challenges()
    one = known.new("sign-in", "browser", START)
    with pytest.raises(AccessRefused, match="not asked for"):
        known.spend(one, use, browser, START)
    known.spend(one, "sign-in", "browser", START)


def test_a_challenge_ends() -> None:
    known = Challenges()
    one = known.new("sign-in", "", START)
    with pytest.raises(AccessRefused, match="too late"):
        known.spend(one, "sign-in", "", START + VALID)


def test_nobody_makes_a_challenge_of_their_own() -> None:
    known = Challenges()
    one = bytearray(known.new("sign-in", "", START))
    theirs = Challenges().new("sign-in", "", START)
    for place in range(len(one)):
        one[place] ^= 1
        with pytest.raises(AccessRefused, match="not asked for"):
            known.spend(bytes(one), "sign-in", "", START)
        one[place] ^= 1
    for wrong in (theirs, b"", bytes(56), bytes(one[:-1]), bytes(one) + b"\0"):
        with pytest.raises(AccessRefused, match="not asked for"):
            known.spend(wrong, "sign-in", "", START)


def test_what_came_back_is_forgotten_when_it_would_have_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(challenges, "MAX_SPENT", 3)
    known = Challenges()

    def spend(now: int) -> None:
        moment = START + now * VALID
        known.spend(known.new("a", "", moment), "a", "", moment)

    for _ in range(3):
        spend(0)
    with pytest.raises(Overloaded):
        spend(0)
    spend(1)


def test_what_goes_with_a_challenge_is_as_secret_as_it() -> None:
    known = Challenges()
    one, other = (known.new("sign-in", "", START) for _ in range(2))
    derived = {known.derive(each, what) for each in (one, other) for what in ("nonce", "code")}
    assert len(derived) == 4
    assert {len(each) for each in derived} == {32}
