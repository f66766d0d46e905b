"""Tokens by which programs use the API for somebody: fewer rights, for a while, gone at once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from earwitness.accounts import Account, Role, Token
from earwitness.errors import AccessRefused, InputError, NotFound
from earwitness.flow.access import named, secret_hash
from earwitness.ports import TokenRecords

PREFIX = "ewt_"
"""So that a secret that got lost somewhere can be recognised."""
SECRET_BYTES = 32
LONGEST = timedelta(days=365)
DAYS = (7, 30, 90, 365)
"""What the page offers."""
MOST = 20
"""Live ones of an account."""
USED_EVERY = timedelta(minutes=1)
"""A token's last use is written down no oftener."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """``secret`` is kept nowhere."""

    token: Token
    secret: str


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a program acts for; ``roles`` are those that it has now, one at least."""

    token: Token
    account: Account
    roles: frozenset[Role]


def make_token(
    account: Account,
    name: str,
    roles: frozenset[Role],
    valid: timedelta,
    now: datetime,
    *,
    records: TokenRecords,
) -> NewToken:
    """Raises InputError for a bad name, no role or one that the account has not, or too long."""
    if not roles or not roles <= account.roles:
        raise InputError("A token has one role at least, and none that its account has not.")
    if not timedelta(0) < valid <= LONGEST:
        raise InputError(f"A token is good for at most {LONGEST.days} days.")
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    token_id, called = secrets.token_hex(8), named("name", name)
    made = Token(token_id, account.id, called, roles, now, now + valid)
    records.add_token(made, secret_hash(secret), MOST)
    return NewToken(made, secret)


def whose_token(secret: str, now: datetime, *, records: TokenRecords) -> Bearer:
    """Raises AccessRefused, in the same words whatever is wrong with it."""
    token, account = records.token(secret_hash(secret)) or (None, None)
    if token is None or account is None or not is_live(token, now):
        raise _refused()
    roles = token.roles & account.roles
    if account.disabled_at is not None or not roles:
        raise _refused()
    if token.last_used_at is None or now - token.last_used_at >= USED_EVERY:
        records.use_token(token.id, now)
    return Bearer(token, account, roles)


def revoke(account: Account, token_id: str, now: datetime, *, records: TokenRecords) -> Token:
    """One's own, for good. Raises NotFound for one of somebody else."""
    if token_id not in {each.id for each in records.tokens(account.id)}:
        raise NotFound("There is no such token.")
    return records.revoke_token(token_id, now)


def is_live(token: Token, now: datetime) -> bool:
    return token.revoked_at is None and now < token.expires_at


def _refused() -> AccessRefused:
    return AccessRefused("This token is not good here, or not any more.")
