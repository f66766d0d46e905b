"""One key of a log after another: a note in which the one that goes names the one that comes.

Both sign it: the old one vouches for the new, the new one shows that somebody has it. So whoever
knows any key of a log, from when it was published, knows those that follow.

    >>> old, new = (SigningKey.from_seed("log.example", bytes([n]) * 32) for n in (1, 2))
    >>> trusted([old.public], [succession(old, new)]) == [old.public, new.public]
    True
    >>> trusted([new.public], [succession(old, new)]) == [new.public]
    True
"""

from __future__ import annotations

from collections.abc import Iterable

from .notes import Note, NoteError, SigningKey, VerifierKey

_FIRST = "earwitness log key v1"


def succession(old: SigningKey, new: SigningKey) -> Note:
    """Raises NoteError where they are keys of different logs."""
    if old.name != new.name:
        raise NoteError("A key follows another one of the same log.")
    text = f"{_FIRST}\n{new.public}\n"
    return old.sign(text).with_signatures(new.sign(text).signatures)


def successor(note: Note) -> VerifierKey:
    """The key that comes. Raises NoteError; nothing of it counts before ``trusted``."""
    first, written, *rest = [*note.text.split("\n"), "", ""]
    if first != _FIRST or any(rest):
        raise NoteError("This note names no key that follows another.")
    return VerifierKey.parse(written)


def trusted(known: Iterable[VerifierKey], notes: Iterable[Note]) -> list[VerifierKey]:
    """These keys, and those that follow them; notes of others, or that do not hold, say nothing."""
    found = list(dict.fromkeys(known))
    for note in notes:
        try:
            new = successor(note)
            signers = note.signed_by([*found, new])
        except NoteError:
            continue
        vouched = any(each in found and each.name == new.name for each in signers)
        if new in signers and vouched and new not in found:
            found.append(new)
    return found
