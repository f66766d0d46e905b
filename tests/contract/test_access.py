"""Devices and API keys: a code lets in one, and who is revoked stays out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.values import MINUTE, START

from earwitness.errors import AccessRefused, InputError, NotFound
from earwitness.model import ApiKey, Device
from earwitness.stores import SqlRecords, open_store

CODE, KEY, NEXT_KEY = b"hash of a code", b"k" * 32, b"n" * 32
OTHER_KEY = b"o" * 32
KITCHEN = Device("d1", "elm-12", "kitchen", KEY, START)
READER = ApiKey("k1", "reader", "elm-12", START)


@pytest.fixture
def enrolled(store: SqlRecords) -> Device:
    return enrol(store)


def enrol(store: SqlRecords, code: bytes = CODE, device: Device = KITCHEN) -> Device:
    store.invite(code, device.household, device.room, START + MINUTE, START)
    return store.enrol(code, device.id, device.key, START)


def test_a_code_lets_in_a_device_of_its_household_and_room(store: SqlRecords, url: str) -> None:
    assert enrol(store) == KITCHEN
    again = open_store(url)
    assert (again.device("d1"), again.devices()) == (KITCHEN, [KITCHEN])
    again.close()


def test_asking_again_with_the_same_key_changes_nothing(
    store: SqlRecords, enrolled: Device
) -> None:
    before = store.access_revision()
    late = START + 2 * MINUTE
    assert store.enrol(CODE, enrolled.id, KEY, late) == enrolled
    assert store.access_revision() == before


@pytest.mark.parametrize(("device", "key"), [("d2", KEY), ("d1", OTHER_KEY), ("d2", OTHER_KEY)])
def test_a_code_is_used_up_by_the_first_device(
    store: SqlRecords, enrolled: Device, device: str, key: bytes
) -> None:
    with pytest.raises(AccessRefused, match="used already"):
        store.enrol(CODE, device, key, START)
    assert store.devices() == [enrolled]


def test_a_code_that_was_never_given_out_lets_in_nobody(store: SqlRecords) -> None:
    with pytest.raises(AccessRefused, match="not known"):
        store.enrol(CODE, "d1", KEY, START)
    assert store.devices() == []


def test_a_code_is_valid_until_its_moment_and_not_at_it(store: SqlRecords) -> None:
    store.invite(CODE, "elm-12", "kitchen", START + MINUTE, START)
    with pytest.raises(AccessRefused, match="expired"):
        store.enrol(CODE, "d1", KEY, START + MINUTE)
    assert store.enrol(CODE, "d1", KEY, START + MINUTE * 0.999).room == "kitchen"


def test_an_id_that_is_in_use_uses_up_no_code(store: SqlRecords, enrolled: Device) -> None:
    store.invite(b"another", "elm-12", "hall", START + MINUTE, START)
    with pytest.raises(AccessRefused, match="d1 is enrolled already"):
        store.enrol(b"another", "d1", KEY, START)
    assert store.device("d1") == enrolled
    assert store.enrol(b"another", "d2", OTHER_KEY, START).room == "hall"


def test_devices_come_in_the_order_in_which_they_enrolled(store: SqlRecords) -> None:
    for number in (3, 1, 2):
        code = b"code%d" % number
        store.invite(code, "elm-12", "hall", START + MINUTE, START)
        store.enrol(code, f"d{number}", KEY, START - number * MINUTE)
    assert [device.id for device in store.devices()] == ["d3", "d2", "d1"]


def test_an_announced_key_takes_the_place_of_the_key_when_it_is_used(
    store: SqlRecords, enrolled: Device
) -> None:
    announced = store.announce_key("d1", NEXT_KEY)
    assert announced == replace(enrolled, next_key=NEXT_KEY)
    used = replace(enrolled, key=NEXT_KEY)
    assert [store.use_next_key("d1") for _ in range(2)] == [used, used]
    assert store.device("d1") == used


def test_consent_is_withdrawn_and_given_back(store: SqlRecords, enrolled: Device) -> None:
    assert not store.set_consent("d1", False).consent
    assert store.set_consent("d1", True) == store.device("d1") == enrolled


def test_a_revoked_device_stays_revoked(store: SqlRecords, enrolled: Device) -> None:
    revoked = replace(enrolled, revoked_at=START)
    assert store.revoke_device("d1", START) == revoked
    assert store.revoke_device("d1", START + MINUTE) == store.device("d1") == revoked
    with pytest.raises(AccessRefused, match="revoked"):
        store.announce_key("d1", NEXT_KEY)
    with pytest.raises(AccessRefused, match="revoked"):
        store.enrol(CODE, "d1", KEY, START)
    assert store.devices() == [revoked]


CHANGES: dict[str, Callable[[SqlRecords, str], object]] = {
    "device": lambda store, name: store.device(name),
    "announce_key": lambda store, name: store.announce_key(name, NEXT_KEY),
    "use_next_key": lambda store, name: store.use_next_key(name),
    "set_consent": lambda store, name: store.set_consent(name, True),
    "revoke_device": lambda store, name: store.revoke_device(name, START),
    "revoke_api_key": lambda store, name: store.revoke_api_key(name, START),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_not_there_is_named(
    store: SqlRecords, change: Callable[[SqlRecords, str], object]
) -> None:
    with pytest.raises(NotFound, match="nobody"):
        change(store, "nobody")


# --- API keys -----------------------------------------------------------------


def test_a_key_is_found_by_the_hash_of_its_secret(store: SqlRecords) -> None:
    other = replace(READER, id="k2", name="writer", consent=False)
    store.add_api_key(READER, b"1")
    store.add_api_key(other, b"2")
    assert [store.api_key(each) for each in (b"1", b"2")] == [READER, other]
    assert store.api_keys() == [READER, other]
    with pytest.raises(AccessRefused, match="not known"):
        store.api_key(b"3")


def test_a_revoked_key_is_refused_for_good(store: SqlRecords) -> None:
    store.add_api_key(READER, b"1")
    revoked = replace(READER, revoked_at=START)
    assert store.revoke_api_key("k1", START) == revoked
    assert store.revoke_api_key("k1", START + MINUTE) == revoked
    with pytest.raises(AccessRefused, match="revoked"):
        store.api_key(b"1")
    assert store.api_keys() == [revoked]


def test_a_name_belongs_to_one_key_in_use_of_a_household(store: SqlRecords) -> None:
    store.add_api_key(READER, b"1")
    with pytest.raises(InputError, match="'reader'"):
        store.add_api_key(replace(READER, id="k2"), b"2")
    store.add_api_key(replace(READER, id="k3", household="elsewhere"), b"3")
    store.revoke_api_key("k1", START)
    store.add_api_key(replace(READER, id="k4"), b"4")
    assert [each.id for each in store.api_keys()] == ["k1", "k3", "k4"]


# --- the revision -------------------------------------------------------------


def test_the_revision_counts_every_change_and_nothing_else(store: SqlRecords) -> None:
    counted = [store.access_revision()]
    for change in (
        lambda: enrol(store),
        lambda: store.announce_key("d1", NEXT_KEY),
        lambda: store.use_next_key("d1"),
        lambda: store.set_consent("d1", False),
        lambda: store.revoke_device("d1", START),
        lambda: store.add_api_key(READER, b"1"),
        lambda: store.revoke_api_key("k1", START),
    ):
        change()
        counted.append(store.access_revision())
    assert counted == list(range(8))
    store.use_next_key("d1")
    store.set_consent("d1", False)
    store.revoke_device("d1", START)
    store.revoke_api_key("k1", START)
    assert store.access_revision() == 7


# --- at once ------------------------------------------------------------------


def together(*actions: Callable[[], object]) -> list[object]:
    """What each gave, or the AccessRefused that it raised; all begin at one moment."""
    barrier, given = threading.Barrier(len(actions)), {}

    def run(place: int, action: Callable[[], object]) -> None:
        barrier.wait()
        try:
            given[place] = action()
        except AccessRefused as refused:
            given[place] = refused

    threads = [threading.Thread(target=run, args=each) for each in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [given[place] for place in range(len(actions))]


def test_of_devices_with_one_code_at_once_exactly_one_gets_in(store: SqlRecords, url: str) -> None:
    other = open_store(url)
    for number in range(20):
        code = b"code%d" % number
        store.invite(code, "elm-12", "hall", START + MINUTE, START)
        given = together(
            lambda code=code, number=number: store.enrol(code, f"a{number}", KEY, START),
            lambda code=code, number=number: other.enrol(code, f"b{number}", OTHER_KEY, START),
        )
        assert sorted(type(each).__name__ for each in given) == ["AccessRefused", "Device"]
    other.close()
    assert len(store.devices()) == store.access_revision() == 20


def test_a_device_that_asks_twice_at_once_is_let_in_once(store: SqlRecords, url: str) -> None:
    other = open_store(url)
    for number in range(20):
        code, name = b"code%d" % number, f"d{number}"
        store.invite(code, "elm-12", "hall", START + MINUTE, START)
        one, two = together(
            lambda code=code, name=name: store.enrol(code, name, KEY, START),
            lambda code=code, name=name: other.enrol(code, name, KEY, START),
        )
        assert one == two == store.device(name)
    other.close()


def test_however_revoking_and_using_meet_the_device_is_out(store: SqlRecords, url: str) -> None:
    other = open_store(url)
    for number in range(20):
        name = f"d{number}"
        enrol(store, name.encode(), replace(KITCHEN, id=name))
        store.announce_key(name, NEXT_KEY)
        together(
            lambda name=name: store.revoke_device(name, START),
            lambda name=name: other.use_next_key(name),
            lambda name=name: other.announce_key(name, OTHER_KEY),
            lambda name=name: other.set_consent(name, False),
        )
        assert store.device(name).revoked_at == START
    other.close()


def test_of_two_keys_with_one_name_at_once_one_is_added(store: SqlRecords, url: str) -> None:
    other = open_store(url)

    def add(to: SqlRecords, number: int, side: str) -> bool:
        key = replace(READER, id=f"{side}{number}", name=f"reader{number}")
        try:
            to.add_api_key(key, key.id.encode())
        except InputError:
            return False
        return True

    for number in range(20):
        added = together(
            lambda number=number: add(store, number, "a"),
            lambda number=number: add(other, number, "b"),
        )
        assert sorted(added) == [False, True]
    other.close()
