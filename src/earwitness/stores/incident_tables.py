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
