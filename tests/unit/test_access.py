"""Codes that people can type, and secrets that nobody can guess."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.databases import sqlite_url
from tests.values import START

from earwitness.errors import AccessRefused, InputError
from earwitness.flow import access
from earwitness.stores import SqlRecords, open_store


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecords]:
    store = open_store(sqlite_url(tmp_path))
    yield store
    store.close()


def test_a_code_has_sixty_bits_in_groups_that_can_be_read_out() -> None:
    codes = {access.new_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert {len(code) for code in codes} == {14}
    assert all(code[4] == code[9] == "-" for code in codes)
    assert set("".join(codes)) == {*access.ALPHABET, "-"}
    assert len(set(access.ALPHABET)) ** access.CODE_LENGTH == 2**60


@given(st.text(access.ALPHABET, min_size=12, max_size=12), st.data())
def test_a_code_is_understood_however_it_is_typed(code: str, data: st.DataObject) -> None:
    typed = "".join(data.draw(st.sampled_from(_spellings(char))) for char in code)
    assert access.normal_code(typed) == code


def _spellings(char: str) -> list[str]:
    alike = {"0": ["0", "o", "O"], "1": ["1", "i", "I", "l", "L"]}
    return alike.get(char, [char, char.lower(), f"\t {char}", f"{char} - "])


@pytest.mark.parametrize("typed", ["", "7K3M-9QXT-2WV", "7K3M-9QXT-2WVA-A", "7K3M-9QXT-2WVU", "é"])
def test_what_cannot_be_a_code_is_refused_before_it_is_looked_up(typed: str) -> None:
    with pytest.raises(AccessRefused, match="12 letters and digits"):
        access.code_hash(typed)


@given(st.text())
def test_whatever_is_typed_is_a_code_or_refused(typed: str) -> None:
    with suppress(AccessRefused):
        assert len(access.normal_code(typed)) == access.CODE_LENGTH


def test_a_code_of_an_invitation_enrols_the_device_of_a_key(records: SqlRecords) -> None:
    made = access.invite(" elm-12 ", "kitchen", START, records=records)
    assert made.expires_at == START + timedelta(hours=1)
    device = access.enrol(made.code.lower(), b"k" * 32, START, records=records)
    assert (device.household, device.room) == ("elm-12", "kitchen")
    assert device.id == access.device_id(b"k" * 32)
    assert access.enrol(made.code, b"k" * 32, START, records=records) == device
    with pytest.raises(AccessRefused):
        access.enrol(made.code, b"o" * 32, START, records=records)


def test_the_key_of_a_revoked_device_does_not_come_back_with_a_new_code(
    records: SqlRecords,
) -> None:
    first = access.invite("elm-12", "kitchen", START, records=records)
    device = access.enrol(first.code, b"k" * 32, START, records=records)
    records.revoke_device(device.id, START)
    second = access.invite("elm-12", "kitchen", START, records=records)
    with pytest.raises(AccessRefused, match="new key"):
        access.enrol(second.code, b"k" * 32, START, records=records)


def test_a_secret_opens_and_is_kept_nowhere(records: SqlRecords) -> None:
    made = access.add_key("reader", "elm-12", START, consent=False, records=records)
    assert made.secret.startswith("ew_")
    assert len(made.secret) == len("ew_") + 43
    assert records.api_key(access.secret_hash(made.secret)) == made.key
    assert not made.key.consent
    content = b"".join(path.read_bytes() for path in Path(records.database.name).parent.iterdir())
    assert made.key.id.encode() in content
    assert made.secret.removeprefix("ew_").encode() not in content


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "two\nlines", "\x1b[2J"])
def test_a_name_that_cannot_be_shown_is_refused(records: SqlRecords, name: str) -> None:
    for make in (
        lambda: access.invite(name, "kitchen", START, records=records),
        lambda: access.invite("elm-12", name, START, records=records),
        lambda: access.add_key(name, "elm-12", START, consent=True, records=records),
        lambda: access.add_key("reader", name, START, consent=True, records=records),
    ):
        with pytest.raises(InputError, match="printable"):
            make()
    assert records.access_revision() == 0
