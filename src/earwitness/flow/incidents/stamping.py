"""Heads of the log that an authority has stamped: that they were there by a moment (RFC 3161).

A report is acknowledged without it, for an authority may be down; the newest head is stamped soon
after, and what is handed to an investigator has the earliest stamp of each record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from earwitness.evidence.checkpoints import Checkpoint
from earwitness.evidence.notes import Note, NoteError
from earwitness.evidence.timestamps import Timestamp, TimestampError
from earwitness.flow.incidents.logbook import Logbook


@dataclass(frozen=True, slots=True)
class Stamped:
    """A head, by its size and text, and what the authority said of it."""

    size: int
    text: str
    token: bytes


def stamp(now: datetime, book: Logbook) -> bool:
    """The newest head, unless it was; whether something was stamped. Raises NotStamped."""
    if book.authority is None or is_stamped(book):
        return False
    text = book.newest().text
    token = book.authority.stamp(text)
    book.records.put_timestamp(Checkpoint.parse(text).size, token, now)
    return True


def is_stamped(book: Logbook) -> bool:
    """Whether the newest head is; an empty log has nothing to be stamped."""
    size = book.records.log_size()
    return not size or bool(earliest([size - 1], book))


def earliest(indexes: Iterable[int], book: Logbook) -> list[Stamped]:
    """The first that cover these leaves, each once."""
    found = {each.size: each for index in indexes if (each := _covering(index, book))}
    return [found[size] for size in sorted(found)]


def _covering(index: int, book: Logbook) -> Stamped | None:
    """Rows that somebody damaged are passed over."""
    while row := book.records.timestamp_covering(index):
        index, token = row
        try:
            text = Note.parse(book.records.checkpoint(index)).text
            if Timestamp.parse(token).covers(text):
                return Stamped(index, text, token)
        except (NoteError, TimestampError):
            continue
    return None
