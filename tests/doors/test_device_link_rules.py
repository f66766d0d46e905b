"""Peers of the device link that break its rules, and that are refused clearly."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.doors.link_house import PATIENCE, Raw, Site, raw, serving, talking
from tests.flow.house import SCRIPTS
from tests.live.streams import said
from websockets.exceptions import ConnectionClosed, InvalidStatus

from earwitness.device.client import Connected
from earwitness.device.keys import Identity, new_seed, public, sign
from earwitness.doors.device_link.sessions import REFUSED
from earwitness.engines.scripted import ScriptedEngine, recording
from earwitness.live.hearing import Limits
from earwitness.live.stream import Pace
from earwitness.model import SAMPLE_RATE, Samples
from earwitness.wire.link import messages as link
from earwitness.wire.link.frames import HEADER, MAX_FRAME
from earwitness.wire.link.proof import rotate_text

DAY = 24 * 3600 * 1_000_000
TENTH = SAMPLE_RATE // 10
MANY_PINGS = 2500
"""Their answers fill every buffer between a server and a device that does not read."""


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(test)


async def _refused(site: Site, identity: Identity, **hello: Any) -> link.Error:
    async with raw(site) as client:
        await client.send(client.hello(identity, **hello))
        return await client.error()


async def _is_well(site: Site) -> None:
    """Others are unaffected."""
    async with talking(site.url, site.enrolled()) as talker:
        talker.say(said(4))
        await talker.finish()
        assert talker.texts == ["turn off the light"]


# --- who may come in ------------------------------------------------------------------


def test_an_unknown_device_and_a_wrong_signature_are_refused_alike(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site:
            known = site.enrolled()
            stranger = replace(known, device="0123456789abcdef")
            thief = replace(known, seed=new_seed())
            errors = [await _refused(site, each) for each in (stranger, thief)]
            assert [(error.code, error.message) for error in errors] == [("refused", REFUSED)] * 2
            await _is_well(site)

    run(test())


@pytest.mark.parametrize(
    "changed",
    [{"consent": False}, {"room": "cellar"}, {"codec": "opus"}, {"clock": 1}, {"position": 7}],
)
def test_every_field_of_a_hello_is_signed(changed: dict[str, Any], tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site, raw(site) as client:
            honest = client.hello(site.enrolled())
            await client.send(replace(honest, **changed))
            assert (await client.error()).code == "refused"

    run(test())


def test_a_hello_that_somebody_recorded_opens_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site:
            async with raw(site) as client:
                recorded = client.hello(site.enrolled())
                await client.send(recorded)
                await client.until(link.Welcome)
            async with raw(site) as client:
                await client.send(recorded)
                assert (await client.error()).code == "refused"

    run(test())


def test_a_device_of_another_household_is_refused(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site:
            error = await _refused(site, site.enrolled("smith"), household="jones")
            assert error.code == "household"

    run(test())


def test_a_revoked_device_learns_it_only_with_its_key(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site:
            identity = site.enrolled()
            site.program.records.revoke_device(identity.device, datetime.now(UTC))
            assert (await _refused(site, identity)).code == "revoked"
            thief = replace(identity, seed=new_seed())
            assert (await _refused(site, thief)).code == "refused"

    run(test())


def test_a_session_is_neither_of_the_future_nor_older_than_a_day(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site:
            identity = site.enrolled()
            async with raw(site) as client:
                welcome = await client.greet(identity)
            for began in (welcome.began + DAY, welcome.began - DAY - 1):
                error = await _refused(site, identity, session=welcome.session, began=began)
                assert error.code == "session"
            far = {"session": welcome.session, "began": welcome.began, "position": 10**9}
            assert (await _refused(site, identity, **far)).code == "session"
            assert (await _refused(site, identity, position=1)).code == "session"
            assert (await _refused(site, identity, session=welcome.session)).code == "session"

    run(test())


def test_a_key_that_nobody_proves_is_not_announced(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site:
            identity, stolen = site.enrolled(), new_seed()
            async with raw(site) as client:
                await client.greet(identity)
                key = public(stolen)
                text = rotate_text(
                    client.challenge.nonce, identity.device, public(identity.seed), key
                )
                signature = sign(identity.seed, text)
                await client.send(link.Rotate(key=key, signature=signature, proof=signature))
                assert (await client.error()).code == "key"
            assert site.program.records.device(identity.device).next_key is None

    run(test())


# --- what may be sent -----------------------------------------------------------------


async def _after(client: Raw, identity: Identity, sent: Sequence[str | bytes]) -> link.Error:
    await client.greet(identity)
    for each in sent:
        await client.socket.send(each)
    return await client.error()


def _frame(sequence: int = 0, position: int = 0, count: int = TENTH, **other: int) -> bytes:
    fields = {"version": 1, "kind": 0, "flags": 1, **other}
    header = HEADER.pack(*fields.values(), sequence, position)
    return header + bytes(2 * count)


BAD = {
    "no JSON": (["hello"], "malformed"),
    "no object": (["[]"], "malformed"),
    "an unknown type": ([json.dumps({"type": "shout"})], "malformed"),
    "an unknown field": ([json.dumps({"type": "ping", "clock": 1, "x": 1})], "malformed"),
    "no number": (['{"type": "ping", "clock": NaN}'], "malformed"),
    "deep nesting": (["[" * 8000], "malformed"),
    "a huge message": ([" " * 20_000], "too_large"),
    "a second hello": ([], "unexpected"),
    "a header alone": ([_frame(count=0)], "malformed"),
    "half a header": ([b"\1\0"], "malformed"),
    "half a sample": ([_frame() + b"\0"], "malformed"),
    "another version": ([_frame(version=2)], "malformed"),
    "an unknown codec": ([_frame(kind=7)], "malformed"),
    "unknown flags": ([_frame(flags=3)], "malformed"),
    "a huge frame": ([_frame(count=MAX_FRAME)], "too_large"),
    "another codec": ([_frame(kind=1)], "codec"),
    "a replayed frame": ([_frame(), _frame()], "sequence"),
    "a missing frame": ([_frame(), _frame(2, 2 * TENTH)], "sequence"),
    "a first frame that is not the first": ([_frame(1)], "sequence"),
    "an overlap": ([_frame(), _frame(1, TENTH - 1)], "position"),
    "the future": ([_frame(), _frame(1, 10**9)], "position"),
    "beyond all numbers": ([_frame(position=2**63)], "malformed"),
    "an end elsewhere": ([_frame(), json.dumps({"type": "end", "position": 1})], "position"),
    "a drop in the past": ([_frame(), json.dumps({"type": "drop", "position": 1})], "position"),
    "a button that is not there": ([json.dumps({"type": "begin", "position": 0})], "unexpected"),
}


@pytest.mark.parametrize(("sent", "code"), BAD.values(), ids=list(BAD))
def test_what_may_not_be_sent_is_an_error(
    sent: list[str | bytes], code: str, tmp_path: Path
) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site, raw(site) as client:
            identity = site.enrolled()
            messages = sent or [json.dumps({"type": "hello"} | _plain(client.hello(identity)))]
            error = await _after(client, identity, messages)
            assert error.code == code, error.message
            with pytest.raises(ConnectionClosed):
                await client.next()
            await _is_well(site)

    run(test())


def _plain(hello: link.Hello) -> dict[str, Any]:
    fields = {name: getattr(hello, name) for name in hello.__dataclass_fields__}
    return {name: value for name, value in fields.items() if value is not None}


def test_sound_without_a_button_is_an_error_in_push_to_talk(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site, raw(site) as client:
            await client.greet(site.enrolled(), listening="push")
            await client.frame(0, 0, recording(4))
            assert (await client.error()).code == "unexpected"

    run(test())


def test_whoever_says_nothing_at_first_is_let_go(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path, stall_seconds=0.5) as site, raw(site) as client:
            assert (await client.error()).code == "idle"

    run(test())


def test_whoever_says_nothing_later_is_let_go(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path, idle_seconds=0.5) as site, raw(site) as client:
            await client.greet(site.enrolled())
            assert (await client.error()).code == "idle"

    run(test())


def test_a_device_that_pings_may_be_silent_for_long(tmp_path: Path) -> None:
    async def test() -> None:
        async with (
            serving(tmp_path, idle_seconds=1.2) as site,
            talking(site.url, site.enrolled()) as talker,
        ):
            await talker.until(link.Pong, 6)
            assert len(talker.all(Connected)) == 1

    run(test())


def _narrow(site: Site) -> socket.socket:
    """A connection that takes little before somebody reads from it."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect(("127.0.0.1", site.port))
    made.setblocking(False)
    return made


