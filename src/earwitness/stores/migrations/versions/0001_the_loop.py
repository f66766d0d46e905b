"""The loop: utterances, their queue, the lexicon, trials, events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from earwitness.stores.columns import Utf8

revision = "0001"
down_revision = None


def upgrade() -> None:
    _utterances()
    _queue()
    _lexicon()
    _outbox()


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, Utf8, nullable=null)


def _json(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null)


def _moment(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=null)


def _utterances() -> None:
    op.create_table(
        "utterance",
        _text("id"),
        *map(_text, ("device", "household", "locale", "name")),
        _moment("heard_at"),
        _json("transcript"),
        _json("flags"),
        _text("clip"),
        sa.PrimaryKeyConstraint("id"),
    )


def _queue() -> None:
    op.create_table(
        "review_item",
        _text("utterance"),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("priority", sa.Double, nullable=False),
        _moment("queued_at"),
        _moment("closed_at", null=True),
        _text("closed_because"),
        _json("settled_by", null=True),
        _text("lease_token", null=True),
        _text("lease_analyst", null=True),
        _moment("lease_expires_at", null=True),
        sa.PrimaryKeyConstraint("utterance"),
        sa.ForeignKeyConstraint(["utterance"], ["utterance.id"]),
        sa.UniqueConstraint("lease_token", name="one_item_a_lease"),
        sa.CheckConstraint(
            "(lease_token IS NULL) = (lease_analyst IS NULL)"
            " AND (lease_token IS NULL) = (lease_expires_at IS NULL)",
            name="lease_is_whole",
        ),
        sa.CheckConstraint("closed_at IS NULL OR lease_token IS NULL", name="closed_has_no_lease"),
    )
    _partial_index("review_item_open", "review_item", "priority", "closed_at IS NULL")
    op.create_table(
        "judgement",
        *map(_text, ("id", "utterance", "analyst")),
        sa.Column("verdict", sa.Text, nullable=False),
        _moment("judged_at"),
        _text("text"),
        _json("terms"),
        sa.Column("blind", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["utterance"], ["review_item.utterance"]),
        sa.UniqueConstraint("utterance", "analyst", name="one_judgement_an_analyst"),
    )


def _lexicon() -> None:
    op.create_table(
        "lexicon_revision",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        _moment("published_at"),
        _text("published_by"),
        _text("why"),
        _text("cause", null=True),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("cause", name="cause_publishes_once"),
    )
    op.create_table(
        "term",
        _text("key"),
        sa.Column("first_revision", sa.BigInteger, nullable=False),
        sa.Column("last_revision", sa.BigInteger),
        _text("written"),
        _json("spoken"),
        _json("misheard"),
        _text("scope"),
        sa.Column("weight", sa.Double, nullable=False),
        sa.Column("margin", sa.Double),
        _text("taught_by"),
        _text("utterance", null=True),
        _text("why"),
        _moment("taught_at", null=True),
        sa.PrimaryKeyConstraint("key", "first_revision"),
        sa.ForeignKeyConstraint(["first_revision"], ["lexicon_revision.number"]),
        sa.ForeignKeyConstraint(["last_revision"], ["lexicon_revision.number"]),
    )
    op.create_index("term_first_revision", "term", ["first_revision"])
    op.create_index("term_last_revision", "term", ["last_revision"])
    _partial_index("term_live_once", "term", "key", "last_revision IS NULL", unique=True)
    op.create_table(
        "trial",
        *map(_text, ("id", "key")),
        _json("trial"),
        sa.Column("outcome", sa.Text, nullable=False),
        _moment("saved_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_trial_key", "trial", ["key"])


def _outbox() -> None:
    op.create_table(
        "event",
        sa.Column(
            "position",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            nullable=False,
            autoincrement=True,
        ),
        *map(_text, ("id", "kind")),
        _json("payload"),
        _moment("at"),
        _moment("done_at", null=True),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("id", name="event_happens_once"),
    )
    _partial_index("event_pending", "event", "position", "done_at IS NULL")


def _partial_index(name: str, table: str, column: str, where: str, *, unique: bool = False) -> None:
    op.create_index(
        name,
        table,
        [column],
        unique=unique,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )
