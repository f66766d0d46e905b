"""What the use cases of incidents need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from earwitness.flow.incidents.logbook import Logbook
from earwitness.incidents.policy import Policy, parse
from earwitness.ports import Blobs, Records


@dataclass(frozen=True, slots=True)
class Incidents:
    """``clips`` may be erased by time; ``sealed`` is only ever added to.

    ``policy_text`` gives the policy in force, which a new case takes with it. ``address`` is
    where the workbench is, and ``outside_code`` draws what opens a case for the outside: the
    same for a case each time, and for nobody to guess. ``identity_key``, 32 bytes, seals who
    asked for confidence. ``mail_server`` and ``mail_from`` are by which messages leave, without
    any secret.
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

    @property
    def policy(self) -> Policy:
        return parse(self.policy_text())
