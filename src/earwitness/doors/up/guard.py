"""What uvicorn's HTTP reader leaves unbounded: how many, how long, how much.

A connection has ``stall_seconds`` from its first byte, or from when it was made, to the
end of a request's header, and at most ``HEADER_BYTES`` for it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from ipaddress import ip_address
from typing import Any

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from earwitness.config import Settings

HEADER_BYTES = 64 * 1024

log = structlog.get_logger(__name__)

_REFUSAL = "HTTP/1.1 {status}\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"


def is_loopback(address: str) -> bool:
    """Whether it is an address of this machine alone.

    >>> [is_loopback(each) for each in ("127.0.0.1", "::1", "192.168.1.4", "localhost", "")]
    [True, True, False, True, False]
    """
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


class Guard:
    """What all connections of one server share: how many there are, and from where."""

    def __init__(self, settings: Settings) -> None:
        self.stall_seconds = settings.stall_seconds
        self._most, self._most_a_peer = settings.max_connections, settings.max_connections_per_peer
        self._peers: Counter[str] = Counter()

    def enter(self, peer: str) -> bool:
        """Whether one more may come in; whoever may must ``leave``."""
        many = self._peers.total() if len(self._peers) < self._most else self._most
        if many >= self._most:
            return False
        if not is_loopback(peer) and self._peers[peer] >= self._most_a_peer:
            return False
        self._peers[peer] += 1
        return True

    def leave(self, peer: str) -> None:
        self._peers[peer] -= 1
        if not self._peers[peer]:
            del self._peers[peer]


def guarded(guard: Guard) -> type[HttpToolsProtocol]:
    """The protocol class for one server."""

    class Guarded(HttpToolsProtocol):
        _entered = False
        _deadline: asyncio.TimerHandle | None = None
        _header_bytes = 0

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._peer = self.client[0] if self.client else ""
            self._entered = guard.enter(self._peer)
            if self._entered:
                self._start_deadline()
            else:
                self._refuse("503 Service Unavailable", "too many connections")

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_deadline()
            self._leave()
            super().connection_lost(exc)

        def handle_websocket_upgrade(self) -> None:
            """The socket goes to another reader, whose door counts it from here on."""
            self._leave()
            super().handle_websocket_upgrade()

        def data_received(self, data: bytes) -> None:
            if self._deadline is not None:
                self._header_bytes += len(data)
                if self._header_bytes > HEADER_BYTES:
                    self._refuse("431 Request Header Fields Too Large", "header too long")
                    return
            if not self.transport.is_closing():
                super().data_received(data)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            if self._deadline is None:
                self._start_deadline()

        def on_headers_complete(self) -> None:
            self._stop_deadline()
            super().on_headers_complete()

        def _leave(self) -> None:
            if self._entered:
                guard.leave(self._peer)
                self._entered = False

        def _start_deadline(self) -> None:
            self._header_bytes = 0
            self._deadline = self.loop.call_later(guard.stall_seconds, self._too_slow)

        def _stop_deadline(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _too_slow(self) -> None:
            self._refuse("408 Request Timeout", "header too slow")

        def _refuse(self, status: str, why: str) -> None:
            log.info("connection refused", why=why, peer=self._peer)
            self._stop_deadline()
            self.transport.write(_REFUSAL.format(status=status).encode())
            self.transport.close()

    return Guarded
