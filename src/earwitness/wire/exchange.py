"""A connection to somebody else's server, on which nothing is waited for beyond one moment."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from threading import Timer
from time import monotonic
from types import TracebackType


class Exchange:
    """All that is said on one connection, opening it included; closes it at the end.

    The timeout of a socket is for one wait: who sends a byte now and then would be waited for
    without end. So the socket is shut once the time is over, which wakes whoever waits.
    """

    def __init__(self, seconds: float) -> None:
        self._until = monotonic() + seconds
        self._socket: socket.socket | None = None
        self._timer = Timer(seconds, self._shut)
        self._timer.daemon = True

    def __enter__(self) -> Exchange:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        self._timer.join()  # it shuts no other file that gets the number of this one
        if self._socket is not None:
            self._socket.close()

    def open(self, host: str, port: int, tls: bool) -> socket.socket:
        """All addresses of the host share the time. Raises OSError."""
        problem = OSError("it has no address")
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError as error:
            raise OSError("that is the name of no host") from error
        for family, kind, protocol, _, address in found:
            opened = socket.socket(family, kind, protocol)
            try:
                opened.settimeout(self._left())
                opened.connect(address)
                return self.watch(_encrypted(opened, host) if tls else opened)
            except OSError as error:
                opened.close()
                problem = error
        raise problem

    def watch(self, opened: socket.socket) -> socket.socket:
        """From now on this is the connection. Raises TimeoutError."""
        self._socket = opened
        opened.settimeout(self._left())
        return opened

    def check(self) -> None:
        """What was read on a line that we shut looks as if it ended there. Raises TimeoutError."""
        self._left()

    def _left(self) -> float:
        left = self._until - monotonic()
        if left <= 0:
            raise TimeoutError("it took too long")
        return left

    def _shut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # of TLS, too, which is not asked whether it has finished
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def _encrypted(plain: socket.socket, host: str) -> ssl.SSLSocket:
    """The handshake as a whole has the time of the socket."""
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
