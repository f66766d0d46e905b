"""Others who sign a head of the log, and only if the log has grown out of the one before."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from http import HTTPStatus

from earwitness.errors import LogBroken, NotFound, NotWitnessed
from earwitness.evidence.checkpoints import Checkpoint
from earwitness.evidence.merkle import consistency_parts
from earwitness.evidence.notes import Note, NoteError, Signature, signature
from earwitness.evidence.witnessing import Submission
from earwitness.flow.incidents.trust import proof_of
from earwitness.ports import IncidentRecords, Witness

TURNS = 3
"""Of asking a witness: what it knows, then with a proof from there, once more if others ask."""


@dataclass(slots=True)
class Asked:
    """What came of it: ``signed``, why others did not, and who says that this is another log."""

    signed: list[Signature] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)


def ask(witnesses: Sequence[Witness], note: Note, wanted: int, records: IncidentRecords) -> Asked:
    """All at once; not waited for once as many signed as are wanted."""
    asked = Asked()
    threads = ThreadPoolExecutor(len(witnesses))
    try:
        running = [threads.submit(_asked, each, note, records) for each in witnesses]
        for each in as_completed(running):
            try:
                asked.signed.append(each.result())
            except LogBroken as error:
                asked.contradictions.append(str(error))
            except (NotWitnessed, NotFound) as error:
                asked.problems.append(str(error))
            if len(asked.signed) >= wanted:
                break
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
    return asked


def _asked(witness: Witness, note: Note, records: IncidentRecords) -> Signature:
    """Its signature. Raises NotWitnessed, LogBroken where it has signed another log."""
    name, head, old = witness.key.name, Checkpoint.parse(note.text), 0
    for _ in range(TURNS):
        grown = proof_of(consistency_parts(old, head.size), records)
        status, body = witness.ask(Submission(old, grown, note))
        if status == HTTPStatus.OK:
            return _signature(witness, note, body)
        conflicts = status == HTTPStatus.CONFLICT
        if status == HTTPStatus.UNPROCESSABLE_ENTITY or (conflicts and old == head.size):
            raise LogBroken(f"The witness {name} has signed another log than this.")
        if not conflicts:
            raise NotWitnessed(f"The witness {name} refuses: {status}.")
        old = int(body) if body.strip().isdecimal() and len(body) < 20 else head.size + 1
        if old > head.size:
            raise LogBroken(
                f"The witness {name} has signed a log that was larger: an older state of the "
                "store was put back."
            )
    raise NotWitnessed(f"The witness {name} does not agree which head it signed last.")


def _signature(witness: Witness, note: Note, body: str) -> Signature:
    for line in body.splitlines():
        try:
            found = signature(line)
            if (found.name, found.key_id) == (witness.key.name, witness.key.key_id):
                witness.key.checked(note.text, found)
                return found
        except NoteError:
            continue
    raise NotWitnessed(f"The witness {witness.key.name} gave no signature of its own.")
