"""The head of the log, which is what a transaction appends to; put right where it is damaged."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, func, select, tuple_

from earwitness.errors import StoreError
from earwitness.evidence.checkpoints import Checkpoint
from earwitness.evidence.merkle import HASH_BYTES, Frontier, leaf_hash
from earwitness.evidence.notes import NoteError
from earwitness.stores.incident_tables import log_checkpoint, log_head, log_leaf, log_node


def locked_head(connection: Connection) -> Frontier:
    """Nobody else appends until this transaction ends.

    Of what the tables say of it, that is believed which the newest checkpoint vouches for. Raises
    StoreError where none of it is.
    """
    for each in _candidates(connection):
        if _is_vouched_for(connection, each):
            return each
    raise StoreError("The head of the log is damaged: nothing can be committed to it.")


def _candidates(connection: Connection) -> Iterator[Frontier]:
    """The row that says so; if somebody damaged that, what the subtrees say, and the leaves."""
    row = connection.execute(select(log_head).with_for_update()).one_or_none()
    if row is not None and row.size >= 0:
        peaks = [row.peaks[at : at + HASH_BYTES] for at in range(0, len(row.peaks), HASH_BYTES)]
        if len(peaks) == row.size.bit_count():
            yield Frontier(row.size, tuple(map(bytes, peaks)))
    size = connection.execute(select(func.count()).select_from(log_leaf)).scalar_one()
    yield _of_subtrees(connection, size)
    yield _of_leaves(connection)


def _is_vouched_for(connection: Connection, head: Frontier) -> bool:
    behind = select(log_leaf.c.place).where(log_leaf.c.place == head.size)
    if connection.execute(behind).first():
        return False
    if not head.size:
        return True
    signed = select(log_checkpoint.c.note).where(log_checkpoint.c.size == head.size)
    try:
        note = connection.execute(signed).scalar_one_or_none() or ""
        return Checkpoint.parse(note).root == head.root
    except NoteError:
        return False


def _of_subtrees(connection: Connection, size: int) -> Frontier:
    places = [
        (level, (size >> level) - 1) for level in range(size.bit_length()) if size >> level & 1
    ]
    node = log_node.c
    rows = connection.execute(
        select(node.hash)
        .where(tuple_(node.level, node.place).in_(places))
        .order_by(node.level.desc())
    )
    peaks = tuple(rows.scalars())
    return Frontier(size, peaks) if len(peaks) == len(places) else Frontier()


def _of_leaves(connection: Connection) -> Frontier:
    head = Frontier()
    leaves = select(log_leaf.c.leaf).order_by(log_leaf.c.place)
    for leaf in connection.execute(leaves).scalars():
        head, _ = head.append(leaf_hash(leaf))
    return head
