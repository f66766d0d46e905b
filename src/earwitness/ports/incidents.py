"""Cases and the log that they are committed to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from earwitness.case import Draft, Kept
from earwitness.evidence.checkpoints import Checkpoint
from earwitness.model import Utterance

Sign = Callable[[Checkpoint], str]
"""The checkpoint as a note that the log's key signed."""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case. ``code_hash`` is of what opens the reporter's page: 32 bytes."""

    id: str
    code_hash: bytes
    opened_at: datetime


class IncidentRecords(Protocol):
    """Every method that writes is one transaction, durable on return.

    A record and its leaf, the log's head and its signed checkpoint are in the store together
    or not at all.
    """

    def open_case(self, new: CaseRow, drafts: Sequence[Draft], sign: Sign) -> CaseRow:
        """Idempotent by ``code_hash``: the case that is there already, and nothing is added."""

    def add_records(
        self, case: str, number: int, drafts: Sequence[Draft], now: datetime, sign: Sign
    ) -> None:
        """As the records from ``number`` on.

        Raises RevisionConflict where somebody else has added some meanwhile, NotFound.
        """

    def case_of(self, code_hash: bytes) -> CaseRow | None: ...

    def cases(self) -> Sequence[CaseRow]:
        """Newest first."""

    def records(self, case: str) -> Sequence[Kept]:
        """In their order. Raises NotFound."""

    def near(self, device: str, moment: datetime, within: timedelta) -> Sequence[Utterance]:
        """What is kept of a device around a moment, in the order in which it was heard."""

    def log_size(self) -> int: ...

    def log_node(self, level: int, index: int) -> bytes:
        """The root of a perfect subtree, complete already. Raises NotFound."""

    def log_leaf(self, index: int) -> bytes:
        """Raises NotFound."""

    def checkpoint(self, size: int | None = None) -> str:
        """The newest signed one, or that of a size; empty where there is none."""

    def put_checkpoint(self, size: int, note: str) -> None:
        """With more signatures than before, once witnesses have signed it."""


class HeadCopy(Protocol):
    """The newest head of the log, where putting back the store does not put it back."""

    def read(self) -> str:
        """Empty where none was written."""

    def write(self, note: str) -> None:
        """Durable on return. One of a smaller log than what is there changes nothing."""
