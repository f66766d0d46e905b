"""What a witness does: it cosigns a head only if that has grown out of the one before.

The protocol is C2SP tlog-witness: ``add-checkpoint`` sends the size that the witness is thought
to know, a consistency proof from there, and the signed checkpoint.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .checkpoints import Checkpoint
from .merkle import EMPTY, ProofError, check_consistency
from .notes import Note, NoteError, VerifierKey

MOST_HASHES = 63
LONGEST = 64 * 1024
"""Bytes of a request."""
SIZE_TYPE = "text/x.tlog.size"


class Refused(ValueError):
    """Why a witness does not sign: the status of HTTP, and what is said with it."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(body.strip())
        self.status, self.body = status, body


@dataclass(frozen=True, slots=True)
class Submission:
    """A head that somebody wants cosigned."""

    old: int
    proof: tuple[bytes, ...]
    note: Note

    def __str__(self) -> str:
        lines = [f"old {self.old}", *(b64encode(each).decode() for each in self.proof), ""]
        return "\n".join(lines) + "\n" + str(self.note)

    @classmethod
    def parse(cls, text: str) -> Submission:
        """Raises Refused with 400."""
        head, _, rest = text.partition("\n\n")
        first, *lines = head.split("\n")
        word, _, number = first.partition(" ")
        is_number = number.isascii() and number.isdecimal() and len(number) <= 19
        if word != "old" or not is_number or (number != "0" and number[:1] == "0"):
            raise Refused(400, "The first line says the old size.\n")
        if len(lines) > MOST_HASHES:
            raise Refused(400, f"A proof has at most {MOST_HASHES} hashes.\n")
        try:
            proof = tuple(b64decode(line, validate=True) for line in lines)
            return cls(int(number), proof, Note.parse(rest))
        except (Base64Error, NoteError, ValueError) as error:
            raise Refused(400, "This is no proof with a checkpoint.\n") from error


def checked(
    asked: Submission, logs: Mapping[str, Sequence[VerifierKey]], known: Checkpoint | None
) -> Checkpoint:
    """The head to be cosigned, and remembered before it is. Raises Refused.

    ``logs`` are the keys that a witness trusts by the origin of their log; ``known`` is the head
    that it cosigned last for this origin.
    """
    origin = asked.note.text.partition("\n")[0]
    keys = logs.get(origin)
    if not keys:
        raise Refused(404, "This log is not known here.\n")
    try:
        if not asked.note.signed_by(keys):
            raise NoteError("unknown key")
        head = Checkpoint.parse(asked.note.text)
    except NoteError as error:
        raise Refused(403, "It is not signed by a key of this log.\n") from error
    if asked.old > head.size:
        raise Refused(400, "The old size is beyond the checkpoint.\n")
    size, root = (known.size, known.root) if known else (0, EMPTY)
    if asked.old != size or (head.size == size and head.root != root):
        raise Refused(409, f"{size}\n")
    try:
        check_consistency(size, root, head.size, head.root, asked.proof)
    except ProofError as error:
        raise Refused(422, f"{error}\n") from error
    return head
