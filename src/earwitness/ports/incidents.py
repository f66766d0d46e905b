"""Cases and the log that they are committed to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from earwitness.evidence.checkpoints import Checkpoint
from earwitness.evidence.merkle import Frontier
from earwitness.evidence.notes import VerifierKey
from earwitness.evidence.witnessing import Submission
from earwitness.incidents.deliveries import Ahead, Delivery
from earwitness.incidents.records import Draft, Kept
from earwitness.model import Utterance


class Signer(Protocol):
    """Whose log it is. What they signed is believed, and nothing else that a store says of it."""

    def sign(self, head: Checkpoint) -> str:
        """The checkpoint as a note of theirs."""

    def signed(self, note: str) -> Checkpoint | None:
        """What a note of theirs says; None for everybody else's."""

    def known(self) -> Iterable[Frontier]:
        """Trees with a head of theirs, from elsewhere than the store."""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case. ``code_hash`` is of what opens the reporter's page: 32 bytes."""

    id: str
    code_hash: bytes
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Addition:
    """Records of a case from ``number`` on, and what they lead to."""

    case: str
    number: int
    drafts: Sequence[Draft]
    ahead: Ahead


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent to somebody: that something waits and where, never what.

    ``id`` is the same however often it is sent.
    """

    id: str
    case: str
    kind: str
    subject: str
    text: str
    at: datetime


class IncidentRecords(Protocol):
    """Every method that writes is one transaction, durable on return.

    A record and its leaf, the log's head and its signed checkpoint are in the store together
    or not at all.
    """

    def open_case(
        self, new: CaseRow, drafts: Sequence[Draft], ahead: Ahead, signer: Signer
    ) -> CaseRow:
        """Idempotent by ``code_hash``: the case that is there already, and nothing is added."""

    def add_records(
        self, additions: Sequence[Addition], now: datetime, signer: Signer
    ) -> frozenset[str]:
        """The cases that were added to; not where somebody else has added some meanwhile.

        All in one transaction. Raises NotFound.
        """

    def case_of(self, code_hash: bytes) -> CaseRow | None: ...

    def cases(self) -> Sequence[CaseRow]:
        """What was reported, newest first."""

    def case_rows(self, ids: Sequence[str]) -> Sequence[CaseRow]:
        """Those that are there."""

    def lost_cases(self) -> Sequence[str]:
        """Those that have records, and no row any more."""

    def put_case(self, row: CaseRow) -> None:
        """As it should be; whatever else has its code loses it."""

    def records(self, case: str) -> Sequence[Kept]:
        """In their order. Raises NotFound."""

    def records_of(self, cases: Sequence[str]) -> Mapping[str, Sequence[Kept]]:
        """Of each that has any, in their order."""

    def records_at(self, start: int, end: int) -> Sequence[Kept]:
        """Those whose leaves have a place from one up to, and without, another; in no order."""

    def places(self) -> frozenset[int]:
        """Of the leaves that the records of all cases say are theirs."""

    def near(self, device: str, moment: datetime, within: timedelta) -> Sequence[Utterance]:
        """What is kept of a device around a moment, in the order in which it was heard."""

    def near_in(self, household: str, moment: datetime, within: timedelta) -> Sequence[Utterance]:
        """The same, of every device of a household."""

    def log_size(self) -> int: ...

    def log_node(self, level: int, index: int) -> bytes:
        """The root of a perfect subtree, complete already. Raises NotFound."""

    def log_leaf(self, index: int) -> bytes:
        """Raises NotFound."""

    def log_leaves(self, start: int, end: int) -> Sequence[bytes]:
        """From one place up to, and without, another; empty where not all of them are there."""

    def put_nodes(self, nodes: Iterable[tuple[int, int, bytes]]) -> None:
        """The roots of perfect subtrees as they should be: level, index, hash."""

    def checkpoint(self, size: int) -> str:
        """Of a log of this size; empty where there is none."""

    def newest(self, signer: Signer) -> str:
        """The checkpoint of the largest log that they signed; empty where there is none."""

    def foreign_code(self) -> Sequence[str]:
        """What the database does by itself when it is written to; none of it is ours.

        Each by its name, with a hash of its SQL.
        """

    def put_checkpoint(self, size: int, note: str) -> None:
        """With more signatures than before, once witnesses have signed it."""

    def timestamp_covering(self, index: int) -> tuple[int, bytes] | None:
        """The first that an authority gave a head with this leaf, and the size of that head."""

    def put_timestamp(self, size: int, token: bytes, now: datetime) -> None:
        """Of the head with so many leaves, in the place of one that is there."""


class EscalationRecords(Protocol):
    """When what is due, and what is on its way; all of it can be made again from the records."""

    def due_cases(self, now: datetime, most: int) -> Sequence[str]:
        """The longest due first."""

    def clocks(self) -> Mapping[str, datetime | None]:
        """When each case is due next, as it is kept."""

    def set_ahead(self, ahead: Mapping[str, Ahead]) -> None:
        """Of cases; a delivery that is there already stays as it is."""

    def due_deliveries(
        self, now: datetime, most: int, outside: bool | None = None
    ) -> Sequence[Delivery]:
        """One to each channel before the next to any, the longest due first.

        ``outside``: those to the outside alone, or those to rungs alone.
        """

    def delivery(self, delivery_id: str) -> Delivery:
        """Raises NotFound."""

    def deliveries_of(self, case: str) -> Sequence[Delivery]: ...

    def put_delivery(self, delivery: Delivery) -> None:
        """How it stands now. Raises NotFound."""

    def time_seen(self) -> datetime | None:
        """The latest moment that was noted."""

    def note_time(self, moment: datetime) -> datetime | None:
        """What was noted before, as far as it can be believed; an earlier one changes nothing.

        Every record is written with it.
        """


class Channels(Protocol):
    """Ways out of here."""

    def send(self, channel: str, message: Message) -> None:
        """Raises NotDelivered, which says why, unless the other side has taken it."""


class HeadCopy(Protocol):
    """The newest head of the log, where putting back the store does not put it back."""

    def read(self) -> str:
        """Empty where none was written."""

    def peaks(self) -> tuple[bytes, ...]:
        """Of the tree whose head that is; empty where they are not known."""

    def write(self, note: str, peaks: Sequence[bytes]) -> None:
        """Durable on return. One of a smaller log than what is there changes nothing."""


class TimestampAuthority(Protocol):
    """Somebody else, whose word it is by when something was there."""

    def stamp(self, text: str) -> bytes:
        """A token (RFC 3161) that was checked. Raises NotStamped, which says why."""


class Witness(Protocol):
    """Somebody else, who signs a head only if the log has grown out of the one before."""

    key: VerifierKey

    def ask(self, submission: Submission) -> tuple[int, str]:
        """The status of HTTP and the answer. Raises NotWitnessed where there is none."""
