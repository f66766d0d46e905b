"""One connection, on the loop that the server runs on."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest
import uvloop

from earwitness.doors.wyoming.peer import Patience, Peer
from earwitness.wire.wyoming.messages import Error


def test_a_peer_that_is_gone_before_it_is_answered_is_gone_and_no_fault_of_ours() -> None:
    uvloop.run(_answer_who_is_gone())


async def _answer_who_is_gone() -> None:
    gone, answered = asyncio.Event(), asyncio.Event()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer, Patience(5, 5))
        await gone.wait()
        try:
            with pytest.raises(ConnectionError):
                await peer.send(Error("There are too many connections.", "too_many_connections"))
            await peer.close()
            answered.set()
        finally:
            writer.transport.abort()

    async with await asyncio.start_server(meet, "127.0.0.1", 0) as server:
        with socket.create_connection(server.sockets[0].getsockname()) as peer:
            await asyncio.sleep(0.1)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await asyncio.sleep(0.1)
        gone.set()
        await asyncio.wait_for(answered.wait(), 10)
