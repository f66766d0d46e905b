"""Passkeys, and that nobody is left without a way to sign in.

Whoever takes a way away holds the account's row, so that two who take one each cannot
leave none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, delete, exists, false, func, or_, select, update

from earwitness.accounts import Account, Passkey
from earwitness.errors import InputError, NotFound
from earwitness.stores.account_tables import account, passkey, password
from earwitness.stores.database import Database

_PASSKEY = [passkey.c[name] for name in Passkey.__dataclass_fields__]
_ACCOUNT = [account.c[name] for name in Account.__dataclass_fields__]


class PasskeyStore:
    """Implements the part of ``ports.AccountRecords`` about passkeys."""

    database: Database

    def add_passkey(self, new: Passkey) -> None:
        with self.database.write() as connection:
            add_passkey(self.database, connection, new)

    def passkey(self, credential: bytes) -> tuple[Passkey, Account] | None:
        both = select(*_PASSKEY, *_ACCOUNT).join_from(passkey, account)
        with self.database.read() as connection:
            row = connection.execute(both.where(passkey.c.credential == credential)).one_or_none()
        if row is None:
            return None
        return Passkey(*row[: len(_PASSKEY)]), Account(*row[len(_PASSKEY) :])

    def passkeys(self, account_id: str) -> Sequence[Passkey]:
        theirs = select(*_PASSKEY).where(passkey.c.account == account_id)
        with self.database.read() as connection:
            rows = connection.execute(theirs.order_by(passkey.c.made_at, passkey.c.id))
            return [Passkey(*row) for row in rows]

    def use_passkey(self, passkey_id: str, sign_count: int, now: datetime) -> bool:
        known = passkey.c.sign_count
        later = or_(known < sign_count, known == sign_count if sign_count == 0 else false())
        used = update(passkey).where(passkey.c.id == passkey_id, later)
        with self.database.write() as connection:
            done = connection.execute(used.values(sign_count=sign_count, last_used_at=now))
            return done.rowcount == 1

    def remove_passkey(self, account_id: str, passkey_id: str) -> None:
        theirs = and_(passkey.c.account == account_id, passkey.c.id == passkey_id)
        with self.database.write() as connection:
            _hold(connection, account_id)
            if not connection.execute(delete(passkey).where(theirs)).rowcount:
                raise NotFound("There is no such passkey.")
            _keep_a_way(connection, account_id)

    def has_password(self, account_id: str) -> bool:
        with self.database.read() as connection:
            return _has_password(connection, account_id)

    def remove_password(self, account_id: str) -> None:
        with self.database.write() as connection:
            _hold(connection, account_id)
            connection.execute(delete(password).where(password.c.account == account_id))
            _keep_a_way(connection, account_id)


def add_passkey(database: Database, connection: Connection, new: Passkey) -> None:
    """Within the transaction that may make its account. Raises InputError for a known one."""
    values = {name: getattr(new, name) for name in new.__dataclass_fields__}
    if not database.insert_new(connection, passkey, values):
        raise InputError("This passkey is known here already.")


def _hold(connection: Connection, account_id: str) -> None:
    connection.execute(select(account.c.id).where(account.c.id == account_id).with_for_update())


def _has_password(connection: Connection, account_id: str) -> bool:
    there = exists().where(password.c.account == account_id)
    return bool(connection.scalar(select(there)))


def _keep_a_way(connection: Connection, account_id: str) -> None:
    theirs = select(func.count()).select_from(passkey).where(passkey.c.account == account_id)
    if not connection.scalar(theirs) and not _has_password(connection, account_id):
        raise InputError("Nothing would be left to sign in with; add another passkey first.")
