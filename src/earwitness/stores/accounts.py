"""Accounts, the links that make them, and sessions.

A link belongs to the account that it made, by a unique column: however many use it at
once, it makes one. Whoever changes rights holds the rows of all accounts, so that two
who take each other's rights away at once cannot leave nobody who may make accounts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, select, update

from earwitness.accounts import Account, Identity, Passkey, Password, Role, Session
from earwitness.errors import AccessRefused, InputError, NotFound, StoreError
from earwitness.stores.account_tables import account, account_offer, identity, password, session
from earwitness.stores.database import Database
from earwitness.stores.passkeys import add_passkey

_ACCOUNT = [account.c[name] for name in Account.__dataclass_fields__]
_AT_ONCE = timedelta(seconds=1)
"""How long a provider's invitation is good: for the transaction that makes it."""
_UNREADABLE = (StoreError, TypeError, ValueError, OverflowError)
_SESSION = [session.c[name] for name in Session.__dataclass_fields__]


class AccountStore:
    """Implements ``ports.AccountRecords``."""

    database: Database

    # --- links ------------------------------------------------------------------

    def offer_account(
        self, secret_hash: bytes, roles: frozenset[Role], by: str, expires_at: datetime
    ) -> None:
        statement = account_offer.insert().values(
            secret_hash=secret_hash, roles=roles, offered_by=by, expires_at=expires_at
        )
        with self.database.write() as connection:
            if not by:
                connection.execute(delete(account_offer).where(_of_set_up()))
            connection.execute(statement)

    def offered(self, secret_hash: bytes, now: datetime) -> frozenset[Role]:
        with self.database.read() as connection:
            return _offered(connection, secret_hash, now)

    def make_identified(self, secret_hash: bytes, new: Account, known: Identity) -> Account:
        offer = account_offer.insert().values(
            secret_hash=secret_hash,
            roles=new.roles,
            offered_by=known.issuer,
            expires_at=new.made_at + _AT_ONCE,
        )
        with self.database.write() as connection:
            connection.execute(offer)
            return self._make(connection, secret_hash, new, known)

    def make_account(self, secret_hash: bytes, new: Account, way: Password | Passkey) -> Account:
        with self.database.write() as connection:
            return self._make(connection, secret_hash, new, way)

    def _make(
        self,
        connection: Connection,
        secret_hash: bytes,
        new: Account,
        way: Password | Passkey | Identity,
    ) -> Account:
        """A link that is used up, an account with its roles, and how it is opened."""
        roles = _offered(connection, secret_hash, new.made_at)
        values = {
            **{name: getattr(new, name) for name in new.__dataclass_fields__},
            "roles": roles,
            "login": _login(new.name),
            "offer_hash": secret_hash,
        }
        if not self.database.insert_new(connection, account, values):
            _offered(connection, secret_hash, new.made_at)  # somebody else was faster
            raise InputError(f"There is an account named {new.name!r} already.")
        match way:
            case Passkey():
                add_passkey(self.database, connection, way)
            case Identity():
                one = {"issuer": way.issuer, "subject": way.subject, "account": new.id}
                if not self.database.insert_new(connection, identity, {**one}):
                    raise InputError("Whoever this is has an account here already.")
            case Password():
                _set_password(connection, new.id, way)
        return _account(connection, new.id)

    # --- accounts ---------------------------------------------------------------

    def accounts(self) -> Sequence[Account]:
        statement = select(*_ACCOUNT).order_by(account.c.made_at, account.c.id)
        with self.database.read() as connection:
            try:
                found = [Account(*row) for row in connection.execute(statement)]
            except _UNREADABLE:
                found = _one_by_one(connection)
        return [each for each in found if isinstance(each.id, str) and isinstance(each.name, str)]

    def account_named(self, name: str) -> tuple[Account, Password] | None:
        columns = [*_ACCOUNT, password.c.hash, password.c.totp]
        both = select(*columns).join_from(account, password)
        statement = both.where(account.c.login == _login(name))
        with self.database.read() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            return None
        *fields, password_hash, totp = row
        return Account(*fields), Password(password_hash, totp)

    def identified(self, issuer: str, subject: str) -> Account | None:
        whose = select(*_ACCOUNT).join_from(account, identity)
        named = (identity.c.issuer == issuer) & (identity.c.subject == subject)
        with self.database.read() as connection:
            row = connection.execute(whose.where(named)).one_or_none()
        return None if row is None else Account(*row)

    def set_roles(self, account_id: str, roles: frozenset[Role]) -> Account:
        return self._change_account(account_id, {"roles": roles})

    def disable_account(self, account_id: str, now: datetime) -> Account:
        """The first moment stays."""
        return self._change_account(account_id, {"disabled_at": now})

    def set_password(self, account_id: str, new: Password) -> None:
        with self.database.write() as connection:
            connection.execute(delete(password).where(password.c.account == account_id))
            _set_password(connection, account_id, new)

    def use_step(self, account_id: str, step: int) -> bool:
        later = (password.c.account == account_id) & (password.c.last_step < step)
        with self.database.write() as connection:
            moved = connection.execute(update(password).where(later).values(last_step=step))
            return moved.rowcount == 1

    def _change_account(self, account_id: str, values: dict[str, Any]) -> Account:
        with self.database.write() as connection:
            everybody = [Account(*row) for row in connection.execute(_locked())]
            known = next((each for each in everybody if each.id == account_id), None)
            if known is None:
                raise NotFound(f"There is no account {account_id!r}.")
            if known.disabled_at is None:
                connection.execute(update(account).where(account.c.id == account_id).values(values))
                if Role.ADMINISTRATOR in known.roles:
                    _keep_an_administrator(connection)
                connection.execute(delete(session).where(session.c.account == account_id))
            return _account(connection, account_id)

    # --- sessions ---------------------------------------------------------------

    def begin_session(self, new: Session, secret_hash: bytes) -> None:
        values = {name: getattr(new, name) for name in new.__dataclass_fields__}
        with self.database.write() as connection:
            mine = select(*_ACCOUNT).where(account.c.id == new.account).with_for_update(read=True)
            row = connection.execute(mine).one_or_none()
            if row is None or row.disabled_at is not None:
                raise AccessRefused("This account is disabled.")
            connection.execute(session.insert().values(**values, secret_hash=secret_hash))
            _seen(connection, new.account, new.seen_at)

    def session(self, secret_hash: bytes) -> tuple[Session, Account] | None:
        both = select(*_SESSION, *_ACCOUNT).join_from(session, account)
        with self.database.read() as connection:
            row = connection.execute(both.where(session.c.secret_hash == secret_hash)).one_or_none()
        if row is None:
            return None
        return Session(*row[: len(_SESSION)]), Account(*row[len(_SESSION) :])

    def seen(self, session_id: str, now: datetime) -> None:
        with self.database.write() as connection:
            used = update(session).where(session.c.id == session_id).values(seen_at=now)
            whose = connection.scalar(used.returning(session.c.account))
            _seen(connection, whose, now)

    def sessions(self, account_id: str) -> Sequence[Session]:
        """The one that was used last comes first."""
        mine = select(*_SESSION).where(session.c.account == account_id)
        with self.database.read() as connection:
            rows = connection.execute(mine.order_by(session.c.seen_at.desc(), session.c.id))
            return [Session(*row) for row in rows]

    def end_session(self, session_id: str) -> None:
        with self.database.write() as connection:
            connection.execute(delete(session).where(session.c.id == session_id))

    def end_sessions(self, account_id: str, *, but: str = "") -> None:
        theirs = (session.c.account == account_id) & (session.c.id != but)
        with self.database.write() as connection:
            connection.execute(delete(session).where(theirs))


