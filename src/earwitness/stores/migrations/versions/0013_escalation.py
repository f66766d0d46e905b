"""When cases are due, and what is on its way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from earwitness.stores.columns import Moment, Utf8

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "incident_clock",
        sa.Column("incident", Utf8, primary_key=True),
        sa.Column("due_at", Moment),
        sa.ForeignKeyConstraint(["incident"], ["incident.id"]),
    )
    op.create_index("incident_clock_by_time", "incident_clock", ["due_at"])
    op.create_table(
        "incident_delivery",
        sa.Column("id", Utf8, primary_key=True),
        sa.Column("incident", Utf8, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("rung", sa.Integer),
        sa.Column("channel", Utf8, nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("next_at", Moment),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("problem", Utf8, nullable=False),
        sa.Column("sent_at", Moment),
        sa.ForeignKeyConstraint(["incident"], ["incident.id"]),
    )
    op.create_index("incident_delivery_by_time", "incident_delivery", ["next_at"])
    op.create_index("incident_delivery_of", "incident_delivery", ["incident"])
    op.create_table(
        "time_seen",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", Moment, nullable=False),
    )
    op.execute("INSERT INTO incident_clock (incident, due_at) SELECT id, opened_at FROM incident")
