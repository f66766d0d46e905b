"""Peers that mean no good do what they are there for, and are gone when they should be."""

from __future__ import annotations

import asyncio

import pytest
from tests.bench.peers import serving

from earwitness.errors import InputError
from earwitness.fleet.attacks import ATTACKS, BEGINNINGS
from earwitness.fleet.mean import hostile, slow
from earwitness.fleet.sockets import Address


class Careless:
    """Reads whatever comes, or hangs up at the first byte; counts."""

    def __init__(self, hangs_up: bool = False) -> None:
        self.hangs_up = hangs_up
        self.beginnings: list[bytes] = []
        self.received = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun = await reader.read(2**16)
        self.beginnings.append(begun)
        self.received += len(begun)
        while not self.hangs_up and (more := await reader.read(2**20)):
            self.received += len(more)


@pytest.mark.parametrize("door", ["wyoming", "http", "ws"])
def test_slow_clients_begin_and_never_finish(door: str) -> None:
    house = Careless()

    async def met() -> dict[str, dict[str, int]]:
        async with serving(house.serve) as place:
            return await slow(place, door, 20, 2.0)

    told = asyncio.run(met())["slow_clients"]
    assert told == {"wanted": 20, "connected": 20, "connections": 20}
    assert set(house.beginnings) == set(BEGINNINGS[door])
    dripped = house.received - sum(map(len, house.beginnings))
    assert 20 <= dripped <= 60


def test_a_slow_client_that_is_put_out_comes_again() -> None:
    house = Careless(hangs_up=True)

    async def met() -> dict[str, dict[str, int]]:
        async with serving(house.serve) as place:
            return await slow(place, "wyoming", 5, 1.5)

    assert asyncio.run(met())["slow_clients"]["connections"] >= 10


@pytest.mark.parametrize("door", ["wyoming", "http", "ws"])
def test_a_hostile_peer_makes_every_attack(door: str) -> None:
    house = Careless()

    async def met() -> dict[str, dict[str, float]]:
        async with serving(house.serve) as place:
            return await hostile(place, door, 0.5)

    told = asyncio.run(met())["hostile"]
    assert told["attacks"] >= len(ATTACKS[door])
    assert told["mib_sent"] > 1
    begun = b"\n".join(house.beginnings)
    assert all(attack.beginning[:100] in begun for attack in ATTACKS[door])


def test_slow_clients_need_somebody_to_annoy() -> None:
    with pytest.raises(InputError, match="nobody answers"):
        asyncio.run(slow(Address("127.0.0.1", 1), "wyoming", 3, 1.0))
