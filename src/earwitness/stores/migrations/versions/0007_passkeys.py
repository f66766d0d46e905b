"""Passkeys; and passwords in a table of their own, for whoever has one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from earwitness.stores.columns import Moment, Utf8

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    _passwords()
    op.add_column("account", sa.Column("seen_at", Moment))
    op.create_table(
        "passkey",
        sa.Column("id", Utf8, primary_key=True),
        sa.Column("account", Utf8, nullable=False),
        sa.Column("credential", sa.LargeBinary, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        sa.Column("transports", sa.Text, nullable=False),
        sa.Column("name", Utf8, nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("last_used_at", Moment),
        sa.ForeignKeyConstraint(["account"], ["account.id"]),
        sa.UniqueConstraint("credential", name="one_passkey_a_credential"),
    )
    op.create_index("passkey_of_account", "passkey", ["account"])


def _passwords() -> None:
    op.create_table(
        "password",
        sa.Column("account", Utf8, primary_key=True),
        sa.Column("hash", Utf8, nullable=False),
        sa.Column("totp", sa.LargeBinary, nullable=False),
        sa.Column("last_step", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.id"]),
    )
    op.execute(
        "INSERT INTO password (account, hash, totp, last_step)"
        " SELECT id, password_hash, totp, last_step FROM account"
    )
    for column in ("password_hash", "totp", "last_step"):
        op.drop_column("account", column)
