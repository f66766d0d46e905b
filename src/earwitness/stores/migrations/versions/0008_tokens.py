"""Tokens of the API."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from earwitness.stores.columns import Moment, Utf8

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "token",
        sa.Column("id", Utf8, primary_key=True),
        sa.Column("account", Utf8, nullable=False),
        sa.Column("name", Utf8, nullable=False),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("revoked_at", Moment),
        sa.Column("last_used_at", Moment),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.id"]),
        sa.UniqueConstraint("secret_hash", name="one_token_a_secret"),
    )
    op.create_index("token_of_account", "token", ["account"])
