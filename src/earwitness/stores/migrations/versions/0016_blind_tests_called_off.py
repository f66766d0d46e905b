"""Blind tests that were called off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from earwitness.stores.columns import Moment, Utf8

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "blind_called_off",
        sa.Column("test", Utf8, primary_key=True),
        sa.Column("by", Utf8, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("why", Utf8, nullable=False),
        sa.ForeignKeyConstraint(["test"], ["blind_test.id"]),
    )
