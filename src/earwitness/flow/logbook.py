"""The log as we keep it: signed heads, a copy of the newest beside the store, receipts from it.

The copy is what shows that the store was put back to an older state, as long as nobody puts
back the copy, too; receipts and witnesses show it then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from earwitness.errors import LogBroken, NotFound
from earwitness.evidence.checkpoints import Checkpoint
from earwitness.evidence.merkle import (
    Part,
    consistency_parts,
    inclusion_parts,
    part_from_nodes,
)
from earwitness.evidence.notes import Note, NoteError, SigningKey
from earwitness.evidence.receipts import Entry, Growth, Receipt, ReceiptError
from earwitness.ports import HeadCopy, IncidentRecords


@dataclass(frozen=True, slots=True)
class Logbook:
    """``key`` has the log's name; it signs every head."""

    records: IncidentRecords
    key: SigningKey
    copy: HeadCopy

    def sign(self, head: Checkpoint) -> str:
        """A head as the note that is kept with it."""
        return str(self.key.sign(str(Checkpoint(self.key.name, head.size, head.root))))


def check(book: Logbook) -> None:
    """That the log has only grown since the copy was written. Raises LogBroken."""
    written = book.copy.read()
    if not written:
        return
    try:
        note = Note.parse(written)
        if book.key.public not in note.signed_by([book.key.public]):
            raise NoteError("another key signed it")
        old = Checkpoint.parse(note.text)
    except NoteError as error:
        raise LogBroken(f"The copy of the log's head cannot be trusted: {error}") from error
    size = book.records.log_size()
    if size < old.size:
        raise LogBroken(
            f"The log has {size} leaves and had {old.size}: an older state of the store was put "
            "back, or records were taken away."
        )
    if _root(book, old.size) != old.root:
        raise LogBroken(f"The first {old.size} leaves of the log are not those that they were.")


def remember(book: Logbook) -> None:
    """The newest head goes beside the store; durable on return."""
    book.copy.write(book.records.checkpoint())


def receipt(case: str, book: Logbook, since: Sequence[int] = ()) -> Receipt:
    """Of all records of a case, from the newest head; ``since`` are sizes of older receipts.

    From what the log says, and not from what the case says: a record that was changed since
    does not change it. Raises LogBroken where the log cannot prove them.
    """
    kept = book.records.records(case)
    note = Note.parse(book.records.checkpoint())
    head = Checkpoint.parse(note.text)
    try:
        entries = tuple(
            Entry(
                each.index,
                book.records.log_leaf(each.index),
                _parts(book, inclusion_parts(each.index, head.size)),
            )
            for each in kept
        )
        grown = tuple(
            Growth(old, _root(book, old), _parts(book, consistency_parts(old, head.size)))
            for old in sorted(set(since))
            if 0 < old <= head.size
        )
    except NotFound as error:
        raise LogBroken(f"A part of the log is missing: {error}") from error
    made = Receipt(case, book.key.public, note, entries, grown=grown).signed(book.key)
    try:
        made.check()
    except ReceiptError as error:
        raise LogBroken(f"The log does not prove this case: {error}") from error
    return made


def _root(book: Logbook, size: int) -> bytes:
    return part_from_nodes(book.records.log_node, 0, size)


def _parts(book: Logbook, parts: Sequence[Part]) -> tuple[bytes, ...]:
    return tuple(part_from_nodes(book.records.log_node, *part) for part in parts)
