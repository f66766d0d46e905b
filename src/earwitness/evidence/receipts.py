"""Receipts: that a log held these records when it had this head. They reveal no content.

A receipt is JSON that whoever holds it can read: the leaves (names of fields and salted
commitments), where each stands in the log and its proof, the signed checkpoint, and the keys.
A later receipt also shows that its log has grown out of those of earlier ones.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .checkpoints import Checkpoint
from .merkle import ProofError, check_consistency, check_inclusion, leaf_hash
from .notes import COSIGNATURE, Note, NoteError, SigningKey, VerifierKey
from .records import RecordError, canonical, commitments_of
from .succession import trusted

FORMAT = "earwitness receipt v1"
LONGEST = 4_000_000
"""Characters of a receipt."""
_BAD = (AttributeError, KeyError, TypeError, ValueError, RecursionError)


class ReceiptError(ValueError):
    """This is no receipt, or one that shows something else than it says."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A leaf, its place, and the proof that it stands there."""

    index: int
    leaf: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Growth:
    """That the log of the receipt has grown out of one of this size and root."""

    size: int
    root: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """``key`` is the log's; ``witnesses`` are those of whom ``quorum`` had to sign.

    ``successions`` say which keys of the log followed which, the oldest first.
    """

    case: str
    key: VerifierKey
    checkpoint: Note
    entries: tuple[Entry, ...]
    witnesses: tuple[VerifierKey, ...] = ()
    quorum: int = 0
    grown: tuple[Growth, ...] = ()
    successions: tuple[Note, ...] = ()
    signature: bytes = b""
    """Of the log's key, over everything else here: 64 bytes."""

    @property
    def head(self) -> Checkpoint:
        """Of the log, as the receipt says; nothing of it counts before ``check``."""
        return Checkpoint.parse(self.checkpoint.text)

    def signed(self, key: SigningKey) -> Receipt:
        """By the log's own key."""
        return replace(self, signature=key.vouch(self._body()))

    def __str__(self) -> str:
        shown = self._shown() | {"signature": b64encode(self.signature).decode()}
        return json.dumps(shown, indent=1, ensure_ascii=False) + "\n"

    def _body(self) -> bytes:
        return canonical(self._shown())

    def _shown(self) -> dict[str, Any]:
        followed = {"successions": [str(each) for each in self.successions]}
        return {
            "format": FORMAT,
            "case": self.case,
            "key": str(self.key),
            "witnesses": {"quorum": self.quorum, "keys": [str(each) for each in self.witnesses]},
            "checkpoint": str(self.checkpoint),
            "entries": [
                {"index": each.index, "leaf": each.leaf.decode(), "proof": _texts(each.proof)}
                for each in self.entries
            ],
            "grown": [
                {
                    "size": each.size,
                    "root": b64encode(each.root).decode(),
                    "proof": _texts(each.proof),
                }
                for each in self.grown
            ],
            **(followed if self.successions else {}),
        }

    @classmethod
    def parse(cls, text: str) -> Receipt:
        """Raises ReceiptError. Nothing is checked yet but the form."""
        try:
            found = _receipt(_fields(text))
        except NoteError as error:
            raise ReceiptError(str(error)) from error
        except _BAD as error:
            raise ReceiptError("This is no receipt of this kind, or not a whole one.") from error
        if str(found) != text:
            raise ReceiptError("This receipt is not as it was written; it was changed on its way.")
        return found

    def check(
        self, keys: Iterable[VerifierKey] = (), witnesses: Iterable[VerifierKey] = ()
    ) -> Checked:
        """What the receipt proves by itself, given keys that its holder knows from elsewhere.

        Raises ReceiptError where it does not hold together: a signature, a proof, a place.
        """
        given, trusted_witnesses = list(keys), list(witnesses)
        known = trusted(given or [self.key], self.successions)
        try:
            head = self.head
            self.key.vouched(self._body(), self.signature)
            signers = self.checkpoint.signed_by([*known, *self.witnesses, *trusted_witnesses])
            for each in self.entries:
                leaf = leaf_hash(each.leaf)
                check_inclusion(each.index, head.size, leaf, head.root, each.proof)
                commitments_of(each.leaf)
            for growth in self.grown:
                check_consistency(growth.size, growth.root, head.size, head.root, growth.proof)
        except (NoteError, ProofError, RecordError) as error:
            raise ReceiptError(str(error)) from error
        if not any(each in signers for each in known):
            raise ReceiptError("The log's key did not sign this checkpoint.")
        if head.origin != self.key.name:
            raise ReceiptError("The checkpoint is one of another log than the key.")
        named = [each for each in signers if each in self.witnesses]
        if len(named) < self.quorum:
            raise ReceiptError(
                f"{self.quorum} witnesses had to sign this checkpoint, and {len(named)} did."
            )
        return Checked(
            head,
            key_is_known=bool(given),
            followed=bool(given) and not any(each in signers for each in given),
            witnesses=tuple(each.name for each in signers if each.kind == COSIGNATURE),
            known_witnesses=tuple(each.name for each in signers if each in trusted_witnesses),
        )


