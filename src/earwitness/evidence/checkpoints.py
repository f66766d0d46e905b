"""Checkpoints: how large a log is and what its root is, as a signed note (C2SP tlog-checkpoint).

>>> print(Checkpoint("example.com/log", 0, EMPTY), end="")
example.com/log
0
47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass

from .merkle import EMPTY, HASH_BYTES, MAX_SIZE
from .notes import NoteError

__all__ = ["EMPTY", "Checkpoint"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """``origin`` names the log, for ever; ``root`` has 32 bytes."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """The text of a note; lines that follow are passed over. Raises NoteError."""
        origin, size, root, *_ = [*text.split("\n"), "", "", ""]
        try:
            found = b64decode(root, validate=True)
        except (Base64Error, ValueError):
            found = b""
        is_number = size.isascii() and size.isdecimal() and (size == "0" or size[0] != "0")
        if not origin or not is_number or len(size) > 19 or int(size) > MAX_SIZE:
            raise NoteError("A checkpoint names its log and how many leaves it has.")
        if b64encode(found).decode() != root:
            raise NoteError("A checkpoint's root is written in base64.")
        if len(found) != HASH_BYTES or (size == "0" and found != EMPTY):
            raise NoteError("A checkpoint has a root of 32 bytes.")
        return cls(origin, int(size), found)
