"""Decoding processes as their parent sees them: one recording in, checked messages out.

``Decoders`` keeps a few processes of one program and hands each an open file. Whatever
happens to it, the caller gets an AudioError that names the file, and the next file gets
a fresh process.
"""

from __future__ import annotations

import os
import signal
import socket
import stat
import weakref
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from earwitness.audio.child import ChildProcess
from earwitness.audio.memory import MemoryFile
from earwitness.audio.wire import END, HEADER, MAX_PAYLOAD, REFUSED
from earwitness.errors import AudioError


@dataclass(frozen=True, slots=True)
class Limits:
    """What one recording may cost. The names are those of the settings."""

    audio_read_seconds: float = 600.0
    """The longest recording that is held in memory at once (38 MB)."""
    audio_stream_seconds: float = 12 * 3600.0
    """The longest recording that is taken piece by piece."""
    audio_decoder_mib: int = 512
    """Address space of the decoding process."""
    audio_cpu_seconds: int = 600
    """Processor time for decoding one recording."""
    audio_stall_seconds: float = 30.0
    """How long the decoder may be silent before it is stopped."""


NO_SOUND = "the decoder said something that is no sound"

Recording = Path | MemoryFile


def shown(recording: Recording) -> str:
    """Its path or name as it can be printed: no control characters, no invalid UTF-8."""
    name = recording.name if isinstance(recording, MemoryFile) else recording
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class Decoders:
    """Processes that run ``module``. Safe to use from several threads."""

    def __init__(self, module: str, limits: Limits) -> None:
        self._module, self._limits = module, limits
        self._idle: list[_Child] = []
        self._finalizer = weakref.finalize(self, _stop_all, self._idle)

    def answers(
        self, recording: Recording, request: bytes
    ) -> Generator[tuple[bytes, bytes], None, None]:
        """(kind, payload) of what a process says of a recording, without its ``END``.

        Raises AudioError, which names the file, perhaps after some answers.
        """
        name = shown(recording)
        with _opened(recording) as descriptor, self._child() as child:
            yield from child.decode(descriptor, request, name)

    def close(self) -> None:
        """Ends the processes; a later call starts new ones."""
        _stop_all(self._idle)

    @contextmanager
    def _child(self) -> Iterator[_Child]:
        """A child for one recording; only one that finished it well is used again."""
        child = _take(self._idle) or _Child(self._module, self._limits)
        try:
            yield child
        finally:
            if child.idle:
                self._idle.append(child)
            else:
                child.stop()


class _Child:
    """One decoding process."""

    def __init__(self, module: str, limits: Limits) -> None:
        self._limits = limits
        numbers = (limits.audio_decoder_mib, limits.audio_cpu_seconds)
        self._process = ChildProcess(module, numbers, limits.audio_stall_seconds)
        self._socket = self._process.socket
        self.idle = True

    @property
    def alive(self) -> bool:
        return self._process.alive

    def decode(self, descriptor: int, request: bytes, name: str) -> Iterator[tuple[bytes, bytes]]:
        self.idle = False
        try:
            yield from self._answers(descriptor, request, name)
        except TimeoutError:
            raise AudioError(
                f"{name}: the decoder made no progress for"
                f" {self._limits.audio_stall_seconds:g} s (setting audio_stall_seconds)."
            ) from None
        except (ConnectionError, EOFError):
            raise AudioError(f"{name}: {self._cause_of_death()}.") from None

    def stop(self) -> None:
        self._process.stop()

    def _answers(self, descriptor: int, request: bytes, name: str) -> Iterator[tuple[bytes, bytes]]:
        socket.send_fds(self._socket, [request], [descriptor])
        while True:
            kind, payload = self._message()
            self.idle = kind in (END, REFUSED)
            if kind == END:
                return
            if kind == REFUSED:
                raise AudioError(f"{name}: {_printable(payload) or 'is not decodable'}.")
            yield kind, payload

    def _message(self) -> tuple[bytes, bytes]:
        kind, length = HEADER.unpack(self._receive(HEADER.size))
        if length > MAX_PAYLOAD:
            raise EOFError
        return kind, self._receive(length)

    def _receive(self, length: int) -> bytes:
        received = bytearray()
        while len(received) < length:
            part = self._socket.recv(length - len(received))
            if not part:
                raise EOFError
            received += part
        return bytes(received)

    def _cause_of_death(self) -> str:
        code = self._process.exit_code()
        if code == -signal.SIGXCPU:
            seconds = self._limits.audio_cpu_seconds
            return f"took more than {seconds} s to decode (setting audio_cpu_seconds)"
        if code is not None and code < 0:
            return f"the decoder was ended by {signal.Signals(-code).name}"
        return "the decoder failed to work; `earwitness doctor` checks the installation"


def _take(idle: list[_Child]) -> _Child | None:
    while True:
        try:
            child = idle.pop()
        except IndexError:
            return None
        if child.alive:
            return child
        child.stop()


def _stop_all(idle: list[_Child]) -> None:
    while child := _take(idle):
        child.stop()


@contextmanager
def _opened(recording: Recording) -> Iterator[int]:
    """A descriptor of a regular file. Never waits for a FIFO, never touches a device."""
    if isinstance(recording, MemoryFile):
        _check_regular(os.fstat(recording.fileno()), recording)
        recording.rewind()
        yield recording.fileno()
        return
    try:
        _check_regular(os.stat(recording), recording)  # noqa: PTH116
        descriptor = os.open(recording, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        raise AudioError(f"{shown(recording)}: {_why_not_open(error)}.") from error
    try:
        _check_regular(os.fstat(descriptor), recording)
        yield descriptor
    finally:
        os.close(descriptor)


def _check_regular(status: os.stat_result, recording: Recording) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise AudioError(f"{shown(recording)}: is a folder, not a recording.")
    if not stat.S_ISREG(status.st_mode):
        raise AudioError(f"{shown(recording)}: is not a regular file.")
    if not status.st_size:
        raise AudioError(f"{shown(recording)}: is empty.")


def _why_not_open(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "does not exist"
    if isinstance(error, PermissionError):
        return "may not be read by this user"
    return f"cannot be opened ({getattr(error, 'strerror', None) or error})"


def _printable(payload: bytes) -> str:
    """What the child says, fit for a terminal even where a decoder was taken over."""
    text = payload.decode("utf-8", "backslashreplace")[:500]
    return "".join(c if c.isprintable() else "?" for c in text)
