"""Peers that mean no good, to see what they do to those who do.

Slow ones begin a message and send one byte a second of the rest. The hostile one sends
as fast as it can what a careless reader would keep, and reads no answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import repeat
from time import monotonic
from typing import cast

from earwitness.bench.figures import Plain
from earwitness.errors import InputError
from earwitness.fleet.attacks import ATTACKS, BEGINNINGS, BLOCK, Attack
from earwitness.fleet.crew import CONNECTING_AT_ONCE
from earwitness.fleet.sockets import Address, allow_sockets, connect

ATTACK_MIB = 64
"""So much an attack sends at most, if it is let."""
ATTACK_SECONDS = 5.0


async def slow(to: Address, door: str, number: int, seconds: float) -> Plain:
    """So many connections that never finish what they began; whoever is put out comes again.

    Raises InputError where nobody answers.
    """
    allow_sockets(number)
    beginnings = BEGINNINGS[door]
    peers = [_Slow(to, beginnings[place % len(beginnings)]) for place in range(number)]
    await peers[0].come()
    await _at_once([peer.come for peer in peers[1:]])
    connected = sum(peer.is_open for peer in peers)
    until = monotonic() + seconds
    while monotonic() < until:
        await asyncio.sleep(1.0)
        for peer in peers:
            peer.drip()
        await _at_once([peer.come for peer in peers if not peer.is_open])
    for peer in peers:
        peer.close()
    await asyncio.sleep(0)  # transports close in the next turn of the loop
    times = sum(peer.times for peer in peers)
    return {"slow_clients": {"wanted": number, "connected": connected, "connections": times}}


async def hostile(to: Address, door: str, seconds: float) -> Plain:
    """All attacks on a door at once, each again and again; none of them reads an answer."""
    until = monotonic() + seconds
    told = await asyncio.gather(*(_attack(to, each, until) for each in ATTACKS[door]))
    return {"hostile": {"attacks": sum(n for n, _ in told), "mib_sent": sum(m for _, m in told)}}


class _Slow(asyncio.Protocol):
    def __init__(self, to: Address, beginning: bytes) -> None:
        self._to, self._beginning = to, beginning
        self._transport: asyncio.Transport | None = None
        self.times = 0

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    async def come(self) -> None:
        await connect(self._to, self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._beginning)
        self.times += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def drip(self) -> None:
        if self._transport is not None:
            self._transport.write(b"a")

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


async def _at_once(comings: Sequence[Callable[[], Awaitable[None]]]) -> None:
    places = asyncio.Semaphore(CONNECTING_AT_ONCE)

    async def one(come: Callable[[], Awaitable[None]]) -> None:
        async with places:
            with suppress(InputError):
                await come()

    await asyncio.gather(*map(one, comings))


async def _attack(to: Address, attack: Attack, until: float) -> tuple[int, float]:
    """How often it was made, and how many MiB were sent."""
    times = sent = 0
    while monotonic() < until:
        times += 1
        sent += await _flood(to, attack, min(until, monotonic() + ATTACK_SECONDS))
        await asyncio.sleep(0.1)
    return times, sent / 2**20


async def _flood(to: Address, attack: Attack, until: float) -> int:
    """One connection: as much as the other side takes. The bytes that were sent."""
    sent = 0
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(max(0.0, until - monotonic())):
            _, writer = await asyncio.open_connection(to.host, to.port, ssl=to.tls, limit=BLOCK)
            try:
                writer.write(attack.beginning)
                for block in repeat(attack.flood, ATTACK_MIB * 2**20 // len(attack.flood)):
                    writer.write(block)
                    await writer.drain()
                    sent += len(block)
                await asyncio.Event().wait()  # half open, for as long as it may
            finally:
                writer.transport.abort()
    return sent
