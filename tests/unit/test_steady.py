"""A clock that goes forward only, whatever somebody does to the machine's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from tests.values import START

from earwitness.runners.steady import JUMP, SteadyClock

YEAR = timedelta(days=365)
HOUR = timedelta(hours=1)


@dataclass
class Machine:
    """Implements what ``SteadyClock`` asks of the store, and has the two clocks of a machine."""

    wall: datetime = START
    counter: float = 1000.0
    seen: datetime | None = None

    def pass_time(self, much: timedelta) -> None:
        self.wall += much
        self.counter += much.total_seconds()

    def time_seen(self) -> datetime | None:
        return self.seen

    def note_time(self, moment: datetime) -> datetime | None:
        before, self.seen = self.seen, max(moment, self.seen or moment)
        return before

    def boot(self) -> SteadyClock:
        return SteadyClock(self, lambda: self.wall, lambda: self.counter)  # type: ignore[arg-type]


@pytest.mark.parametrize("by", [YEAR, -YEAR, HOUR, -HOUR])
def test_a_clock_that_is_set_while_we_run_is_not_followed(by: timedelta) -> None:
    machine = Machine()
    clock = machine.boot()
    machine.pass_time(HOUR)
    assert clock.now() == START + HOUR
    machine.wall += by
    assert clock.now() == START + HOUR
    machine.pass_time(HOUR)
    assert clock.now() == START + 2 * HOUR
    machine.wall -= by
    assert clock.now() == START + 2 * HOUR


def test_small_corrections_are_followed_forward_and_never_back() -> None:
    machine = Machine()
    clock = machine.boot()
    machine.wall += JUMP / 2
    assert clock.now() == START + JUMP / 2
    machine.wall -= JUMP
    assert clock.now() == START + JUMP / 2


def test_after_a_restart_it_goes_on_from_what_was_noted() -> None:
    machine = Machine()
    clock = machine.boot()
    machine.pass_time(HOUR)
    assert clock.note() == START + HOUR
    machine.wall, machine.counter = START - YEAR, 5.0  # a machine without a battery
    again = machine.boot()
    assert again.now() == START + HOUR
    machine.pass_time(HOUR)
    assert again.now() == START + 2 * HOUR
    machine.wall = START + 9 * HOUR  # the network says what time it is
    assert again.now() == START + 9 * HOUR
    machine.wall += YEAR
    assert again.now() == START + 9 * HOUR


def test_a_long_sleep_is_time_that_passed() -> None:
    machine = Machine()
    machine.boot().note()
    machine.wall += YEAR
    machine.counter = 1.0
    assert machine.boot().now() == START + YEAR


def test_it_is_never_before_what_is_proven_and_follows_a_clock_that_is_set_right_then() -> None:
    machine = Machine(wall=START - YEAR)
    clock = machine.boot()
    clock.not_before(START)
    assert clock.now() == START
    clock.not_before(START - HOUR)
    machine.pass_time(HOUR)
    assert clock.now() == START + HOUR
    machine.wall += YEAR + 8 * HOUR  # it was off for so long
    assert clock.now() == START + 9 * HOUR
    machine.wall += YEAR
    assert clock.now() == START + 9 * HOUR


def test_what_is_proven_so_far_ahead_that_nobody_lives_then_is_passed_over() -> None:
    clock = Machine().boot()
    clock.not_before(START.replace(year=9999))
    assert clock.now() == START


@pytest.mark.parametrize(
    ("seen", "was_set_back"),
    [
        (None, True),
        (START - YEAR, True),
        (START.replace(year=9999), True),
        (START - JUMP, False),
        (START, False),
        (START + YEAR, False),
    ],
)
def test_that_less_was_noted_than_is_proven_is_noticed(
    seen: datetime | None, was_set_back: bool
) -> None:
    clock = Machine(seen=seen).boot()
    clock.not_before(START)
    assert clock.was_set_back == was_set_back


@pytest.mark.parametrize("left", [None, START - YEAR])
def test_that_what_was_noted_is_taken_away_while_it_runs_is_noticed(left: datetime | None) -> None:
    machine = Machine()
    clock = machine.boot()
    for _ in range(3):  # the first time nothing was noted yet
        clock.note()
        machine.pass_time(HOUR)
    assert not clock.was_set_back
    machine.seen = left
    assert clock.note() == START + 3 * HOUR
    assert clock.was_set_back
    assert machine.seen == START + 3 * HOUR
