"""Rows that somebody damaged keep no case from climbing: not their own, and no other."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from tests.flow.incident_house import THREE_RUNGS
from tests.flow.test_escalation import HOUR, MINUTE, SAID, House, house_of
from tests.values import START

from earwitness.flow.incidents.house import note_policy
from earwitness.listening import Imminence
from earwitness.runners.escalating import Climbing, Delivering, Held
from earwitness.runners.steady import SteadyClock

OMBUDSMAN = "mailto:ombudsman@example.net"
INSIDE = {"mailto:mallory@example.org", "mailto:ria@example.org", "mailto:dora@example.org"}
RECENT = replace(SAID, imminence=Imminence.RECENT)
RUNGS = (0, 4, 8, 16, 17)
"""Hours at which one runs out, and one more."""
MINE = "WHERE incident = '{case}'"
LEAVES = "WHERE place IN (SELECT leaf FROM incident_record WHERE incident = '{case}')"

MANY = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
OF_A_TABLE = [
    f"INSERT OR IGNORE INTO incident_clock {MANY} SELECT 'nobody' || i, 0 FROM n",
    f"INSERT OR IGNORE INTO incident_clock {MANY} SELECT CAST('b' || i AS BLOB), 0 FROM n",
    f"INSERT OR IGNORE INTO incident_delivery {MANY} SELECT 'x' || i, 'nobody', "
    "0, 0, 'x', 0, 0, 0, '', NULL FROM n",
    f"INSERT OR IGNORE INTO incident_delivery {MANY} SELECT CAST('b' || i AS BLOB), '{{case}}', "
    "0, 0, 'x', 0, 0, 0, '', NULL FROM n",
    f"UPDATE incident_clock SET due_at = 'soon' {MINE}",
    f"UPDATE incident_clock SET due_at = 1e300 {MINE}",
    f"UPDATE incident_clock SET due_at = x'00' {MINE}",
    f"UPDATE incident_clock SET due_at = 9000000000000000000 {MINE}",
    f"UPDATE incident_clock SET due_at = -9000000000000000000 {MINE}",
    "INSERT OR IGNORE INTO incident_clock VALUES (x'00ff', 0)",
    "INSERT OR IGNORE INTO incident_clock VALUES ('nobody', 0)",
    f"UPDATE incident_delivery SET next_at = 'later' {MINE}",
    f"UPDATE incident_delivery SET next_at = NULL {MINE}",
    f"UPDATE incident_delivery SET next_at = next_at + 1000000000000000 {MINE}",
    f"UPDATE incident_delivery SET next_at = -1e300 {MINE}",
    f"UPDATE incident_delivery SET made_at = 'then' {MINE}",
    f"UPDATE incident_delivery SET tries = 'many' {MINE}",
    f"UPDATE incident_delivery SET tries = 9000000000000000000 {MINE}",
    f"UPDATE incident_delivery SET rung = 'low' {MINE}",
    f"UPDATE incident_delivery SET number = 'first' {MINE}",
    f"UPDATE incident_delivery SET sent_at = 'yes' {MINE}",
    f"UPDATE incident_delivery SET problem = x'ff' {MINE}",
    f"UPDATE incident_delivery SET channel = x'ff' {MINE}",
    f"UPDATE incident_delivery SET channel = 'mailto:friend@example.org' {MINE}",
    "INSERT OR IGNORE INTO incident_delivery VALUES (x'ff', 'x', 0, 0, 'x', 0, 0, 0, '', NULL)",
    "INSERT OR IGNORE INTO incident_delivery VALUES ('x', 'x', 0, 0, 'x', 0, 0, 0, '', NULL)",
    "UPDATE time_seen SET at = 'never'",
    "UPDATE time_seen SET at = 9000000000000000000",
    "UPDATE time_seen SET at = 253402300799000000",
    "UPDATE log_head SET size = 'none'",
    "UPDATE log_head SET size = size - 1",
    "UPDATE log_head SET peaks = 7",
    "DELETE FROM log_head",
    "INSERT OR IGNORE INTO log_checkpoint VALUES (9000000000000000000, 'none')",
    "INSERT OR IGNORE INTO log_checkpoint SELECT size + 1, 'none' FROM log_head",
    "INSERT OR IGNORE INTO log_node SELECT 0, size, x'00' FROM log_head",
    "UPDATE incident SET opened_at = 'once' WHERE id = '{case}'",
    "UPDATE incident SET opened_at = opened_at + 1000000000000000 WHERE id = '{case}'",
    f"UPDATE incident_delivery SET problem = CAST(x'ff' AS TEXT) {MINE}",
    f"UPDATE incident_record SET at = 'then' {MINE}",
]
OF_RECORDS = [
    "UPDATE incident SET code_hash = 'none' WHERE id = '{case}'",
    f"UPDATE incident_record SET fields = CAST(x'ff' AS TEXT) {MINE}",
    "DELETE FROM incident WHERE id = '{case}'",
    "UPDATE incident SET id = x'ff' WHERE id = '{case}'",
    f"UPDATE incident_record SET salt = 'text' {MINE}",
    f"UPDATE incident_record SET fields = x'ff' {MINE}",
    f"UPDATE incident_record SET fields = 7 {MINE}",
    f"UPDATE incident_record SET fields = '{{{{\"\\ud800\": 1}}}}' {MINE}",
    f"UPDATE incident_record SET fields = '{100_000 * '['}' {MINE} AND number = 0",
    f"UPDATE incident_record SET number = 'x' {MINE} AND kind = 'told'",
    f"UPDATE incident_record SET number = 9000000000000000000 {MINE} AND kind = 'told'",
    f"UPDATE incident_record SET number = 2147483647 {MINE} AND kind = 'told'",
    f"UPDATE incident_record SET number = -5 {MINE} AND kind = 'reported'",
    f"UPDATE incident_record SET before = 7 {MINE}",
    f"UPDATE incident_record SET kind = x'ff' {MINE}",
    f"UPDATE incident_record SET leaf = 'x' || leaf {MINE}",
    f"UPDATE log_leaf SET leaf = 'text' {LEAVES}",
    f"UPDATE log_leaf SET leaf = 1000000000000 {LEAVES}",
    "UPDATE incident SET opened_at = opened_at + 1000000000000000 WHERE id = '{case}';"
    f"UPDATE incident_record SET fields = '{{{{}}}}' {MINE}",
]
OF_EVERYBODY = [
    "UPDATE account SET name = x'ff' WHERE id = 'ria'",
    "UPDATE account SET name = CAST(x'ff' AS TEXT) WHERE id = 'ria'",
    "UPDATE account SET made_at = 'then' WHERE id = 'ria'",
    "UPDATE account SET roles = '7' WHERE id = 'ria'",
    "UPDATE account SET disabled_at = 'never' WHERE id = 'ria'",
]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = house_of(tmp_path, THREE_RUNGS)
    note_policy(START, made.on)
    yield made
    made.on.records.close()  # type: ignore[attr-defined]


def damage(folder: Path, statement: str, case: str) -> None:
    """Past the program, with nothing that checks."""
    with closing(sqlite3.connect(folder / "one.db")) as connection, connection:
        connection.executescript(statement.format(case=case))


class Room:
    def take(self) -> bool:
        return True

    def give_back(self) -> bool:
        return True


def work(house: House, at: datetime) -> None:
    """A turn of both jobs in a process that has just started; it knows no more than the store."""
    clock = SteadyClock(house.on.records, lambda: at, lambda: 0.0)
    held: Held = {}
    jobs = [
        Delivering(house.on, clock, lambda: house.out, held, outside) for outside in (False, True)
    ]
    for job in (Climbing(house.on, clock, Room(), held, lambda: house.out), *jobs):
        for each in job.due():
            with suppress(Exception):  # as the runner does; it is due again
                job.carry_out(each.what)


def reached(house: House, case: str) -> set[str]:
    return {channel for channel, message in house.out.sent if message.case == case}


@pytest.mark.parametrize("statement", [*OF_A_TABLE, *OF_RECORDS, *OF_EVERYBODY])
def test_a_damaged_row_keeps_no_other_case_from_climbing(
    house: House, tmp_path: Path, statement: str
) -> None:
    case, other = house.report(RECENT), house.report(RECENT)
    damage(tmp_path, statement, case)
    for hours in RUNGS:
        work(house, START + hours * HOUR)
    assert reached(house, other) >= {*INSIDE, OMBUDSMAN}


@pytest.mark.parametrize("statement", OF_A_TABLE)
def test_what_the_tables_say_of_a_case_changes_nothing(
    house: House, tmp_path: Path, statement: str
) -> None:
    case = house.report(RECENT)
    damage(tmp_path, statement, case)
    for hours in RUNGS:
        work(house, START + hours * HOUR)
    assert reached(house, case) == {*INSIDE, OMBUDSMAN}
    damage(tmp_path, statement, case)  # and what is on its way to the outside
    house.out.sent.clear()
    for hours in (18, 40, 41):
        work(house, START + hours * HOUR)
    assert (OMBUDSMAN, case) in [(to, message.case) for to, message in house.out.sent]
    assert reached(house, case) <= {*INSIDE, OMBUDSMAN}


@pytest.mark.parametrize("statement", OF_RECORDS)
def test_a_case_whose_records_were_damaged_goes_outside_at_once(
    house: House, tmp_path: Path, statement: str
) -> None:
    case = house.report(RECENT)
    damage(tmp_path, statement, case)
    for minutes in range(3):
        work(house, START + minutes * MINUTE)
    assert OMBUDSMAN in reached(house, case)
    assert house.look(case).wrong


def test_a_forged_date_of_sending_keeps_the_outside_uninformed_no_longer(
    house: House, tmp_path: Path
) -> None:
    case = house.report(RECENT)
    house.out.down = True
    for hours in RUNGS:
        work(house, START + hours * HOUR)
    forged = "UPDATE incident_delivery SET sent_at = made_at, next_at = made_at + 80000000000"
    damage(tmp_path, f"{forged}, tries = 0", case)
    house.out.down = False
    work(house, START + 18 * HOUR)
    work(house, START + 18 * HOUR + MINUTE)
    assert OMBUDSMAN in reached(house, case)


@pytest.mark.parametrize("broken", ["escalation.true_up", "house.note_policy", "reporting.adopt"])
def test_a_look_around_that_fails_keeps_no_case_from_climbing(
    house: House, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(f"earwitness.flow.incidents.{broken}", fail)
    case = house.report(RECENT)
    for hours in RUNGS:
        work(house, START + hours * HOUR)
    assert reached(house, case) == {*INSIDE, OMBUDSMAN}
