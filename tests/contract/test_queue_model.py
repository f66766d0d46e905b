"""The queue against a model of it in plain Python, whatever is done in whatever order.

Who may lease and settle is taken from ``review.queue``: the store does in SQL what is
written there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.values import START, item, judgement, transcript, utterance

from earwitness.errors import LeaseLost
from earwitness.model import ItemState, Lease, ReviewItem
from earwitness.review.queue import holds, is_valid, may_lease, may_settle
from earwitness.stores import SqlRecords, open_store

ANALYSTS = st.sampled_from(["ada", "bob", "cy"])
TTLS = st.integers(1, 2).map(lambda minutes: timedelta(minutes=minutes))
NEXT = {
    ItemState.WAITING: [ItemState.SECOND, ItemState.CLOSED],
    ItemState.SECOND: [ItemState.ADJUDICATION, ItemState.CLOSED],
    ItemState.ADJUDICATION: [ItemState.CLOSED],
}


@dataclass
class Waiting:
    """What the model knows of one item."""

    item: ReviewItem
    lease: Lease | None = None
    answered_by: list[str] = field(default_factory=list)

    def may_lease(self, analyst: str, now) -> bool:
        return may_lease(self.item, self.answered_by, self.lease, analyst, now)

    def holds(self, lease: Lease) -> bool:
        return self.lease is not None and self.lease.token == lease.token

    def close(self, state: ItemState, because: str, now) -> None:
        self.lease = None
        self.item = replace(self.item, state=state, closed_at=now, closed_because=because)


class Queue(RuleBasedStateMachine):
    new_url: Callable[[], str]

    names = Bundle("names")
    leases = Bundle("leases")

    @initialize()
    def open(self) -> None:
        self.url = self.new_url()
        self.store: SqlRecords = open_store(self.url)
        self.now = START
        self.model: dict[str, Waiting] = {}
        self.events: list[str] = []

    def teardown(self) -> None:
        if hasattr(self, "store"):
            problems = self.store.check()
            self.store.close()
            assert problems == []

    # --- what can happen --------------------------------------------------

    @rule(target=names, priority=st.integers(0, 2))
    def keep(self, priority: int) -> str:
        name = f"u{len(self.model)}"
        self.model[name] = Waiting(item(name, priority, self.now))
        self.store.keep(utterance(name), self.model[name].item)
        self.events.append(f"doubted:{name}")
        return name

    @rule(name=names)
    def keep_again(self, name: str) -> None:
        self.store.keep(utterance(name), item(name, 9, self.now))

    @rule(minutes=st.integers(1, 2))
    def time_goes_by(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def the_program_starts_again(self) -> None:
        self.store.close()
        self.store = open_store(self.url)

    @rule(target=leases, analyst=ANALYSTS, ttl=TTLS)
    def lease_the_best(self, analyst: str, ttl: timedelta):
        return self._lease(analyst, ttl, list(self.model), None)

    @rule(target=leases, name=names, analyst=ANALYSTS, ttl=TTLS)
    def lease_this_one(self, name: str, analyst: str, ttl: timedelta):
        return self._lease(analyst, ttl, [name], name)

    def _lease(self, analyst: str, ttl: timedelta, names: list[str], asked: str | None):
        open_to = [name for name in names if self.model[name].may_lease(analyst, self.now)]
        own = [name for name in open_to if holds(self.model[name].lease, analyst, self.now)]
        best = min(own or open_to, key=self._place, default=None)
        lease = self.store.lease(analyst, self.now, ttl, asked)
        assert (lease and lease.utterance) == best
        if lease is None:
            return multiple()
        assert (lease.analyst, lease.expires_at) == (analyst, self.now + ttl)
        assert (lease.token == self._token(lease.utterance)) == bool(own)
        self.model[lease.utterance].lease = lease
        return lease

    def _token(self, name: str) -> str | None:
        lease = self.model[name].lease
        return lease.token if lease else None

    def _place(self, name: str) -> tuple[float, object, str]:
        waiting = self.model[name].item
        return -waiting.priority, waiting.queued_at, name

    @rule(target=leases, lease=leases, ttl=TTLS)
    def renew(self, lease: Lease, ttl: timedelta):
        if self._valid(lease):
            renewed = self.store.renew(lease, self.now, ttl)
            self.model[lease.utterance].lease = renewed
            return renewed
        with pytest.raises(LeaseLost):
            self.store.renew(lease, self.now, ttl)
        return multiple()

    @rule(lease=leases)
    def release(self, lease: Lease) -> None:
        if self.model[lease.utterance].holds(lease):
            self.store.release(lease)
            self.model[lease.utterance].lease = None
        else:
            with pytest.raises(LeaseLost):
                self.store.release(lease)

    @rule(lease=leases, choice=st.integers(0, 1))
    def judge(self, lease: Lease, choice: int) -> None:
        waiting = self.model[lease.utterance]
        paths = NEXT.get(waiting.item.state, [ItemState.CLOSED])
        state = paths[choice % len(paths)]
        answer = judgement(lease.utterance, lease.analyst, at=self.now)
        if not self._valid(lease):
            with pytest.raises(LeaseLost):
                self.store.judge(lease, answer, state, "judged", self.now)
            return
        event = self.store.judge(lease, answer, state, "judged", self.now)
        self.events.append(event.id)
        waiting.answered_by.append(lease.analyst)
        if state is ItemState.CLOSED:
            waiting.close(state, "judged", self.now)
        else:
            waiting.lease, waiting.item = None, replace(waiting.item, state=state)

    @rule(name=names)
    def settle(self, name: str) -> None:
        waiting = self.model[name]
        allowed = may_settle(waiting.item, (), waiting.lease, self.now)
        assert self.store.settle(name, transcript(), "explained", self.now) == allowed
        if allowed:
            waiting.close(ItemState.SETTLED, "explained", self.now)

    @precondition(lambda self: self.events)
    @rule(place=st.integers(0, 99))
    def carry_out(self, place: int) -> None:
        event = self.events.pop(place % len(self.events))
        self.store.done(event, self.now)

    def _valid(self, lease: Lease) -> bool:
        waiting = self.model[lease.utterance]
        return waiting.holds(lease) and is_valid(waiting.lease, self.now)

    # --- what must always be true -----------------------------------------

    @invariant()
    def the_store_is_like_the_model(self) -> None:
        if not hasattr(self, "store"):
            return
        in_order = sorted(self.model, key=self._place)
        assert list(self.store.items()) == [self.model[name].item for name in in_order]
        backlog = [name for name in in_order if self.model[name].item.state is ItemState.WAITING]
        assert [each.id for each in self.store.backlog()] == backlog
        assert [event.id for event in self.store.pending()] == self.events

    @invariant()
    def every_answer_is_kept_and_nobody_answers_twice(self) -> None:
        for name, waiting in getattr(self, "model", {}).items():
            analysts = [each.analyst for each in self.store.judgements(name)]
            assert sorted(analysts) == sorted(waiting.answered_by)
            assert len(set(analysts)) == len(analysts)


def test_the_queue_is_like_its_model(new_url: Callable[[], str]) -> None:
    machine = type("QueueOfThisStore", (Queue,), {"new_url": staticmethod(new_url)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
