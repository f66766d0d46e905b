"""A Merkle tree that only grows: hashes and proofs of RFC 9162, section 2.1 (as in RFC 6962).

A tree of n leaves is split at the largest power of two below n. Proofs are lists of the hashes
of parts ``[start, end)`` of the tree; which parts, and in which order, follows from the sizes
alone, so that whoever proves and whoever checks walk the same tree.

    >>> leaves = [leaf_hash(bytes([each])) for each in range(5)]
    >>> tree = Frontier()
    >>> for leaf in leaves:
    ...     tree, _ = tree.append(leaf)
    >>> proof = [part_hash(leaves, *part) for part in inclusion_parts(3, 5)]
    >>> check_inclusion(3, 5, leaves[3], tree.root, proof)
    >>> old = part_hash(leaves, 0, 3)
    >>> proof = [part_hash(leaves, *part) for part in consistency_parts(3, 5)]
    >>> check_consistency(3, old, 5, tree.root, proof)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

HASH_BYTES = 32
MAX_SIZE = 2**63 - 1
"""Leaves of a tree; RFC 9162 counts them in 64 bits, and signed ones are what databases have."""
EMPTY = sha256(b"").digest()
"""The root of a tree without leaves."""

Part = tuple[int, int]
"""The leaves from ``start`` up to, and without, ``end``."""


class ProofError(ValueError):
    """The proof does not show what it should."""


def leaf_hash(leaf: bytes) -> bytes:
    """32 bytes. A leaf and a node can never be taken for each other: their first byte differs."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """32 bytes."""
    return sha256(b"\x01" + left + right).digest()


# --- a tree that grows ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that is needed to append: the roots of the perfect subtrees, from left to right.

    ``peaks`` has one hash for each bit of ``size``.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> tuple[Frontier, list[tuple[int, int, bytes]]]:
        """The tree with one more leaf, by its hash, and the perfect subtrees that it completes.

        Each is (level, index at that level, hash); the leaf itself is the first, at level 0.
        """
        index, peaks, carried = self.size, list(self.peaks), leaf
        complete = [(0, index, carried)]
        level = 0
        while index & 1:
            carried = node_hash(peaks.pop(), carried)
            index, level = index >> 1, level + 1
            complete.append((level, index, carried))
        return Frontier(self.size + 1, (*peaks, carried)), complete

    @property
    def root(self) -> bytes:
        if not self.peaks:
            return EMPTY
        *others, root = self.peaks
        for peak in reversed(others):
            root = node_hash(peak, root)
        return root


def part_hash(leaves: Sequence[bytes], start: int, end: int) -> bytes:
    """The root of a part, from the hashes of all leaves."""
    if end - start == 0:
        return EMPTY
    if end - start == 1:
        return leaves[start]
    middle = start + _split(end - start)
    return node_hash(part_hash(leaves, start, middle), part_hash(leaves, middle, end))


def part_from_nodes(node: Callable[[int, int], bytes], start: int, end: int) -> bytes:
    """The root of a part of which ``start`` is a multiple of its rounded-up size.

    ``node`` gives the hash of a perfect subtree by (level, index).
    """
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, start >> level)
    middle = start + _split(size)
    return node_hash(
        part_from_nodes(node, start, middle),
        part_from_nodes(node, middle, end),
    )


# --- proofs -----------------------------------------------------------------------


def inclusion_parts(index: int, size: int) -> list[Part]:
    """Whose hashes prove that a leaf is in a tree (RFC 9162, section 2.1.3.1)."""
    if not 0 <= index < size <= MAX_SIZE:
        raise ProofError(f"There is no leaf {index} in a tree of {size}.")
    return [part for part, _ in _siblings(index, size)]


def check_inclusion(
    index: int, size: int, leaf: bytes, root: bytes, proof: Sequence[bytes]
) -> None:
    """``leaf`` is a hash. Raises ProofError."""
    parts = inclusion_parts(index, size)
    _check_hashes(leaf, *proof)
    if len(parts) != len(proof):
        raise ProofError(f"An inclusion proof of {len(parts)} hashes is needed, not {len(proof)}.")
    found = leaf
    for (_, is_left), other in zip(_siblings(index, size), proof, strict=True):
        found = node_hash(other, found) if is_left else node_hash(found, other)
    if found != root:
        raise ProofError("The leaf is not in the tree with this root.")


def consistency_parts(old: int, new: int) -> list[Part]:
    """Whose hashes prove that a tree has grown out of another (RFC 9162, section 2.1.4.1).

    Nothing grew out of an empty tree; C2SP tlog-witness has an empty proof for that.
    """
    if not 0 <= old <= new <= MAX_SIZE:
        raise ProofError(f"A tree of {new} leaves has not grown out of one of {old}.")
    return list(_grown(0, old, 0, new, known=True)) if old else []


def check_consistency(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raises ProofError."""
    if old:
        check_subtree_consistency(0, old, old_root, new, new_root, proof)
        return
    _check_hashes(new_root)
    if new < 0 or proof or old_root != EMPTY or (new == 0 and new_root != EMPTY):
        raise ProofError("An empty tree has one root, and needs no proof.")


