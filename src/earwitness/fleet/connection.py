"""What the connections of all virtual devices have in common."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from typing import cast

from earwitness.errors import ProtocolError
from earwitness.fleet.sockets import Address, connect
from earwitness.fleet.tally import Fate, Said


class Connection(asyncio.Protocol):
    """A socket on which one answer at a time is waited for. A broken one ends the waiting."""

    def __init__(self, address: Address, device: int = 0) -> None:
        self._address, self._device = address, device
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Said] | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def open(self) -> None:
        """Raises InputError where nobody answers."""
        await connect(self._address, self, self._device)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.conclude(Said(Fate.LOST, code="disconnected"))

    def data_received(self, data: bytes) -> None:
        try:
            self.received(data)
        except ProtocolError as error:
            self.conclude(Said(Fate.LOST, code=f"the server's answer is {error.code}"))
            self.close()

    @abstractmethod
    def received(self, data: bytes) -> None:
        """Raises ProtocolError for what no server may send."""

    def write(self, content: bytes) -> None:
        if self._transport is not None:
            self._transport.write(content)

    def ask(self) -> asyncio.Future[Said]:
        """What comes next is the answer to what is said now."""
        self._answer = asyncio.get_running_loop().create_future()
        return self._answer

    def conclude(self, said: Said) -> None:
        """The answer, if one is waited for."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(said)
