"""The queue of items that wait for a human, their leases and judgements.

``now`` comes from the caller everywhere, so a lease's validity is one comparison
with ``lease_expires_at`` and no database clock takes part.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    true,
    update,
)

from earwitness.errors import JudgementError, LeaseLost, NotFound, StoreError
from earwitness.model import Event, ItemState, Judgement, Lease, ReviewItem, Transcript, term_key
from earwitness.stores import settlements
from earwitness.stores.database import Database
from earwitness.stores.events import record
from earwitness.stores.tables import guess_shown, passed, withdrawn_judgement
from earwitness.stores.tables import judgement as judged
from earwitness.stores.tables import review_item as item
from earwitness.stores.utterances import MOST_VALUABLE

_LEADS_TO = {
    ItemState.WAITING: {ItemState.SECOND, ItemState.CLOSED},
    ItemState.SECOND: {ItemState.ADJUDICATION, ItemState.CLOSED},
    ItemState.ADJUDICATION: {ItemState.CLOSED},
}
_NO_LEASE: dict[str, object] = dict.fromkeys(("lease_token", "lease_analyst", "lease_expires_at"))
_ITEM = [item.c[name] for name in ReviewItem.__dataclass_fields__]
_JUDGEMENT = [judged.c[name] for name in Judgement.__dataclass_fields__]


class QueueStore:
    """The second part of ``ports.UtteranceRecords``: what waits, who holds it, who said what."""

    database: Database

    def item(self, utterance_id: str) -> ReviewItem:
        statement = select(*_ITEM).where(item.c.utterance == utterance_id)
        with self.database.read() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            raise NotFound(f"There is no utterance {utterance_id!r}.")
        return ReviewItem(*row)

    def items(self, states: Sequence[ItemState] = (), limit: int = 1000) -> Sequence[ReviewItem]:
        """Most valuable first; no states means every state."""
        statement = select(*_ITEM).order_by(*MOST_VALUABLE).limit(limit)
        if states:
            statement = statement.where(item.c.state.in_(states))
        with self.database.read() as connection:
            return [ReviewItem(*row) for row in connection.execute(statement)]

    def count_items(self) -> Mapping[ItemState, int]:
        """How many items are in each state that has any."""
        statement = select(item.c.state, func.count().label("items")).group_by(item.c.state)
        with self.database.read() as connection:
            return {row.state: row.items for row in connection.execute(statement)}

    def count_open(self, most: int) -> int:
        """Never longer than ``most`` entries of one index."""
        few = select(item.c.priority).where(item.c.closed_at.is_(None)).limit(most).subquery()
        with self.database.read() as connection:
            return int(connection.scalar(select(func.count()).select_from(few)) or 0)

    def lease(
        self,
        analyst: str,
        now: datetime,
        ttl: timedelta,
        utterance_id: str | None = None,
        besides: str | None = None,
    ) -> Lease | None:
        """Nobody answers an item twice. Raises NotFound where the named one is not kept."""
        if utterance_id is not None:
            self.item(utterance_id)
        wanted = _wanted(analyst, utterance_id, besides)
        with self.database.write() as connection:
            own = _lock_own(connection, analyst, now, wanted)
            if own is not None:
                return _prolong(connection, replace(own, expires_at=now + ttl))
            while (best := _lock_best(connection, analyst, now, wanted)) is not None:
                lease = Lease(secrets.token_urlsafe(16), best, analyst, now + ttl)
                if _grant(connection, lease):
                    return lease
        return None

    def renew(self, lease: Lease, now: datetime, ttl: timedelta) -> Lease:
        """Raises LeaseLost where it has expired, even if nobody else took the item."""
        renewed = replace(lease, expires_at=now + ttl)
        statement = update(item).where(_valid(lease, now))
        with self.database.write() as connection:
            changed = connection.execute(statement.values(lease_expires_at=renewed.expires_at))
            _refuse_unless_held(changed.rowcount, lease)
        return renewed

    def release(self, lease: Lease) -> None:
        """Raises LeaseLost where the item was answered, or leased to somebody else, since."""
        statement = update(item).where(_names(lease)).values(_NO_LEASE)
        with self.database.write() as connection:
            _refuse_unless_held(connection.execute(statement).rowcount, lease)

    def pass_on(self, lease: Lease, now: datetime) -> None:
        row = {"utterance": lease.utterance, "analyst": lease.analyst, "at": now}
        statement = update(item).where(_names(lease)).values(_NO_LEASE)
        with self.database.write() as connection:
            _refuse_unless_held(connection.execute(statement).rowcount, lease)
            self.database.insert_new(connection, passed, row)

    def judge(
        self, lease: Lease, judgement: Judgement, next_state: ItemState, because: str, now: datetime
    ) -> Event:
        """Raises StoreError where the judgement is not the lease holder's or leads nowhere."""
        if (judgement.utterance, judgement.analyst) != (lease.utterance, lease.analyst):
            raise StoreError(f"{judgement.id}: not a judgement of the leased item by its holder.")
        event = _judged(judgement, next_state, because)
        with self.database.write() as connection:
            state = _lock_held(connection, lease, now)
            _refuse_unless_next(lease, state, next_state)
            move = update(item).where(item.c.utterance == lease.utterance)
            connection.execute(move.values(_moved(next_state, because, now)))
            connection.execute(judged.insert().values(_fields(judgement)))
            record(connection, event)
        return event

    def withdraw(self, utterance_id: str, analyst: str, now: datetime) -> Judgement:
        """What was taken back is kept apart; it counts nowhere any more."""
        with self.database.write() as connection:
            connection.execute(_of_item(utterance_id).with_for_update())
            given = _given(connection, utterance_id)
            if not given or given[-1].analyst != analyst:
                raise JudgementError("The last word on this clip is not yours to take back.")
            gone = _fields(given[-1]) | {"withdrawn_at": now}
            connection.execute(withdrawn_judgement.insert().values(gone))
            connection.execute(delete(judged).where(judged.c.id == given[-1].id))
            moved = update(item).where(item.c.utterance == utterance_id, _free(now))
            if connection.execute(moved.values(_reopened(len(given) - 1))).rowcount != 1:
                raise JudgementError("Somebody else listens to this clip now.")
            record(connection, _withdrawn(given[-1], now))
        return given[-1]

    def show_guess(self, lease: Lease, now: datetime) -> None:
        row = {"utterance": lease.utterance, "analyst": lease.analyst, "at": now}
        with self.database.write() as connection:
            self.database.insert_new(connection, guess_shown, row)

    def has_seen(self, utterance_id: str, analyst: str) -> bool:
        seen = (
            exists().where(kept.c.utterance == utterance_id, kept.c.analyst == analyst)
            for kept in (guess_shown, withdrawn_judgement)
        )
        with self.database.read() as connection:
            return bool(connection.scalar(select(or_(*seen))))

    def judgements(self, utterance_id: str) -> Sequence[Judgement]:
        """In the order in which they were given."""
        with self.database.read() as connection:
            return _given(connection, utterance_id)

    def heard_twice(self) -> Sequence[Sequence[Judgement]]:
        twice = (
            select(judged.c.utterance)
            .where(judged.c.blind)
            .group_by(judged.c.utterance)
            .having(func.count() > 1)
        )
        statement = (
            select(*_JUDGEMENT)
            .where(judged.c.blind, judged.c.utterance.in_(twice))
            .order_by(judged.c.utterance, judged.c.judged_at, judged.c.id)
        )
        with self.database.read() as connection:
            found = [Judgement(*row) for row in connection.execute(statement)]
        return [list(group) for _, group in groupby(found, key=lambda each: each.utterance)]

    def settle(
        self,
        utterance_id: str,
        transcript: Transcript,
        because: str,
        now: datetime,
        terms: Collection[str] = (),
    ) -> bool:
        """Keeps the transcript with the item. Raises NotFound for an unknown utterance."""
        keys, revision = {term_key(each) for each in terms}, transcript.revision
        statement = (
            update(item)
            .where(item.c.utterance == utterance_id, item.c.state == ItemState.WAITING, _free(now))
            .values(_moved(ItemState.SETTLED, because, now) | {"settled_by": transcript})
        )
        with self.database.write() as connection:
            held = settlements.hold(connection, keys, revision)
            if held and connection.execute(statement).rowcount == 1:
                settlements.record(connection, utterance_id, keys, revision)
                return True
        self.item(utterance_id)
        return False


