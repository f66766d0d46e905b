"""Who may use the HTTP API, and for which household."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI
from starlette.requests import Request
from tests.databases import sqlite_url
from tests.doors.conftest import Serve, client
from tests.doors.test_openai import hear, wav
from tests.doors.test_openai_refusals import END, FILE, MODEL, MULTIPART, ask
from tests.values import START

from earwitness.doors.openai_api import gate as gates
from earwitness.doors.openai_api.errors import ApiError
from earwitness.doors.openai_api.gate import LOCAL, Gate, Guest
from earwitness.flow import access
from earwitness.model import Source, Term
from earwitness.stores import SqlRecords, open_store
from earwitness.wiring import Earwitness


def add(program: Earwitness, name: str, household: str = "elm-12", consent: bool = True) -> str:
    """The secret of a new key."""
    now = datetime.now(UTC)
    return access.add_key(name, household, now, consent=consent, records=program.records).secret


def hear_until_refused(speaker: OpenAI) -> None:
    while hear(speaker, wav(4)).text:
        threading.Event().wait(0.05)


def guess_until_limited(guesser: OpenAI) -> None:
    for _ in range(10 * gates.FAILURES):
        with suppress(openai.AuthenticationError):
            guesser.models.list()


# --- through the door -----------------------------------------------------------


def test_a_key_speaks_for_its_household(serve: Serve) -> None:
    program, url = serve()
    heard = hear(client(url, add(program, "laptop")), wav(0))
    kept = program.records.utterance(heard.earwitness["pieces"][0]["utterance"])
    assert kept.source == Source(device="api:laptop", household="elm-12")


def test_terms_of_a_household_are_heard_by_its_keys_alone(serve: Serve) -> None:
    program, url = serve()
    term = Term("yeet", scope="household:elm-12")
    program.records.publish(0, put=[term], by="ada", why="", now=START)
    texts = [
        hear(client(url, add(program, f"in {household}", household)), wav(0)).text
        for household in ("elm-12", "elm-13")
    ]
    assert texts == ["yeet that alarm", "eat that alarm"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_without_consent_nothing_is_kept(serve: Serve, stream: bool) -> None:
    program, url = serve()
    answer = hear(client(url, add(program, "laptop", consent=False)), wav(0), stream=stream)
    heard = list(answer)[-1] if stream else answer
    (piece,) = heard.earwitness["pieces"]
    assert piece["flags"]
    assert piece["utterance"] is None
    assert program.records.items() == []
    assert program.blobs.keys() == []


def test_a_wrong_key_is_an_authentication_error(serve: Serve) -> None:
    program, url = serve()
    add(program, "laptop")
    for secret in ("ew_wrong", "sk-of-somebody-else"):
        with pytest.raises(openai.AuthenticationError) as refused:
            hear(client(url, secret), wav(4))
        assert refused.value.code == "invalid_api_key"
        with pytest.raises(openai.AuthenticationError):
            client(url, secret).models.list()
    body = MODEL + FILE + END
    for header in (
        {},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer \u00e9"},
    ):
        assert ask(url, body=body, headers={**MULTIPART, **header}).status == 401


def test_a_revoked_key_is_refused_and_other_keys_are_not(serve: Serve) -> None:
    program, url = serve()
    laptop, phone = (client(url, add(program, name)) for name in ("laptop", "phone"))
    assert hear(laptop, wav(4)).text
    program.records.revoke_api_key(program.records.api_keys()[0].id, datetime.now(UTC))
    with pytest.raises(openai.AuthenticationError, match="revoked"):
        hear_until_refused(laptop)
    assert hear(phone, wav(4)).text


def test_the_first_key_shuts_out_whoever_has_none_for_good(serve: Serve) -> None:
    program, url = serve()
    assert hear(client(url, "anything"), wav(4)).text
    add(program, "laptop")
    program.records.revoke_api_key(program.records.api_keys()[0].id, datetime.now(UTC))
    with pytest.raises(openai.AuthenticationError):
        hear_until_refused(client(url, "anything"))


def test_whoever_guesses_has_to_wait_and_who_has_a_key_has_not(serve: Serve) -> None:
    program, url = serve()
    laptop = client(url, add(program, "laptop"))
    assert laptop.models.list().data
    with pytest.raises(openai.RateLimitError) as refused:
        guess_until_limited(client(url, "ew_wrong"))
    assert int(refused.value.response.headers["retry-after"]) >= 1
    assert laptop.models.list().data


def test_a_web_page_needs_a_key(serve: Serve) -> None:
    _, url = serve()
    told = ask(url, body=MODEL + FILE + END, headers={**MULTIPART, "Origin": "http://evil.test"})
    assert told.status == 401
    assert "web page" in told.error["message"]


# --- the gate itself ------------------------------------------------------------


class Clock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecords]:
    store = open_store(sqlite_url(tmp_path))
    yield store
    store.close()


def request(secret: str | None = None, address: str = "192.0.2.7") -> Request:
    headers = [] if secret is None else [(b"authorization", f"Bearer {secret}".encode())]
    return Request({"type": "http", "headers": headers, "client": (address, 1)})


def entered(gate: Gate, *asked: Any) -> Guest:
    return asyncio.run(gate.enter(request(*asked)))


@contextmanager
def refused(status: int) -> Iterator[None]:
    with pytest.raises(ApiError) as error:
        yield
    assert error.value.status == status


def keys(records: SqlRecords, count: int = 1) -> list[str]:
    return [
        access.add_key(f"key{n}", "elm-12", START, consent=True, records=records).secret
        for n in range(count)
    ]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "::1"])
def test_without_any_key_this_machine_is_served(records: SqlRecords, address: str) -> None:
    assert entered(Gate(records), None, address) is LOCAL
    assert entered(Gate(records), "unused", address) is LOCAL


@pytest.mark.parametrize("address", ["192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1", "", "unix"])
def test_without_any_key_no_other_machine_is_served(records: SqlRecords, address: str) -> None:
    with refused(401):
        entered(Gate(records), None, address)


def test_revoking_takes_effect_within_a_second(records: SqlRecords) -> None:
    (secret,) = keys(records)
    clock = Clock()
    gate = Gate(records, clock)
    assert entered(gate, secret)
    records.revoke_api_key(records.api_keys()[0].id, START)
    clock.now += 1
    with refused(401):
        entered(gate, secret)


def test_a_key_is_looked_up_once_a_second_at_most(records: SqlRecords) -> None:
    (secret,) = keys(records)
    clock = Clock()
    gate = Gate(records, clock)
    assert entered(gate, secret)
    with records.database.write() as connection:
        connection.exec_driver_sql("DROP TABLE api_key")
    assert entered(gate, secret)


def test_many_at_once_with_a_key_that_is_right_are_all_let_in(records: SqlRecords) -> None:
    (secret,) = keys(records)
    clock = Clock()
    gate = Gate(records, clock)

    async def come() -> None:
        for _ in range(2):
            await asyncio.gather(*[gate.enter(request(secret)) for _ in range(50)])
            clock.now += 1

    asyncio.run(come())


def test_many_failures_at_once_are_not_all_let_by(records: SqlRecords) -> None:
    keys(records)
    gate = Gate(records, Clock())

    async def guess() -> list[int]:
        asked = [gate.enter(request(f"ew_{number}")) for number in range(50)]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        return [outcome.status for outcome in outcomes if isinstance(outcome, ApiError)]

    statuses = asyncio.run(guess())
    assert (statuses.count(401), statuses.count(429)) == (gates.FAILURES, 50 - gates.FAILURES)


def test_an_address_may_try_again_with_time_and_others_are_not_held_up(
    records: SqlRecords,
) -> None:
    keys(records)
    clock = Clock()
    gate = Gate(records, clock)
    for _ in range(gates.FAILURES):
        with refused(401):
            entered(gate, "ew_wrong")
    with refused(429):
        entered(gate, "ew_wrong")
    with refused(401):
        entered(gate, "ew_wrong", "192.0.2.8")
    clock.now += gates.FAILURE_SECONDS
    with refused(401):
        entered(gate, "ew_wrong")
    with refused(429):
        entered(gate, "ew_wrong")


def test_one_ipv6_network_is_one_address(records: SqlRecords) -> None:
    keys(records)
    gate = Gate(records, Clock())
    for number in range(gates.FAILURES):
        with refused(401):
            entered(gate, "ew_wrong", f"2001:db8::{number:x}")
    with refused(429):
        entered(gate, "ew_wrong", "2001:db8::ffff")
    with refused(401):
        entered(gate, "ew_wrong", "2001:db8:0:1::1")


def test_a_new_key_that_is_right_costs_its_address_nothing(records: SqlRecords) -> None:
    gate = Gate(records, Clock())
    for secret in keys(records, 3 * gates.FAILURES):
        assert entered(gate, secret)


def test_what_is_remembered_is_bounded(
    records: SqlRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gates, "MOST_ADDRESSES", 8)
    monkeypatch.setattr(gates, "MOST_KEYS", 4)
    gate = Gate(records, Clock())
    for number, secret in enumerate(keys(records, 20)):
        assert entered(gate, secret)
        with refused(401):
            entered(gate, "ew_wrong", f"192.0.2.{number}")
    assert (len(gate._known), len(gate._failures._empty_at)) == (4, 8)
