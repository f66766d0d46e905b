"""Tokens: found by their secret, with the account as it is now."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from tests.values import MINUTE, START

from earwitness.accounts import Account, Password, Role, Token
from earwitness.errors import AccessRefused, InputError, NotFound
from earwitness.stores import SqlRecords, open_store

ROLES = frozenset({Role.ADMINISTRATOR, Role.LEAD})
ADA = Account("a1", "Ada", ROLES, START)
BOB = Account("a2", "Bob", ROLES, START + MINUTE)
TOKEN = Token("t1", "a1", "a script", frozenset({Role.LEAD}), START, START + 60 * MINUTE)
LATER = START + MINUTE


@pytest.fixture(autouse=True)
def people(store: SqlRecords) -> None:
    for new in (ADA, BOB):
        link = f"link of {new.id}".encode()
        store.offer_account(link, new.roles, "set-up", new.made_at + MINUTE)
        store.make_account(link, replace(new, roles=frozenset()), Password("", b""))


def test_a_token_is_found_by_its_secret_with_its_account(store: SqlRecords, url: str) -> None:
    store.add_token(TOKEN, b"secret", 5)
    again = open_store(url)
    assert again.token(b"secret") == (TOKEN, ADA)
    assert again.token(b"another") is None
    again.close()
    store.use_token("t1", LATER)
    fewer = store.set_roles("a1", frozenset({Role.ADMINISTRATOR}))
    assert store.token(b"secret") == (replace(TOKEN, last_used_at=LATER), fewer)


def test_tokens_are_listed_by_account_and_together(store: SqlRecords) -> None:
    other = replace(TOKEN, id="t2", account="a2", made_at=LATER)
    store.add_token(other, b"2", 5)
    store.add_token(TOKEN, b"1", 5)
    assert store.tokens() == [TOKEN, other]
    assert store.tokens("a2") == [other]
    assert store.tokens("nobody") == []


def test_revoking_is_for_good_and_keeps_its_moment(store: SqlRecords) -> None:
    store.add_token(TOKEN, b"secret", 5)
    revoked = replace(TOKEN, revoked_at=LATER)
    assert store.revoke_token("t1", LATER) == revoked
    assert store.revoke_token("t1", LATER + MINUTE) == revoked
    assert store.token(b"secret") == (revoked, ADA)
    with pytest.raises(NotFound):
        store.revoke_token("t2", LATER)


def test_an_account_has_so_many_live_tokens(store: SqlRecords) -> None:
    store.add_token(replace(TOKEN, id="late", expires_at=START), b"0", 2)
    for number in (1, 2):
        store.add_token(replace(TOKEN, id=f"t{number}"), bytes([number]), 2)
    with pytest.raises(InputError, match="at most 2"):
        store.add_token(replace(TOKEN, id="t3"), b"3", 2)
    store.add_token(replace(TOKEN, id="b", account="a2"), b"b", 2)
    store.revoke_token("t1", START)
    store.add_token(replace(TOKEN, id="t3"), b"3", 2)


def test_so_many_also_when_they_are_asked_for_at_once(store: SqlRecords) -> None:
    barrier, refused = threading.Barrier(6), []

    def add(number: int) -> None:
        barrier.wait()
        try:
            store.add_token(replace(TOKEN, id=f"t{number}"), bytes([number]), 2)
        except InputError as error:
            refused.append(error)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 4
    assert len(store.tokens("a1")) == 2


def test_who_is_disabled_gets_none(store: SqlRecords) -> None:
    store.disable_account("a1", START)
    for account in ("a1", "nobody"):
        with pytest.raises(AccessRefused):
            store.add_token(replace(TOKEN, account=account), b"secret", 5)