# --- conditions -------------------------------------------------------------


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(item.c.lease_token.is_(None), item.c.lease_expires_at <= now)


def _names(lease: Lease) -> ColumnElement[bool]:
    """Nobody answers in the name of somebody else, even who has seen their token."""
    return and_(
        item.c.utterance == lease.utterance,
        item.c.lease_token == lease.token,
        item.c.lease_analyst == lease.analyst,
    )


def _valid(lease: Lease, now: datetime) -> ColumnElement[bool]:
    return and_(_names(lease), item.c.lease_expires_at > now)


def _answered_by(analyst: str) -> ColumnElement[bool]:
    return exists().where(judged.c.utterance == item.c.utterance, judged.c.analyst == analyst)


def _wanted(analyst: str, utterance_id: str | None, besides: str | None) -> ColumnElement[bool]:
    """The one that is named; else any but ``besides`` and what this analyst passed on."""
    if utterance_id is not None:
        return item.c.utterance == utterance_id
    mine = and_(passed.c.utterance == item.c.utterance, passed.c.analyst == analyst)
    others = item.c.utterance != besides if besides is not None else true()
    return and_(~exists().where(mine), others)


# --- steps of a transaction -------------------------------------------------


def _lock_own(
    connection: Connection, analyst: str, now: datetime, wanted: ColumnElement[bool]
) -> Lease | None:
    """What the analyst holds already: of several, the most valuable."""
    statement = (
        select(item.c.lease_token, item.c.utterance, item.c.lease_analyst, item.c.lease_expires_at)
        .where(
            item.c.closed_at.is_(None),
            item.c.lease_analyst == analyst,
            item.c.lease_expires_at > now,
            wanted,
        )
        .order_by(*MOST_VALUABLE)
        .limit(1)
        .with_for_update()
    )
    row = connection.execute(statement).one_or_none()
    return None if row is None else Lease(*row)


