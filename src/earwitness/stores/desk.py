"""What happens while somebody listens: passed clips, playbacks, reports, guess-first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from earwitness.errors import NotFound
from earwitness.listening import Playback, Report
from earwitness.stores.database import Database
from earwitness.stores.tables import guess_first, playback, report

_PLAYBACK = [playback.c[name] for name in Playback.__dataclass_fields__]
_REPORT = [report.c[name] for name in Report.__dataclass_fields__]


class DeskStore:
    """Implements ``ports.DeskRecords``."""

    database: Database

    def add_playback(self, new: Playback) -> None:
        with self.database.write() as connection:
            self.database.insert_new(connection, playback, _fields(new))

    def played(self, playback_id: str, listener: str, seconds: float) -> None:
        """What is said later counts if it is more: answers may overtake each other."""
        own = (playback.c.id == playback_id) & (playback.c.listener == listener)
        less = playback.c.played.is_(None) | (playback.c.played < seconds)
        with self.database.write() as connection:
            if connection.execute(select(playback.c.id).where(own)).one_or_none() is None:
                raise NotFound("There is no such playback of yours.")
            connection.execute(update(playback).where(own, less).values(played=seconds))

    def playbacks(self, utterance_id: str) -> Sequence[Playback]:
        statement = select(*_PLAYBACK).where(playback.c.utterance == utterance_id)
        with self.database.read() as connection:
            rows = connection.execute(statement.order_by(playback.c.at, playback.c.id))
            return [Playback(*row) for row in rows]

    def listened(self, listener: str, since: datetime) -> Sequence[Playback]:
        statement = select(*_PLAYBACK).where(
            playback.c.listener == listener, playback.c.at >= since
        )
        with self.database.read() as connection:
            rows = connection.execute(statement.order_by(playback.c.at, playback.c.id))
            return [Playback(*row) for row in rows]

    def early_reports(self) -> Sequence[Report]:
        statement = select(*_REPORT).order_by(report.c.at, report.c.id)
        with self.database.read() as connection:
            return [Report(*row) for row in connection.execute(statement)]

    def allow_guesses(self, household: str, by: str, why: str, now: datetime) -> None:
        row = {"household": household, "allowed_by": by, "why": why, "at": now}
        with self.database.write() as connection:
            connection.execute(delete(guess_first).where(guess_first.c.household == household))
            connection.execute(guess_first.insert().values(row))

    def forbid_guesses(self, household: str) -> None:
        with self.database.write() as connection:
            connection.execute(delete(guess_first).where(guess_first.c.household == household))

    def guesses_allowed(self) -> Mapping[str, tuple[str, str, datetime]]:
        with self.database.read() as connection:
            rows = connection.execute(select(guess_first).order_by(guess_first.c.household))
            return {row.household: (row.allowed_by, row.why, row.at) for row in rows}


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}
