"""Clips that sound alike: groups, their members, and what was heard in some of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, select, update

from earwitness.errors import JudgementError, LeaseLost, NotFound, StoreError
from earwitness.model import Alike, Event, ItemState, Lease, SameWord, SoundGroup
from earwitness.review.grouping import Standing, standing
from earwitness.stores.database import Database
from earwitness.stores.events import record
from earwitness.stores.tables import likeness_answer as heard
from earwitness.stores.tables import likeness_group as kept
from earwitness.stores.tables import likeness_member as member
from earwitness.stores.tables import review_item as item
from earwitness.stores.utterances import MOST_VALUABLE

_OWN = ("id", "utterance", "key", "written", "made_by", "at", "settled_in")
_ANSWER = [heard.c[name] for name in SameWord.__dataclass_fields__]


class GroupStore:
    """Implements ``ports.GroupRecords``."""

    database: Database

    def waiting_ids(self, limit: int = 1000) -> Sequence[str]:
        statement = (
            select(item.c.utterance)
            .where(item.c.closed_at.is_(None), item.c.state == ItemState.WAITING)
            .order_by(*MOST_VALUABLE)
            .limit(limit)
        )
        with self.database.read() as connection:
            return connection.scalars(statement).all()

    def make_group(self, group: SoundGroup) -> SoundGroup:
        own: dict[str, object] = {name: getattr(group, name) for name in _OWN}
        rows = [
            {"in_group": group.id, "utterance": one.utterance, "place": at, "score": one.score}
            for at, one in enumerate(group.members)
        ]
        with self.database.write() as connection:
            if self.database.insert_new(connection, kept, own) and rows:
                connection.execute(member.insert(), rows)
            return _group(connection, group.id)

    def group(self, group_id: str) -> SoundGroup:
        with self.database.read() as connection:
            return _group(connection, group_id)

    def groups_of(self, utterance_id: str) -> Sequence[SoundGroup]:
        mine = select(member.c.in_group).where(member.c.utterance == utterance_id)
        return self._groups(kept.c.id.in_(mine))

    def answer_group(
        self, group_id: str, lease: Lease, answer: SameWord, now: datetime
    ) -> SoundGroup:
        if (answer.utterance, answer.analyst) != (lease.utterance, lease.analyst):
            raise StoreError(
                f"{lease.utterance}: not an answer about the leased clip by its holder."
            )
        with self.database.write() as connection:
            before = _locked(connection, group_id)
            _refuse_unless_asked(before, answer)
            _give_back(connection, lease, now)
            connection.execute(heard.insert().values(in_group=group_id, **_fields(answer)))
            if standing((*before.answers, answer)) is Standing.CONFIRMED:
                record(connection, _confirmed(group_id, now))
            return _group(connection, group_id)

    def confirmed_groups(self, key: str) -> Sequence[SoundGroup]:
        found = self._groups(kept.c.key == key, kept.c.settled_in.is_(None))
        return [group for group in found if standing(group.answers) is Standing.CONFIRMED]

    def group_settled(self, group_id: str, revision: int) -> None:
        statement = update(kept).where(kept.c.id == group_id, kept.c.settled_in.is_(None))
        with self.database.write() as connection:
            connection.execute(statement.values(settled_in=revision))

    def _groups(self, *which: ColumnElement[bool]) -> Sequence[SoundGroup]:
        statement = select(kept.c.id).where(*which).order_by(kept.c.at, kept.c.id)
        with self.database.read() as connection:
            return [_group(connection, each) for each in connection.scalars(statement).all()]


def _group(connection: Connection, group_id: str) -> SoundGroup:
    own = select(*(kept.c[name] for name in _OWN)).where(kept.c.id == group_id)
    row = connection.execute(own).one_or_none()
    if row is None:
        raise NotFound(f"There is no group {group_id!r}.")
    members = (
        select(member.c.utterance, member.c.score)
        .where(member.c.in_group == group_id)
        .order_by(member.c.place)
    )
    answers = (
        select(*_ANSWER).where(heard.c.in_group == group_id).order_by(heard.c.at, heard.c.utterance)
    )
    return SoundGroup(
        **row._mapping,
        members=tuple(Alike(*each) for each in connection.execute(members)),
        answers=tuple(SameWord(*each) for each in connection.execute(answers)),
    )


def _locked(connection: Connection, group_id: str) -> SoundGroup:
    """Of two answers at once the second sees the first."""
    connection.execute(select(kept.c.id).where(kept.c.id == group_id).with_for_update())
    return _group(connection, group_id)


def _refuse_unless_asked(group: SoundGroup, answer: SameWord) -> None:
    if answer.utterance not in {each.utterance for each in group.members}:
        raise StoreError(f"{answer.utterance}: not a clip of the group {group.id}.")
    if standing(group.answers) is not Standing.OPEN:
        raise JudgementError("This group needs no more answers; take the next clip.")
    if answer.utterance in {each.utterance for each in group.answers}:
        raise JudgementError("This clip of the group was answered already.")


def _give_back(connection: Connection, lease: Lease, now: datetime) -> None:
    mine = and_(
        item.c.utterance == lease.utterance,
        item.c.state == ItemState.WAITING,
        item.c.lease_token == lease.token,
        item.c.lease_analyst == lease.analyst,
        item.c.lease_expires_at > now,
    )
    free = dict.fromkeys(("lease_token", "lease_analyst", "lease_expires_at"))
    if connection.execute(update(item).where(mine).values(free)).rowcount != 1:
        raise LeaseLost(
            f"{lease.utterance}: the lease of {lease.analyst} has expired or was given up,"
            " so the answer was refused. Lease it again."
        )


def _confirmed(group_id: str, now: datetime) -> Event:
    return Event(f"confirmed:{group_id}", "confirmed", {"group": group_id}, now)


def _fields(answer: SameWord) -> dict[str, object]:
    return {name: getattr(answer, name) for name in SameWord.__dataclass_fields__}
