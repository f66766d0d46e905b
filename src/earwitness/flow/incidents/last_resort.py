"""The outside is told when the reports themselves cannot be read any more, or cannot climb.

Where the store is gone there is no record, no clock and no delivery. What is left is the memory
of this process: whom the policies on record, or in force, have named, as of the last time that
everything could be read. Each process tells them for itself, for there is nothing left by which
several could agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from earwitness.errors import EarwitnessError
from earwitness.flow.incidents import house
from earwitness.flow.incidents.parts import Incidents
from earwitness.incidents.records import HOUSE
from earwitness.ports import Channels, Message

PATIENCE = timedelta(hours=1)
"""How long the reports may be out of reach before the outside is told."""
AGAIN = timedelta(days=1)
PAUSE = timedelta(minutes=5)
"""Before what could not be sent is tried again."""
_SUBJECT = "Earwitness: the reports cannot be read any more"

log = structlog.get_logger(__name__)


@dataclass
class LastResort:
    """Of one process. Moments are those of a clock that nobody can set back."""

    _known: tuple[str, ...] = ()
    _leaves: int = 0
    _since: datetime | None = None
    """When everything was as it should be last."""
    _due: dict[str, datetime] = field(default_factory=dict)
    """By channel, when it is told next; empty while all is well."""

    def works(self, channels: Sequence[str], now: datetime, on: Incidents) -> None:
        """All is as it should be. That it was not is on record, where somebody was told so."""
        if self._due and self._since:
            house.note_silence(self._since, channels, now, on)
        self._known, self._leaves = tuple(channels), on.book.trust.tree.size
        self._since, self._due = now, {}

    def fails(self, now: datetime, on: Incidents, channels: Channels) -> None:
        """It is not; whoever is outside is told once that has gone on for too long."""
        self._since = self._since or now
        if now - self._since < PATIENCE:
            return
        for channel in self._known or _in_force(on):
            if self._due.setdefault(channel, now) <= now:
                self._due[channel] = now + self._told(channel, now, on, channels)

    def _told(self, channel: str, now: datetime, on: Incidents, channels: Channels) -> timedelta:
        """How long to wait before the next try."""
        name = f"{HOUSE}.unreadable.{now:%Y%m%dT%H%M}"
        message = Message(name, HOUSE, "outside", _SUBJECT, self._text(on), now)
        try:
            channels.send(channel, message)
        except Exception as error:  # whatever it is: the others are told, and it is tried again
            log.error("nobody outside could be told", why=str(error))
            return PAUSE
        log.error("the outside was told that the reports cannot be read", since=self._since)
        return AGAIN

    def _text(self, on: Incidents) -> str:
        return (
            "You were chosen, now or earlier, as who is told where nobody inside acts on a "
            "report.\n\n"
            f"Since {self._since:%Y-%m-%d %H:%M UTC} the reports of {on.address or 'this place'} "
            "cannot be read, or nothing can be added to them: their store is gone, damaged, full "
            "or out of reach. So a report may reach nobody, and its deadlines may pass.\n\n"
            f"Their log had {self._leaves} records then. Whoever reported something has a receipt "
            "that proves it. Ask those who run this place, and those who work there. This message "
            "comes again each day while that lasts. The key of the log is\n\n"
            f"  {on.book.key.public}\n"
        )


def _in_force(on: Incidents) -> tuple[str, ...]:
    try:
        return house.channels_of(on.policy)
    except EarwitnessError:
        return ()
