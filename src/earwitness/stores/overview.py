"""What a lead reads: the queue, the terms, the judged clips.

Counts end at a bound, lists at a limit, and both walk an index: a queue of a million is
shown as quickly as one of ten (tests/contract/test_overview.py reads the query plans).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
)

from earwitness.errors import NotFound
from earwitness.model import ItemState, Judgement, ReviewItem, Source, Term, Transcript
from earwitness.ports.lead import Closed, LastTrial, Selection, Waiting
from earwitness.review.queue import OPEN
from earwitness.stores.database import Database
from earwitness.stores.gold import LABELLED, gold_of, kept_of
from earwitness.stores.lexicon import VERSION, term_of
from earwitness.stores.tables import gold, settlement, term, trial, utterance
from earwitness.stores.tables import judgement as judged
from earwitness.stores.tables import review_item as item

_ITEM = [item.c[name] for name in ReviewItem.__dataclass_fields__]
_SOURCE = [utterance.c[name] for name in Source.__dataclass_fields__]
_JUDGEMENT = [judged.c[name] for name in Judgement.__dataclass_fields__]
_OPEN = item.c.closed_at.is_(None)
_CLOSED = item.c.closed_at.is_not(None)
"""As in the index, which is not chosen otherwise."""
_STANDS = settlement.c.reopened_in.is_(None)
_AT_ONCE = 500
"""Names in one list of a statement: SQLite has a bound."""
_Order = tuple[tuple[ColumnElement[Any], bool], ...]
"""Columns, and whether the greatest comes first."""
_BY_VALUE: _Order = (
    (item.c.priority, True),
    (item.c.queued_at, False),
    (item.c.utterance, False),
)
_BY_AGE: _Order = _BY_VALUE[1:]
_BY_NAME: _Order = _BY_VALUE[2:]


class OverviewStore:
    """Implements ``ports.OverviewRecords``."""

    database: Database

    # --- the queue ------------------------------------------------------------

    def count_at_most(
        self,
        most: int,
        *,
        state: ItemState | None = None,
        reason: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> int:
        where: list[ColumnElement[bool]] = [_OPEN if state is None or state in OPEN else _CLOSED]
        where += [item.c.state == state] if state else []
        where += [item.c.reason == reason] if reason is not None else []
        where += [item.c.queued_at >= since] if since else []
        where += [item.c.queued_at < until] if until else []
        bounded = select(literal(1)).where(*where).limit(most).subquery()
        with self.database.read() as connection:
            return connection.scalar(select(func.count()).select_from(bounded)) or 0

    def open_reasons(self) -> Sequence[str]:
        """One step through the index for each, which is not read from end to end."""
        found: list[str] = []
        with self.database.read() as connection:
            while row := connection.execute(_next_reason(found)).first():
                found.append(row[0])
        return found

    def queued(self, selection: Selection) -> Sequence[Waiting]:
        columns = (*_ITEM, *_SOURCE, utterance.c.flags, item.c.lease_analyst)
        statement = (
            select(*columns, item.c.lease_expires_at)
            .join_from(item, utterance)
            .where(*_selected(selection))
            .order_by(*_sorted(_order(selection)))
            .limit(selection.limit)
        )
        with self.database.read() as connection:
            return [_waiting(row) for row in connection.execute(statement)]

    # --- judged clips ---------------------------------------------------------

    def closed(self, utterance_id: str) -> Closed:
        found = self.closed_among([utterance_id])
        if not found:
            raise NotFound(f"There is no clip {utterance_id!r} that listeners have decided on.")
        return found[0]

    def closed_among(self, utterance_ids: Collection[str]) -> Sequence[Closed]:
        with self.database.read() as connection:
            return [
                each
                for some in _batches(utterance_ids)
                for each in _with_judgements(
                    connection, _closed_items().where(item.c.utterance.in_(some))
                )
            ]

    def newest_closed(
        self,
        limit: int,
        *,
        since: datetime | None = None,
        reason: str | None = None,
        golden: bool = False,
        after: tuple[datetime, str] | None = None,
    ) -> Sequence[Closed]:
        statement = _closed_items().order_by(item.c.closed_at.desc(), item.c.utterance.desc())
        if since is not None:
            statement = statement.where(item.c.closed_at >= since)
        if reason is not None:
            statement = statement.where(item.c.reason == reason)
        if golden:
            statement = statement.where(gold.c.at.is_not(None))
        if after is not None:
            order: _Order = ((item.c.closed_at, True), (item.c.utterance, True))
            statement = statement.where(*_behind(order, after))
        with self.database.read() as connection:
            return _with_judgements(connection, statement.limit(limit))

    def states(self, utterance_ids: Collection[str]) -> Mapping[str, ItemState]:
        found: dict[str, ItemState] = {}
        with self.database.read() as connection:
            for names in _batches(utterance_ids):
                some = select(item.c.utterance, item.c.state).where(item.c.utterance.in_(names))
                found |= dict(connection.execute(some).all())
        return found

    # --- terms ----------------------------------------------------------------

    def last_trials(self) -> Sequence[LastTrial]:
        """From the index alone: what a trial measured is many times as long."""
        columns = [trial.c[name] for name in ("key", "id", "outcome", "saved_at")]
        statement = select(*columns).order_by(trial.c.key, trial.c.saved_at, trial.c.id)
        with self.database.read() as connection:
            rows = connection.execute(statement)
            return list({row.key: LastTrial(*row) for row in rows}.values())

    def no_longer_live(self) -> Sequence[tuple[Term, int]]:
        newer = term.alias()
        later = exists().where(
            newer.c.key == term.c.key, newer.c.first_revision > term.c.first_revision
        )
        statement = (
            select(*VERSION, term.c.last_revision)
            .where(term.c.last_revision.is_not(None), ~later)
            .order_by(term.c.key)
        )
        with self.database.read() as connection:
            rows = connection.execute(statement)
            return [(term_of(row), row.last_revision + 1) for row in rows]

    def versions(self, key: str) -> Sequence[tuple[int, int | None, Term]]:
        statement = (
            select(*VERSION, term.c.first_revision, term.c.last_revision)
            .where(term.c.key == key)
            .order_by(term.c.first_revision.desc())
        )
        with self.database.read() as connection:
            rows = connection.execute(statement)
            return [(row.first_revision, row.last_revision, term_of(row)) for row in rows]

    def settled_counts(self, keys: Collection[str]) -> Mapping[str, int]:
        counted: dict[str, int] = {}
        with self.database.read() as connection:
            for some in _batches(keys):
                statement = (
                    select(settlement.c.key, func.count())
                    .where(settlement.c.key.in_(some), _STANDS)
                    .group_by(settlement.c.key)
                )
                counted |= dict(connection.execute(statement).all())
        return counted

    def settled_because_of(
        self, key: str, limit: int = 50
    ) -> Sequence[tuple[ReviewItem, Transcript]]:
        statement = (
            select(*_ITEM, item.c.settled_by)
            .join_from(settlement, item)
            .where(settlement.c.key == key, _STANDS, item.c.state == ItemState.SETTLED)
            .order_by(item.c.closed_at.desc(), item.c.utterance)
            .limit(limit)
        )
        with self.database.read() as connection:
            rows = connection.execute(statement)
            return [(ReviewItem(*row[: len(_ITEM)]), row.settled_by) for row in rows]


# --- statements ---------------------------------------------------------------


def _next_reason(found: Sequence[str]) -> Select[str]:
    statement = select(item.c.reason).where(_OPEN).order_by(item.c.reason).limit(1)
    return statement.where(item.c.reason > found[-1] if found else item.c.reason.is_not(None))


def _selected(selection: Selection) -> Iterator[ColumnElement[bool]]:
    yield _OPEN
    if selection.state is not None:
        yield item.c.state == selection.state
    if selection.reason is not None:
        yield item.c.reason == selection.reason
    if selection.begins:
        yield item.c.utterance >= selection.begins
        yield item.c.utterance < selection.begins + "\U0010ffff"
    if selection.after is not None:
        order = _order(selection)
        yield from _behind(order, selection.after[-len(order) :])


def _order(selection: Selection) -> _Order:
    order = _BY_NAME if selection.begins else _BY_AGE if selection.by_age else _BY_VALUE
    return tuple((column, first is not selection.reverse) for column, first in order)


def _sorted(order: _Order) -> Iterator[ColumnElement[Any]]:
    return (column.desc() if greatest else column.asc() for column, greatest in order)


def _behind(order: _Order, last: Sequence[object]) -> Iterator[ColumnElement[bool]]:
    """Rows that come after one with these values; the first condition is for the index."""
    pairs = list(zip(order, last, strict=True))
    (column, greatest), value = pairs[0]
    yield column <= value if greatest else column >= value
    same = [column == value for (column, _), value in pairs]
    later = [column < value if greatest else column > value for (column, greatest), value in pairs]
    yield or_(*(and_(*same[:place], later[place]) for place in range(len(pairs))))


def _closed_items() -> Select[Any]:
    prefixed = [column.label(f"item_{column.name}") for column in _ITEM]
    return (
        select(*prefixed, *LABELLED, utterance)
        .select_from(item)
        .join(utterance)
        .outerjoin(gold, gold.c.utterance == item.c.utterance)
        .where(item.c.state == ItemState.CLOSED, _CLOSED)
    )


def _with_judgements(connection: Connection, statement: Select[Any]) -> list[Closed]:
    rows = connection.execute(statement).all()
    given: dict[str, tuple[Judgement, ...]] = {}
    for some in _batches([row.item_utterance for row in rows]):
        given |= _judgements(connection, some)
    return [_closed(row, given[row.item_utterance]) for row in rows]


def _judgements(
    connection: Connection, names: Sequence[str]
) -> Iterator[tuple[str, tuple[Judgement, ...]]]:
    statement = (
        select(*_JUDGEMENT)
        .where(judged.c.utterance.in_(names))
        .order_by(judged.c.utterance, judged.c.judged_at, judged.c.id)
    )
    rows = connection.execute(statement).all()
    for name, group in groupby(rows, key=lambda row: row.utterance):
        yield name, tuple(Judgement(*row) for row in group)


def _batches(names: Collection[str]) -> Iterator[Sequence[str]]:
    listed = list(names)
    for start in range(0, len(listed), _AT_ONCE):
        yield listed[start : start + _AT_ONCE]


# --- rows to values -----------------------------------------------------------


def _waiting(row: Row[Any, *tuple[Any, ...]]) -> Waiting:
    fields = row._mapping
    found = ReviewItem(*(fields[column] for column in _ITEM))
    source = Source(*(fields[column] for column in _SOURCE))
    rules = tuple(dict.fromkeys(flag.rule for flag in row.flags))
    return Waiting(found, source, rules, row.lease_analyst, row.lease_expires_at)


def _closed(row: Row[Any], judgements: tuple[Judgement, ...]) -> Closed:
    fields = row._mapping
    return Closed(
        item=ReviewItem(*(fields[f"item_{column.name}"] for column in _ITEM)),
        utterance=kept_of(fields),
        judgements=judgements,
        gold=gold_of(fields) if row.gold_at is not None else None,
    )
