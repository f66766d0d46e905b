"""Links, passwords, codes and sessions, on a real store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from tests.databases import sqlite_url
from tests.values import START

from earwitness.accounts import Account
from earwitness.errors import AccessRefused, InputError
from earwitness.flow import access, accounts
from earwitness.stores import SqlRecords, open_store

PASSWORD = "correct horse battery"
STEP = timedelta(seconds=accounts.STEP_SECONDS)
TOTP = b"12345678901234567890"
"""The secret of RFC 6238, appendix B."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlRecords]:
    records = open_store(sqlite_url(tmp_path))
    yield records
    records.close()


def authenticator() -> pyotp.TOTP:
    read = pyotp.parse_uri(accounts.totp_uri("Ada Lovelace", TOTP))
    assert isinstance(read, pyotp.TOTP)
    return read


def code(at: datetime = START) -> str:
    return authenticator().at(at)


def joined(store: SqlRecords, name: str = "Ada", password: str = PASSWORD) -> Account:
    link = accounts.offer(accounts.FIRST_ROLES, "set-up", START, records=store)
    return accounts.join(link.secret, name, password, TOTP, code(), START, records=store)


def test_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B, the last six of its eight digits."""
    for seconds, digits in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        assert authenticator().at(seconds) == digits
    assert (authenticator().name, authenticator().issuer) == ("Ada Lovelace", "Earwitness")


def test_the_first_link_is_given_until_there_is_an_account(store: SqlRecords) -> None:
    link = accounts.first_offer(START, records=store)
    assert link is not None
    accounts.join(link.secret, " Ada ", PASSWORD, TOTP, code(), START, records=store)
    (made,) = store.accounts()
    assert (made.name, made.roles) == ("Ada", accounts.FIRST_ROLES)
    assert accounts.first_offer(START, records=store) is None


@pytest.mark.parametrize(
    ("name", "password", "typed", "says"),
    [
        ("", PASSWORD, None, "name"),
        ("a\nb", PASSWORD, None, "printable"),
        ("Ada", "too short", None, "12 to 256"),
        ("Ada", "x" * 257, None, "12 to 256"),
        ("Ada Lovelace", "ada LOVELACE 1", None, "first that others"),
        ("Ada", "Earwitness2026", None, "first that others"),
        ("Ada", "1" * 20, None, "first that others"),
        ("Ada", "unforgettable", None, "first that others"),
        ("Ada", "1q2w3e4r5t6y", None, "first that others"),
        ("Ada", PASSWORD, "000000", "authenticator"),
        ("Ada", PASSWORD, "", "authenticator"),
    ],
)
def test_what_cannot_be_an_account_uses_up_no_link(
    store: SqlRecords, name: str, password: str, typed: str | None, says: str
) -> None:
    link = accounts.offer(accounts.FIRST_ROLES, "set-up", START, records=store)
    typed = code() if typed is None else typed
    with pytest.raises(InputError, match=says):
        accounts.join(link.secret, name, password, TOTP, typed, START, records=store)
    assert store.accounts() == []
    assert store.offered(access.secret_hash(link.secret), START)


def test_a_link_without_a_role_is_none(store: SqlRecords) -> None:
    with pytest.raises(InputError, match="role"):
        accounts.offer(frozenset(), "Ada", START, records=store)


def test_who_knows_name_password_and_code_is_signed_in(store: SqlRecords) -> None:
    made = joined(store)
    later = START + 2 * STEP
    spaced = f"{code(later)[:3]} {code(later)[3:]}"
    signed = accounts.sign_in("ADA", PASSWORD, spaced, "a\x1b browser", later, records=store)
    session, who = accounts.whose(signed.secret, later, records=store)
    assert (who, session.agent, session) == (made, "a browser", signed.session)


def test_whatever_is_wrong_the_answer_is_the_same(store: SqlRecords) -> None:
    joined(store)
    store.disable_account(joined(store, "Bob").id, START)
    now = START + 2 * STEP
    said = set()
    for name, password, typed in (
        ("Eve", PASSWORD, code(now)),
        ("Bob", PASSWORD, code(now)),
        ("Ada", PASSWORD + "!", code(now)),
        ("Ada", PASSWORD, "123456"),
        ("Ada", "", ""),
        ("Ada\x00", "\udc80", "\udc80"),
    ):
        with pytest.raises(AccessRefused) as refused:
            accounts.sign_in(name, password, typed, "", now, records=store)
        said.add(str(refused.value))
    assert len(said) == 1


def test_a_code_opens_once_and_for_a_step_around(store: SqlRecords) -> None:
    joined(store)
    with pytest.raises(AccessRefused, match="used already"):
        accounts.sign_in("Ada", PASSWORD, code(), "", START, records=store)
    now = START + 4 * STEP
    for apart in (-2, 2):
        with pytest.raises(AccessRefused, match="belong together"):
            accounts.sign_in("Ada", PASSWORD, code(now + apart * STEP), "", now, records=store)
    for apart in (-1, 0, 1):
        typed = code(now + apart * STEP)
        assert accounts.sign_in("Ada", PASSWORD, typed, "", now, records=store)


@pytest.mark.parametrize(("one", "other"), [("Ångström lives", "A\u030angstro\u0308m lives")])
def test_a_password_is_the_same_however_it_is_composed(
    store: SqlRecords, one: str, other: str
) -> None:
    joined(store, password=one)
    now = START + 2 * STEP
    assert accounts.sign_in("Ada", other, code(now), "", now, records=store)


def test_a_session_ends_after_an_hour_of_nothing_and_after_half_a_day(store: SqlRecords) -> None:
    made = joined(store)
    idle = accounts.begin(made, "", START, records=store)
    with pytest.raises(AccessRefused, match="after a while"):
        accounts.whose(idle.secret, START + accounts.IDLE, records=store)
    with pytest.raises(AccessRefused, match="signed out"):
        accounts.whose(idle.secret, START, records=store)
    busy = accounts.begin(made, "", START, records=store)
    now = START
    while now < START + accounts.LONGEST:
        session, _ = accounts.whose(busy.secret, now, records=store)
        assert now - session.seen_at <= timedelta(minutes=50)
        now += timedelta(minutes=50)
    with pytest.raises(AccessRefused, match="after a while"):
        accounts.whose(busy.secret, now, records=store)


def test_a_session_ends_with_its_account(store: SqlRecords) -> None:
    ada, bob = joined(store), joined(store, "Bob")
    signed = accounts.begin(bob, "", START, records=store)
    store.disable_account(bob.id, START)
    with pytest.raises(AccessRefused, match="signed out"):
        accounts.whose(signed.secret, START, records=store)
    with pytest.raises(AccessRefused, match="disabled"):
        accounts.begin(bob, "", START, records=store)
    assert accounts.begin(ada, "", START, records=store)


def test_nothing_of_a_secret_is_in_the_store(tmp_path: Path) -> None:
    records = open_store(sqlite_url(tmp_path))
    link = accounts.offer(accounts.FIRST_ROLES, "set-up", START, records=records)
    made = accounts.join(link.secret, "Ada", PASSWORD, TOTP, code(), START, records=records)
    signed = accounts.begin(made, "", START, records=records)
    records.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (link.secret, PASSWORD, signed.secret):
        assert secret.encode() not in kept
