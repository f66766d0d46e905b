"""What those see who look after accounts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.values import MINUTE, START

from earwitness.accounts import Account, Invitation, Passkey, Password, Person, Role, Session
from earwitness.errors import AccessRefused, NotFound
from earwitness.stores import SqlRecords

ADMINISTRATOR, ANALYST = frozenset({Role.ADMINISTRATOR}), frozenset({Role.ANALYST})
ADA = Account("a1", "Ada", ADMINISTRATOR, START)
BOB = Account("a2", "Bob", ANALYST, START + MINUTE)
KNOWN = Password("$argon2id$...", b"t" * 20)
KEY = Passkey("p1", "a2", b"credential", b"cose", 0, (), "phone", START)
SESSION = Session("s1", "a1", START, START, "a browser")
LATER = START + MINUTE


@pytest.fixture(autouse=True)
def people(store: SqlRecords) -> None:
    for new, way in ((ADA, KNOWN), (BOB, KEY)):
        link = f"link of {new.id}".encode()
        store.offer_account(link, new.roles, "set-up", new.made_at + MINUTE)
        store.make_account(link, replace(new, roles=frozenset()), way)


def test_people_are_listed_with_how_they_sign_in_and_when_they_did(store: SqlRecords) -> None:
    store.begin_session(SESSION, b"1")
    store.begin_session(replace(SESSION, id="s2"), b"2")
    store.seen("s2", LATER)
    store.add_passkey(replace(KEY, id="p2", credential=b"another"))
    ada, bob = store.people()
    assert ada == Person(ADA, LATER, password=True, passkeys=0, sessions=2)
    assert bob == Person(BOB, None, password=False, passkeys=2, sessions=0)
    assert store.person("a1") == ada
    store.end_sessions("a1")
    assert store.person("a1") == replace(ada, sessions=0)
    with pytest.raises(NotFound):
        store.person("nobody")


def test_all_sessions_but_one_end(store: SqlRecords) -> None:
    for number in range(3):
        store.begin_session(replace(SESSION, id=f"s{number}"), bytes([number]))
    store.begin_session(replace(SESSION, id="b", account="a2"), b"b")
    store.end_sessions("a1", but="s1")
    assert [each.id for each in store.sessions("a1")] == ["s1"]
    assert len(store.sessions("a2")) == 1


def test_sessions_that_nobody_uses_or_that_are_long_end(store: SqlRecords) -> None:
    hours = 60 * MINUTE
    for name, began, seen in (("idle", 0, 1), ("long", -9, 3), ("new", 2, 3)):
        session = Session(name, "a1", START + began * hours, START + seen * hours, "")
        store.begin_session(session, name.encode())
    store.end_old_sessions(START + 2 * hours, START - 8 * hours)
    assert [each.id for each in store.sessions("a1")] == ["new"]


def test_invitations_are_open_until_used_withdrawn_or_late(store: SqlRecords) -> None:
    for link, roles, end in (
        (b"\x01", ANALYST, 2),
        (b"\x02", ADMINISTRATOR, 3),
        (b"\x03", ANALYST, 1),
    ):
        store.offer_account(link, roles, "Ada", START + end * MINUTE)
    first = Invitation("01", ANALYST, "Ada", START + 2 * MINUTE)
    second = Invitation("02", ADMINISTRATOR, "Ada", START + 3 * MINUTE)
    assert store.invitations(LATER) == [first, second]
    store.withdraw_invitation("01")
    assert store.invitations(LATER) == [second]
    with pytest.raises(AccessRefused, match="not known"):
        store.offered(b"\x01", START)
    store.make_account(b"\x02", Account("a3", "Cleo", frozenset(), LATER), KNOWN)
    assert store.invitations(LATER) == []
    for gone in ("01", "02", "no hex", "b" * 64):
        with pytest.raises(NotFound):
            store.withdraw_invitation(gone)
    assert len(store.people()) == 3
