"""The outbox: what was decided and is to be carried out, at least once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

from earwitness.errors import NotFound
from earwitness.model import Event
from earwitness.stores.database import Database
from earwitness.stores.tables import event


def record(connection: Connection, new: Event) -> None:
    """Within the transaction of what was decided, so that neither exists alone."""
    connection.execute(
        event.insert().values(id=new.id, kind=new.kind, payload=dict(new.payload), at=new.at)
    )


class EventStore:
    """Implements ``ports.EventRecords``."""

    database: Database

    def pending(self, limit: int = 100) -> Sequence[Event]:
        """In the order in which they were decided."""
        statement = (
            select(event.c.id, event.c.kind, event.c.payload, event.c.at)
            .where(event.c.done_at.is_(None))
            .order_by(event.c.position)
            .limit(limit)
        )
        with self.database.read() as connection:
            return [Event(*row) for row in connection.execute(statement)]

    def done(self, event_id: str, now: datetime) -> None:
        """Idempotent: the first time stays. Raises NotFound for an unknown event."""
        statement = update(event).where(event.c.id == event_id, event.c.done_at.is_(None))
        with self.database.write() as connection:
            if connection.execute(statement.values(done_at=now)).rowcount == 0:
                _refuse_unknown(connection, event_id)


def _refuse_unknown(connection: Connection, event_id: str) -> None:
    known = connection.execute(select(event.c.id).where(event.c.id == event_id)).first()
    if known is None:
        raise NotFound(f"There is no event {event_id!r}.")
