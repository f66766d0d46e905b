"""Whoever sets the machine's clock, and takes away what it had seen, stops no deadline; it is told.

On every store. What the clock had seen is a row of the database; what the log proves of the time
is not theirs to change.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from tests.databases import postgres_server, postgres_url, sqlite_url
from tests.flow.incident_house import THREE_RUNGS, change, incidents
from tests.flow.test_damaged_rows import OMBUDSMAN, RECENT, Room
from tests.flow.test_escalation import DAY, HOUR, MINUTE, House, house_of
from tests.values import START

from earwitness.config import Settings
from earwitness.errors import StoreError
from earwitness.flow.incidents import codes, logbook
from earwitness.flow.incidents import house as of_the_house
from earwitness.flow.incidents.parts import Incidents
from earwitness.incidents.records import HOUSE, Kind
from earwitness.runners.escalating import Climbing, Delivering, Held
from earwitness.runners.steady import NOTE_EVERY, SteadyClock
from earwitness.wiring import Earwitness

YEAR = timedelta(days=365)
SET_BACK = of_the_house.SET_BACK
TAKE = "DELETE FROM time_seen"
LONG_AGO = "UPDATE time_seen SET at = at - 31536000000000"
MISSING = [TAKE, LONG_AGO, "UPDATE time_seen SET at = 253402300799000000"]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    return postgres_url(request.getfixturevalue("server"))


class Machine:
    """One process at a time, on a machine with a clock that is set as we like."""

    def __init__(self, house: House, folder: Path, url: str) -> None:
        self.house, self._folder, self._url = house, folder, url
        self.wall, self.counted = START, 0.0
        self.on, self.clock, self._jobs = house.on, *self.worker(house.on)

    def worker(self, on: Incidents) -> tuple[SteadyClock, list[Climbing | Delivering]]:
        """Another that runs here, whose clock and jobs these are."""
        clock, held = SteadyClock(on.records, lambda: self.wall, lambda: self.counted), Held()
        climbing = Climbing(on, clock, Room(), held, lambda: self.house.out)
        deliver = (
            Delivering(on, clock, lambda: self.house.out, held, each) for each in (False, True)
        )
        return clock, [climbing, *deliver]

    def restart(self) -> None:
        """A process that knows no more than what is kept."""
        self.on.records.close()  # type: ignore[attr-defined]
        self.on = incidents(self._folder, THREE_RUNGS, url=self._url)
        self.house = replace(self.house, on=self.on)
        self.clock, self._jobs = self.worker(self.on)

    def turn(self) -> None:
        for job in self._jobs:
            for each in job.due():
                with suppress(StoreError):  # as the runner does; it is due again
                    job.carry_out(each.what)

    def run(self, much: timedelta, step: timedelta = 10 * MINUTE) -> None:
        """For so long, with a turn after each step."""
        self.turn()
        for _ in range(much // step):
            self.wall += step
            self.counted += step.total_seconds()
            self.turn()

    def attack(self, *statements: str, by: timedelta = YEAR) -> None:
        """It is stopped, and begun again with its clock set back, as if this were never seen."""
        for each in statements:
            change(self.on, each)
        self.wall -= by
        self.restart()

    def told(self) -> list[str]:
        """What every outside was told of the house, each once; forgotten with that."""
        said = [each.text for to, each in self.house.out.sent if (to, each.case) == TO_OUTSIDE]
        self.house.out.sent.clear()
        return ["the clock" for text in said if SET_BACK in text] + [
            text for text in said if SET_BACK not in text
        ]

    def kinds(self) -> list[str]:
        return [each.kind for each in self.on.records.records(HOUSE)]


TO_OUTSIDE = (OMBUDSMAN, HOUSE)


@pytest.fixture
def machine(tmp_path: Path, url: str) -> Iterator[Machine]:
    made = Machine(house_of(tmp_path, THREE_RUNGS, url=url), tmp_path, url)
    made.turn()
    yield made
    made.on.records.close()  # type: ignore[attr-defined]


def reached(machine: Machine, case: str) -> set[str]:
    return {to for to, message in machine.house.out.sent if message.case == case}


def test_a_first_start_and_every_other_raise_no_alarm(machine: Machine) -> None:
    machine.run(DAY, 8 * HOUR)
    machine.house.report(RECENT, machine.clock.now())  # it is killed before that was noted
    machine.restart()
    machine.run(HOUR, 20 * MINUTE)
    machine.wall += 30 * DAY  # it is off for long
    machine.restart()
    machine.run(HOUR, 20 * MINUTE)
    assert machine.told() == []


def test_who_reports_before_anything_runs_raises_no_alarm(tmp_path: Path, url: str) -> None:
    house = house_of(tmp_path, THREE_RUNGS, url=url)
    house.report(RECENT)
    machine = Machine(house, tmp_path, url)
    machine.run(HOUR, 20 * MINUTE)
    assert machine.told() == []
    machine.on.records.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("statement", MISSING)
def test_what_the_clock_had_seen_is_taken_away_and_no_deadline_moves(
    machine: Machine, statement: str
) -> None:
    machine.run(5 * DAY, 8 * HOUR)
    case = machine.house.report(RECENT, machine.clock.now())
    machine.run(2 * HOUR, HOUR)
    before = machine.clock.now()
    machine.attack(statement)
    machine.turn()
    assert machine.clock.now() >= before - 2 * HOUR
    assert machine.told() == ["the clock"]
    machine.run(20 * HOUR, HOUR)
    assert OMBUDSMAN in reached(machine, case)
    assert machine.told() == [], "once"


def test_a_process_that_runs_keeps_its_time_and_tells(machine: Machine) -> None:
    machine.run(HOUR, 20 * MINUTE)
    change(machine.on, TAKE)
    machine.wall -= YEAR
    machine.run(HOUR, 20 * MINUTE)
    assert machine.clock.now() == START + 2 * HOUR
    seen = machine.on.records.time_seen()
    assert seen is not None
    assert machine.clock.now() - seen <= NOTE_EVERY
    assert machine.told() == ["the clock"]


def test_time_stops_for_a_day_at_most_where_nothing_happens_for_months(machine: Machine) -> None:
    machine.run(40 * DAY, 8 * HOUR)
    before = machine.clock.now()
    machine.attack(TAKE)
    assert machine.on.records.time_seen() is None
    machine.turn()
    assert before - machine.clock.now() <= DAY + 8 * HOUR
    assert 38 <= machine.kinds().count(Kind.DAY) <= 40, "a leaf a day"


def test_a_record_of_the_day_is_needless_where_there_are_others(machine: Machine) -> None:
    for _ in range(5):
        machine.run(20 * HOUR, 5 * HOUR)
        machine.house.report(RECENT, machine.clock.now())
    assert Kind.DAY not in machine.kinds()


def test_each_time_that_it_is_done_is_told(machine: Machine) -> None:
    for _ in range(3):
        machine.run(DAY, 8 * HOUR)
        machine.attack(TAKE)
        machine.run(HOUR, 20 * MINUTE)
        assert machine.told() == ["the clock"]


def test_several_workers_tell_it_once_and_follow_who_is_ahead(machine: Machine) -> None:
    machine.run(DAY, 8 * HOUR)
    machine.attack(TAKE)
    workers = [machine.worker(machine.on) for _ in range(3)]
    for clock, jobs in workers:
        for job in jobs:
            for each in job.due():
                job.carry_out(each.what)
        assert clock.now() >= START + DAY - 8 * HOUR
    assert machine.told() == ["the clock"]
    ahead = START + 2 * DAY
    machine.house.report(RECENT, ahead)
    machine.run(HOUR, 20 * MINUTE)
    assert machine.clock.now() >= ahead
    assert machine.told() == []


def test_what_somebody_wrote_into_the_future_proves_nothing(machine: Machine) -> None:
    """Neither a row, nor records that the log does not hold."""
    case = machine.house.report(RECENT)
    machine.run(HOUR, 20 * MINUTE)
    change(machine.on, "UPDATE incident_record SET fields = replace(fields, '2026-', '2999-')")
    machine.restart()
    machine.turn()
    assert machine.clock.now() - machine.wall < MINUTE
    assert OMBUDSMAN in reached(machine, case), "it was changed"


def test_where_the_newest_records_were_changed_those_before_them_say_how_late_it_was(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logbook, "AT_ONCE", 2)
    last = [START + hours * HOUR for hours in (1, 2, 3)]
    cases = [machine.house.report(RECENT, each) for each in last]
    book = machine.on.book
    assert logbook.proven(book) == last[-1]
    take = "DELETE FROM incident_record WHERE incident = '{}'"
    change(machine.on, take.format(cases.pop()))
    assert logbook.proven(book) == last[-2]
    forged = "UPDATE incident_record SET fields = replace(fields, '2026-', '2999-')"
    change(machine.on, f"{forged} WHERE incident = '{cases.pop()}'")
    assert logbook.proven(book) == last[-3]
    change(machine.on, "DELETE FROM incident_record")
    assert logbook.proven(book) is None


def test_an_older_database_is_told_of_as_such_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'one.db'}"
    machine = Machine(house_of(tmp_path, THREE_RUNGS), tmp_path, url)
    machine.run(DAY, 8 * HOUR)
    machine.on.records.close()  # type: ignore[attr-defined]
    kept = {each: each.read_bytes() for each in tmp_path.glob("one.db*")}
    machine.restart()
    machine.house.report(RECENT, machine.clock.now())
    machine.run(DAY, 8 * HOUR)
    machine.on.records.close()  # type: ignore[attr-defined]
    for path in tmp_path.glob("one.db*"):
        path.unlink()
    for path, content in kept.items():
        path.write_bytes(content)
    machine.house.out.sent.clear()
    machine.restart()
    machine.run(HOUR, 20 * MINUTE)
    said = machine.told()
    assert any("Somebody has taken away" in each for each in said)
    assert "the clock" not in said
    machine.on.records.close()  # type: ignore[attr-defined]


def test_the_clock_of_a_program_is_held_before_anything_asks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def program(at: datetime) -> Earwitness:
        clock = partial(SteadyClock, wall=lambda: at)
        monkeypatch.setattr("earwitness.wiring.parts.SteadyClock", clock)
        return Earwitness.open(Settings(data=tmp_path))

    with program(START) as first:
        first.report(RECENT, codes.new_code())
    with program(START - YEAR) as again:
        change(again.incidents, TAKE)
        assert again.clock.now() >= START
        assert [each.kind for each in again.records.records(HOUSE)] == [Kind.OUTSIDE]
