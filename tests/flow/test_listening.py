"""Looked after: announcements, the day's count, breaks; and what is reported is kept."""

from __future__ import annotations

from datetime import timedelta

from tests.flow.house import START, House, kept

from earwitness.flow.judge import Doubted
from earwitness.flow.listening import announced, day
from earwitness.listening import Playback

MINUTE = timedelta(minutes=1)


def hear_at(house: House, minutes: float, clip: str, played: float | None = 2.0) -> None:
    at = START + minutes * MINUTE
    house.records.add_playback(
        Playback(f"p{minutes}{clip}", clip, "ada", "to judge it", at, 2.0, played=played)
    )


def day_at(house: House, minutes: float) -> tuple[int, float, float]:
    found = day(
        "ada",
        START + minutes * MINUTE,
        records=house.records,
        stretch=50 * MINUTE,
        pause=10 * MINUTE,
    )
    return found.clips, found.seconds, found.break_in / MINUTE


def test_a_break_is_due_after_so_long_without_one(house: House) -> None:
    clip, other = kept(house, 0), kept(house, 1)
    assert day_at(house, 0) == (0, 0.0, 50.0)
    for minutes in range(0, 45, 5):
        hear_at(house, minutes, clip)
    hear_at(house, 44, other, played=None)  # fetched ahead, never heard
    assert day_at(house, 45) == (1, 18.0, 5.0)
    hear_at(house, 45, other)
    assert day_at(house, 52) == (2, 20.0, -2.0)
    assert day_at(house, 55) == (2, 20.0, 50.0)  # ten minutes without a clip
    hear_at(house, 60, other)
    assert day_at(house, 61) == (2, 22.0, 49.0)
    assert day_at(house, 60 + 6 * 60) == (0, 0.0, 50.0)  # a night
    assert house.records.listened("bob", START) == []


def test_what_may_hurt_is_announced_in_words() -> None:
    doubts = [Doubted(rule, 0.9, 0.5, 0.1, 0.4) for rule in ("scream", "low_confidence", "scream")]
    assert announced(doubts) == ["somebody may scream"]
    assert announced(doubts[1:2]) == []
