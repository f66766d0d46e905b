"""Where in its session a device is: which frame may come next."""

from __future__ import annotations

from earwitness.errors import ProtocolError
from earwitness.model import SAMPLE_RATE
from earwitness.wire.link.frames import MAX_SEQUENCE, AudioFrame
from earwitness.wire.link.messages import Codec

LEAD_SECONDS = 15.0
"""How far before the place where it goes on a device may begin, so that a codec settles."""


class Course:
    """One connection's frames, which count from 0, do not overlap and never go back.

    ``at`` is where the next frame is expected. What lies before ``start`` was heard already.
    """

    def __init__(self, start: int, codec: Codec) -> None:
        self.start = self.at = start
        self._codec = codec
        self._sequence = 0
        self._any = False

    def check(self, frame: AudioFrame, horizon: int) -> bool:
        """Whether there is a gap before this frame, which may not lie beyond ``horizon``.

        Raises ProtocolError for a frame that may not come now.
        """
        if frame.codec != self._codec:
            raise ProtocolError(f"The hello promised {self._codec}.", "codec")
        if frame.sequence != self._sequence:
            wrong = f"After frame {self._sequence - 1} came frame {frame.sequence}."
            raise ProtocolError(wrong, "sequence")
        if not self._any:
            self._lead_in(frame)
        if frame.position < self.at:
            wrong = f"A frame at {frame.position} goes back behind {self.at}."
            raise ProtocolError(wrong, "position")
        return self._jumps(frame, horizon)

    def take(self, frame: AudioFrame, samples: int) -> int:
        """The frame had so many ``samples``: how many of them were heard already."""
        self._any = True
        self._sequence = min(self._sequence + 1, MAX_SEQUENCE)
        self.at = frame.position + samples
        return min(max(self.start - frame.position, 0), samples)

    def move(self, position: int, horizon: int) -> None:
        """What comes next begins at ``position``. Raises ProtocolError where it cannot."""
        if not self.at <= position <= max(self.at, horizon):
            wrong = f"{position} does not lie between the last frame's end, {self.at}, and now."
            raise ProtocolError(wrong, "position")
        self.at = position

    def check_end(self, position: int) -> None:
        """Raises ProtocolError unless the frames end at ``position``."""
        if position != self.at:
            wrong = f"The end is said to be at {position}, but the frames end at {self.at}."
            raise ProtocolError(wrong, "position")

    def _lead_in(self, frame: AudioFrame) -> None:
        """The first frame may lie a little before the start."""
        if self.start - LEAD_SECONDS * SAMPLE_RATE <= frame.position < self.start:
            self.at = frame.position

    def _jumps(self, frame: AudioFrame, horizon: int) -> bool:
        gap = frame.position > self.at
        if gap and frame.position > horizon:
            raise ProtocolError(f"A frame at {frame.position} lies in the future.", "position")
        if not frame.fresh and (gap or not self._any):
            raise ProtocolError("A codec begins anew at the start and behind a gap.", "codec")
        return gap
