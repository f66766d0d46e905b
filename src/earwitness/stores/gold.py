"""Gold: what a lead vouches for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, select

from earwitness.errors import InputError, NotFound
from earwitness.model import ItemState, Utterance
from earwitness.ports.lead import Gold
from earwitness.stores.database import Database
from earwitness.stores.tables import gold, review_item, utterance
from earwitness.stores.utterances import made_of

_GOLD = [gold.c[name] for name in Gold.__dataclass_fields__]
LABELLED = [column.label(f"gold_{column.name}") for column in _GOLD]
"""Gold beside other columns."""


class GoldStore:
    """Implements ``ports.GoldRecords``."""

    database: Database

    def put_gold(self, golds: Sequence[Gold]) -> None:
        with self.database.write() as connection:
            for each in golds:
                _refuse_unless_closed(connection, each.utterance)
                connection.execute(delete(gold).where(gold.c.utterance == each.utterance))
                fields = {name: getattr(each, name) for name in Gold.__dataclass_fields__}
                connection.execute(gold.insert().values(fields))

    def remove_gold(self, utterance_id: str) -> None:
        with self.database.write() as connection:
            gone = connection.execute(delete(gold).where(gold.c.utterance == utterance_id))
            if gone.rowcount == 0:
                raise NotFound(f"The clip {utterance_id!r} is not gold.")

    def golds(self, limit: int = 1000) -> Sequence[tuple[Utterance, Gold]]:
        statement = (
            select(utterance, *LABELLED)
            .join_from(review_item, gold)
            .join(utterance)
            .where(review_item.c.state == ItemState.CLOSED)
            .order_by(gold.c.at.desc(), gold.c.utterance)
            .limit(limit)
        )
        with self.database.read() as connection:
            rows = [row._mapping for row in connection.execute(statement)]
        return [(kept_of(row), gold_of(row)) for row in rows]


def gold_of(fields: Mapping[Any, Any]) -> Gold:
    """Of a row with the columns ``LABELLED``."""
    return Gold(*(fields[f"gold_{column.name}"] for column in _GOLD))


def kept_of(fields: Mapping[Any, Any]) -> Utterance:
    """Of a row with the columns of ``utterance`` among others."""
    return made_of({column.name: fields[column.name] for column in utterance.c})


def _refuse_unless_closed(connection: Connection, utterance_id: str) -> None:
    """Its row stays as it is until the commit."""
    statement = select(review_item.c.state).where(review_item.c.utterance == utterance_id)
    state = connection.scalar(statement.with_for_update(read=True))
    if state is not ItemState.CLOSED:
        found = "not kept here" if state is None else f"{state.value}, not closed by listeners"
        raise InputError(f"The clip {utterance_id!r} is {found}, so it cannot be gold.")
