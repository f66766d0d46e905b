"""How much at once: buckets, and what waits to be sent."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from earwitness.doors.device_link import outbox
from earwitness.doors.device_link.outbox import Outbox
from earwitness.doors.pacing import Bucket, PeerBuckets
from earwitness.wire.link import messages as link
from earwitness.wire.link.codec import encode


def test_a_bucket_gives_a_burst_and_then_its_rate() -> None:
    bucket = Bucket(rate=2, burst=3, now=0)
    assert [bucket.take(0) for _ in range(5)] == [0, 0, 0, 0.5, 1.0]
    assert bucket.take(10) == 0


@given(st.lists(st.floats(0, 1), max_size=100))
def test_a_bucket_never_gives_more_than_its_rate_and_a_burst(pauses: list[float]) -> None:
    bucket, now, given_out = Bucket(rate=5, burst=4, now=0), 0.0, 0
    for pause in pauses:
        now += pause
        given_out += bucket.try_take(now)
    assert given_out <= 4 + 5 * now + 1e-6


def test_the_buckets_of_many_addresses_are_bounded() -> None:
    buckets = PeerBuckets(rate=0.001, burst=1, most=2)
    assert [buckets.try_take("a", 0), buckets.try_take("a", 0)] == [True, False]
    assert all(buckets.try_take(peer, 0) for peer in ("b", "c"))
    assert buckets.try_take("a", 0)  # forgotten: two others came since


def test_messages_are_sent_in_order_by_one_task() -> None:
    async def test() -> None:
        sent: list[str] = []

        async def send(text: str) -> None:
            await asyncio.sleep(0)
            sent.append(text)

        box = Outbox(send, full=lambda: sent.append("full"))
        messages = [link.Quiet(until=number) for number in range(outbox.MOST)]
        for message in messages:
            box.post(message)
        assert len(asyncio.all_tasks()) == 2
        await box.flush()
        assert sent == list(map(encode, messages))
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(test())


def test_a_full_outbox_says_so_once_and_takes_no_more() -> None:
    async def test() -> None:
        told: list[str] = []

        async def never(text: str) -> None:
            await asyncio.Event().wait()

        box = Outbox(never, full=lambda: told.append("full"))
        for number in range(2 * outbox.MOST):
            box.post(link.Quiet(until=number))
            await asyncio.sleep(0)
        assert told == ["full"]
        box.close()

    asyncio.run(test())


def test_a_line_that_breaks_while_something_is_sent_breaks_nothing_else() -> None:
    async def test() -> None:
        async def broken(text: str) -> None:
            raise ConnectionResetError

        box = Outbox(broken, full=lambda: None)
        box.post(link.Quiet(until=0))
        await box.flush()
        box.post(link.Quiet(until=1))
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(test())
