"""Accounts, the links that make them, and sessions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from earwitness.stores.columns import Moment, Utf8

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "account_offer",
        sa.Column("secret_hash", sa.LargeBinary, primary_key=True),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("offered_by", Utf8, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
    )
    _accounts()
    _sessions()


def _accounts() -> None:
    op.create_table(
        "account",
        sa.Column("id", Utf8, primary_key=True),
        sa.Column("name", Utf8, nullable=False),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("disabled_at", Moment),
        sa.Column("login", Utf8, nullable=False),
        sa.Column("password_hash", Utf8, nullable=False),
        sa.Column("totp", sa.LargeBinary, nullable=False),
        sa.Column("last_step", sa.BigInteger, nullable=False),
        sa.Column("offer_hash", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["offer_hash"], ["account_offer.secret_hash"]),
        sa.UniqueConstraint("login", name="one_account_a_login"),
        sa.UniqueConstraint("offer_hash", name="one_account_an_offer"),
    )


def _sessions() -> None:
    op.create_table(
        "session",
        sa.Column("id", Utf8, primary_key=True),
        sa.Column("account", Utf8, nullable=False),
        sa.Column("began_at", Moment, nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
        sa.Column("agent", Utf8, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.id"]),
        sa.UniqueConstraint("secret_hash", name="one_session_a_secret"),
    )
    op.create_index("session_of_account", "session", ["account"])
