"""What the use cases of incidents need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from earwitness.errors import StoreError
from earwitness.flow.incidents.logbook import Logbook
from earwitness.incidents.policy import Policy, parse
from earwitness.ports import Blobs, Records

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Incidents:
    """``clips`` may be erased by time; ``sealed`` is only ever added to.

    ``policy_text`` gives the policy in force, which a new case takes with it. ``address`` is
    where the workbench is, and ``outside_code`` draws what opens a case for the outside: the
    same for a case each time, and for nobody to guess. ``identity_key``, 32 bytes, seals who
    asked for confidence. ``mail_server`` and ``mail_from`` are by which messages leave, without
    any secret. ``more_room`` gives back what is kept on the disk for reports; whether that made
    room on one that was full.
    """

    records: Records
    clips: Blobs
    sealed: Blobs
    book: Logbook
    policy_text: Callable[[], str]
    outside_code: Callable[[str], str]
    identity_key: bytes
    address: str = ""
    mail_server: str = ""
    mail_from: str = ""
    more_room: Callable[[], bool] = bool

    @property
    def policy(self) -> Policy:
        return parse(self.policy_text())

    def with_room(self, write: Callable[[], T]) -> T:
        """What ``write`` returns, which does nothing twice. Where it finds the disk full, the room
        that is kept is used, and it is tried once more. Raises what ``write`` raises.
        """
        try:
            return write()
        except StoreError:
            if not self.more_room():
                raise
            return write()
