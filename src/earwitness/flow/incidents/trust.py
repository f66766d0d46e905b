"""Which leaves the log holds: those that lead to a head which our own key has signed.

Whoever can write to the store can write a record, its leaf and the tree above it. They cannot
sign. So every leaf is hashed once into a tree of our own, in memory, and that tree believed where
its root is a signed one; what is read later is held against it. Where some leaf was damaged before
we read it, the tree begins behind what was known of it elsewhere, and each leaf before that needs
a proof of its own from the subtrees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import RLock

import structlog

from earwitness.errors import NotFound
from earwitness.evidence.checkpoints import EMPTY, Checkpoint
from earwitness.evidence.merkle import (
    HASH_BYTES,
    Frontier,
    Part,
    ProofError,
    check_consistency,
    check_inclusion,
    consistency_parts,
    inclusion_parts,
    leaf_hash,
    part_from_nodes,
)
from earwitness.ports import IncidentRecords

AT_ONCE = 10_000
"""Leaves that are read together."""

log = structlog.get_logger(__name__)


class Trust:
    """Only ever grows; safe between threads. A million leaves are 32 MB."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._base = self._tree = Frontier()
        self._hashes = bytearray()
        self._proven: dict[int, bytes] = {}
        self._head = Checkpoint("", 0, EMPTY)

    def catch_up(
        self, head: Checkpoint, records: IncidentRecords, known: Iterable[Frontier] = ()
    ) -> bool:
        """With a signed head of the log; whether it has grown out of those before.

        ``known`` are trees with a signed head, from elsewhere.
        """
        with self._lock:
            if head.size <= self._head.size:
                return self._holds_head(head, records)
            if self._grow(self._tree, head, records):
                self._head = head
                return True
            log.warning("leaves of the log were changed", size=head.size)
            starts = (each for each in known if self._tree.size < each.size <= head.size)
            if any(self._grow(each, head, records) for each in starts) or (
                is_grown(self._head, head, records)
            ):
                self._head = head
                return True
            return False

    def holds(self, index: int, leaf: bytes, records: IncidentRecords) -> bool:
        """Whether the newest head has this leaf in this place."""
        hashed = leaf_hash(leaf)
        with self._lock:
            known = self._at(index)
            if known is None and 0 <= index < self._head.size:
                if not self._is_proven(index, hashed, records):
                    return False
                known = self._proven[index] = hashed
        return known == hashed

    @property
    def tree(self) -> Frontier:
        """As far as it was made; what can be added to."""
        return self._tree

    def subtrees(self) -> Iterator[tuple[int, int, bytes]]:
        """Of that tree, from where it begins: level, place at that level, hash."""
        tree = self._base
        levels = [each for each in range(tree.size.bit_length()) if tree.size >> each & 1]
        for level, peak in zip(reversed(levels), tree.peaks, strict=True):
            yield level, (tree.size >> level) - 1, peak
        for index in range(tree.size, self._tree.size):
            tree, complete = tree.append(self._at(index) or b"")
            yield from complete

    def _at(self, index: int) -> bytes | None:
        at = (index - self._base.size) * HASH_BYTES
        if self._base.size <= index < self._tree.size:
            return bytes(self._hashes[at : at + HASH_BYTES])
        return self._proven.get(index)

    def _holds_head(self, head: Checkpoint, records: IncidentRecords) -> bool:
        if head.size == self._head.size:
            return head.root == self._head.root
        return is_grown(head, self._head, records)

    def _grow(self, start: Frontier, head: Checkpoint, records: IncidentRecords) -> bool:
        """Whether the leaves behind ``start`` lead to this head; they are known then."""
        tree, hashes = start, bytearray()
        while tree.size < head.size:
            some = records.log_leaves(tree.size, min(tree.size + AT_ONCE, head.size))
            if not some:
                return False
            for leaf in some:
                hashed = leaf_hash(leaf)
                tree, _ = tree.append(hashed)
                hashes += hashed
        if tree.root != head.root:
            return False
        if start is not self._tree:
            known = range(self._base.size, self._tree.size)
            self._proven |= {each: self._at(each) or b"" for each in known}
            self._base, self._hashes = start, bytearray()
        self._tree = tree
        self._hashes += hashes
        return True

    def _is_proven(self, index: int, hashed: bytes, records: IncidentRecords) -> bool:
        head = self._head
        try:
            proof = proof_of(inclusion_parts(index, head.size), records)
            check_inclusion(index, head.size, hashed, head.root, proof)
        except (ProofError, NotFound):
            return False
        return True


def is_grown(old: Checkpoint, new: Checkpoint, records: IncidentRecords) -> bool:
    """Whether one log is the beginning of another, by the subtrees that are kept."""
    if old.size > new.size or not old.size:
        return not old.size
    try:
        proof = proof_of(consistency_parts(old.size, new.size), records)
        check_consistency(old.size, old.root, new.size, new.root, proof)
    except (ProofError, NotFound):
        return False
    return True


def proof_of(parts: Sequence[Part], records: IncidentRecords) -> tuple[bytes, ...]:
    """The hashes of these parts. Raises NotFound for one that is not there."""
    node: Callable[[int, int], bytes] = records.log_node
    return tuple(part_from_nodes(node, *part) for part in parts)
