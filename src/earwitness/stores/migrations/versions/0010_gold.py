"""Gold clips, the main reason of an item, and what the lead's pages count and list by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from earwitness.review.queue import main_reason
from earwitness.stores.codec import decode_flags
from earwitness.stores.columns import Moment, Utf8

revision = "0010"
down_revision = "0009"

BATCH = 1000


def upgrade() -> None:
    op.create_table(
        "gold",
        sa.Column("utterance", Utf8, primary_key=True),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("text", Utf8, nullable=False),
        sa.Column("by", Utf8, nullable=False),
        sa.Column("why", Utf8, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["utterance"], ["review_item.utterance"]),
    )
    op.add_column("review_item", sa.Column("reason", Utf8))
    _fill_in(op.get_bind())
    _partial_index("review_item_state", ["state", "priority"], "closed_at IS NULL")
    _partial_index("review_item_reason", ["reason", "priority"], "closed_at IS NULL")
    _partial_index("review_item_age", ["queued_at"], "closed_at IS NULL")
    _partial_index("review_item_closed", ["state", "closed_at"], "closed_at IS NOT NULL")
    op.create_index("trial_newest", "trial", ["key", "saved_at", "id", "outcome"])


def _fill_in(connection: sa.Connection) -> None:
    """A batch at a time: a store may hold millions."""
    kept = sa.table("utterance", sa.column("id", Utf8), sa.column("flags"))
    item = sa.table("review_item", sa.column("utterance", Utf8), sa.column("reason", Utf8))
    moved = sa.update(item).where(item.c.utterance == sa.bindparam("id"))
    rows = sa.select(kept.c.id, kept.c.flags).order_by(kept.c.id).limit(BATCH)
    last = ""
    while batch := connection.execute(rows.where(kept.c.id > last)).all():
        reasons = [{"id": name, "why": main_reason(decode_flags(flags))} for name, flags in batch]
        connection.execute(moved.values(reason=sa.bindparam("why")), reasons)
        last = batch[-1].id


def _partial_index(name: str, columns: list[str], where: str) -> None:
    op.create_index(
        name,
        "review_item",
        columns,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )
