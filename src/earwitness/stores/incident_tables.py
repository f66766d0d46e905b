"""The tables of cases and of the log, beside the others in ``tables``."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
)

from earwitness.stores.columns import Moment, Utf8
from earwitness.stores.tables import metadata

# One row: how many leaves there are, and the roots of the perfect subtrees, 32 bytes each.
log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("peaks", LargeBinary, nullable=False),
)

log_leaf = Table(
    "log_leaf",
    metadata,
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, nullable=False),
)

# The roots of perfect subtrees, once they are complete.
log_node = Table(
    "log_node",
    metadata,
    Column("level", Integer, primary_key=True),
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)

log_checkpoint = Table(
    "log_checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("note", Utf8, nullable=False),
)

incident = Table(
    "incident",
    metadata,
    Column("id", Utf8, primary_key=True),
    Column("code_hash", LargeBinary, nullable=False),
    Column("opened_at", Moment, nullable=False),
    UniqueConstraint("code_hash", name="one_incident_a_code"),
)
Index("incident_by_age", incident.c.opened_at, incident.c.id)

# What was said, as JSON; the salt is what makes its commitments mean something.
incident_record = Table(
    "incident_record",
    metadata,
    Column("incident", Utf8, ForeignKey("incident.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("leaf", BigInteger, ForeignKey("log_leaf.place"), nullable=False),
    Column("kind", Utf8, nullable=False),
    Column("fields", Utf8, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("before", Utf8, nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("leaf", name="one_record_a_leaf"),
)

# When a case is due next; made again from its records wherever it is not what they say.
incident_clock = Table(
    "incident_clock",
    metadata,
    Column("incident", Utf8, ForeignKey("incident.id"), primary_key=True),
    Column("due_at", Moment),
)
Index("incident_clock_by_time", incident_clock.c.due_at)

incident_delivery = Table(
    "incident_delivery",
    metadata,
    Column("id", Utf8, primary_key=True),
    Column("incident", Utf8, ForeignKey("incident.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("rung", Integer),
    Column("channel", Utf8, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("next_at", Moment),
    Column("tries", Integer, nullable=False),
    Column("problem", Utf8, nullable=False),
    Column("sent_at", Moment),
)
Index("incident_delivery_by_time", incident_delivery.c.next_at)
Index("incident_delivery_of", incident_delivery.c.incident)

# One row: the latest moment that was seen, so that a clock that is set back stalls nothing.
time_seen = Table(
    "time_seen",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
)
