"""Servers of this machine that do what one who receives a message may do."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Answer = Callable[[socket.socket], None]


@dataclass
class Receiver:
    """Each connection to it, and what came on it."""

    port: int
    connections: list[socket.socket] = field(default_factory=list)
    ended: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def smtp(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"


@contextmanager
def receiver(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Answers each connection in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Receiver(listener.getsockname()[1])
        threading.Thread(target=_served, args=(listener, answer, context, made)).start()
        try:
            yield made
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            for each in made.connections:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)


def _served(
    listener: socket.socket, answer: Answer, context: ssl.SSLContext | None, made: Receiver
) -> None:
    def one(plain: socket.socket) -> None:
        with suppress(OSError), plain:
            if context is None:
                answer(plain)
            else:
                with context.wrap_socket(plain, server_side=True) as line:
                    answer(line)
        made.ended.release()

    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            made.connections.append(connection)
            threading.Thread(target=one, args=(connection,)).start()


def dripping(line: socket.socket, begin: bytes = b"", drop: bytes = b"a") -> None:
    """Somebody who always has one byte more to say."""
    line.sendall(begin)
    pause = threading.Event()
    while not pause.wait(0.05):
        line.sendall(drop)


def saying(answer: bytes) -> Answer:
    """Reads a request of HTTP, and answers this."""

    def say(line: socket.socket) -> None:
        with line.makefile("rb") as file:
            _request(file.readline, file.read)
            line.sendall(answer)

    return say


def _request(line: Callable[[], bytes], read: Callable[[int], bytes]) -> None:
    length = 0
    while (header := line()) not in (b"\r\n", b""):
        name, _, value = header.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    read(length)


def mail_server(
    refuses: dict[bytes, bytes], took: list[bytes], quits: Answer | None = None
) -> Answer:
    """Speaks SMTP; ``refuses`` is what it answers to a command instead."""

    def serve(line: socket.socket) -> None:
        with line.makefile("rb") as file:
            line.sendall(b"220 here\r\n")
            while command := file.readline()[:4].strip().upper():
                if command == b"QUIT" and quits is not None:
                    quits(line)
                if command == b"DATA" and command not in refuses:
                    line.sendall(b"354 go on\r\n")
                    took.append(b"".join(iter(file.readline, b".\r\n")))
                well = b"221 bye" if command == b"QUIT" else b"250 well"
                line.sendall(refuses.get(command, well) + b"\r\n")

    return serve
