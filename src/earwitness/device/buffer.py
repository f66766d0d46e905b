"""What a device has heard and nobody has answered yet: in memory alone, bounded, wiped.

A ring of frames as they are sent, with marks for where an utterance begins and ends. It
knows which of them this connection has sent already, so that the next one sends the rest
again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from earwitness.model import SAMPLE_RATE

BUFFER_SECONDS = 60.0

Mark = Literal["", "begin", "end"]


@dataclass(slots=True)
class Piece:
    """One frame, or a mark, which has no samples. ``fresh`` as in ``wire.link.frames``."""

    position: int
    samples: int = 0
    payload: bytearray = field(default_factory=bytearray, repr=False)
    fresh: bool = True
    mark: Mark = ""

    @property
    def end(self) -> int:
        return self.position + self.samples

    def wipe(self) -> None:
        self.payload[:] = bytes(len(self.payload))


class Unacknowledged:
    """Pieces in order of their position, at most ``seconds`` of sound.

    What is over that is dropped, oldest first; ``lost`` counts its samples.
    """

    def __init__(self, seconds: float = BUFFER_SECONDS) -> None:
        self._most = round(seconds * SAMPLE_RATE)
        self._pieces: deque[Piece] = deque()
        self._sent = 0
        self.samples = 0
        self.lost = 0
        self.inside = False
        """The mark that began the first piece's utterance is gone already."""

    def __len__(self) -> int:
        return len(self._pieces)

    def __iter__(self) -> Iterator[Piece]:
        return iter(self._pieces)

    @property
    def start(self) -> int | None:
        """The position of the first piece."""
        return self._pieces[0].position if self._pieces else None

    @property
    def unsent(self) -> int:
        """How many pieces this connection has not sent yet."""
        return len(self._pieces) - self._sent

    def add(self, piece: Piece) -> None:
        self._pieces.append(piece)
        self.samples += piece.samples
        while self.samples > self._most:
            self.lost += self._drop_oldest()

    def next(self) -> Piece | None:
        """The first piece that is not sent yet; it counts as sent from now on."""
        if self._sent == len(self._pieces):
            return None
        self._sent += 1
        return self._pieces[self._sent - 1]

    def rewind(self) -> None:
        """A new connection: nothing is sent yet."""
        self._sent = 0

    def acknowledge(self, until: int, *, goes_on: bool) -> None:
        """Forgets what was sent and lies before ``until``.

        A codec needs what came before a frame: back to the last fresh one is kept, also
        while nothing follows yet but the same sound ``goes_on``.
        """
        done = 0
        for index, piece in enumerate(islice(self._pieces, self._sent)):
            if piece.end > until:
                break
            if piece.mark != "begin":
                done = index + 1
        for _ in range(self._whole(done, goes_on)):
            self._forget()

    def wipe(self) -> None:
        """Overwrites every sample, and forgets everything."""
        while self._pieces:
            self._forget()
        self.inside = False

    def rebase(self, by: int) -> None:
        """Positions count from another sample."""
        for piece in self._pieces:
            piece.position -= by

    def _whole(self, done: int, goes_on: bool) -> int:
        """How many of the first ``done`` pieces no later one needs."""
        needed = goes_on if done == len(self._pieces) else not self._pieces[done].fresh
        while done and needed:
            done -= 1
            needed = not self._pieces[done].fresh or bool(self._pieces[done].mark)
        return done

    def _drop_oldest(self) -> int:
        """One piece and what makes no sense without it; returns its samples."""
        dropped = self._forget()
        while self._pieces and not self._begins(self._pieces[0]):
            dropped += self._forget()
        return dropped

    def _begins(self, piece: Piece) -> bool:
        return piece.mark == "begin" or (not piece.mark and piece.fresh)

    def _forget(self) -> int:
        piece = self._pieces.popleft()
        piece.wipe()
        self.samples -= piece.samples
        self._sent = max(0, self._sent - 1)
        if piece.mark:
            self.inside = piece.mark == "begin"
        return piece.samples
