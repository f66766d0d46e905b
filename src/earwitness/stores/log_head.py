"""The head of the log, which is what a transaction appends to; put right where it is damaged."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select, text, tuple_

from earwitness.errors import StoreError
from earwitness.evidence.checkpoints import EMPTY, Checkpoint
from earwitness.evidence.merkle import HASH_BYTES, Frontier, leaf_hash
from earwitness.ports.incidents import Signer
from earwitness.stores.incident_tables import (
    incident_record,
    log_checkpoint,
    log_head,
    log_leaf,
    log_node,
)

ROW = 1
_FEW = {"yield_per": 100}
FAR = 1 << 60
"""No log of ours has so many leaves."""


def locked_head(connection: Connection, signer: Signer) -> Frontier:
    """Nobody else appends until this transaction ends. What lies behind the head is set aside.

    Of what the tables say of it, that is believed which leads to the newest head that was signed.
    Raises StoreError where none of it does.
    """
    row = connection.execute(select(log_head).where(log_head.c.id == ROW).with_for_update())
    size, peaks = next(((each.size, each.peaks) for each in row), (0, b""))
    known = [Frontier(), *signer.known()]
    signed = signer.signed(newest(connection, signer)) or Checkpoint("", 0, EMPTY)
    size_root = max((signed.size, signed.root), *((each.size, each.root) for each in known))
    if not size_root[0] and connection.execute(select(log_leaf.c.place).limit(1)).first():
        raise StoreError("No head of the log has a signature of ours: nothing can be added to it.")
    for each in _candidates(connection, size_root[0], _frontier(size, bytes(peaks)), known):
        if (each.size, each.root) == size_root:
            _set_aside(connection, each.size)
            return each
    raise StoreError("The head of the log is damaged: nothing can be added to it.")


def newest(connection: Connection, signer: Signer) -> str:
    """The note of the largest log that they signed; empty where there is none."""
    one = log_checkpoint.c
    statement = select(one.size, one.note).where(one.size < FAR).order_by(one.size.desc())
    with connection.execute(statement, execution_options=_FEW) as found:
        for size, note in found:
            head = signer.signed(note)
            if head is not None and head.size == size:
                return str(note)
    return ""


def _candidates(
    connection: Connection, size: int, row: Frontier, known: list[Frontier]
) -> Iterator[Frontier]:
    """The row that says so; if somebody damaged that, what we know, the subtrees, the leaves."""
    yield row
    yield from known
    yield _of_subtrees(connection, size)
    yield _of_leaves(connection, size)


def _frontier(size: int, peaks: bytes) -> Frontier:
    found = [peaks[at : at + HASH_BYTES] for at in range(0, len(peaks), HASH_BYTES)]
    if size < 0 or len(found) != size.bit_count():
        return Frontier()
    return Frontier(size, tuple(found))


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


def _of_leaves(connection: Connection, size: int) -> Frontier:
    head, place = Frontier(), log_leaf.c.place
    leaves = select(log_leaf.c.leaf).where(place >= 0, place < size).order_by(place)
    for leaf in connection.execute(leaves, execution_options=_FEW).scalars():
        head, _ = head.append(leaf_hash(leaf))
    return head


def _set_aside(connection: Connection, size: int) -> None:
    """Rows where the next leaves belong: nobody signed a log that has them.

    They are kept, at places that no leaf has; what was kept there before, of the same place, goes.
    """
    places = (log_leaf.c.place, incident_record.c.leaf)
    if any(
        connection.execute(select(each).where(each >= size).limit(1)).first() for each in places
    ):
        for statement in _ASIDE:
            connection.execute(text(statement), {"size": size, "far": FAR})


_ASIDE = (
    "DELETE FROM incident_record WHERE leaf >= :far",
    "DELETE FROM log_leaf WHERE place >= :far",
    """DELETE FROM incident_record WHERE leaf IN
        (SELECT -leaf - 1 FROM incident_record WHERE leaf >= :size)""",
    """DELETE FROM log_leaf WHERE place IN (SELECT -place - 1 FROM log_leaf WHERE place >= :size)
        AND place NOT IN (SELECT leaf FROM incident_record)""",
    """INSERT INTO log_leaf (place, leaf) SELECT -place - 1, leaf FROM log_leaf
        WHERE place >= :size AND -place - 1 NOT IN (SELECT place FROM log_leaf)""",
    """INSERT INTO log_leaf (place, leaf) SELECT -leaf - 1, '' FROM incident_record
        WHERE leaf >= :size AND -leaf - 1 NOT IN (SELECT place FROM log_leaf)""",
    "UPDATE incident_record SET leaf = -leaf - 1 WHERE leaf >= :size",
    "DELETE FROM log_leaf WHERE place >= :size",
)
