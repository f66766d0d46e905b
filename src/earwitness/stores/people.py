"""What those see and change who look after accounts: people, and links that nobody used yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, exists, func, or_, select

from earwitness.accounts import Account, Invitation, Person
from earwitness.errors import NotFound
from earwitness.stores.account_tables import (
    account,
    account_offer,
    identity,
    passkey,
    password,
    session,
)
from earwitness.stores.database import Database

_ACCOUNT = [account.c[name] for name in Account.__dataclass_fields__]


class PeopleStore:
    """Implements the part of ``ports.AccountRecords`` about people and invitations."""

    database: Database

    def people(self) -> Sequence[Person]:
        statement = _people().order_by(account.c.made_at, account.c.id)
        with self.database.read() as connection:
            return [_person(row) for row in connection.execute(statement)]

    def person(self, account_id: str) -> Person:
        with self.database.read() as connection:
            row = connection.execute(_people().where(account.c.id == account_id)).one_or_none()
        if row is None:
            raise NotFound(f"There is no account {account_id!r}.")
        return _person(row)

    def end_old_sessions(self, seen: datetime, began: datetime) -> None:
        old = or_(session.c.seen_at <= seen, session.c.began_at <= began)
        with self.database.write() as connection:
            connection.execute(delete(session).where(old))

    def invitations(self, now: datetime) -> Sequence[Invitation]:
        open_ = select(account_offer).where(_unused(), account_offer.c.expires_at > now)
        statement = open_.order_by(account_offer.c.expires_at, account_offer.c.secret_hash)
        with self.database.read() as connection:
            return [
                Invitation(row.secret_hash.hex(), row.roles, row.offered_by, row.expires_at)
                for row in connection.execute(statement)
            ]

    def withdraw_invitation(self, invitation_id: str) -> None:
        try:
            named = account_offer.c.secret_hash == bytes.fromhex(invitation_id)
        except ValueError as error:
            raise NotFound("There is no such invitation.") from error
        with self.database.write() as connection:
            if not connection.execute(delete(account_offer).where(named, _unused())).rowcount:
                raise NotFound("This invitation is not open any more.")


def _unused() -> ColumnElement[bool]:
    return ~exists().where(account.c.offer_hash == account_offer.c.secret_hash)


def _people() -> Select[Any]:
    keys = select(func.count()).select_from(passkey).where(passkey.c.account == account.c.id)
    open_ = select(func.count()).select_from(session).where(session.c.account == account.c.id)
    issuer = select(identity.c.issuer).where(identity.c.account == account.c.id)
    return select(
        *_ACCOUNT,
        account.c.seen_at,
        exists().where(password.c.account == account.c.id).label("password"),
        keys.scalar_subquery().label("passkeys"),
        open_.scalar_subquery().label("sessions"),
        issuer.scalar_subquery().label("issuer"),
    )


def _person(row: Row[Any]) -> Person:
    fields, seen = row[: len(_ACCOUNT)], row[len(_ACCOUNT) :]
    seen_at, has_password, passkeys, sessions, issuer = seen
    return Person(Account(*fields), seen_at, bool(has_password), passkeys, sessions, issuer)
