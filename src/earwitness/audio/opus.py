"""Live streams of Opus packets, decoded in another process.

One process decodes for all streams (``opus_child`` says what it cannot do): a decoder
written in C should not meet the packets of strangers in the process that hears everybody.
If it dies, another takes its place, and every stream goes on with a fresh decoder: a glitch
of some milliseconds.
"""

from __future__ import annotations

import itertools
import socket
import threading
import weakref
from types import TracebackType

import numpy as np

from earwitness.audio.child import ChildProcess
from earwitness.audio.opus_packet import packet_samples
from earwitness.audio.samples import from_int16
from earwitness.audio.wire import AUDIO, CLOSE, FRESH, MAX_REQUEST, PACKET, READY, REQUEST
from earwitness.errors import EngineError, ProtocolError
from earwitness.model import Samples

_CHILD = "earwitness.audio.opus_child"
_START_SECONDS = 30.0
_ATTEMPTS = 2
"""A process may have died of something else, so its successor is asked once more."""


class OpusDecoders:
    """The Opus streams of a server. Safe to call from several threads.

    ``memory_mib`` is the address space of the decoding process; ``answer_seconds`` is how
    long it may take for a packet, which takes it some 40 microseconds.
    """

    def __init__(self, memory_mib: int = 512, answer_seconds: float = 1.0) -> None:
        self._memory_mib = memory_mib
        self._answer_seconds = answer_seconds
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._children: list[ChildProcess] = []
        self._finalizer = weakref.finalize(self, _stop_all, self._children)

    def open(self) -> OpusStream:
        return OpusStream(self, next(self._numbers))

    def close(self) -> None:
        """Ends the process. A stream that goes on starts another."""
        with self._lock:
            _stop_all(self._children)

    def decode(self, stream: int, packet: bytes, fresh: bool) -> bytes:
        """``OpusStream.decode`` for the stream of this number, as 16-bit little-endian samples."""
        expected = 2 * packet_samples(packet)
        answer = self._answer(REQUEST.pack(FRESH if fresh else PACKET, stream) + packet)
        if answer[:1] != AUDIO:
            raise ProtocolError(f"An Opus packet cannot be decoded{_reason(answer)}.", "bad_opus")
        if len(answer) != 1 + expected:
            raise ProtocolError("An Opus packet is not as long as it says.", "bad_opus")
        return answer[1:]

    def forget(self, stream: int) -> None:
        """Nothing more comes in this stream."""
        with self._lock:
            for child in self._children:
                try:
                    child.socket.send(REQUEST.pack(CLOSE, stream))
                except OSError:
                    continue  # Dead: its successor does not know the stream.

    def _answer(self, request: bytes) -> bytes:
        with self._lock:
            for _ in range(_ATTEMPTS):
                try:
                    return self._ask(self._child(), request)
                except ConnectionError:
                    continue
        raise ProtocolError("An Opus packet ended the decoder.", "opus_crash")

    def _ask(self, child: ChildProcess, request: bytes) -> bytes:
        try:
            child.socket.send(request)
            return _received(child)
        except TimeoutError:
            _stop_all(self._children)
            raise ProtocolError(
                f"An Opus packet took more than {self._answer_seconds:g} s to decode.", "opus_crash"
            ) from None
        except BaseException:
            # An answer that nobody waits for would pass for the next one.
            _stop_all(self._children)
            raise

    def _child(self) -> ChildProcess:
        if not self._children:
            self._children.append(_started(self._memory_mib))
            self._children[0].socket.settimeout(self._answer_seconds)
        return self._children[0]


class OpusStream:
    """The packets of one device, in their order. ``OpusDecoders.open`` makes it."""

    def __init__(self, decoders: OpusDecoders, number: int) -> None:
        self._decoders = decoders
        self._number = number

    def decode(self, packet: bytes, *, fresh: bool = False) -> Samples:
        """The packet's sound, as long as it says it is: 320 samples for 20 ms.

        It comes 2.5 ms late, and later by what the encoder looked ahead. A ``fresh`` packet
        is decoded as if nothing had come before it, so that the same packets since then are
        the same samples, on any server.

        Raises ProtocolError for a packet that cannot be decoded; the stream may go on
        without it, but its code ``opus_crash`` says that the packet cost a process, and
        who sends such should not go on. Raises EngineError where no process can be started.
        Blocks, so a server with many streams calls it outside of its event loop.
        """
        pcm = self._decoders.decode(self._number, packet, fresh)
        return from_int16(np.frombuffer(pcm, "<i2"))

    def close(self) -> None:
        """Frees what the decoder remembers of it. Idempotent."""
        self._decoders.forget(self._number)

    def __enter__(self) -> OpusStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _started(memory_mib: int) -> ChildProcess:
    child = ChildProcess(_CHILD, [memory_mib], _START_SECONDS, socket.SOCK_SEQPACKET)
    try:
        if _received(child) == READY:
            return child
    except OSError:
        pass
    child.stop()
    raise EngineError(
        "The decoder of Opus does not start; `earwitness doctor` checks the installation."
    )


def _received(child: ChildProcess) -> bytes:
    answer = child.socket.recv(MAX_REQUEST)
    if not answer:
        raise ConnectionResetError
    return answer


def _reason(answer: bytes) -> str:
    """What the process says, fit for a message even where it was taken over."""
    text = answer[1:].decode("utf-8", "backslashreplace")[:200]
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return f" ({shown})" if shown else ""


def _stop_all(children: list[ChildProcess]) -> None:
    while children:
        children.pop().stop()
