"""Many processes at once, and processes that are killed: nothing is lost, nothing is double."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from itertools import count

from tests.values import MINUTE, START, item, judgement, transcript, utterance
from tests.warm import PIPE, Started

from earwitness.errors import LeaseLost
from earwitness.model import ItemState, Lease
from earwitness.stores import SqlRecords, open_store, queue


@contextmanager
def child(action: str, url: str, analyst: str, now: datetime = START) -> Iterator[Started]:
    arguments = (action, url, analyst, now.isoformat())
    with Started("tests.contract.children", *arguments, stdin=PIPE, stdout=PIPE) as process:
        try:
            assert process.stdout.readline() == "ready \n"
            yield process
        finally:
            process.kill()


def begin(process: Started) -> None:
    process.stdin.write("\n")
    process.stdin.flush()


def told(process: Started) -> list[tuple[str, str]]:
    """Everything that was acknowledged, in whole lines: (what, name)."""
    lines = process.stdout.read().split("\n")[:-1]
    return [(what, name) for what, _, name in (line.partition(" ") for line in lines)]


def fill(store: SqlRecords, count: int) -> list[str]:
    names = [f"u{number:04}" for number in range(count)]
    for number, name in enumerate(names):
        store.keep(utterance(name), item(name, priority=-number))
    return names


def assert_kept(store: SqlRecords, acknowledged: list[tuple[str, str]]) -> None:
    assert store.check() == []
    pending = {event.id for event in store.pending(limit=100_000)}
    newest = store.revision()
    for what, name in acknowledged:
        if what == "judged":
            utterance_id = name.removeprefix("judged:").partition("-by-")[0]
            assert [f"judged:{each.id}" for each in store.judgements(utterance_id)] == [name]
        if what == "done":
            assert name not in pending
        if what == "published":
            assert int(name) <= newest


def killed(process: Started, chance: random.Random) -> list[tuple[str, str]]:
    """What the child acknowledged before it was killed at some moment."""
    begin(process)
    lines = [process.stdout.readline() for _ in range(chance.randrange(1, 40))]
    threading.Event().wait(chance.random() / 100)
    process.kill()
    return [(what, name) for what, name in map(str.split, lines)] + told(process)


def test_what_was_acknowledged_survives_kill_9(store: SqlRecords, url: str) -> None:
    chance = random.Random(9)
    names = fill(store, 200)
    acknowledged: list[tuple[str, str]] = []
    for life in range(6):
        now = START + life * timedelta(hours=1)
        with child("judge_and_teach", url, f"analyst{life}", now) as process:
            acknowledged += killed(process, chance)
        assert_kept(store, acknowledged)
    with child("judge_and_teach", url, "survivor", START + timedelta(days=1)) as process:
        begin(process)
        acknowledged += told(process)
    assert_kept(store, acknowledged)
    assert [each.state for each in store.items()] == [ItemState.CLOSED] * len(names)


def test_processes_that_lease_at_once_never_get_the_same_item(store: SqlRecords, url: str) -> None:
    names = fill(store, 80)
    with ExitStack() as stack:
        processes = [
            stack.enter_context(child("lease_all", url, f"analyst{number}")) for number in range(3)
        ]
        for process in processes:
            begin(process)
        leased = [name for process in processes for _, name in told(process)]
    assert sorted(leased) == names


def test_processes_that_open_a_new_store_at_once_all_succeed(
    new_empty_url: Callable[[], str],
) -> None:
    url = new_empty_url()
    with ExitStack() as stack:
        processes = [stack.enter_context(child("only_open", url, "x")) for _ in range(3)]
        for process in processes:
            begin(process)
        assert [told(process) for process in processes] == [[("schema", "[]")]] * 3


def together(*actions: Callable[[], None]) -> None:
    """Runs them at the same moment; an error in one is an error here."""
    barrier = threading.Barrier(len(actions))
    errors: list[Exception] = []

    def run(action: Callable[[], None]) -> None:
        barrier.wait()
        try:
            action()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_threads_that_lease_at_once_never_get_the_same_item(store: SqlRecords) -> None:
    names = fill(store, 60)
    leased: list[str] = []

    def take(analyst: str) -> None:
        analysts = (f"{analyst}-{number}" for number in count())
        while (lease := store.lease(next(analysts), START, MINUTE)) is not None:
            leased.append(lease.utterance)

    together(*[lambda name=f"analyst{number}": take(name) for number in range(4)])
    assert sorted(leased) == names


def test_of_a_lease_and_a_settlement_at_once_one_wins(store: SqlRecords, url: str) -> None:
    other = open_store(url)
    for name in fill(store, 30):
        won: list[str] = []

        def settle(name: str = name, won: list[str] = won) -> None:
            if other.settle(name, transcript(), "explained", START):
                won.append("settled")

        def answer(name: str = name, won: list[str] = won) -> None:
            lease = store.lease("ada", START, MINUTE, name)
            if lease is not None:
                store.judge(lease, judgement(name), ItemState.CLOSED, "judged", START)
                won.append("closed")

        together(settle, answer)
        assert [store.item(name).state.value] == won
    other.close()


def test_of_two_answers_to_a_stolen_lease_one_wins(store: SqlRecords, url: str) -> None:
    other = open_store(url)
    later = START + MINUTE
    for name in fill(store, 30):
        late = store.lease("ada", START, MINUTE, name)
        won: list[str] = []

        def answer_late(lease=late, name: str = name, won: list[str] = won) -> None:
            try:
                store.judge(lease, judgement(name), ItemState.CLOSED, "", later - MINUTE / 60)
                won.append("ada")
            except LeaseLost:
                pass

        def steal(name: str = name, won: list[str] = won) -> None:
            lease = other.lease("bob", later, MINUTE, name)
            if lease is not None:
                other.judge(lease, judgement(name, "bob"), ItemState.CLOSED, "", later)
                won.append("bob")

        together(answer_late, steal)
        assert [each.analyst for each in store.judgements(name)] == won
        assert len(won) == 1
    other.close()


def test_nobody_is_second_listener_to_themselves_however_fast(store: SqlRecords, url: str) -> None:
    other = open_store(url)
    for name in fill(store, 30):
        first = store.lease("ada", START, MINUTE, name)
        assert first is not None

        def answer(lease=first, name: str = name) -> None:
            store.judge(lease, judgement(name), ItemState.SECOND, "", START)

        def ask_again(first=first, name: str = name) -> None:
            again = other.lease("ada", START, MINUTE, name)
            assert again in (first, None)

        together(answer, ask_again)
        assert other.lease("ada", START, MINUTE, name) is None
    other.close()


def test_a_lease_is_not_granted_to_one_whose_answer_came_in_while_it_was_sought(
    store: SqlRecords,
) -> None:
    """The moment between the snapshot of a search and its lock, which no test can hit at will."""
    fill(store, 1)
    first = store.lease("ada", START, MINUTE)
    store.judge(first, judgement("u0000"), ItemState.SECOND, "", START)
    with store.database.write() as connection:
        assert not queue._grant(connection, Lease("token", "u0000", "ada", START + MINUTE))
        assert queue._grant(connection, Lease("token", "u0000", "bob", START + MINUTE))
