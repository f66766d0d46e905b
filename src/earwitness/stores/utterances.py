"""Doubted utterances, as they were heard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Subquery, func, select

from earwitness.errors import NotFound, StoreError
from earwitness.model import Event, ItemState, ReviewItem, Source, Utterance, Verdict
from earwitness.stores.database import Database
from earwitness.stores.events import record
from earwitness.stores.tables import judgement, review_item
from earwitness.stores.tables import utterance as kept

MOST_VALUABLE = (
    review_item.c.priority.desc(),
    review_item.c.queued_at,
    review_item.c.utterance,
)
"""The order of the queue; items of equal value are first come, first served."""


class UtteranceStore:
    """The first part of ``ports.UtteranceRecords``: what is kept."""

    database: Database

    def keep(self, utterance: Utterance, item: ReviewItem) -> None:
        """Raises StoreError where the item belongs to another utterance or is not new."""
        if item.utterance != utterance.id or item.state is not ItemState.WAITING:
            raise StoreError(f"{utterance.id}: kept with an item that is not its own new one.")
        with self.database.write() as connection:
            if self.database.insert_new(connection, kept, _utterance_fields(utterance)):
                connection.execute(review_item.insert().values(_fields(item)))
                record(connection, _doubted(utterance))

    def utterance(self, utterance_id: str) -> Utterance:
        statement = select(kept).where(kept.c.id == utterance_id)
        with self.database.read() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            raise NotFound(f"There is no utterance {utterance_id!r}.")
        return _utterance(row)

    def backlog(self, limit: int = 1000) -> Sequence[Utterance]:
        statement = (
            select(kept)
            .join(review_item)
            .where(review_item.c.closed_at.is_(None), review_item.c.state == ItemState.WAITING)
            .order_by(*MOST_VALUABLE)
            .limit(limit)
        )
        with self.database.read() as connection:
            return [_utterance(row) for row in connection.execute(statement)]

    def transcribed(self, judgements: int, limit: int = 1000) -> Sequence[tuple[Utterance, str]]:
        last = _last_judgements()
        statement = (
            select(kept, last.c.text.label("said"))
            .select_from(kept)
            .join(review_item)
            .join(last, last.c.utterance == kept.c.id)
            .where(
                review_item.c.state == ItemState.CLOSED,
                last.c.place == 1,
                last.c.number >= judgements,
                last.c.verdict == Verdict.TRANSCRIPT,
            )
            .order_by(*MOST_VALUABLE)
            .limit(limit)
        )
        with self.database.read() as connection:
            return [_with_text(row) for row in connection.execute(statement)]


def _last_judgements() -> Subquery:
    """Every judgement, its ``place`` from the last (1), and the ``number`` of its utterance's."""
    mine = judgement.c.utterance
    last_first = (judgement.c.judged_at.desc(), judgement.c.id.desc())
    place = func.row_number().over(partition_by=mine, order_by=last_first)
    return select(
        mine,
        judgement.c.verdict,
        judgement.c.text,
        place.label("place"),
        func.count().over(partition_by=mine).label("number"),
    ).subquery()


def _doubted(utterance: Utterance) -> Event:
    return Event(
        id=f"doubted:{utterance.id}",
        kind="doubted",
        payload={"utterance": utterance.id},
        at=utterance.heard_at,
    )


def _utterance_fields(utterance: Utterance) -> dict[str, object]:
    fields = _fields(utterance)
    return fields | _fields(fields.pop("source"))


def _utterance(row: Row[Any]) -> Utterance:
    return made_of(dict(row._mapping))


def _with_text(row: Row[Any]) -> tuple[Utterance, str]:
    fields = dict(row._mapping)
    said = str(fields.pop("said"))
    return made_of(fields), said


def made_of(fields: dict[str, Any]) -> Utterance:
    source = Source(**{name: fields.pop(name) for name in Source.__dataclass_fields__})
    return Utterance(source=source, **fields)


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}
