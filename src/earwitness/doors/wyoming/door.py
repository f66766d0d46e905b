"""Listens for Wyoming peers, and keeps them apart."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

import structlog

from earwitness.config import Settings
from earwitness.config.addresses import is_loopback
from earwitness.doors.admission import Admission, listen, tls_context
from earwitness.doors.wyoming import answers
from earwitness.doors.wyoming.announcing import announced
from earwitness.doors.wyoming.peer import GOODBYE_SECONDS, READ, Patience, Peer
from earwitness.doors.wyoming.talk import Talk
from earwitness.errors import Overloaded, ProtocolError, SettingsError
from earwitness.wire.wyoming.messages import Error

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

BACKLOG = 1024

log = structlog.get_logger(__name__)


class WyomingDoor:
    """An open door from ``start`` to ``stop``."""

    def __init__(self, program: Earwitness) -> None:
        self._program = program
        self.admission = Admission(program.settings)
        self._open = AsyncExitStack()
        self._meetings: set[asyncio.Task[None]] = set()
        self._talks: dict[asyncio.Task[None], Talk] = {}
        self.port = 0

    async def start(self) -> None:
        """Raises SettingsError where it would be open to everybody on the network, or cannot."""
        settings = self._program.settings
        tls = tls_context(settings)
        if tls is None:
            _check_private(settings)
        listening = listen(settings.host, settings.wyoming_port, "wyoming_port")
        self.port = listening.getsockname()[1]
        server = await asyncio.start_server(
            self._meet,
            sock=listening,
            ssl=tls,
            ssl_handshake_timeout=settings.stall_seconds if tls else None,
            limit=READ,
            backlog=BACKLOG,
        )
        self._open.callback(server.close)
        if settings.wyoming_announce:
            await self._announce(settings)

    async def stop(self, seconds: float) -> None:
        """Nobody comes in any more; who speaks may end, for so long at most."""
        await self._open.aclose()
        _cancel(task for task, talk in self._talks.items() if not talk.busy)
        await _ended(self._meetings, seconds)
        _cancel(self._talks)
        await _ended(self._meetings, 2 * GOODBYE_SECONDS)

    async def _announce(self, settings: Settings) -> None:
        try:
            await self._open.enter_async_context(announced(settings.host, self.port))
        except SettingsError:
            await self._open.aclose()
            raise

    # --- one connection -------------------------------------------------------------

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._meetings.add(task)
        settings = self._program.settings
        peer = Peer(reader, writer, Patience(settings.idle_seconds, settings.stall_seconds))
        try:
            with suppress(OSError):
                await self._let_in(peer, writer, task)
            await peer.close()
        finally:
            self._meetings.discard(task)

    async def _let_in(
        self, peer: Peer, writer: asyncio.StreamWriter, task: asyncio.Task[None]
    ) -> None:
        if not self.admission.enter(peer.address):
            log.info("connection refused", door="wyoming", peer=peer.address)
            await peer.send(Error("There are too many connections.", "too_many_connections"))
            return
        talk = self._talks[task] = Talk(peer, self._program)
        try:
            _keep_alive(writer)
            await self._hear_out(talk, peer)
        except asyncio.CancelledError:
            task.uncancel()  # by ``stop``; what is left is to say so
            await peer.send(Error("The server is stopping; come again.", "stopping"))
        finally:
            talk.close()
            del self._talks[task]
            self.admission.leave(peer.address)

    async def _hear_out(self, talk: Talk, peer: Peer) -> None:
        """Whatever goes wrong is told to this peer, and ends its connection alone.

        So does an overload: Home Assistant passes over errors and reads on until the connection
        ends, and the rest of a recording must not be taken for a whole one a moment later.
        """
        try:
            await talk.go_on()
        except OSError:
            raise
        except Exception as error:
            told = answers.error(error)
            if isinstance(error, ProtocolError | Overloaded):
                log.info("connection ended", door="wyoming", peer=peer.address, code=told.code)
            else:
                log.error("connection failed", door="wyoming", peer=peer.address, exc_info=error)
            await peer.send(told)


def _check_private(settings: Settings) -> None:
    if not is_loopback(settings.host) and not settings.wyoming_plain:
        listen(settings.host, 0, "host").close()  # a host that is none of ours is said first
        raise SettingsError(
            f"EARWITNESS_HOST: {settings.host}: Wyoming without TLS lets everybody on the "
            "network listen in, and speak. Give it a certificate (EARWITNESS_TLS_CERTIFICATE),"
            " or say that this is meant (EARWITNESS_WYOMING_PLAIN=1)."
        )


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    """A peer whose line was cut says nothing any more; the system asks it."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in list(tasks):
        task.cancel()


async def _ended(tasks: set[asyncio.Task[None]], seconds: float) -> None:
    if tasks:
        await asyncio.wait(list(tasks), timeout=seconds)
