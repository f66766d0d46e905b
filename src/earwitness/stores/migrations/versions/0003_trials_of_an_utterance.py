"""From which utterance a tried term was taught, as a column of its own."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from earwitness.stores.columns import Utf8

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("trial", sa.Column("utterance", Utf8))
    op.create_index("ix_trial_utterance", "trial", ["utterance"])
    _fill_in(op.get_bind())


def _fill_in(connection: sa.Connection) -> None:
    trial = sa.table("trial", sa.column("id"), sa.column("trial"), sa.column("utterance"))
    rows = connection.execute(sa.select(trial.c.id, trial.c.trial)).all()
    for name, content in rows:
        utterance = json.loads(content)["term"]["utterance"]
        row = sa.update(trial).where(trial.c.id == name)
        connection.execute(row.values(utterance=utterance))
