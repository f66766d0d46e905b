"""What is kept of listening itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from earwitness.listening import Playback, Report


class DeskRecords(Protocol):
    """Who heard which clip and why, what was reported, and where guesses come first."""

    def add_playback(self, new: Playback) -> None:
        """Durable on return, before the sound is given away. Idempotent by id."""

    def played(self, playback_id: str, listener: str, seconds: float) -> None:
        """How much of it was heard so far. Raises NotFound for somebody else's."""

    def playbacks(self, utterance_id: str) -> Sequence[Playback]:
        """Oldest first."""

    def listened(self, listener: str, since: datetime) -> Sequence[Playback]:
        """Oldest first."""

    def early_reports(self) -> Sequence[Report]:
        """Those from before there were cases, oldest first."""

    def allow_guesses(self, household: str, by: str, why: str, now: datetime) -> None:
        """Listeners see the machine's text of this household's clips before they write."""

    def forbid_guesses(self, household: str) -> None:
        """Idempotent."""

    def guesses_allowed(self) -> Mapping[str, tuple[str, str, datetime]]:
        """Household -> who allowed it, why, when."""
