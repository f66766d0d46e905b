"""Listens for Wyoming peers, and keeps them apart."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from earwitness.doors.admission import Admission, is_loopback, listen, tls_context
from earwitness.doors.wyoming.announcing import announced
from earwitness.doors.wyoming.peer import READ, Patience, Peer
from earwitness.doors.wyoming.talk import Talk, error_of
from earwitness.errors import Overloaded, ProtocolError, SettingsError
from earwitness.wire.wyoming.messages import Error

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

log = structlog.get_logger(__name__)


class WyomingDoor:
    """An open door from ``start`` to ``stop``."""

    def __init__(self, program: Earwitness) -> None:
        self._program = program
        self._admission = Admission(program.settings)
        self._talks: dict[asyncio.Task[None], Talk] = {}
        self.port = 0

    async def start(self) -> None:
        """Raises SettingsError where it would be open to everybody on the network, or cannot."""
        settings = self._program.settings
        tls = tls_context(settings)
        if tls is None and not is_loopback(settings.host) and not settings.wyoming_plain:
            raise SettingsError(
                f"EARWITNESS_HOST: {settings.host}: Wyoming without TLS lets everybody on the "
                "network listen in, and speak. Give it a certificate (EARWITNESS_TLS_CERTIFICATE),"
                " or say that this is meant (EARWITNESS_WYOMING_PLAIN=1)."
            )
        listening = listen(settings.host, settings.wyoming_port, "wyoming_port")
        self.port = listening.getsockname()[1]
        self._server = await asyncio.start_server(
            self._meet, sock=listening, ssl=tls, limit=READ, backlog=1024
        )
        self._announcement = announced(settings, self.port) if settings.wyoming_announce else None
        if self._announcement is not None:
            await self._announcement.__aenter__()

    async def stop(self, seconds: float) -> None:
        """Nobody comes in any more; who speaks may end, for so long at most."""
        if self._announcement is not None:
            await self._announcement.__aexit__(None, None, None)
        self._server.close()
        for peer, talk in self._talks.items():
            if not talk.busy:
                peer.cancel()
        if self._talks:
            await asyncio.wait(self._talks, timeout=seconds)
        for peer in self._talks:
            peer.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    @property
    def connections(self) -> int:
        return len(self._talks)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        settings = self._program.settings
        peer = Peer(reader, writer, Patience(settings.idle_seconds, settings.stall_seconds))
        with suppress(OSError, asyncio.CancelledError):
            if self._admission.enter(peer.address):
                _keep_alive(writer)
                await self._stay(peer)
            else:
                log.info("connection refused", door="wyoming", peer=peer.address)
                await peer.send(Error("There are too many connections.", "too_many_connections"))
        await peer.close()

    async def _stay(self, peer: Peer) -> None:
        task = asyncio.current_task()
        assert task is not None
        talk = self._talks[task] = Talk(peer, self._program)
        try:
            await self._hear_out(talk, peer)
        finally:
            talk.close()
            del self._talks[task]
            self._admission.leave(peer.address)

    async def _hear_out(self, talk: Talk, peer: Peer) -> None:
        """Whatever a peer does wrong is told to it, and ends its connection alone.

        So does an overload: Home Assistant reads on after an error until the connection ends, and
        the rest of a recording must not be taken for a whole one a moment later.
        """
        try:
            await talk.go_on()
        except (ProtocolError, Overloaded) as error:
            told = error_of(error)
            log.info("connection ended", door="wyoming", peer=peer.address, code=told.code)
            await peer.send(told)
        except asyncio.CancelledError:
            await peer.send(Error("The server is stopping; come again.", "stopping"))
            raise
        except OSError:
            raise
        except Exception as error:
            log.error("connection failed", door="wyoming", exc_info=error)
            await peer.send(error_of(error))


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    """A peer whose line was cut says nothing any more; the system asks it."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
