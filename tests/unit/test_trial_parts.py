"""The arithmetic of a trial: rates, nearness, limits, scopes, memory."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pytest
from tests.values import START, transcript

from earwitness.flow.intervals import rate
from earwitness.flow.memory import Recent, RecentSpeech
from earwitness.flow.nearness import distance
from earwitness.flow.scope import Scoped, scopes, source_of
from earwitness.model import Lexicon, Source, Term


# The exact limits of Garwood 1936, as tabulated for counts 0, 1, 5 and 100.
@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(0, 0.0, 3.689), (1, 0.0253, 5.572), (5, 1.623, 11.668), (100, 81.364, 121.627)],
)
def test_a_rate_has_the_exact_poisson_interval(count: int, low: float, high: float) -> None:
    interval = rate(count, 0.5)
    assert interval.value == count / 0.5
    assert (interval.low * 0.5, interval.high * 0.5) == pytest.approx((low, high), abs=2e-3)


def test_a_rate_over_no_time_is_unknown() -> None:
    assert rate(0, 0.0).high == math.inf


def test_what_sounds_like_a_term_is_nearer_than_what_does_not() -> None:
    texts = ["please bus in the guests", "basin of water", "what time is it"]
    distances = [distance(Term("bussin"), [text]) for text in texts]
    assert distances == sorted(distances)
    assert distances[0] == 0.0


def test_a_misheard_form_counts_as_near() -> None:
    term = Term("Xochitl", misheard=("so chill",))
    assert distance(term, ["tell so chill good night"]) == 0.0


def test_nothing_heard_is_far_from_everything() -> None:
    assert distance(Term("yeet"), [""]) == 1.0


@pytest.mark.parametrize("scope", ["everywhere", "locale:en-GB", "household:a b"])
def test_a_scope_is_live_for_its_own_source(scope: str) -> None:
    lexicon = Lexicon(1, {"yeet": Term("yeet", scope=scope)})
    assert Scoped(lexicon).of(source_of(scope)) is lexicon


def test_households_without_terms_of_their_own_share_one_lexicon() -> None:
    terms = {name: Term(name, scope=f"household:{name}") for name in ("a", "b")}
    scoped = Scoped(Lexicon(1, terms))
    assert set(scoped.of(Source(household="a")).terms) == {"a"}
    assert scoped.of(Source(household="x")) is scoped.of(Source(household="y"))


def test_a_locale_is_part_of_a_longer_one_only_at_a_hyphen() -> None:
    assert "locale:e" not in scopes(Source(locale="en"))
    assert "locale:en" in scopes(Source(locale="en-GB"))


def recent(number: int, device: str = "kitchen") -> Recent:
    return Recent(
        id=str(number),
        source=Source(device=device),
        heard_at=START + timedelta(seconds=number),
        audio=np.zeros(2**18, np.float32),
        transcript=transcript(),
        kept=False,
    )


def test_memory_lets_go_of_what_is_old_whoever_speaks() -> None:
    memory = RecentSpeech(seconds=30)
    memory.remember(recent(0, "kitchen"))
    memory.remember(recent(31, "bedroom"))
    assert memory.of(Source(device="kitchen"), START) == []


def test_memory_holds_no_more_than_its_room() -> None:
    memory = RecentSpeech(seconds=30, megabytes=3)
    for number in range(5):
        memory.remember(recent(number))
    later = START + timedelta(seconds=9)
    assert [each.id for each in memory.of(Source(device="kitchen"), later)] == ["2", "3", "4"]


def test_what_was_said_later_is_not_among_what_was_said_before() -> None:
    memory = RecentSpeech(seconds=30)
    for number in range(5):
        memory.remember(recent(number))
    moment = recent(2).heard_at
    assert [each.id for each in memory.of(Source(device="kitchen"), moment)] == ["0", "1"]


def test_in_a_quiet_house_a_timer_makes_it_forget() -> None:
    memory = RecentSpeech(seconds=30)
    memory.remember(recent(0))
    memory.forget(START + timedelta(seconds=31))
    assert memory.of(Source(device="kitchen"), START) == []
