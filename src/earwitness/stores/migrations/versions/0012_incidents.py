"""Cases, and the log that they are committed to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from earwitness.stores.columns import Moment, Utf8

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("peaks", sa.LargeBinary, nullable=False),
    )
    op.execute(
        sa.text("INSERT INTO log_head (id, size, peaks) VALUES (1, 0, :none)").bindparams(
            sa.bindparam("none", b"", sa.LargeBinary)
        )
    )
    op.create_table(
        "log_leaf",
        sa.Column("place", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "log_node",
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("place", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("level", "place"),
    )
    op.create_table(
        "log_checkpoint",
        sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("note", Utf8, nullable=False),
    )
    op.create_table(
        "incident",
        sa.Column("id", Utf8, primary_key=True),
        sa.Column("code_hash", sa.LargeBinary, nullable=False),
        sa.Column("opened_at", Moment, nullable=False),
        sa.UniqueConstraint("code_hash", name="one_incident_a_code"),
    )
    op.create_index("incident_by_age", "incident", ["opened_at", "id"])
    op.create_table(
        "incident_record",
        sa.Column("incident", Utf8, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("leaf", sa.BigInteger, nullable=False),
        sa.Column("kind", Utf8, nullable=False),
        sa.Column("fields", Utf8, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("before", Utf8, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("incident", "number"),
        sa.UniqueConstraint("leaf", name="one_record_a_leaf"),
        sa.ForeignKeyConstraint(["incident"], ["incident.id"]),
        sa.ForeignKeyConstraint(["leaf"], ["log_leaf.place"]),
    )
    op.create_index("utterance_of_device", "utterance", ["device", "heard_at"])
