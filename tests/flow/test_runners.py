"""Events are carried out once each, whatever fails on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.databases import postgres_server, sqlite_url
from tests.flow.house import House

from earwitness.errors import EngineError
from earwitness.flow import steps
from earwitness.model import Event, Taught
from earwitness.runners import durable, inline
from earwitness.runners.durable import DurableRunner

LONG = 60


class Outbox:
    """Implements ``ports.EventRecords`` in memory, as far as a runner uses it."""

    def __init__(self, *names: str) -> None:
        self._events = {name: Event(name, "judged", {}, datetime.now(UTC)) for name in names}
        self._lock = threading.Lock()
        self.empty = threading.Event()

    def pending(self, limit: int = 100) -> Sequence[Event]:
        with self._lock:
            return list(self._events.values())[:limit]

    def done_all(self, kinds: Collection[str], now: datetime) -> None:
        assert not kinds

    def done(self, event_id: str) -> None:
        with self._lock:
            del self._events[event_id]
            if not self._events:
                self.empty.set()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    return str(request.getfixturevalue("server"))


def runner(url: str, outbox: Outbox, carry_out: Callable[[str], None]) -> DurableRunner:
    return DurableRunner(url, outbox, carry_out)  # type: ignore[arg-type]


def test_every_event_is_carried_out_on_either_database(url: str) -> None:
    names = [f"{Path(url).name}:{number}" for number in range(5)]
    outbox = Outbox(*names)
    carried: list[str] = []

    def carry_out(event_id: str) -> None:
        carried.append(event_id)
        outbox.done(event_id)

    with runner(url, outbox, carry_out):
        assert outbox.empty.wait(LONG)
    assert sorted(carried) == names


def test_a_step_that_fails_is_tried_again_and_holds_up_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "FIRST_PAUSE", 0.05)
    outbox, failures = Outbox("bad", "good"), ["once", "twice"]
    order: list[str] = []

    def carry_out(event_id: str) -> None:
        if event_id == "bad" and failures:
            failures.pop()
            raise EngineError("what was said must not be logged")
        order.append(event_id)
        outbox.done(event_id)

    with capture_logs() as logs, runner(sqlite_url(tmp_path), outbox, carry_out):
        assert outbox.empty.wait(LONG)
    assert order == ["good", "bad"]
    assert [(log["event_id"], log["error"]) for log in logs] == [("bad", "EngineError")] * 2
    assert "said" not in repr(logs)


def test_what_was_pausing_at_the_end_is_taken_up_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "FIRST_PAUSE", 1.0)
    url, outbox, failed = sqlite_url(tmp_path), Outbox("e1"), threading.Event()

    def fail(event_id: str) -> None:
        failed.set()
        raise EngineError

    with runner(url, outbox, fail):
        assert failed.wait(LONG)
    with runner(url, outbox, outbox.done):
        assert outbox.empty.wait(LONG)


def test_the_runner_keeps_ids_and_nothing_that_was_said(
    house: House, capfd: pytest.CaptureFixture[str]
) -> None:
    utterance = house.hear(0).utterance
    assert utterance is not None
    house.answer(utterance, "yeet that alarm", Taught("yeet"), carried=False)
    done = threading.Event()

    def carry_out(event_id: str) -> None:
        steps.carry_out(event_id, house.now, house.teaching)
        if not house.records.pending():
            done.set()

    url = f"sqlite:///{house.folder / 'workflows.sqlite'}"
    with DurableRunner(url, house.records, carry_out):
        assert done.wait(LONG)
    assert house.records.revision() == 1
    written = b"".join(path.read_bytes() for path in house.folder.glob("workflows*"))
    assert utterance.encode() in written, "the scan must find what is kept"
    assert not any(word in written for word in (b"yeet", b"alarm"))
    assert "".join(capfd.readouterr()) == ""


def test_what_fails_stays_pending_and_holds_up_nobody_behind_it(house: House) -> None:
    many = [f"bad{number}" for number in range(inline.BATCH + 1)]
    for name in (*many, "good"):
        house.records.add(Event(name, "teach", {}, house.now))
    tried: list[str] = []

    def carry_out(event_id: str) -> None:
        tried.append(event_id)
        if event_id != "good":
            raise EngineError
        house.records.done(event_id, house.now)

    failures = inline.drain(house.records, carry_out)
    assert tried == [*many, "good"], "each once"
    assert [failure.event.id for failure in failures] == many
    assert [event.id for event in house.records.pending(1000)] == many
