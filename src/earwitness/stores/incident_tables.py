"""The tables of cases and of the log, beside the others in ``tables``.

One row that somebody damaged hides no other: a column reads it as what no sound row holds.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
)

from earwitness.stores.columns import (
    TolerantBigInteger,
    TolerantBytes,
    TolerantInteger,
    TolerantMoment,
    TolerantText,
)
from earwitness.stores.tables import metadata

# One row: how many leaves there are, and the roots of the perfect subtrees, 32 bytes each.
log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("size", TolerantBigInteger, nullable=False),
    Column("peaks", TolerantBytes, nullable=False),
)

log_leaf = Table(
    "log_leaf",
    metadata,
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    Column("leaf", TolerantBytes, nullable=False),
)

# The roots of perfect subtrees, once they are complete.
log_node = Table(
    "log_node",
    metadata,
    Column("level", Integer, primary_key=True),
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", TolerantBytes, nullable=False),
)

log_checkpoint = Table(
    "log_checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("note", TolerantText, nullable=False),
)

# What an authority said when it saw a head: a token of RFC 3161.
log_timestamp = Table(
    "log_timestamp",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("token", TolerantBytes, nullable=False),
    Column("at", TolerantMoment, nullable=False),
)

incident = Table(
    "incident",
    metadata,
    Column("id", TolerantText, primary_key=True),
    Column("code_hash", TolerantBytes, nullable=False),
    Column("opened_at", TolerantMoment, nullable=False),
    UniqueConstraint("code_hash", name="one_incident_a_code"),
)
Index("incident_by_age", incident.c.opened_at, incident.c.id)

# What was said, as JSON; the salt is what makes its commitments mean something.
incident_record = Table(
    "incident_record",
    metadata,
    Column("incident", TolerantText, ForeignKey("incident.id"), primary_key=True),
    Column("number", TolerantInteger, primary_key=True),
    Column("leaf", TolerantBigInteger, ForeignKey("log_leaf.place"), nullable=False),
    Column("kind", TolerantText, nullable=False),
    Column("fields", TolerantText, nullable=False),
    Column("salt", TolerantBytes, nullable=False),
    Column("before", TolerantText, nullable=False),
    Column("at", TolerantMoment, nullable=False),
    UniqueConstraint("leaf", name="one_record_a_leaf"),
)

# When a case is due next; made again from its records wherever it is not what they say.
incident_clock = Table(
    "incident_clock",
    metadata,
    Column("incident", TolerantText, ForeignKey("incident.id"), primary_key=True),
    Column("due_at", TolerantMoment),
)
Index("incident_clock_by_time", incident_clock.c.due_at)

incident_delivery = Table(
    "incident_delivery",
    metadata,
    Column("id", TolerantText, primary_key=True),
    Column("incident", TolerantText, ForeignKey("incident.id"), nullable=False),
    Column("number", TolerantInteger, nullable=False),
    Column("rung", TolerantInteger),
    Column("channel", TolerantText, nullable=False),
    Column("made_at", TolerantMoment, nullable=False),
    Column("next_at", TolerantMoment),
    Column("tries", TolerantInteger, nullable=False),
    Column("problem", TolerantText, nullable=False),
    Column("sent_at", TolerantMoment),
)
Index("incident_delivery_by_time", incident_delivery.c.next_at)
Index("incident_delivery_of", incident_delivery.c.incident)

# One row: the latest moment that was seen, so that a clock that is set back stalls nothing.
time_seen = Table(
    "time_seen",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", TolerantMoment, nullable=False),
)
