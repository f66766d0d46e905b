"""The log as we keep it: signed heads, a copy of the newest beside the store, receipts from it.

The copy is what shows that the store was put back to an older state, as long as nobody puts
back the copy, too; receipts and witnesses show it then.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus

from earwitness.errors import LogBroken, NotFound, NotWitnessed
from earwitness.evidence.checkpoints import Checkpoint
from earwitness.evidence.merkle import (
    Part,
    consistency_parts,
    inclusion_parts,
    part_from_nodes,
)
from earwitness.evidence.notes import Note, NoteError, Signature, SigningKey, signature
from earwitness.evidence.receipts import Entry, Growth, Receipt, ReceiptError
from earwitness.evidence.witnessing import Submission
from earwitness.flow.incidents.unchanged import unchanged
from earwitness.incidents.records import HOUSE, Kind
from earwitness.incidents.status import text_of
from earwitness.ports import HeadCopy, IncidentRecords, TimestampAuthority, Witness

TURNS = 3
"""Of asking a witness: what it knows, then with a proof from there, once more if others ask."""


@dataclass(frozen=True, slots=True)
class Logbook:
    """``keys`` sign every head, the newest last; they have the log's name."""

    records: IncidentRecords
    keys: tuple[SigningKey, ...]
    copy: HeadCopy
    witnesses: tuple[Witness, ...] = ()
    quorum: int = 0
    """So many of them sign a head before anything in it is acknowledged."""
    authority: TimestampAuthority | None = None

    def sign(self, head: Checkpoint) -> str:
        """A head as the note that is kept with it."""
        text = str(Checkpoint(self.key.name, head.size, head.root))
        older = (one for each in self.keys[:-1] for one in each.sign(text).signatures)
        return str(self.key.sign(text).with_signatures(older))

    @property
    def key(self) -> SigningKey:
        """The newest."""
        return self.keys[-1]


def check(book: Logbook) -> None:
    """That the log has only grown since the copy was written. Raises LogBroken."""
    written = book.copy.read()
    if not written:
        return
    try:
        note = Note.parse(written)
        if not note.signed_by(each.public for each in book.keys):
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
    note = witnessed(book)
    head = Checkpoint.parse(note.text)
    try:
        entries = tuple(
            Entry(
                each.index,
                book.records.log_leaf(each.index),
                proof(book, inclusion_parts(each.index, head.size)),
            )
            for each in kept
        )
        grown = tuple(
            Growth(old, _root(book, old), proof(book, consistency_parts(old, head.size)))
            for old in sorted(set(since))
            if 0 < old <= head.size
        )
    except NotFound as error:
        raise LogBroken(f"A part of the log is missing: {error}") from error
    keys = tuple(each.key for each in book.witnesses)
    made = Receipt(
        case, book.key.public, note, entries, keys, book.quorum, grown, successions(book)
    ).signed(book.key)
    try:
        made.check()
    except ReceiptError as error:
        raise LogBroken(f"The log does not prove this case: {error}") from error
    return made


def successions(book: Logbook) -> tuple[Note, ...]:
    """Which key followed which, as the log has it."""
    kept = (each for each in unchanged(HOUSE, book.records) if each.kind == Kind.KEY)
    return tuple(Note.parse(text_of(each, "succession")) for each in kept)


# --- witnesses --------------------------------------------------------------


def witnessed(book: Logbook) -> Note:
    """The newest head, signed by as many witnesses as are asked for; all are asked at once.

    Raises NotWitnessed where too few answer, LogBroken where one says that the log did not
    only grow.
    """
    note = Note.parse(book.records.checkpoint())
    signed = note.signed_by(each.key for each in book.witnesses)
    missing = [each for each in book.witnesses if each.key not in signed]
    if len(signed) >= book.quorum or not missing:
        return note
    with ThreadPoolExecutor(len(missing)) as threads:
        answers = list(threads.map(lambda each: _asked(each, note, book), missing))
    got = [each for each in answers if isinstance(each, Signature)]
    note = note.with_signatures(got)
    if got:
        book.records.put_checkpoint(Checkpoint.parse(note.text).size, str(note))
    if len(signed) + len(got) < book.quorum:
        why = " ".join(each for each in answers if isinstance(each, str))
        raise NotWitnessed(
            f"{len(signed) + len(got)} of {book.quorum} witnesses signed; what you sent is kept, "
            f"but is not acknowledged: send it again. {why}"
        )
    return note


def _asked(witness: Witness, note: Note, book: Logbook) -> Signature | str:
    """Its signature, or why there is none. Raises LogBroken."""
    head, old = Checkpoint.parse(note.text), 0
    for _ in range(TURNS):
        grown = proof(book, consistency_parts(old, head.size))
        try:
            status, body = witness.ask(Submission(old, grown, note))
        except NotWitnessed as error:
            return str(error)
        if status == HTTPStatus.OK:
            return _signature(witness, note, body)
        conflicts = status == HTTPStatus.CONFLICT
        if status == HTTPStatus.UNPROCESSABLE_ENTITY or (conflicts and old == head.size):
            raise LogBroken(f"The witness {witness.key.name} has signed another log than this.")
        if not conflicts:
            return f"The witness {witness.key.name} refuses: {status}."
        old = int(body) if body.strip().isdecimal() and len(body) < 20 else head.size + 1
        if old > head.size:
            raise LogBroken(
                f"The witness {witness.key.name} has signed a log that was larger: an older state "
                "of the store was put back."
            )
    return f"The witness {witness.key.name} does not agree which head it signed last."


def _signature(witness: Witness, note: Note, body: str) -> Signature | str:
    for line in body.splitlines():
        try:
            found = signature(line)
            if (found.name, found.key_id) == (witness.key.name, witness.key.key_id):
                witness.key.checked(note.text, found)
                return found
        except NoteError:
            continue
    return f"The witness {witness.key.name} gave no signature of its own."


def _root(book: Logbook, size: int) -> bytes:
    return part_from_nodes(book.records.log_node, 0, size)


def proof(book: Logbook, parts: Sequence[Part]) -> tuple[bytes, ...]:
    """The hashes of these parts. Raises NotFound for one that is not there."""
    return tuple(part_from_nodes(book.records.log_node, *part) for part in parts)