def _prolong(connection: Connection, lease: Lease) -> Lease:
    """Under the same token: whoever else is at it in the analyst's name holds it as well."""
    statement = update(item).where(_names(lease)).values(lease_expires_at=lease.expires_at)
    connection.execute(statement)
    return lease


def _lock_best(
    connection: Connection, analyst: str, now: datetime, wanted: ColumnElement[bool]
) -> str | None:
    """PostgreSQL skips items that another transaction is handing out; SQLite has one writer."""
    statement = (
        select(item.c.utterance)
        .where(item.c.closed_at.is_(None), _free(now), ~_answered_by(analyst), wanted)
        .order_by(*MOST_VALUABLE)
        .limit(1)
        .with_for_update(skip_locked=True, of=item)
    )
    return connection.execute(statement).scalar_one_or_none()


def _grant(connection: Connection, lease: Lease) -> bool:
    """Asks again who answered: before the lock was held, that may have changed unseen."""
    statement = (
        update(item)
        .where(item.c.utterance == lease.utterance, ~_answered_by(lease.analyst))
        .values(
            lease_token=lease.token,
            lease_analyst=lease.analyst,
            lease_expires_at=lease.expires_at,
        )
    )
    return connection.execute(statement).rowcount == 1


def _lock_held(connection: Connection, lease: Lease, now: datetime) -> ItemState:
    statement = select(item.c.state).where(_valid(lease, now)).with_for_update()
    states: Sequence[ItemState] = connection.scalars(statement).all()
    _refuse_unless_held(len(states), lease)
    return states[0]


def _refuse_unless_held(rows: int, lease: Lease) -> None:
    if rows != 1:
        raise LeaseLost(
            f"{lease.utterance}: the lease of {lease.analyst} has expired or was given up,"
            " so the answer was refused. Lease it again."
        )


def _refuse_unless_next(lease: Lease, state: ItemState, next_state: ItemState) -> None:
    if next_state not in _LEADS_TO[state]:
        raise StoreError(
            f"{lease.utterance}: a judgement cannot lead from {state} to {next_state}."
        )


def _moved(state: ItemState, because: str, now: datetime) -> dict[str, object]:
    closed = state in (ItemState.CLOSED, ItemState.SETTLED)
    closing = {"closed_at": now, "closed_because": because} if closed else {}
    return {"state": state} | closing | _NO_LEASE


def _reopened(judgements: int) -> dict[str, object]:
    """As an item is that so many have judged."""
    state = [ItemState.WAITING, ItemState.SECOND, ItemState.ADJUDICATION][judgements]
    return {"state": state, "closed_at": None, "closed_because": ""} | _NO_LEASE


def _withdrawn(judgement: Judgement, now: datetime) -> Event:
    payload = {
        "utterance": judgement.utterance,
        "judgement": judgement.id,
        "by": judgement.analyst,
    }
    return Event(f"withdrawn:{judgement.id}", "withdrawn", payload, now)


def _judged(judgement: Judgement, state: ItemState, because: str) -> Event:
    return Event(
        id=f"judged:{judgement.id}",
        kind="judged",
        payload={
            "utterance": judgement.utterance,
            "judgement": judgement.id,
            "state": state.value,
            "because": because,
        },
        at=judgement.judged_at,
    )


def _of_item(utterance_id: str) -> Select[tuple[str]]:
    return select(item.c.utterance).where(item.c.utterance == utterance_id)


def _given(connection: Connection, utterance_id: str) -> Sequence[Judgement]:
    statement = (
        select(*_JUDGEMENT)
        .where(judged.c.utterance == utterance_id)
        .order_by(judged.c.judged_at, judged.c.id)
    )
    return [Judgement(*row) for row in connection.execute(statement)]


def _fields(judgement: Judgement) -> dict[str, object]:
    return {name: getattr(judgement, name) for name in Judgement.__dataclass_fields__}