def check_subtree_inclusion(
    index: int, start: int, end: int, leaf: bytes, root: bytes, proof: Sequence[bytes]
) -> None:
    """That a leaf is in a part of a tree which has a root of its own. Raises ProofError."""
    _check_subtree(start, end)
    check_inclusion(index - start, end - start, leaf, root, proof)


def check_subtree_consistency(
    start: int, end: int, part_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """That a part is one of a tree (draft-ietf-plants-merkle-tree-certs, section 4.4.3).

    With ``start`` 0 it says that the tree has grown out of the part. Raises ProofError.
    """
    if not end <= size <= MAX_SIZE:
        raise ProofError(f"A tree of {size} leaves has no leaves up to {end}.")
    if 0 <= start == end:  # the empty part is one of every tree
        if proof or part_root != EMPTY:
            raise ProofError("An empty part has one root, and needs no proof.")
        return
    _check_subtree(start, end)
    _check_hashes(*proof)
    needed = sum(1 for _ in _grown(start, end, 0, size, known=True))
    if needed != len(proof):
        raise ProofError(f"A consistency proof of {needed} hashes is needed, not {len(proof)}.")
    part, whole = _regrown(start, end, 0, size, part_root, iter(proof), known=True)
    if part != part_root or whole != root:
        raise ProofError("The one tree has not grown out of the other.")


def _siblings(index: int, size: int) -> list[tuple[Part, bool]]:
    """From the leaf up to the root: the other half, and whether it is the left one."""
    start, end, found = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            found.append(((middle, end), False))
            end = middle
        else:
            found.append(((start, middle), True))
            start = middle
    return found[::-1]


def _grown(start: int, end: int, low: int, high: int, *, known: bool) -> Iterator[Part]:
    """The parts of ``[low, high)`` that show that ``[start, end)`` is in it.

    ``known``: whoever checks has the hash of ``[start, end)`` as a whole.
    """
    if (start, end) == (low, high):
        if not known:
            yield low, high
        return
    middle = low + _split(high - low)
    if end <= middle:
        yield from _grown(start, end, low, middle, known=known)
        yield middle, high
    elif start >= middle:
        yield from _grown(start, end, middle, high, known=known)
        yield low, middle
    else:
        yield from _grown(middle, end, middle, high, known=False)
        yield low, middle


def _regrown(
    start: int, end: int, low: int, high: int, part: bytes, proof: Iterator[bytes], *, known: bool
) -> tuple[bytes, bytes]:
    """The hashes of what ``[low, high)`` has of ``[start, end)``, and of ``[low, high)``."""
    if (start, end) == (low, high):
        found = part if known else next(proof)
        return found, found
    middle = low + _split(high - low)
    if end <= middle:
        inner, whole = _regrown(start, end, low, middle, part, proof, known=known)
        return inner, node_hash(whole, next(proof))
    if start >= middle:
        inner, whole = _regrown(start, end, middle, high, part, proof, known=known)
        return inner, node_hash(next(proof), whole)
    inner, whole = _regrown(middle, end, middle, high, part, proof, known=False)
    left = next(proof)
    return node_hash(left, inner), node_hash(left, whole)


def _split(size: int) -> int:
    """The largest power of two below ``size``, which is 2 or more."""
    return 1 << ((size - 1).bit_length() - 1)


def _check_subtree(start: int, end: int) -> None:
    size = end - start
    if start < 0 or size < 1 or start % (1 << (size - 1).bit_length()):
        raise ProofError(f"The leaves from {start} up to {end} are no part of a tree.")


def _check_hashes(*hashes: bytes) -> None:
    if any(len(each) != HASH_BYTES for each in hashes):
        raise ProofError(f"A hash has {HASH_BYTES} bytes.")
