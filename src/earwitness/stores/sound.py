"""Which sounds are watched for, findings and blind tests."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select

from earwitness.errors import AlreadyJudged, NotFound, RevisionConflict
from earwitness.examining import BlindAnswer, BlindTest, CalledOff, FindingVersion
from earwitness.stores.database import Database
from earwitness.stores.sound_tables import (
    blind_answer,
    blind_called_off,
    blind_listener,
    blind_test,
    finding_version,
    sound_watch,
)

_VERSION = [finding_version.c[name] for name in FindingVersion.__dataclass_fields__]
_APART = ("pieces", "listeners", "called_off")
_OWN = [name for name in BlindTest.__dataclass_fields__ if name not in _APART]
"""Of a blind test, as its row has it."""
_CALLED_OFF = [blind_called_off.c[name] for name in CalledOff.__dataclass_fields__]
_ANSWER = [blind_answer.c[name] for name in BlindAnswer.__dataclass_fields__]


class SoundStore:
    """Implements ``ports.SoundRecords``."""

    database: Database

    def watch(self, household: str, categories: Collection[str], by: str, now: datetime) -> None:
        rows = [
            {"household": household, "category": each, "chosen_by": by, "at": now}
            for each in sorted(set(categories))
        ]
        with self.database.write() as connection:
            connection.execute(delete(sound_watch).where(sound_watch.c.household == household))
            if rows:
                connection.execute(sound_watch.insert(), rows)

    def watched(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        with self.database.read() as connection:
            for row in connection.execute(select(sound_watch.c.household, sound_watch.c.category)):
                found[row.household] = found.get(row.household, frozenset()) | {row.category}
        return found

    def add_finding(self, new: FindingVersion) -> None:
        with self.database.write() as connection:
            newest = select(func.max(finding_version.c.number))
            here = finding_version.c.finding == new.finding
            before = connection.scalar(newest.where(here)) or 0
            values = {name: getattr(new, name) for name in FindingVersion.__dataclass_fields__}
            if new.number != before + 1 or not self.database.insert_new(
                connection, finding_version, values
            ):
                raise RevisionConflict("Somebody else wrote in this finding; load it again.")

    def finding(self, finding: str) -> Sequence[FindingVersion]:
        statement = select(*_VERSION).where(finding_version.c.finding == finding)
        with self.database.read() as connection:
            rows = connection.execute(statement.order_by(finding_version.c.number)).all()
        if not rows:
            raise NotFound("There is no such finding.")
        return [FindingVersion(*row) for row in rows]

    def findings(self, utterance: str) -> Sequence[FindingVersion]:
        statement = select(*_VERSION).where(finding_version.c.utterance == utterance)
        order = (finding_version.c.number, finding_version.c.at, finding_version.c.finding)
        with self.database.read() as connection:
            rows = connection.execute(statement.order_by(*order))
            newest = {row.finding: FindingVersion(*row) for row in rows}
        return list(newest.values())

    def newest_findings(self, limit: int) -> Sequence[FindingVersion]:
        newest = select(finding_version.c.finding, func.max(finding_version.c.number).label("last"))
        last = newest.group_by(finding_version.c.finding).subquery()
        is_last = (finding_version.c.finding == last.c.finding) & (
            finding_version.c.number == last.c.last
        )
        order = (finding_version.c.at.desc(), finding_version.c.finding)
        statement = select(*_VERSION).join(last, is_last).order_by(*order).limit(limit)
        with self.database.read() as connection:
            return [FindingVersion(*row) for row in connection.execute(statement)]

    def add_blind_test(self, new: BlindTest) -> None:
        values = {name: getattr(new, name) for name in _OWN}
        listeners = [
            {"test": new.id, "turn": turn, "listener": each}
            for turn, each in enumerate(new.listeners)
        ]
        with self.database.write() as connection:
            connection.execute(blind_test.insert().values(**values, pieces=json.dumps(new.pieces)))
            connection.execute(blind_listener.insert(), listeners)

    def blind_test(self, test: str) -> BlindTest:
        found = self._blind_tests(blind_test.c.id == test)
        if not found:
            raise NotFound("There is no such blind test.")
        return found[0]

    def blind_tests(self, finding: str) -> Sequence[BlindTest]:
        return self._blind_tests(blind_test.c.finding == finding)

    def blind_tests_of(self, listener: str) -> Sequence[BlindTest]:
        theirs = select(blind_listener.c.test).where(blind_listener.c.listener == listener)
        return self._blind_tests(blind_test.c.id.in_(theirs))

    def _blind_tests(self, which: ColumnElement[bool]) -> list[BlindTest]:
        """Oldest first."""
        tests = select(blind_test).where(which).order_by(blind_test.c.at, blind_test.c.id)
        listeners = select(blind_listener).join(blind_test).where(which)
        ended = select(*_CALLED_OFF).join(blind_test).where(which)
        with self.database.read() as connection:
            rows = connection.execute(tests).all()
            turns = connection.execute(listeners.order_by(blind_listener.c.turn)).all()
            called_off = {row.test: CalledOff(*row) for row in connection.execute(ended)}
        return [
            BlindTest(
                **{name: getattr(row, name) for name in _OWN},
                pieces=tuple((start, end) for start, end in json.loads(row.pieces)),
                listeners=tuple(each.listener for each in turns if each.test == row.id),
                called_off=called_off.get(row.id),
            )
            for row in rows
        ]

    def call_off(self, new: CalledOff) -> None:
        values = {name: getattr(new, name) for name in CalledOff.__dataclass_fields__}
        with self.database.write() as connection:
            if not self.database.insert_new(connection, blind_called_off, values):
                raise RevisionConflict("This blind test was called off already.")

    def add_blind_answer(self, new: BlindAnswer) -> None:
        values = {name: getattr(new, name) for name in BlindAnswer.__dataclass_fields__}
        with self.database.write() as connection:
            if not self.database.insert_new(connection, blind_answer, values):
                raise AlreadyJudged("You have written what you hear in this one.")

    def blind_answers(self, test: str) -> Sequence[BlindAnswer]:
        statement = select(*_ANSWER).where(blind_answer.c.test == test)
        order = (blind_answer.c.at, blind_answer.c.listener, blind_answer.c.label)
        with self.database.read() as connection:
            return [BlindAnswer(*row) for row in connection.execute(statement.order_by(*order))]
