"""Where the reports themselves are gone, the outside is told from the memory of the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.flow.incident_house import THREE_RUNGS
from tests.flow.test_damaged_rows import Room, damage
from tests.flow.test_escalation import DAY, HOUR, MINUTE, House, house_of
from tests.values import START

from earwitness.incidents.records import HOUSE, Kind
from earwitness.runners.escalating import Climbing
from earwitness.runners.steady import SteadyClock

OUTSIDE = "mailto:ombudsman@example.net"
TABLES = (
    "incident",
    "incident_record",
    "incident_clock",
    "incident_delivery",
    "log_leaf",
    "log_head",
    "time_seen",
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = house_of(tmp_path, THREE_RUNGS)
    yield made
    made.on.records.close()  # type: ignore[attr-defined]


class Turns:
    """Of the job, with a clock that we set."""

    def __init__(self, house: House) -> None:
        self.house, self.now, self.counted = house, START, 0.0
        clock = SteadyClock(house.on.records, lambda: self.now, lambda: self.counted)
        self.job = Climbing(house.on, clock, Room(), {}, lambda: house.out)

    def take(self, now: datetime) -> None:
        self.counted += (now - self.now).total_seconds()
        self.now = now
        with suppress(Exception):  # as the runner does
            for each in self.job.due():
                self.job.carry_out(each.what)

    def take_all(self, since: datetime, until: datetime, step: timedelta) -> None:
        while since <= until:
            self.take(since)
            since += step


@pytest.mark.parametrize("table", TABLES)
def test_the_outside_is_told_that_the_store_is_gone(
    house: House, tmp_path: Path, table: str
) -> None:
    house.report()
    turns = Turns(house)
    turns.take(START)
    house.out.sent.clear()
    damage(tmp_path, f"DROP TABLE {table}", "")
    turns.take_all(START + 10 * MINUTE, START + 59 * MINUTE, 10 * MINUTE)
    assert house.out.to == []
    turns.take_all(START + HOUR, START + 3 * DAY, 6 * HOUR)
    assert house.out.to == 3 * [OUTSIDE]
    text = house.out.sent[0][1].text
    assert "Since 2026-" in text
    assert str(house.on.book.key.public) in text
    assert len({message.id for _, message in house.out.sent}) == 3


def test_that_nothing_can_be_added_is_found_where_nothing_happens(
    house: House, tmp_path: Path
) -> None:
    turns = Turns(house)
    turns.take(START)
    damage(tmp_path, "DROP TABLE time_seen", "")
    turns.take_all(START + HOUR, START + 27 * HOUR, HOUR)
    assert house.out.to == [OUTSIDE]


def test_it_is_tried_until_somebody_takes_it(house: House, tmp_path: Path) -> None:
    turns = Turns(house)
    turns.take(START)
    damage(tmp_path, "DROP TABLE incident", "")
    house.out.down = True
    turns.take_all(START, START + 2 * HOUR, MINUTE)
    house.out.down = False
    turns.take_all(START + 2 * HOUR, START + 3 * HOUR, MINUTE)
    assert house.out.to == [OUTSIDE]


def test_it_goes_to_who_was_the_outside_before_the_policy_was_edited(
    house: House, tmp_path: Path
) -> None:
    house.report()
    turns = Turns(house)
    turns.take(START)
    edited = THREE_RUNGS.replace(OUTSIDE, "mailto:m@example.org")
    turns.job._on = replace(house.on, policy_text=lambda: edited)
    damage(tmp_path, "DROP TABLE incident_record", "")
    turns.take_all(START, START + HOUR, MINUTE)
    assert house.out.to == [OUTSIDE]


def test_once_it_can_be_read_again_that_it_could_not_is_on_record(
    house: House, tmp_path: Path
) -> None:
    turns = Turns(house)
    turns.take(START)
    damage(tmp_path, "ALTER TABLE incident RENAME TO hidden", "")
    turns.take_all(START, START + 2 * HOUR, MINUTE)
    damage(tmp_path, "ALTER TABLE hidden RENAME TO incident", "")
    turns.take(START + 3 * HOUR)
    turns.take(START + 4 * HOUR)
    said = [
        str(each.fields["why"])
        for each in house.on.records.records_of([HOUSE])[HOUSE]
        if each.kind == Kind.OUTSIDE
    ]
    assert len(said) == 1
    assert said[0].startswith("reports were out of reach from ")


def test_what_was_out_of_reach_for_a_moment_is_nobodys_business_outside(
    house: House, tmp_path: Path
) -> None:
    turns = Turns(house)
    for hours in range(5):
        turns.take(START + hours * HOUR)
        damage(tmp_path, "ALTER TABLE incident RENAME TO hidden", "")
        turns.take(START + hours * HOUR + 30 * MINUTE)
        damage(tmp_path, "ALTER TABLE hidden RENAME TO incident", "")
    assert house.out.to == []
