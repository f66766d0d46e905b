"""Devices, the codes that let them in, and API keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from earwitness.stores.columns import Moment, Utf8

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "invitation",
        sa.Column("code_hash", sa.LargeBinary, primary_key=True),
        sa.Column("household", Utf8, nullable=False),
        sa.Column("room", Utf8, nullable=False),
        sa.Column("invited_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
    )
    _devices()
    _api_keys()
    counter = op.create_table("access_revision", sa.Column("number", sa.BigInteger, nullable=False))
    op.bulk_insert(counter, [{"number": 0}])


def _devices() -> None:
    op.create_table(
        "device",
        sa.Column("id", Utf8, primary_key=True),
        sa.Column("household", Utf8, nullable=False),
        sa.Column("room", Utf8, nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("enrolled_at", Moment, nullable=False),
        sa.Column("consent", sa.Boolean, nullable=False),
        sa.Column("next_key", sa.LargeBinary),
        sa.Column("revoked_at", Moment),
        sa.Column("code_hash", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["code_hash"], ["invitation.code_hash"]),
        sa.UniqueConstraint("code_hash", name="one_device_a_code"),
    )


def _api_keys() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", Utf8, primary_key=True),
        sa.Column("name", Utf8, nullable=False),
        sa.Column("household", Utf8, nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("consent", sa.Boolean, nullable=False),
        sa.Column("revoked_at", Moment),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("secret_hash", name="one_key_a_secret"),
    )
    live = sa.text("revoked_at IS NULL")
    op.create_index(
        "api_key_name_live_once",
        "api_key",
        ["household", "name"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )
