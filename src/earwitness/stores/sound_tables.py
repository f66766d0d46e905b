"""The tables of what is watched for, findings and blind tests."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table

from earwitness.stores.columns import Moment, Utf8
from earwitness.stores.tables import metadata

# Which disturbing sounds a household wants noticed; nothing is, unless it is here.
sound_watch = Table(
    "sound_watch",
    metadata,
    Column("household", Utf8, primary_key=True),
    Column("category", Utf8, primary_key=True),
    Column("chosen_by", Utf8, nullable=False),
    Column("at", Moment, nullable=False),
)

# Rows are only added: what was written down before stays.
finding_version = Table(
    "finding_version",
    metadata,
    Column("finding", Utf8, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("utterance", Utf8, ForeignKey("utterance.id"), nullable=False),
    Column("by", Utf8, nullable=False),
    Column("at", Moment, nullable=False),
    Column("content", Utf8, nullable=False),
    Column("replay", Utf8, nullable=False),
)
Index("finding_of_utterance", finding_version.c.utterance)

blind_test = Table(
    "blind_test",
    metadata,
    Column("id", Utf8, primary_key=True),
    Column("finding", Utf8, nullable=False),
    Column("utterance", Utf8, ForeignKey("utterance.id"), nullable=False),
    Column("seed", LargeBinary, nullable=False),
    Column("chain", Utf8, nullable=False),
    Column("pieces", Utf8, nullable=False),
    Column("by", Utf8, nullable=False),
    Column("at", Moment, nullable=False),
)
Index("blind_test_of_finding", blind_test.c.finding)
Index("blind_test_of_utterance", blind_test.c.utterance)

# Who hears, in their turns: whose turn it is decides which of the two they hear first.
blind_listener = Table(
    "blind_listener",
    metadata,
    Column("test", Utf8, ForeignKey("blind_test.id"), primary_key=True),
    Column("turn", Integer, primary_key=True, autoincrement=False),
    Column("listener", Utf8, nullable=False),
)
Index("blind_test_of_listener", blind_listener.c.listener)

blind_called_off = Table(
    "blind_called_off",
    metadata,
    Column("test", Utf8, ForeignKey("blind_test.id"), primary_key=True),
    Column("by", Utf8, nullable=False),
    Column("at", Moment, nullable=False),
    Column("why", Utf8, nullable=False),
)

blind_answer = Table(
    "blind_answer",
    metadata,
    Column("test", Utf8, ForeignKey("blind_test.id"), primary_key=True),
    Column("listener", Utf8, primary_key=True),
    Column("label", Utf8, primary_key=True),
    Column("text", Utf8, nullable=False),
    Column("at", Moment, nullable=False),
)