def test_a_device_that_does_not_read_is_let_go(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path, send_buffer=4096, stall_seconds=0.5) as site:
            async with raw(site, max_queue=1, sock=_narrow(site)) as client:
                await client.greet(site.enrolled())
                assert site.link.admission.connections == 1
                pings = [link.Ping(clock=1)] * MANY_PINGS
                sending = asyncio.create_task(client.send(*pings))
                async with asyncio.timeout(PATIENCE):
                    while site.link.admission.connections:
                        await asyncio.sleep(0.01)
                sending.cancel()
                client.socket.transport.abort()
            await _is_well(site)

    run(test())


def test_a_device_that_asks_in_a_rush_and_reads_is_answered_each_time(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as site, raw(site) as client:
            await client.greet(site.enrolled())
            sending = asyncio.create_task(
                client.send(*(link.Ping(clock=number) for number in range(900)))
            )
            pongs = [await client.until(link.Pong) for _ in range(900)]
            await sending
            assert [pong.clock for pong in pongs] == list(range(900))

    run(test())


class Stuck(ScriptedEngine):
    """Hears nothing until it is let."""

    def __init__(self) -> None:
        super().__init__(SCRIPTS)
        self.free = threading.Event()

    def encode(self, audio: Samples) -> Any:
        assert self.free.wait(PATIENCE)
        return super().encode(audio)


def test_whoever_runs_ahead_is_told_once_and_held_up(tmp_path: Path) -> None:
    """What is beyond the limit waits in the socket; nothing of it is lost."""

    async def test() -> None:
        engine, pace = Stuck(), Pace(max_behind_seconds=0.5)
        limits = Limits(threads=1, shed_seconds=PATIENCE)
        async with (
            serving(tmp_path, engine=engine, pace=pace, limits=limits) as site,
            talking(site.url, site.enrolled()) as talker,
        ):
            talker.say(np.concatenate([said(4, 5), said(0, 4)]))
            await talker.until(link.Slow)
            engine.free.set()
            await talker.finish()
            assert len(talker.texts) == 4
            assert len(talker.all(link.Slow)) == 1

    run(test())


def test_more_streams_than_there_may_be_are_refused_with_a_time_to_come_again(
    tmp_path: Path,
) -> None:
    async def test() -> None:
        async with (
            serving(tmp_path, limits=Limits(max_streams=1, threads=1)) as site,
            raw(site) as first,
            raw(site) as second,
        ):
            for client in (first, second):
                await client.greet(site.enrolled())
                await client.frame(0, 0, recording(4))
                await client.send(link.Ping(clock=1))
                if client is first:
                    await client.until(link.Pong)
            error = await second.error()
            assert error.code == "overloaded"
            assert error.retry_after

    run(test())


def test_more_connections_than_there_may_be_are_refused(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path, max_connections=2) as site:
            async with raw(site), raw(site):
                with pytest.raises(InvalidStatus) as refused:
                    async with raw(site):
                        pass
                assert refused.value.response.status_code == 503
            await _is_well(site)

    run(test())
