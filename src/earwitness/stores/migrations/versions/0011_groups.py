"""Clips that sound alike, and what was heard in those that somebody listened to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from earwitness.stores.columns import Finite, Moment, Utf8

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "likeness_group",
        sa.Column("id", Utf8, primary_key=True),
        sa.Column("utterance", Utf8, nullable=False),
        sa.Column("key", Utf8, nullable=False),
        sa.Column("written", Utf8, nullable=False),
        sa.Column("made_by", Utf8, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("settled_in", sa.BigInteger),
        sa.ForeignKeyConstraint(["utterance"], ["review_item.utterance"]),
        sa.ForeignKeyConstraint(["settled_in"], ["lexicon_revision.number"]),
    )
    op.create_index("likeness_group_key", "likeness_group", ["key"])
    op.create_table(
        "likeness_member",
        sa.Column("in_group", Utf8, nullable=False),
        sa.Column("utterance", Utf8, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("score", Finite, nullable=False),
        sa.PrimaryKeyConstraint("in_group", "utterance"),
        sa.ForeignKeyConstraint(["in_group"], ["likeness_group.id"]),
        sa.ForeignKeyConstraint(["utterance"], ["review_item.utterance"]),
    )
    op.create_index("likeness_member_utterance", "likeness_member", ["utterance"])
    op.create_table(
        "likeness_answer",
        sa.Column("in_group", Utf8, nullable=False),
        sa.Column("utterance", Utf8, nullable=False),
        sa.Column("analyst", Utf8, nullable=False),
        sa.Column("same", sa.Boolean, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("in_group", "utterance"),
        sa.ForeignKeyConstraint(
            ["in_group", "utterance"], ["likeness_member.in_group", "likeness_member.utterance"]
        ),
    )
