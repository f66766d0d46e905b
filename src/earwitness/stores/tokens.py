"""Tokens of the API, each with the account that it acts for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update

from earwitness.accounts import Account, Token
from earwitness.errors import AccessRefused, InputError, NotFound
from earwitness.stores.account_tables import account, token
from earwitness.stores.database import Database

_TOKEN = [token.c[name] for name in Token.__dataclass_fields__]
_ACCOUNT = [account.c[name] for name in Account.__dataclass_fields__]


class TokenStore:
    """Implements ``ports.TokenRecords``."""

    database: Database

    def add_token(self, new: Token, secret_hash: bytes, most: int) -> None:
        values = {name: getattr(new, name) for name in new.__dataclass_fields__}
        theirs = token.c.account == new.account
        live = (token.c.expires_at > new.made_at) & token.c.revoked_at.is_(None)
        with self.database.write() as connection:
            whose = select(*_ACCOUNT).where(account.c.id == new.account).with_for_update()
            row = connection.execute(whose).one_or_none()
            if row is None or row.disabled_at is not None:
                raise AccessRefused("This account is disabled.")
            count = select(func.count()).select_from(token).where(theirs, live)
            if (connection.scalar(count) or 0) >= most:
                raise InputError(f"An account has at most {most} tokens; revoke one first.")
            connection.execute(token.insert().values(**values, secret_hash=secret_hash))

    def token(self, secret_hash: bytes) -> tuple[Token, Account] | None:
        both = select(*_TOKEN, *_ACCOUNT).join_from(token, account)
        with self.database.read() as connection:
            row = connection.execute(both.where(token.c.secret_hash == secret_hash)).one_or_none()
        if row is None:
            return None
        return Token(*row[: len(_TOKEN)]), Account(*row[len(_TOKEN) :])

    def tokens(self, account_id: str | None = None) -> Sequence[Token]:
        statement = select(*_TOKEN).order_by(token.c.made_at, token.c.id)
        if account_id is not None:
            statement = statement.where(token.c.account == account_id)
        with self.database.read() as connection:
            return [Token(*row) for row in connection.execute(statement)]

    def use_token(self, token_id: str, now: datetime) -> None:
        with self.database.write() as connection:
            connection.execute(update(token).where(token.c.id == token_id).values(last_used_at=now))

    def revoke_token(self, token_id: str, now: datetime) -> Token:
        """The first moment stays."""
        live = (token.c.id == token_id) & token.c.revoked_at.is_(None)
        with self.database.write() as connection:
            connection.execute(update(token).where(live).values(revoked_at=now))
            row = connection.execute(select(*_TOKEN).where(token.c.id == token_id)).one_or_none()
        if row is None:
            raise NotFound("There is no such token.")
        return Token(*row)
