"""What must hold of a log after anything."""

from __future__ import annotations

from earwitness.evidence import merkle
from earwitness.evidence.checkpoints import Checkpoint
from earwitness.flow.incidents import cases, logbook
from earwitness.flow.incidents.parts import Incidents


def assert_whole(on: Incidents) -> None:
    """Every record opens its leaf, every leaf is a record's, and the head is theirs."""
    logbook.check(on.book)
    opened = on.records.cases()
    seen = [each for found in cases.looks(opened, on) for each in found.records]
    assert [each for each in seen if each.wrong] == []
    size = on.records.log_size()
    assert sorted(each.kept.index for each in seen) == list(range(size))
    if size:
        hashes = [merkle.leaf_hash(on.records.log_leaf(index)) for index in range(size)]
        head = Checkpoint.parse(on.book.newest().text)
        assert (head.size, head.root) == (size, merkle.part_hash(hashes, 0, size))
    for each in seen:
        key = each.fields.get("sha256")
        assert key is None or on.sealed.get(str(key))
