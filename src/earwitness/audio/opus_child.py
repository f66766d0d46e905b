"""The process that decodes the Opus packets of all devices.

Run by ``audio.opus`` as ``python -I -m earwitness.audio.opus_child MEMORY_MIB`` with a Unix
socket that keeps messages apart as standard input. Each asks about one stream (``audio.wire``);
a stream that is not known yet gets a fresh decoder. It can open no file and no socket, and has
a limit on memory and, for each packet, on processor time. Whatever else goes wrong ends it,
and its parent starts another.
"""

from __future__ import annotations

import socket
import sys

import av
import numpy as np
from av.error import FFmpegError

from earwitness.audio.confined import allow_more_time, confine
from earwitness.audio.decimate import Decimator
from earwitness.audio.samples import from_int16, to_int16
from earwitness.audio.wire import AUDIO, CLOSE, MAX_REQUEST, PACKET, READY, REFUSED, REQUEST

CPU_SECONDS = 2
SILENCE = b"\xf8\xff\xfe"
"""A packet of 20 ms, for a first use: libraries import their parts then."""


class Decoder:
    """One stream of packets."""

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libopus", "r")
        self._codec.layout = "mono"
        self._decimator = Decimator()

    def decode(self, packet: bytes) -> bytes:
        """16-bit little-endian samples. Raises FFmpegError or ValueError for a bad packet."""
        frames = self._codec.decode(av.Packet(packet))
        heard = from_int16(np.concatenate([frame.to_ndarray()[0] for frame in frames]))
        return to_int16(self._decimator.next(heard)).astype("<i2").tobytes()


def main() -> None:
    av.logging.set_libav_level(av.logging.PANIC)
    Decoder().decode(SILENCE)
    with socket.socket(fileno=0) as connection:
        confine(int(sys.argv[1]))
        connection.send(READY)
        serve(connection)


def serve(connection: socket.socket) -> None:
    """Answers every packet with samples or a reason, until the parent is gone."""
    decoders: dict[int, Decoder] = {}
    while request := connection.recv(MAX_REQUEST):
        allow_more_time(CPU_SECONDS)
        kind, stream = REQUEST.unpack_from(request)
        if kind != PACKET:
            decoders.pop(stream, None)
        if kind == CLOSE:
            continue
        if stream not in decoders:
            decoders[stream] = Decoder()
        connection.send(_answer(decoders[stream], request[REQUEST.size :]))


def _answer(decoder: Decoder, packet: bytes) -> bytes:
    try:
        return AUDIO + decoder.decode(packet)
    except MemoryError:
        raise
    except (FFmpegError, ValueError) as error:
        return REFUSED + str(error).encode(errors="backslashreplace")[:200]


if __name__ == "__main__":
    main()
