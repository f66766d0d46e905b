"""Sounds to notice, findings and blind tests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from earwitness.stores.columns import Moment, Utf8

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "sound_watch",
        sa.Column("household", Utf8, primary_key=True),
        sa.Column("category", Utf8, primary_key=True),
        sa.Column("chosen_by", Utf8, nullable=False),
        sa.Column("at", Moment, nullable=False),
    )
    op.create_table(
        "finding_version",
        sa.Column("finding", Utf8, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("utterance", Utf8, nullable=False),
        sa.Column("by", Utf8, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("content", Utf8, nullable=False),
        sa.Column("replay", Utf8, nullable=False),
        sa.ForeignKeyConstraint(["utterance"], ["utterance.id"]),
    )
    op.create_index("finding_of_utterance", "finding_version", ["utterance"])
    _blind()


def _blind() -> None:
    op.create_table(
        "blind_test",
        sa.Column("id", Utf8, primary_key=True),
        sa.Column("finding", Utf8, nullable=False),
        sa.Column("utterance", Utf8, nullable=False),
        sa.Column("seed", sa.LargeBinary, nullable=False),
        sa.Column("chain", Utf8, nullable=False),
        sa.Column("pieces", Utf8, nullable=False),
        sa.Column("by", Utf8, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["utterance"], ["utterance.id"]),
    )
    op.create_index("blind_test_of_finding", "blind_test", ["finding"])
    op.create_index("blind_test_of_utterance", "blind_test", ["utterance"])
    op.create_table(
        "blind_listener",
        sa.Column("test", Utf8, primary_key=True),
        sa.Column("turn", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("listener", Utf8, nullable=False),
        sa.ForeignKeyConstraint(["test"], ["blind_test.id"]),
    )
    op.create_index("blind_test_of_listener", "blind_listener", ["listener"])
    op.create_table(
        "blind_answer",
        sa.Column("test", Utf8, primary_key=True),
        sa.Column("listener", Utf8, primary_key=True),
        sa.Column("label", Utf8, primary_key=True),
        sa.Column("text", Utf8, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["test"], ["blind_test.id"]),
    )
