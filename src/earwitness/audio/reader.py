"""Recordings of any common format, decoded in another process.

``Reader`` keeps a few decoding processes and hands each an open file; see
``decode_child`` for what such a process cannot do. Whatever happens to it, the caller
gets an AudioError that names the file, and the next file gets a fresh process.

Memory stays bounded: ``read`` refuses what is too long to hold, ``pieces`` streams.
"""

from __future__ import annotations

import math
import os
import signal
import socket
import stat
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from earwitness.audio.child import ChildProcess
from earwitness.audio.memory import MemoryFile
from earwitness.audio.samples import from_int16
from earwitness.audio.wire import AUDIO, END, HEADER, LENGTH, MAX_PAYLOAD, REFUSED, SECONDS
from earwitness.errors import AudioError
from earwitness.model import SAMPLE_RATE, Samples

_CHILD = "earwitness.audio.decode_child"


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


Told = Callable[[float, float], None]
"""Told how many seconds are decoded, of how many; 0 where the recording does not say."""
_ROUNDING = 0.5
"""What a recording says is decoded at times without the padding at its ends, in seconds."""


def nobody(decoded: float, said: float) -> None:
    """Does not care how far a recording is decoded."""


Recording = Path | MemoryFile


def shown(recording: Recording) -> str:
    """Its path or name as it can be printed: no control characters, no invalid UTF-8."""
    name = recording.name if isinstance(recording, MemoryFile) else recording
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class Reader:
    """Implements ``ports.AudioReader``. Safe to call from several threads."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._idle: list[_Child] = []
        self._finalizer = weakref.finalize(self, _stop_all, self._idle)

    def read(self, recording: Recording) -> Samples:
        """The whole recording, float32 ``[samples]`` at ``SAMPLE_RATE``.

        Raises AudioError, which names the file; also where it is longer than
        ``audio_read_seconds``.
        """
        pcm = bytearray()
        for block in self._blocks(recording, "audio_read_seconds", nobody):
            pcm += block.data
        return np.frombuffer(pcm, np.float32)

    def pieces(
        self, recording: Recording, seconds: float = 1.0, told: Told = nobody
    ) -> Iterator[Samples]:
        """The recording in pieces of ``seconds``, the last one shorter.

        Holds no more than one piece and a second. Raises AudioError as ``read`` does,
        perhaps after some pieces; the limit is ``audio_stream_seconds``.
        """
        size = max(1, round(seconds * SAMPLE_RATE))
        pcm = bytearray()
        for block in self._blocks(recording, "audio_stream_seconds", told):
            pcm += block.data
            while len(pcm) >= 4 * size:
                yield np.frombuffer(pcm[: 4 * size], np.float32)
                del pcm[: 4 * size]
        if pcm:
            yield np.frombuffer(pcm, np.float32)

    def close(self) -> None:
        """Ends the decoding processes; a later call starts new ones."""
        _stop_all(self._idle)

    def _blocks(self, recording: Recording, limit: str, told: Told) -> Iterator[Samples]:
        name = shown(recording)
        length = _Length(name, limit, getattr(self._limits, limit), told)
        with _opened(recording) as descriptor, self._child() as child:
            for block in child.decode(descriptor, name, length.said):
                length.grew(len(block))
                yield block

    @contextmanager
    def _child(self) -> Iterator[_Child]:
        """A child for one recording; only one that finished it well is used again."""
        child = _take(self._idle) or _Child(self._limits)
        try:
            yield child
        finally:
            if child.idle:
                self._idle.append(child)
            else:
                child.stop()


class _Length:
    """How long a recording says it is, and how much of it has come. Raises AudioError."""

    def __init__(self, name: str, limit: str, most: float, told: Told) -> None:
        self._name, self._limit, self._most = name, limit, most
        self._told = told
        self._said = 0.0
        self._samples = 0

    def said(self, seconds: float) -> None:
        """Refused before anything is decoded where it is too much."""
        self._said = seconds if math.isfinite(seconds) else 0.0
        self._check(self._said - _ROUNDING)

    def grew(self, samples: int) -> None:
        self._samples += samples
        self._check(self._samples / SAMPLE_RATE)
        self._told(self._samples / SAMPLE_RATE, self._said)

    def _check(self, seconds: float) -> None:
        if seconds > self._most:
            raise AudioError(
                f"{self._name}: is longer than {self._most:g} s, the most that the setting"
                f" {self._limit} allows."
            )


class _Child:
    """One decoding process."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        numbers = (limits.audio_decoder_mib, limits.audio_cpu_seconds)
        self._process = ChildProcess(_CHILD, numbers, limits.audio_stall_seconds)
        self._socket = self._process.socket
        self.idle = True

    @property
    def alive(self) -> bool:
        return self._process.alive

    def decode(
        self, descriptor: int, name: str, said: Callable[[float], None]
    ) -> Iterator[Samples]:
        self.idle = False
        try:
            yield from self._answers(descriptor, name, said)
        except TimeoutError:
            raise AudioError(
                f"{name}: the decoder made no progress for"
                f" {self._limits.audio_stall_seconds:g} s (setting audio_stall_seconds)."
            ) from None
        except (ConnectionError, EOFError):
            raise AudioError(f"{name}: {self._cause_of_death()}.") from None

    def stop(self) -> None:
        self._process.stop()

    def _answers(
        self, descriptor: int, name: str, said: Callable[[float], None]
    ) -> Iterator[Samples]:
        socket.send_fds(self._socket, [b"?"], [descriptor])
        while True:
            kind, payload = self._message()
            if kind == AUDIO and len(payload) % 2 == 0:
                yield from_int16(np.frombuffer(payload, "<i2"))
                continue
            if kind == LENGTH and len(payload) == SECONDS.size:
                said(*SECONDS.unpack(payload))
                continue
            self.idle = kind in (END, REFUSED)
            if kind == END:
                return
            raise AudioError(f"{name}: {_printable(payload) or 'is not decodable'}.")

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
