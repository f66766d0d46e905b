"""Accounts, links and sessions: a link makes one, and a session ends at once."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from tests.values import MINUTE, START

from earwitness.accounts import Account, Password, Role, Session
from earwitness.errors import AccessRefused, InputError, NotFound
from earwitness.stores import SqlRecords, open_store

LINK, SECRET = b"hash of a link", b"hash of a cookie"
ROLES = frozenset({Role.ADMINISTRATOR, Role.ANALYST})
ADA = Account("a1", "Ada", ROLES, START)
BOB = Account("a2", "Bob", frozenset({Role.ANALYST}), START + MINUTE)
KNOWN = Password("$argon2id$...", b"t" * 20)
SESSION = Session("s1", "a1", START, START, "a browser")


@pytest.fixture
def ada(store: SqlRecords) -> Account:
    return made(store, ADA)


@pytest.fixture
def bob(store: SqlRecords) -> Account:
    return made(store, BOB)


def made(store: SqlRecords, account: Account) -> Account:
    link = f"link of {account.id}".encode()
    store.offer_account(link, account.roles, "set-up", account.made_at + MINUTE)
    return store.make_account(link, replace(account, roles=frozenset()), KNOWN)


def test_an_account_gets_the_roles_of_its_link(store: SqlRecords, url: str) -> None:
    assert made(store, ADA) == ADA
    again = open_store(url)
    assert again.accounts() == [ADA]
    assert again.account_named("Ada") == (ADA, KNOWN)
    again.close()


def test_a_link_makes_one_account(store: SqlRecords, ada: Account) -> None:
    store.offer_account(LINK, ROLES, "Ada", START + MINUTE)
    assert store.offered(LINK, START) == ROLES
    store.make_account(LINK, replace(BOB, made_at=START), KNOWN)
    for refused in (
        lambda: store.offered(LINK, START),
        lambda: store.make_account(LINK, replace(ADA, id="a3", name="Cleo"), KNOWN),
    ):
        with pytest.raises(AccessRefused, match="used already"):
            refused()
    assert [each.name for each in store.accounts()] == ["Ada", "Bob"]


def test_of_links_that_nobody_offered_the_newest_alone_works(store: SqlRecords) -> None:
    for link, by in ((b"first", ""), (b"of Ada", "Ada"), (b"second", "")):
        store.offer_account(link, ROLES, by, START + MINUTE)
    with pytest.raises(AccessRefused, match="not known"):
        store.offered(b"first", START)
    store.make_account(b"second", ADA, KNOWN)
    store.offer_account(b"third", ROLES, "", START + MINUTE)
    assert store.offered(b"of Ada", START) == store.offered(b"third", START) == ROLES


def test_a_link_that_is_late_or_unknown_makes_none(store: SqlRecords) -> None:
    store.offer_account(LINK, ROLES, "set-up", START + MINUTE)
    with pytest.raises(AccessRefused, match="expired"):
        store.make_account(LINK, replace(ADA, made_at=START + MINUTE), KNOWN)
    with pytest.raises(AccessRefused, match="not known"):
        store.offered(b"another", START)
    assert store.accounts() == []


@pytest.mark.parametrize("name", ["Ada", "ADA", "\uff21da"])
def test_nobody_can_look_like_somebody_else(store: SqlRecords, ada: Account, name: str) -> None:
    store.offer_account(LINK, ROLES, "Ada", START + MINUTE)
    with pytest.raises(InputError, match="already"):
        store.make_account(LINK, replace(BOB, made_at=START, name=name), KNOWN)
    assert store.offered(LINK, START) == ROLES


def test_of_many_who_use_a_link_at_once_one_gets_in(store: SqlRecords) -> None:
    store.offer_account(LINK, ROLES, "set-up", START + MINUTE)
    barrier, made_here, refused = threading.Barrier(8), [], []

    def come(number: int) -> None:
        barrier.wait()
        try:
            new = Account(f"a{number}", f"name {number}", ROLES, START)
            made_here.append(store.make_account(LINK, new, KNOWN))
        except AccessRefused as error:
            refused.append(error)

    threads = [threading.Thread(target=come, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made_here) == 1 == len(store.accounts())
    assert len(refused) == 7


def test_a_code_of_an_authenticator_is_used_once(store: SqlRecords, ada: Account) -> None:
    assert store.use_step("a1", 7)
    assert not store.use_step("a1", 7)
    assert not store.use_step("a1", 6)
    assert store.use_step("a1", 8)
    assert not store.use_step("nobody", 9)


# --- sessions ---------------------------------------------------------------------


def test_a_session_is_found_by_its_secret_until_it_ends(store: SqlRecords, ada: Account) -> None:
    store.begin_session(SESSION, SECRET)
    assert store.session(SECRET) == (SESSION, ADA)
    assert store.session(b"another") is None
    store.seen("s1", START + MINUTE)
    later = replace(SESSION, seen_at=START + MINUTE)
    assert store.sessions("a1") == [later]
    store.end_session("s1")
    assert store.session(SECRET) is None
    assert store.sessions("a1") == []


def test_whatever_takes_a_right_away_ends_the_sessions_of_that_account(
    store: SqlRecords, ada: Account, bob: Account
) -> None:
    store.begin_session(SESSION, SECRET)
    theirs = replace(SESSION, id="s2", account="a2")
    store.begin_session(theirs, b"another")
    assert store.set_roles("a2", frozenset({Role.AUDITOR})).roles == {Role.AUDITOR}
    assert store.session(b"another") is None
    assert store.session(SECRET) is not None
    store.begin_session(theirs, b"another")
    assert store.disable_account("a2", START + MINUTE).disabled_at == START + MINUTE
    assert store.session(b"another") is None
    with pytest.raises(AccessRefused, match="disabled"):
        store.begin_session(theirs, b"a third")
    assert store.disable_account("a2", START + 2 * MINUTE).disabled_at == START + MINUTE


def test_all_sessions_of_an_account_end_together(store: SqlRecords, ada: Account) -> None:
    for number in range(3):
        store.begin_session(replace(SESSION, id=f"s{number}"), bytes([number]))
    store.end_sessions("a1")
    assert store.sessions("a1") == []


# --- somebody must be left --------------------------------------------------------


def test_the_last_administrator_stays(store: SqlRecords, ada: Account, bob: Account) -> None:
    store.begin_session(SESSION, SECRET)
    with pytest.raises(InputError, match="Nobody would be left"):
        store.set_roles("a1", frozenset({Role.ANALYST}))
    with pytest.raises(InputError, match="Nobody would be left"):
        store.disable_account("a1", START)
    assert store.session(SECRET) == (SESSION, ADA)
    with pytest.raises(NotFound):
        store.disable_account("nobody", START)
    store.set_roles("a2", ROLES)
    assert store.disable_account("a1", START).disabled_at == START


def test_two_administrators_cannot_disable_each_other_at_once(store: SqlRecords) -> None:
    for round_ in range(5):
        pair = [
            made(store, Account(f"{round_}{end}", f"{round_}{end}", ROLES, START)) for end in "ab"
        ]
        for other in store.accounts():
            if other not in pair and other.disabled_at is None:
                store.disable_account(other.id, START)
        barrier, refused = threading.Barrier(2), []

        def disable(who: str, barrier: threading.Barrier, refused: list[Exception]) -> None:
            barrier.wait()
            try:
                store.disable_account(who, START)
            except InputError as error:
                refused.append(error)

        threads = [
            threading.Thread(target=disable, args=(each.id, barrier, refused)) for each in pair
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(refused) == 1
