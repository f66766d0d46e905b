"""When what is due, and what is on its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from earwitness.errors import NotFound
from earwitness.incidents.clocks import believed
from earwitness.incidents.deliveries import Ahead, Delivery
from earwitness.stores.columns import EPOCH
from earwitness.stores.database import Database
from earwitness.stores.incident_tables import (
    incident,
    incident_clock,
    incident_delivery,
    time_seen,
)

_ONE = 1
_SEEN = select(time_seen.c.at).where(time_seen.c.id == _ONE)
_FEW = {"yield_per": 1000}
"""Rows at a time, of as many as somebody put there that lead nowhere: they hide none that do."""


class EscalationStore:
    """Implements ``ports.EscalationRecords``."""

    database: Database

    def due_cases(self, now: datetime, most: int) -> Sequence[str]:
        due = incident_clock.c.due_at
        statement = (
            select(incident_clock.c.incident)
            .join(incident, incident.c.id == incident_clock.c.incident)
            .where(due <= now)
            .order_by(due, incident_clock.c.incident)
        )
        with (
            self.database.read() as connection,
            connection.execute(statement, execution_options=_FEW) as found,
        ):
            return list(islice((row.incident for row in found if row.incident), most))

    def clocks(self) -> Mapping[str, datetime | None]:
        with self.database.read() as connection:
            rows = connection.execute(select(incident_clock.c.incident, incident_clock.c.due_at))
            return {row.incident: row.due_at for row in rows if row.incident}

    def set_ahead(self, ahead: Mapping[str, Ahead]) -> None:
        with self.database.write() as connection:
            put_ahead(self.database, connection, ahead)

    def due_deliveries(
        self, now: datetime, most: int, outside: bool | None = None
    ) -> Sequence[Delivery]:
        due, rung = incident_delivery.c.next_at, incident_delivery.c.rung
        first = (due, incident_delivery.c.id)
        turn = func.row_number().over(partition_by=incident_delivery.c.channel, order_by=first)
        statement = (
            select(incident_delivery)
            .join(incident, incident.c.id == incident_delivery.c.incident)
            .where(due <= now)
            .order_by(turn, *first)
        )
        if outside is not None:
            statement = statement.where(rung.is_(None) if outside else rung.is_not(None))
        with (
            self.database.read() as connection,
            connection.execute(statement, execution_options=_FEW) as found,
        ):
            return list(islice((_delivery(row) for row in found if row.id), most))

    def delivery(self, delivery_id: str) -> Delivery:
        statement = select(incident_delivery).where(incident_delivery.c.id == delivery_id)
        with self.database.read() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            raise NotFound(f"There is no delivery {delivery_id!r}.")
        return _delivery(row)

    def deliveries_of(self, case: str) -> Sequence[Delivery]:
        statement = (
            select(incident_delivery)
            .where(incident_delivery.c.incident == case)
            .order_by(incident_delivery.c.number, incident_delivery.c.id)
        )
        with self.database.read() as connection:
            return [_delivery(row) for row in connection.execute(statement)]

    def put_delivery(self, delivery: Delivery) -> None:
        change = update(incident_delivery).where(incident_delivery.c.id == delivery.id)
        with self.database.write() as connection:
            if connection.execute(change.values(_row(delivery))).rowcount != 1:
                raise NotFound(f"There is no delivery {delivery.id!r}.")

    def time_seen(self) -> datetime | None:
        with self.database.read() as connection:
            return connection.execute(_SEEN).scalar_one_or_none()

    def note_time(self, moment: datetime) -> datetime | None:
        with self.database.write() as connection:
            return put_time(self.database, connection, moment)


def put_time(database: Database, connection: Connection, moment: datetime) -> datetime | None:
    """That it is this late, in the transaction of what was seen then; what was noted before."""
    kept = believed(connection.execute(_SEEN.with_for_update()).scalar_one_or_none(), moment)
    if kept is None or kept < moment:
        new = {"id": _ONE, "at": moment}
        connection.execute(database.upsert(time_seen, ["at"]), [new])
    return kept


def put_ahead(database: Database, connection: Connection, ahead: Mapping[str, Ahead]) -> None:
    """In the transaction of the records that lead to it."""
    if not ahead:
        return
    clocks = [{"incident": case, "due_at": each.due} for case, each in ahead.items()]
    connection.execute(database.upsert(incident_clock, ["due_at"]), clocks)
    deliveries = [_row(one) for each in ahead.values() for one in each.deliveries]
    if deliveries:
        connection.execute(database.upsert(incident_delivery, []), deliveries)


def _row(delivery: Delivery) -> dict[str, Any]:
    row = asdict(delivery)
    row["incident"] = row.pop("case")
    return row


def _delivery(row: Row[Any]) -> Delivery:
    values = dict(row._mapping)
    values["case"], values["made_at"] = values.pop("incident"), row.made_at or EPOCH
    return Delivery(**values)
