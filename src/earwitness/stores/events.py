"""The outbox: what was decided and is to be carried out, at least once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from earwitness.errors import NotFound
from earwitness.model import Event
from earwitness.stores.database import Database
from earwitness.stores.tables import event as outbox

_EVENT = [outbox.c[name] for name in Event.__dataclass_fields__]


def record(connection: Connection, new: Event) -> None:
    """Within the transaction of what was decided, so that neither exists alone."""
    connection.execute(outbox.insert().values(_values(new)))


def _values(event: Event) -> dict[str, object]:
    return {"id": event.id, "kind": event.kind, "payload": dict(event.payload), "at": event.at}


class EventStore:
    """Implements ``ports.EventRecords``."""

    database: Database

    def add(self, event: Event) -> None:
        with self.database.write() as connection:
            self.database.insert_new(connection, outbox, _values(event))

    def event(self, event_id: str) -> Event:
        statement = select(*_EVENT).where(outbox.c.id == event_id)
        with self.database.read() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            raise NotFound(f"There is no event {event_id!r}.")
        return Event(*row)

    def pending(self, limit: int = 100) -> Sequence[Event]:
        """In the order in which they were decided."""
        statement = (
            select(*_EVENT)
            .where(outbox.c.done_at.is_(None))
            .order_by(outbox.c.position)
            .limit(limit)
        )
        with self.database.read() as connection:
            return [Event(*row) for row in connection.execute(statement)]

    def waiting(self, but: Collection[str] = ()) -> tuple[int, datetime | None]:
        """How many are not done, kinds in ``but`` aside, and when the oldest was decided."""
        statement = select(func.count(), func.min(outbox.c.at)).where(
            outbox.c.done_at.is_(None), outbox.c.kind.not_in(but)
        )
        with self.database.read() as connection:
            count, oldest = connection.execute(statement).one()
        return count, oldest

    def done(self, event_id: str, now: datetime) -> None:
        """Idempotent: the first time stays. Raises NotFound for an unknown event."""
        statement = update(outbox).where(outbox.c.id == event_id, outbox.c.done_at.is_(None))
        with self.database.write() as connection:
            if connection.execute(statement.values(done_at=now)).rowcount == 0:
                _refuse_unknown(connection, event_id)

    def done_all(self, kinds: Collection[str], now: datetime) -> None:
        statement = update(outbox).where(outbox.c.kind.in_(kinds), outbox.c.done_at.is_(None))
        with self.database.write() as connection:
            connection.execute(statement.values(done_at=now))


def _refuse_unknown(connection: Connection, event_id: str) -> None:
    known = connection.execute(select(outbox.c.id).where(outbox.c.id == event_id)).first()
    if known is None:
        raise NotFound(f"There is no event {event_id!r}.")
