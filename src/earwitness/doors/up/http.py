"""What uvicorn's HTTP reader leaves unbounded: how many, how long, how much.

A connection has ``stall_seconds`` from its first byte, or from when it was made, to the
end of a request's header, and at most ``HEADER_BYTES`` for it.
"""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from earwitness.doors.admission import Admission

HEADER_BYTES = 64 * 1024
GOODBYE_SECONDS = 2.0
GOODBYE_BYTES = 8 * 1024 * 1024
"""So much of what a refused peer goes on sending is passed over, that it may read why."""
PIPELINED = 16
"""Requests that may wait for the answer to one before them on the same connection."""

log = structlog.get_logger(__name__)

_REFUSAL = "HTTP/1.1 {status}\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"


def guarded(admission: Admission, stall_seconds: float) -> type[HttpToolsProtocol]:
    """The protocol class for one server."""

    class Guarded(HttpToolsProtocol):
        _entered = False
        _deadline: asyncio.TimerHandle | None = None
        _header_bytes = 0
        _refused = False
        _passed_over = 0

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._peer = self.client[0] if self.client else ""
            self._entered = admission.enter(self._peer)
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
            if self._refused:
                self._pass_over(len(data))
                return
            super().data_received(data)
            if self._deadline is not None:  # a body may come with its header, and is not counted
                self._header_bytes += len(data)
                if self._header_bytes > HEADER_BYTES:
                    self._refuse("431 Request Header Fields Too Large", "header too long")

        def on_message_begin(self) -> None:
            super().on_message_begin()
            if self._deadline is None and not self._refused:
                self._start_deadline()

        def on_headers_complete(self) -> None:
            self._stop_deadline()
            if len(self.pipeline) >= PIPELINED:
                self._refuse("429 Too Many Requests", "too many requests at once")
            elif not self._refused:
                super().on_headers_complete()

        def _leave(self) -> None:
            if self._entered:
                admission.leave(self._peer)
                self._entered = False

        def _start_deadline(self) -> None:
            self._header_bytes = 0
            self._deadline = self.loop.call_later(stall_seconds, self._too_slow)

        def _stop_deadline(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _too_slow(self) -> None:
            self._refuse("408 Request Timeout", "header too slow")

        def _refuse(self, status: str, why: str) -> None:
            """A socket that is closed with something unread throws away what we wrote."""
            if self.transport.is_closing():
                return
            log.info("connection refused", door="http", why=why, peer=self._peer)
            self._stop_deadline()
            self._refused = True
            self.transport.write(_REFUSAL.format(status=status).encode())
            answering = self.cycle is not None and not self.cycle.response_complete
            if answering or not self.transport.can_write_eof():  # TLS cannot
                self.transport.close()
                return
            self.transport.write_eof()
            self.flow.resume_reading()
            self.loop.call_later(GOODBYE_SECONDS, self.transport.abort)

        def _pass_over(self, size: int) -> None:
            self._passed_over += size
            if self._passed_over > GOODBYE_BYTES:
                self.transport.abort()

    return Guarded
