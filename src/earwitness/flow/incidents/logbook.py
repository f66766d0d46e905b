"""The log as we keep it: signed heads, a copy of the newest beside the store, receipts from it.

The copy is what shows that the store was put back to an older state, as long as nobody puts
back the copy, too; receipts and witnesses show it then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from earwitness.errors import LogBroken, NotFound, NotWitnessed
from earwitness.evidence.checkpoints import Checkpoint
from earwitness.evidence.merkle import (
    Frontier,
    Part,
    ProofError,
    consistency_parts,
    inclusion_parts,
    part_from_nodes,
)
from earwitness.evidence.notes import Note, NoteError, SigningKey
from earwitness.evidence.receipts import Entry, Growth, Receipt, ReceiptError
from earwitness.evidence.records import RecordError, changes
from earwitness.flow.incidents import witnesses
from earwitness.flow.incidents.trust import Trust, is_grown, proof_of
from earwitness.incidents.records import HOUSE, Kept, Kind, moment_of, text_of
from earwitness.ports import HeadCopy, IncidentRecords, TimestampAuthority, Witness

MOST_COMPARED = 50_000
AT_ONCE = 1000
"""Records that are read together, to find the newest."""

log = structlog.get_logger(__name__)


class _Unproven(LogBroken):
    """Subtrees do not lead where they should."""


@dataclass(frozen=True, slots=True)
class Logbook:
    """Implements ``ports.Signer``. ``keyring`` gives the keys that sign every head now, the newest
    last; they have the log's name.
    """

    records: IncidentRecords
    keyring: Callable[[], tuple[SigningKey, ...]]
    copy: HeadCopy
    witnesses: tuple[Witness, ...] = ()
    quorum: int = 0
    """So many of them sign a head before anything in it is acknowledged."""
    authority: TimestampAuthority | None = None
    trust: Trust = field(default_factory=Trust, compare=False)
    contradictions: set[str] = field(default_factory=set, compare=False)
    """Of witnesses who have signed another log, where enough others have signed this one."""
    compared: dict[bytes, tuple[str, ...]] = field(default_factory=dict, compare=False)
    """What is changed in a record, by the hash of all that was read of it and its leaf: cases are
    looked at far more often than their records come to be.
    """

    def sign(self, head: Checkpoint) -> str:
        """A head as the note that is kept with it."""
        text = str(Checkpoint(self.key.name, head.size, head.root))
        older = (one for each in self.keys[:-1] for one in each.sign(text).signatures)
        return str(self.key.sign(text).with_signatures(older))

    def signed(self, note: str) -> Checkpoint | None:
        """What a note says that one of our keys signed."""
        try:
            parsed = Note.parse(note)
            if not parsed.signed_by(each.public for each in self.keys):
                return None
            head = Checkpoint.parse(parsed.text)
        except NoteError:
            return None
        return head if head.origin == self.key.name else None

    def known(self) -> Iterator[Frontier]:
        """The trees that we have in memory, and beside the store."""
        yield self.trust.tree
        yield from self._beside()

    def _beside(self) -> Iterator[Frontier]:
        head, peaks = self.signed(self.copy.read()), self.copy.peaks()
        if head and len(peaks) == head.size.bit_count():
            tree = Frontier(head.size, peaks)
            if tree.root == head.root:
                yield tree

    def newest(self) -> Note:
        """The newest head that we have signed. Raises LogBroken where there is none."""
        note = self.records.newest(self)
        if not note:
            raise LogBroken("The log has no head that was signed here.")
        return Note.parse(note)

    def size(self) -> int:
        """Leaves of the newest log that we have signed."""
        head = self.signed(self.records.newest(self))
        return head.size if head else 0

    def catch_up(self) -> None:
        """With what was committed until now; nothing is believed before that."""
        head = self.signed(self.records.newest(self))
        if head and not self.trust.catch_up(head, self.records, self._beside()):
            log.error("the log has not grown out of the one before", size=head.size)

    def holds(self, index: int, leaf: bytes) -> bool:
        """Whether the log, as far as it was caught up with, has this leaf in this place."""
        return self.trust.holds(index, leaf, self.records)

    @property
    def keys(self) -> tuple[SigningKey, ...]:
        return self.keyring()

    @property
    def key(self) -> SigningKey:
        """The newest."""
        return self.keys[-1]


def wrong(kept: Kept, book: Logbook) -> tuple[str, ...]:
    """Each field that is not what its leaf committed to; all of it where the log has no such leaf.

    ``book`` has caught up since the record was read.
    """
    if kept.leaf is None or not book.holds(kept.index, kept.leaf):
        return ("all of it: the log has no leaf of it",)
    try:
        return _compared(kept, kept.leaf, book)
    except (RecordError, ValueError, RecursionError):
        return ("all of it: it can be no record",)


def _compared(kept: Kept, leaf: bytes, book: Logbook) -> tuple[str, ...]:
    framed = repr((leaf, kept.case, kept.number, kept.before, kept.kind, kept.salt))
    read = hashlib.sha256(f"{framed}{kept.fields!r}".encode()).digest()
    found = book.compared.get(read)
    if found is None:
        if len(book.compared) >= MOST_COMPARED:
            book.compared.clear()
        found = tuple(f"{each.field} ({each.what})" for each in changes(leaf, kept.opened()))
        book.compared[read] = found
    return found


def unchanged(case: str, book: Logbook) -> list[Kept]:
    """The records of a case that are what the log holds."""
    kept = book.records.records_of([case]).get(case, ())
    book.catch_up()
    return [each for each in kept if not wrong(each, book)]


def proven(book: Logbook) -> datetime | None:
    """How late it was when the newest record was made that is what the log holds.

    What is added has a place behind what was there; so older ones are read only where newer ones
    were changed or taken away.
    """
    end = book.size()
    while end > 0:
        start = max(0, end - AT_ONCE)
        kept = book.records.records_at(start, end)
        book.catch_up()
        moments = (moment_of(each, "at") for each in kept if not wrong(each, book))
        if found := [each for each in moments if each]:
            return max(found)
        end = start
    return None


def check(book: Logbook) -> None:
    """That the log has only grown since the copy was written. Raises LogBroken."""
    written = book.copy.read()
    if not written:
        return
    old = book.signed(written)
    if old is None:
        raise LogBroken("The copy of the log's head cannot be trusted: another key signed it.")
    head = Checkpoint.parse(book.newest().text)
    if head.size < old.size:
        raise LogBroken(
            f"The log has {head.size} leaves and had {old.size}: an older state of the store was "
            "put back, or records were taken away."
        )
    grown = is_grown(old, head, book.records)
    if not (grown or (_is_mended(book) and is_grown(old, head, book.records))):
        raise LogBroken(f"The first {old.size} leaves of the log are not those that they were.")
    book.catch_up()
    if not book.trust.catch_up(head, book.records):
        raise LogBroken("The log is not the one that it was since this program started.")


def _is_mended(book: Logbook) -> bool:
    """Subtrees follow from the leaves: where those are as they were, the subtrees are put right."""
    book.catch_up()
    head, tree = Checkpoint.parse(book.newest().text), book.trust.tree
    if tree.root != head.root:
        return False
    log.warning("subtrees of the log are put right")
    book.records.put_nodes(book.trust.subtrees())
    return True


def remember(book: Logbook) -> None:
    """The newest head goes beside the store; durable on return.

    Not one that has not grown out of what is there, which shows what was done to the log. Raises
    LogBroken for such.
    """
    check(book)
    note, tree = book.newest(), book.trust.tree
    whole = tree.root == Checkpoint.parse(note.text).root
    book.copy.write(str(note), tree.peaks if whole else ())


def try_to_remember(book: Logbook) -> None:
    """After what must happen all the same, whatever was done to the log."""
    try:
        remember(book)
    except LogBroken as error:
        log.error("the log is not what it was", why=str(error))


def receipt(case: str, book: Logbook, since: Sequence[int] = ()) -> Receipt:
    """Of all records of a case, from the newest head; ``since`` are sizes of older receipts.

    From what the log says, and not from what the case says: a record that was changed since
    does not change it. The records are read after the head, so that it leaves out none that it
    covers. Raises LogBroken where the log cannot prove them.
    """
    try:
        return _receipt(case, book, since)
    except _Unproven:
        if not _is_mended(book):
            raise
    return _receipt(case, book, since)


def _receipt(case: str, book: Logbook, since: Sequence[int]) -> Receipt:
    note = witnessed(book)
    head, kept = Checkpoint.parse(note.text), book.records.records(case)
    try:
        entries = tuple(
            Entry(
                each.index,
                book.records.log_leaf(each.index),
                proof(book, inclusion_parts(each.index, head.size)),
            )
            for each in _placed(kept, head.size)
        )
        grown = tuple(
            Growth(old, _root(book, old), proof(book, consistency_parts(old, head.size)))
            for old in sorted(set(since))
            if 0 < old <= head.size
        )
        followed = successions(book)
    except (NotFound, ProofError, NoteError) as error:
        raise _Unproven(f"A part of the log is missing: {error}") from error
    keys = tuple(each.key for each in book.witnesses)
    made = Receipt(case, book.key.public, note, entries, keys, book.quorum, grown, followed).signed(
        book.key
    )
    try:
        made.check()
    except (ReceiptError, ProofError, NoteError) as error:
        raise _Unproven(f"The log does not prove this case: {error}") from error
    return made


def _placed(kept: Iterable[Kept], size: int) -> Iterator[Kept]:
    """Those that are in the log, each place once; others are rows that somebody put there."""
    seen = set[int]()
    for each in kept:
        if 0 <= each.index < size and each.index not in seen:
            seen.add(each.index)
            yield each


def successions(book: Logbook) -> tuple[Note, ...]:
    """Which key followed which, as the log has it."""
    kept = (each for each in unchanged(HOUSE, book) if each.kind == Kind.KEY)
    return tuple(Note.parse(text_of(each, "succession")) for each in kept)


def witnessed(book: Logbook) -> Note:
    """The newest head, signed by as many witnesses as are asked for.

    Raises NotWitnessed where too few answer, LogBroken where one says then that the log did not
    only grow.
    """
    note = book.newest()
    signed = note.signed_by(each.key for each in book.witnesses)
    missing = [each for each in book.witnesses if each.key not in signed]
    if len(signed) >= book.quorum or not missing:
        return note
    asked = witnesses.ask(missing, note, book.quorum - len(signed), book.records)
    note = note.with_signatures(asked.signed)
    if asked.signed:
        book.records.put_checkpoint(Checkpoint.parse(note.text).size, str(note))
    book.contradictions.update(asked.contradictions)
    if (enough := len(signed) + len(asked.signed)) < book.quorum:
        if asked.contradictions:
            raise LogBroken(asked.contradictions[0])
        raise NotWitnessed(
            f"{enough} of {book.quorum} witnesses signed; what you sent is kept, "
            f"but is not acknowledged: send it again. {' '.join(asked.problems)}"
        )
    return note


def _root(book: Logbook, size: int) -> bytes:
    return part_from_nodes(book.records.log_node, 0, size)


def proof(book: Logbook, parts: Sequence[Part]) -> tuple[bytes, ...]:
    """The hashes of these parts. Raises NotFound for one that is not there."""
    return proof_of(parts, book.records)
