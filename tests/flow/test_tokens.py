"""Tokens for programs, on a real store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.databases import sqlite_url
from tests.values import MINUTE, START

from earwitness.accounts import Account, Password, Role
from earwitness.errors import AccessRefused, InputError, NotFound
from earwitness.flow import access, accounts, tokens
from earwitness.stores import SqlRecords, open_store

DAY = timedelta(days=1)
LEAD = frozenset({Role.LEAD})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlRecords]:
    records = open_store(sqlite_url(tmp_path))
    yield records
    records.close()


def account(store: SqlRecords, name: str) -> Account:
    link = accounts.offer(accounts.FIRST_ROLES, "set-up", START, records=store)
    new = Account(name, name, frozenset(), START)
    return store.make_account(access.secret_hash(link.secret), new, Password("", b""))


@pytest.fixture
def ada(store: SqlRecords) -> Account:
    return account(store, "Ada")


def made(
    store: SqlRecords, whose: Account, roles: frozenset[Role] = LEAD, valid: timedelta = DAY
) -> tokens.NewToken:
    return tokens.make_token(whose, " a script ", roles, valid, START, records=store)


def test_a_token_acts_for_its_account_with_its_roles(store: SqlRecords, ada: Account) -> None:
    new = made(store, ada)
    assert new.secret.startswith("ewt_")
    assert len(new.secret) == len("ewt_") + 43, "256 bits"
    bearer = tokens.whose_token(new.secret, START, records=store)
    assert (bearer.account, bearer.roles, bearer.token.name) == (ada, LEAD, "a script")


def test_a_token_never_has_more_than_its_account_has_now(store: SqlRecords, ada: Account) -> None:
    account(store, "Bob")
    new = made(store, ada, LEAD | {Role.ANALYST})
    store.set_roles(ada.id, frozenset({Role.ANALYST, Role.AUDITOR}))
    assert tokens.whose_token(new.secret, START, records=store).roles == {Role.ANALYST}
    store.set_roles(ada.id, frozenset({Role.AUDITOR}))
    with pytest.raises(AccessRefused):
        tokens.whose_token(new.secret, START, records=store)


@pytest.mark.parametrize("roles", [frozenset(), frozenset({Role.AUDITOR}), LEAD | {Role.AUDITOR}])
def test_nobody_gives_what_they_have_not(
    store: SqlRecords, ada: Account, roles: frozenset[Role]
) -> None:
    with pytest.raises(InputError, match="role"):
        made(store, ada, roles)
    assert store.tokens() == []


@pytest.mark.parametrize("valid", [timedelta(0), -DAY, 366 * DAY])
def test_a_token_ends_within_a_year(store: SqlRecords, ada: Account, valid: timedelta) -> None:
    with pytest.raises(InputError, match="365 days"):
        made(store, ada, valid=valid)
    assert made(store, ada, valid=365 * DAY).token.expires_at == START + 365 * DAY


def test_whatever_is_wrong_with_a_token_the_answer_is_the_same(
    store: SqlRecords, ada: Account
) -> None:
    bob = account(store, "Bob")
    late, revoked, disabled = made(store, ada), made(store, ada), made(store, bob)
    tokens.revoke(ada, revoked.token.id, START, records=store)
    store.disable_account(bob.id, START)
    said = set()
    for secret, now in (
        (late.secret, START + DAY), (revoked.secret, START), (disabled.secret, START),
        ("ewt_nobody", START), ("", START), ("\udc80", START),
    ):  # fmt: skip
        with pytest.raises(AccessRefused) as refused:
            tokens.whose_token(secret, now, records=store)
        said.add(str(refused.value))
    assert len(said) == 1


def test_nobody_revokes_what_is_somebody_elses(store: SqlRecords, ada: Account) -> None:
    bob, new = account(store, "Bob"), made(store, ada)
    with pytest.raises(NotFound):
        tokens.revoke(bob, new.token.id, START, records=store)
    assert tokens.whose_token(new.secret, START, records=store)


def test_a_tokens_last_use_is_written_down_once_a_minute(store: SqlRecords, ada: Account) -> None:
    new = made(store, ada)
    for seconds, written in ((0, 0), (59, 0), (60, 60)):
        now = START + timedelta(seconds=seconds)
        tokens.whose_token(new.secret, now, records=store)
        assert store.tokens()[0].last_used_at == START + written * MINUTE / 60


def test_nothing_of_a_tokens_secret_is_in_the_store(tmp_path: Path) -> None:
    records = open_store(sqlite_url(tmp_path))
    new = made(records, account(records, "Ada"))
    records.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert new.secret.encode() not in kept
