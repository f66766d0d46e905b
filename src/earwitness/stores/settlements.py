"""Which terms an item was closed for, so that it waits again when one no longer holds.

A settlement names every term in the reading that closed its item. What holds is the
version of the term that was live then; of one that was taught again since, the newer
version hears at least as much. All functions run within the transaction that
publishes, so that no moment sees a closed item and its term gone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Connection, bindparam, select, update

from earwitness.model import ItemState
from earwitness.stores.database import Database
from earwitness.stores.tables import review_item as item
from earwitness.stores.tables import settlement, term

_STANDS = settlement.c.reopened_in.is_(None)
_WAITING: dict[str, object] = {
    "state": ItemState.WAITING,
    "closed_at": None,
    "closed_because": "",
    "settled_by": None,
}


class SettlementStore:
    """What publications put back into the queue."""

    database: Database

    def reopened(self, revision: int) -> Sequence[str]:
        """The utterances that wait again because of this revision, by id."""
        statement = (
            select(settlement.c.utterance)
            .where(settlement.c.reopened_in == revision)
            .distinct()
            .order_by(settlement.c.utterance)
        )
        with self.database.read() as connection:
            return connection.scalars(statement).all()


def hold(connection: Connection, keys: Collection[str], revision: int) -> bool:
    """Whether these terms are live as they were in a revision; so they stay until the commit.

    On PostgreSQL the lock lets whoever retires one of them wait, and see the settlement.
    """
    statement = (
        select(term.c.key)
        .where(
            term.c.key.in_(keys), term.c.last_revision.is_(None), term.c.first_revision <= revision
        )
        .order_by(term.c.key)
        .with_for_update(read=True)
    )
    return len(connection.scalars(statement).all()) == len(keys)


def record(connection: Connection, utterance: str, keys: Collection[str], revision: int) -> None:
    rows = [{"utterance": utterance, "key": key, "revision": revision} for key in sorted(keys)]
    if rows:
        connection.execute(settlement.insert(), rows)


def reopen_without(connection: Connection, keys: Collection[str], number: int) -> None:
    """Puts back what was settled because of these terms."""
    if keys:
        _reopen(connection, settlement.c.key.in_(keys), number)


def reopen_since(connection: Connection, revision: int, number: int) -> None:
    """Puts back what was settled after a revision by a version that is no longer live."""
    still_live = (
        select(term.c.key)
        .where(
            term.c.key == settlement.c.key,
            term.c.last_revision.is_(None),
            term.c.first_revision <= settlement.c.revision,
        )
        .exists()
    )
    _reopen(connection, (settlement.c.revision > revision) & ~still_live, number)


def _reopen(connection: Connection, gone: ColumnElement[bool], number: int) -> None:
    """Place and priority in the queue are those of the item's first day."""
    utterances = connection.scalars(select(settlement.c.utterance).where(_STANDS, gone).distinct())
    rows = [{"reopened": utterance} for utterance in utterances]
    if rows:
        marked = update(settlement).where(settlement.c.utterance == bindparam("reopened"), _STANDS)
        connection.execute(marked.values(reopened_in=number), rows)
        moved = update(item).where(item.c.utterance == bindparam("reopened"))
        connection.execute(moved.values(_WAITING), rows)
