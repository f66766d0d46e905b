"""A device's side of a session, without sockets: what to send next, and what is done with.

Sound goes in with ``say`` and silence that is not sent with ``skip``; ``outgoing`` gives
what is to be sent next on this connection, frame by frame.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from earwitness.device.buffer import BUFFER_SECONDS, Piece, Unacknowledged
from earwitness.model import SAMPLE_RATE, Samples
from earwitness.wire.link import messages as link
from earwitness.wire.link.codec import encode
from earwitness.wire.link.frames import AudioFrame, encode_frame, to_pcm16

FRAME_SAMPLES = SAMPLE_RATE
"""The longest frame of PCM."""


@dataclass(frozen=True, slots=True)
class Packet:
    """Encoded sound: how many samples it stands for, and whether a decoder can begin here."""

    payload: bytes
    samples: int
    fresh: bool


class Encoding(Protocol):
    """A codec, as a device uses it."""

    codec: link.Codec

    def encode(self, samples: Samples) -> Sequence[Packet]:
        """May hold back what does not fill a packet yet."""

    def finish(self) -> Sequence[Packet]:
        """What was held back, padded with silence; the next packet begins anew."""


class Pcm16:
    """Implements ``Encoding``: nothing is held back."""

    codec: link.Codec = "pcm16"

    def encode(self, samples: Samples) -> Sequence[Packet]:
        starts = range(0, len(samples), FRAME_SAMPLES)
        blocks = (samples[first : first + FRAME_SAMPLES] for first in starts)
        return [Packet(to_pcm16(block), len(block), fresh=True) for block in blocks]

    def finish(self) -> Sequence[Packet]:
        return ()


class DeviceSession:
    """``push``: utterances are begun and ended by hand."""

    def __init__(
        self,
        encoding: Encoding | None = None,
        *,
        push: bool = False,
        seconds: float = BUFFER_SECONDS,
    ) -> None:
        self.encoding = encoding or Pcm16()
        self.push = push
        self.buffer = Unacknowledged(seconds)
        self.position = 0
        """Of the next sample that is heard."""
        self.until = 0
        """Everything before it is done with."""
        self.id: str | None = None
        self._began: int | None = None
        self._heard = 0  # a codec's packets may end a little later
        self._speaking = False
        self._sequence = 0
        self._urgent: deque[link.FromDevice] = deque()

    # --- what is heard ------------------------------------------------------------

    def begin(self) -> None:
        """The button is pressed."""
        if self.push and not self._speaking:
            self._speaking = True
            self.buffer.add(Piece(self.position, mark="begin"))

    def say(self, samples: Samples) -> None:
        """Sound that is to be heard, ``[samples]`` at 16 kHz; without a ``begin`` it is not."""
        if self.push and not self._speaking:
            self.skip(len(samples))
        elif samples.size:
            self._speaking = True
            self._heard += len(samples)
            self._add(self.encoding.encode(samples))

    def skip(self, samples: int) -> None:
        """So much was heard that is not sent."""
        if not self.push:
            self.end()
        self._heard += samples
        self.position = max(self.position, self._heard)

    def end(self) -> None:
        """What was said so far is over."""
        if self._speaking:
            self._add(self.encoding.finish())
            self._speaking = False
            self.buffer.add(Piece(self.position, mark="end"))

    def forget(self) -> None:
        """Wipes what is not answered yet, here and there."""
        self.encoding.finish()
        self.buffer.wipe()
        self._speaking = False
        self.until = self.position
        self._urgent.clear()
        if self.id is not None:
            self._urgent.append(link.Drop(position=self.position))

    @property
    def is_done(self) -> bool:
        """Everything that was said is answered."""
        return not len(self.buffer) and not self._speaking

    # --- one connection -------------------------------------------------------------

    def place(self) -> tuple[str | None, int | None, int]:
        """``session``, ``began`` and ``position`` of the next hello."""
        if self.id is None:
            self._rebase()
        return self.id, self._began, self.until

    def welcomed(self, welcome: link.Welcome) -> None:
        self.id, self._began, self.until = welcome.session, welcome.began, welcome.position
        self._sequence = 0
        self._urgent.clear()
        self.buffer.rewind()
        if self.push and self.buffer.inside:
            self._urgent.append(link.Begin(position=self.until))

    def start_anew(self) -> None:
        """The server no longer knows this session; what it has not answered goes to a new one."""
        self.id = self._began = None

    def outgoing(self) -> str | bytes | None:
        """What to send next; None while there is nothing."""
        if self._urgent:
            return encode(self._urgent.popleft())
        piece = self.buffer.next()
        return None if piece is None else self._sent(piece)

    def heard(self, message: link.FromServer) -> None:
        """What the server says about how far it is."""
        until = getattr(message, "until", None)
        if isinstance(until, int) and self.until < until <= self.position:
            self.until = until
        self.buffer.acknowledge(self.until, goes_on=self._goes_on())

    def _goes_on(self) -> bool:
        return self._speaking and self.encoding.codec != "pcm16"

    def _sent(self, piece: Piece) -> str | bytes:
        if piece.mark == "begin":
            return encode(link.Begin(position=max(piece.position, self.until)))
        if piece.mark == "end":
            return encode(link.End(position=piece.position))
        frame = AudioFrame(
            self.encoding.codec, self._sequence, piece.position, bytes(piece.payload), piece.fresh
        )
        self._sequence += 1
        return encode_frame(frame)

    def _add(self, packets: Sequence[Packet]) -> None:
        for packet in packets:
            payload = bytearray(packet.payload)
            self.buffer.add(Piece(self.position, packet.samples, payload, packet.fresh))
            self.position += packet.samples

    def _rebase(self) -> None:
        """A session begins at 0, with what is still to be sent."""
        start = self.buffer.start
        first = self.position if start is None else start
        self.buffer.rebase(first)
        self.position -= first
        self._heard -= first
        self.until = 0
