"""Judgements taken back, clips passed on, playbacks, reports, and where guesses come first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from earwitness.stores.columns import Finite, Moment, Utf8

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    held = sa.text("lease_analyst IS NOT NULL")
    op.create_index(
        "review_item_leased",
        "review_item",
        ["lease_analyst"],
        sqlite_where=held,
        postgresql_where=held,
    )
    _judgements_taken_back()
    _playbacks()
    _reports()
    op.create_table(
        "guess_first",
        sa.Column("household", Utf8, primary_key=True),
        sa.Column("allowed_by", Utf8, nullable=False),
        sa.Column("why", Utf8, nullable=False),
        sa.Column("at", Moment, nullable=False),
    )


def _judgements_taken_back() -> None:
    op.create_table(
        "withdrawn_judgement",
        sa.Column("id", Utf8, primary_key=True),
        sa.Column("utterance", Utf8, nullable=False),
        sa.Column("analyst", Utf8, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("judged_at", Moment, nullable=False),
        sa.Column("text", Utf8, nullable=False),
        sa.Column("terms", sa.Text, nullable=False),
        sa.Column("blind", sa.Boolean, nullable=False),
        sa.Column("withdrawn_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["utterance"], ["review_item.utterance"]),
    )
    op.create_index("withdrawn_judgement_of", "withdrawn_judgement", ["utterance", "analyst"])
    for table in ("passed", "guess_shown"):
        op.create_table(
            table,
            sa.Column("utterance", Utf8, primary_key=True),
            sa.Column("analyst", Utf8, primary_key=True),
            sa.Column("at", Moment, nullable=False),
            sa.ForeignKeyConstraint(["utterance"], ["review_item.utterance"]),
        )


def _playbacks() -> None:
    op.create_table(
        "playback",
        sa.Column("id", Utf8, primary_key=True),
        sa.Column("utterance", Utf8, nullable=False),
        sa.Column("listener", Utf8, nullable=False),
        sa.Column("why", Utf8, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("seconds", Finite, nullable=False),
        sa.Column("as_recorded", sa.Boolean, nullable=False),
        sa.Column("played", Finite),
        sa.ForeignKeyConstraint(["utterance"], ["utterance.id"]),
    )
    op.create_index("playback_of_utterance", "playback", ["utterance"])
    op.create_index("playback_of_listener", "playback", ["listener", "at"])


def _reports() -> None:
    op.create_table(
        "report",
        sa.Column("id", Utf8, primary_key=True),
        sa.Column("reporter", Utf8, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("harm", sa.Text, nullable=False),
        sa.Column("imminence", sa.Text, nullable=False),
        sa.Column("heard", Utf8, nullable=False),
        sa.Column("utterance", Utf8),
        sa.ForeignKeyConstraint(["utterance"], ["utterance.id"]),
    )