def _one_by_one(connection: Connection) -> list[Account]:
    """All whose rows can be read: one that somebody damaged hides no other."""
    found = []
    ids = connection.scalars(select(account.c.id)).all()
    for account_id in (each for each in ids if isinstance(each, str)):
        with suppress(*_UNREADABLE):
            found.append(_account(connection, account_id))
    return sorted(found, key=lambda each: (each.made_at, each.id))


def _login(name: str) -> str:
    """As names are compared: nobody can look like somebody else by case or by composition.

    >>> _login("Zoë") == _login("ZOE\\u0308")
    True
    """
    return unicodedata.normalize("NFKC", name).casefold()


# --- reading ------------------------------------------------------------------


def _offered(connection: Connection, secret_hash: bytes, now: datetime) -> frozenset[Role]:
    used_by = select(account.c.id).where(account.c.offer_hash == account_offer.c.secret_hash)
    statement = select(account_offer, used_by.scalar_subquery().label("used_by"))
    offer: Row[Any] | None = connection.execute(
        statement.where(account_offer.c.secret_hash == secret_hash)
    ).one_or_none()
    if offer is None:
        raise AccessRefused("This link is not known here; check it, or ask for a new one.")
    if offer.used_by is not None:
        raise AccessRefused("This link was used already; sign in, or ask for a new one.")
    if now >= offer.expires_at:
        raise AccessRefused("This link has expired; ask for a new one.")
    roles: frozenset[Role] = offer.roles
    return roles


def _of_set_up() -> ColumnElement[bool]:
    """Links that the set-up offered and nobody used: none may lie about in the output of an
    earlier start, for it makes an administrator.
    """
    used = exists().where(account.c.offer_hash == account_offer.c.secret_hash)
    return and_(account_offer.c.offered_by == "", ~used)


def _locked() -> Any:
    """Everybody; SQLite's writers wait for each other anyway."""
    return select(*_ACCOUNT).order_by(account.c.id).with_for_update()


def _account(connection: Connection, account_id: str) -> Account:
    return Account(*connection.execute(select(*_ACCOUNT).where(account.c.id == account_id)).one())


def _seen(connection: Connection, account_id: str | None, now: datetime) -> None:
    seen = update(account).where(account.c.id == account_id).values(seen_at=now)
    connection.execute(seen)


def _set_password(connection: Connection, account_id: str, new: Password) -> None:
    values = {"account": account_id, "hash": new.hash, "totp": new.totp, "last_step": 0}
    connection.execute(password.insert().values(values))


def _keep_an_administrator(connection: Connection) -> None:
    left = [Account(*row) for row in connection.execute(select(*_ACCOUNT))]
    if not any(Role.ADMINISTRATOR in each.roles and each.disabled_at is None for each in left):
        raise InputError("Nobody would be left who may make accounts; make an administrator first.")