@dataclass(frozen=True, slots=True)
class Checked:
    """A receipt that holds together: the log's head, and who vouches for it.

    ``key_is_known`` from elsewhere; else the receipt alone says whose log it is. ``followed``: the
    log was signed with keys for which the known one vouched when it was replaced.
    """

    head: Checkpoint
    key_is_known: bool
    followed: bool
    witnesses: tuple[str, ...]
    known_witnesses: tuple[str, ...]


def agree(one: Receipt, other: Receipt) -> str:
    """Why two receipts cannot be of one log that only grew; empty where nothing says so.

    Both hold together (``Receipt.check``). Two heads that contradict each other, signed by one
    key, are a proof against its owner.
    """
    earlier, later = sorted((one, other), key=lambda each: each.head.size)
    old, new = earlier.head, later.head
    if old.origin != new.origin:
        return "They are of different logs."
    if later.key not in trusted([earlier.key], later.successions):
        return "They are signed with different keys, and the earlier does not name the later one."
    if old.size == new.size:
        return "" if old.root == new.root else _forked(old, new)
    for growth in later.grown:
        if growth.size == old.size:
            return "" if growth.root == old.root else _forked(old, new)
    held = {each.index: each.leaf for each in later.entries}
    for each in earlier.entries:
        if held.get(each.index, each.leaf) != each.leaf:
            return f"The leaf {each.index} is another one in the later of the two."
    return ""


def shows_growth(one: Receipt, other: Receipt) -> bool:
    """Whether the later of the two proves that its log has grown out of the other's."""
    earlier, later = sorted((one, other), key=lambda each: each.head.size)
    old = earlier.head
    if old.size == later.head.size:
        return old.root == later.head.root
    return any((each.size, each.root) == (old.size, old.root) for each in later.grown)


def _forked(old: Checkpoint, new: Checkpoint) -> str:
    return (
        f"The log was forked: its head at {new.size} leaves has not grown out of the one at "
        f"{old.size}. Both are signed by its key, which proves it."
    )


def _fields(text: str) -> Mapping[str, Any]:
    if len(text) > LONGEST:
        raise ReceiptError(f"A receipt has at most {LONGEST} characters.")
    found = json.loads(text)
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ReceiptError("This is no receipt of this kind.")
    return found


def _receipt(found: Mapping[str, Any]) -> Receipt:
    expected = {
        "format", "case", "key", "witnesses", "checkpoint", "entries", "grown", "signature",
    }  # fmt: skip
    if found.keys() - {"successions"} != expected:
        raise ReceiptError("A receipt has other parts.")
    told = found["witnesses"]
    return Receipt(
        case=_text(found["case"]),
        key=VerifierKey.parse(found["key"]),
        checkpoint=Note.parse(found["checkpoint"]),
        entries=tuple(
            Entry(_number(each["index"]), _text(each["leaf"]).encode(), _hashes(each["proof"]))
            for each in found["entries"]
        ),
        witnesses=tuple(map(VerifierKey.parse, told["keys"])),
        quorum=_number(told["quorum"]),
        grown=tuple(
            Growth(
                _number(each["size"]), b64decode(each["root"], validate=True),
                _hashes(each["proof"]),
            )
            for each in found["grown"]
        ),
        successions=tuple(map(Note.parse, found.get("successions", ()))),
        signature=b64decode(found["signature"], validate=True),
    )  # fmt: skip


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(value)
    return value


def _hashes(texts: Sequence[str]) -> tuple[bytes, ...]:
    return tuple(b64decode(each, validate=True) for each in texts)


def _texts(hashes: Sequence[bytes]) -> list[str]:
    return [b64encode(each).decode() for each in hashes]
