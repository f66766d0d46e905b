"""Passkeys: one credential once, a count that only grows, and always a way to sign in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import make_url, text
from tests.new_stores import from_nothing
from tests.values import MINUTE, START

from earwitness.accounts import Account, Passkey, Password, Role
from earwitness.errors import InputError, NotFound
from earwitness.stores import SqlRecords, open_store
from earwitness.stores.migrate import MIGRATIONS
from earwitness.stores.records import _OPENERS

ROLES = frozenset({Role.ADMINISTRATOR})
ADA = Account("a1", "Ada", ROLES, START)
BOB = Account("a2", "Bob", ROLES, START + MINUTE)
KNOWN = Password("$argon2id$...", b"t" * 20)
KEY = Passkey("p1", "a1", b"credential", b"cose", 3, ("internal", "hybrid"), "phone", START)


def made(store: SqlRecords, account: Account, way: Password | Passkey) -> Account:
    link = f"link of {account.id}".encode()
    store.offer_account(link, account.roles, "set-up", account.made_at + MINUTE)
    return store.make_account(link, replace(account, roles=frozenset()), way)


@pytest.fixture
def ada(store: SqlRecords) -> Account:
    return made(store, ADA, KEY)


def test_an_account_may_have_a_passkey_in_place_of_a_password(
    store: SqlRecords, ada: Account, url: str
) -> None:
    again = open_store(url)
    assert again.passkey(b"credential") == (KEY, ada)
    assert again.passkeys("a1") == [KEY]
    assert again.account_named("Ada") is None
    assert not again.has_password("a1")
    assert again.passkey(b"another") is None
    again.close()


def test_a_credential_is_known_once_and_makes_no_second_account(
    store: SqlRecords, ada: Account
) -> None:
    with pytest.raises(InputError, match="known here already"):
        store.add_passkey(replace(KEY, id="p2"))
    with pytest.raises(InputError, match="known here already"):
        made(store, BOB, replace(KEY, id="p2", account="a2"))
    assert store.accounts() == [ada]
    store.make_account(b"link of a2", BOB, KNOWN)  # which is not used up
    assert store.passkeys("a2") == []


@pytest.mark.parametrize(
    ("known", "given", "right"),
    [(3, 4, True), (3, 90, True), (3, 3, False), (3, 2, False), (3, 0, False), (0, 0, True)],
)
def test_a_count_of_signatures_only_grows(
    store: SqlRecords, known: int, given: int, right: bool
) -> None:
    made(store, ADA, replace(KEY, sign_count=known))
    assert store.use_passkey("p1", given, START + MINUTE) is right
    (kept,) = store.passkeys("a1")
    used = (given, START + MINUTE) if right else (known, None)
    assert (kept.sign_count, kept.last_used_at) == used


def test_of_many_who_bring_the_same_count_one_gets_in(store: SqlRecords, ada: Account) -> None:
    barrier, answers = threading.Barrier(6), []

    def use() -> None:
        barrier.wait()
        answers.append(store.use_passkey("p1", 4, START))

    threads = [threading.Thread(target=use) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 5 + [True]


def test_the_last_way_to_sign_in_stays(store: SqlRecords, ada: Account) -> None:
    with pytest.raises(InputError, match="Nothing would be left"):
        store.remove_passkey("a1", "p1")
    assert store.passkeys("a1") == [KEY]
    store.set_password("a1", KNOWN)
    store.remove_passkey("a1", "p1")
    assert store.account_named("Ada") == (ada, KNOWN)
    with pytest.raises(InputError, match="Nothing would be left"):
        store.remove_password("a1")
    store.add_passkey(KEY)
    store.remove_password("a1")
    assert not store.has_password("a1")
    assert store.passkeys("a1") == [KEY]


def test_nobody_removes_what_is_somebody_elses(store: SqlRecords, ada: Account) -> None:
    made(store, BOB, KNOWN)
    for account, passkey in (("a2", "p1"), ("a1", "p2")):
        with pytest.raises(NotFound):
            store.remove_passkey(account, passkey)
    assert store.passkeys("a1") == [KEY]


def test_two_ways_taken_away_at_once_leave_one(store: SqlRecords, ada: Account) -> None:
    for round_ in range(5):
        other = replace(KEY, id=f"other {round_}", credential=bytes([round_]))
        store.add_passkey(other)
        barrier, refused = threading.Barrier(2), []

        def remove(which: str, barrier: threading.Barrier, refused: list[Exception]) -> None:
            barrier.wait()
            try:
                store.remove_passkey("a1", which)
            except InputError as error:
                refused.append(error)

        pair = [each.id for each in store.passkeys("a1")]
        threads = [threading.Thread(target=remove, args=(each, barrier, refused)) for each in pair]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(refused) == 1 == len(store.passkeys("a1"))


def test_a_new_password_takes_the_place_of_the_old_one(store: SqlRecords) -> None:
    made(store, ADA, KNOWN)
    assert store.use_step("a1", 7)
    newer = Password("another", b"s" * 20)
    store.set_password("a1", newer)
    found = store.account_named("ada")
    assert found is not None
    assert found[1] == newer
    assert store.use_step("a1", 1)  # of another secret


def test_passwords_of_an_older_program_still_open(new_empty_url: Callable[[], str]) -> None:
    url = new_empty_url()
    with from_nothing():
        store = SqlRecords(_OPENERS[make_url(url).get_backend_name()](make_url(url)))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    offer = {"secret_hash": b"link", "roles": "[]", "offered_by": "", "expires_at": 0}
    old = {
        "id": "a1", "name": "Ada", "roles": '["administrator"]', "made_at": 0, "login": "ada",
        "password_hash": KNOWN.hash, "totp": KNOWN.totp, "last_step": 7, "offer_hash": b"link",
    }  # fmt: skip
    with store.database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        for table, row in (("account_offer", offer), ("account", old)):
            names = ", ".join(row)
            values = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)
    store.close()
    again = open_store(url)
    found = again.account_named("Ada")
    assert found is not None
    assert (found[0].id, found[0].roles, found[1]) == ("a1", ROLES, KNOWN)
    assert not again.use_step("a1", 7)
    assert again.use_step("a1", 8)
    again.close()
