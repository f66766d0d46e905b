"""How far recordings are heard, for the bar that a person looks at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from earwitness.doors.cli.screen import Reach
from earwitness.flow.hear import Answer
from earwitness.speech.segment import PIECE_SECONDS, WINDOWS

AHEAD = WINDOWS * PIECE_SECONDS
"""How many seconds of a long recording are decoded at once."""


@dataclass
class Reached:
    """How far it is heard: of several recordings in recordings, of one in seconds."""

    reach: Reach
    before: int
    files: int
    said: float = 0.0
    seconds: float = 0.0

    def decoded(self, seconds: float, said: float) -> None:
        """Sound is asked for ``AHEAD`` of listening, and silence gets no answer."""
        self.said = said
        self._heard(seconds - AHEAD)

    def by(self, answers: Iterable[Answer]) -> Iterator[Answer]:
        """The same answers; each says how far it is heard."""
        for answer in answers:
            self._heard(answer.cut.end)
            yield answer

    def _heard(self, seconds: float) -> None:
        self.seconds = min(self.said, max(self.seconds, seconds))
        if self.files > 1:
            share = self.seconds / self.said if self.said else 0.0
            self.reach(self.before + share, self.files)
        else:
            self.reach(self.seconds, self.said)
