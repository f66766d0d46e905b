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
from .notes import COSIGNATURE, ED25519, Note, NoteError, SigningKey, VerifierKey
from .records import RecordError, canonical, case_id, commitments_of
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
        given, believed = list(keys), list(witnesses)
        known = trusted(given or [self.key], self.successions)
        try:
            self._check_form()
            self.key.vouched(self._body(), self.signature)
            signers = self.checkpoint.signed_by([*known, *believed, *self.witnesses])
            head = self._grown_head()
        except (NoteError, ProofError, RecordError) as error:
            raise ReceiptError(str(error)) from error
        if self.key not in known:
            raise ReceiptError(
                "The key that you gave did not sign this receipt, nor vouch for the one that did."
            )
        if not any(each in signers for each in known):
            raise ReceiptError("The log's key did not sign this checkpoint.")
        if head.origin != self.key.name:
            raise ReceiptError("The checkpoint is one of another log than the key.")
        asked = [each for each in signers if each in self.witnesses]
        if len(asked) < self.quorum:
            raise ReceiptError(
                f"{self.quorum} witnesses had to sign this checkpoint, and {len(asked)} did."
            )
        own = {each.public for each in known}
        others = [each for each in signers if each.kind == COSIGNATURE and each.public not in own]
        seen = [Cosigned(each, _moment(self.checkpoint, each)) for each in others]
        return Checked(
            head,
            key_is_known=bool(given),
            followed=bool(given) and self.key not in given,
            witnesses=tuple(each for each in seen if each.key in believed),
            named=tuple(each for each in seen if each.key not in believed),
        )

    def _check_form(self) -> None:
        """What whoever has the log's key could say to seem to prove more. Raises ReceiptError."""
        if self.key.kind != ED25519:
            raise ReceiptError(f"{self.key.name} is no key of a log: it is one that cosigns.")
        if not self.entries:
            raise ReceiptError("This receipt shows no record.")
        if len({each.index for each in self.entries}) != len(self.entries):
            raise ReceiptError("This receipt shows one leaf twice.")
        if any(e.kind != COSIGNATURE or e.public == self.key.public for e in self.witnesses):
            raise ReceiptError("One of its witnesses is no witness, but a key of a log.")
        if len({each.public for each in self.witnesses}) != len(self.witnesses):
            raise ReceiptError("It names one witness twice.")

    def _grown_head(self) -> Checkpoint:
        """That holds each leaf and has grown out of the older. Raises NoteError and the like."""
        head = self.head
        for each in self.entries:
            leaf = leaf_hash(each.leaf)
            check_inclusion(each.index, head.size, leaf, head.root, each.proof)
            commitments_of(each.leaf)
        for growth in self.grown:
            check_consistency(growth.size, growth.root, head.size, head.root, growth.proof)
        return head


@dataclass(frozen=True, slots=True)
class Cosigned:
    """That a witness signed, and when: seconds since 1970, of several times the first."""

    key: VerifierKey
    moment: int


@dataclass(frozen=True, slots=True)
class Checked:
    """A receipt that holds together: the log's head, and who vouches for it.

    ``key_is_known`` from elsewhere; else the receipt alone says whose log it is. ``followed``: it
    is signed with a key for which the known one vouched when it was replaced. ``witnesses`` are
    those whose keys are known from elsewhere; ``named`` anybody can have made up.
    """

    head: Checkpoint
    key_is_known: bool
    followed: bool
    witnesses: tuple[Cosigned, ...]
    named: tuple[Cosigned, ...]


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
    roots = {new.size: new.root} | {each.size: each.root for each in later.grown}
    if roots.get(old.size, old.root) != old.root:
        return _forked(old, new)
    return _other_leaf(earlier, later)


def _other_leaf(earlier: Receipt, later: Receipt) -> str:
    """A leaf that is another in one of them, or that one leaves out of the case of both."""
    size = earlier.head.size
    first = {each.index: each.leaf for each in earlier.entries}
    then = {each.index: each.leaf for each in later.entries if each.index < size}
    for index in sorted(first.keys() | then.keys()):
        if index in first and index in then:
            if first[index] != then[index]:
                return f"The leaf {index} is another one in the later of the two."
        elif earlier.case == later.case:
            return f"One of them leaves out the record {index} of their case."
    return ""


def shows_growth(one: Receipt, other: Receipt) -> bool:
    """Whether the later of the two proves that its log has grown out of the other's."""
    earlier, later = sorted((one, other), key=lambda each: each.head.size)
    old = earlier.head
    if old.size == later.head.size:
        return old.root == later.head.root
    return any((each.size, each.root) == (old.size, old.root) for each in later.grown)


def _moment(note: Note, key: VerifierKey) -> int:
    """The first at which it signed, as ``Note.signed_by`` has checked."""
    own = (each for each in note.signatures if (each.name, each.key_id) == (key.name, key.key_id))
    return min(key.checked(note.text, each) or 0 for each in own)


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
        case=case_id(found["case"]),
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
