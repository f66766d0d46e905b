"""Accounts that a provider of identities signs in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from earwitness.stores.columns import Utf8

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "identity",
        sa.Column("issuer", Utf8, primary_key=True),
        sa.Column("subject", Utf8, primary_key=True),
        sa.Column("account", Utf8, nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.id"]),
        sa.UniqueConstraint("account", name="one_identity_an_account"),
    )
