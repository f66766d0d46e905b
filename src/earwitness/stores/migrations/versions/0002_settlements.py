"""Which terms an item was settled for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from earwitness.stores.columns import Utf8

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "settlement",
        sa.Column("utterance", Utf8, nullable=False),
        sa.Column("key", Utf8, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("reopened_in", sa.BigInteger),
        sa.PrimaryKeyConstraint("utterance", "key", "revision"),
        sa.ForeignKeyConstraint(["utterance"], ["review_item.utterance"]),
        sa.ForeignKeyConstraint(["revision"], ["lexicon_revision.number"]),
        sa.ForeignKeyConstraint(["reopened_in"], ["lexicon_revision.number"]),
    )
    op.create_index("settlement_key", "settlement", ["key"])
    op.create_index("settlement_revision", "settlement", ["revision"])
    op.create_index("settlement_reopened_in", "settlement", ["reopened_in"])
