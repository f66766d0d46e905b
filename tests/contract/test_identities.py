"""Accounts that a provider of identities signs in: one for each issuer and subject."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from tests.values import START

from earwitness.accounts import Account, Identity, Role
from earwitness.errors import InputError
from earwitness.stores import SqlRecords, open_store

ISSUER = "https://id.example"
ADA = Account("a1", "Ada", frozenset({Role.ANALYST}), START)
KNOWN = Identity(ISSUER, "1", "Ada", frozenset({"listeners"}))


def test_an_account_is_found_by_issuer_and_subject(store: SqlRecords, url: str) -> None:
    assert store.make_identified(b"1", ADA, KNOWN) == ADA
    again = open_store(url)
    assert again.identified(ISSUER, "1") == ADA
    assert again.person("a1").issuer == ISSUER
    for issuer, subject in ((ISSUER, "2"), ("https://another.example", "1"), ("1", ISSUER)):
        assert again.identified(issuer, subject) is None
    assert again.account_named("Ada") is None
    assert again.invitations(START) == []
    again.close()


def test_neither_a_name_nor_an_identity_is_there_twice(store: SqlRecords) -> None:
    store.make_identified(b"1", ADA, KNOWN)
    with pytest.raises(InputError, match="named"):
        store.make_identified(b"2", replace(ADA, id="a2", name="ADA"), replace(KNOWN, subject="2"))
    with pytest.raises(InputError, match="has an account"):
        store.make_identified(b"3", replace(ADA, id="a3", name="Bob"), KNOWN)
    assert store.accounts() == [ADA]
    store.make_identified(
        b"2", replace(ADA, id="a2", name="Bob"), replace(KNOWN, issuer="https://b")
    )


def test_of_many_first_sign_ins_at_once_one_makes_the_account(store: SqlRecords) -> None:
    barrier, refused = threading.Barrier(6), []

    def come(number: int) -> None:
        barrier.wait()
        try:
            new = replace(ADA, id=f"a{number}", name=f"Ada {number}")
            store.make_identified(bytes([number]), new, KNOWN)
        except InputError as error:
            refused.append(error)

    threads = [threading.Thread(target=come, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 5
    (made,) = store.accounts()
    assert store.identified(ISSUER, "1") == made


def test_where_nobody_makes_accounts_roles_still_change(store: SqlRecords) -> None:
    store.make_identified(b"1", ADA, KNOWN)
    assert store.set_roles("a1", frozenset({Role.LEAD})).roles == {Role.LEAD}
