"""A log in memory, and a case in it, as the product would write them."""

from __future__ import annotations

from collections.abc import Sequence

from earwitness.evidence import merkle
from earwitness.evidence.cases import Case, Record
from earwitness.evidence.checkpoints import Checkpoint
from earwitness.evidence.notes import SigningKey
from earwitness.evidence.receipts import Entry, Growth, Receipt
from earwitness.evidence.records import Value, leaf_of, opened_fields
from earwitness.incidents.records import Draft, Kind, chained

LOG = SigningKey.from_seed("example.com/log", b"l" * 32)
WITNESS = SigningKey.from_seed("example.com/witness", b"w" * 32)
CASE, OTHER = "c1" * 8, "c2" * 8
SAID: dict[str, Value] = {"heard": "a cry", "harm": "violence"}
SEALED: dict[str, Value] = {"original": "00ff"}


class Log:
    """All leaves, and proofs from them."""

    def __init__(self, key: SigningKey = LOG) -> None:
        self.key, self.leaves = key, [leaf_of(opened_fields({"n": n}, bytes(32))) for n in range(9)]

    def hashes(self) -> list[bytes]:
        return [merkle.leaf_hash(each) for each in self.leaves]

    def add(self, fields: dict[str, Value], salt: bytes) -> int:
        self.leaves.append(leaf_of(opened_fields(fields, salt)))
        return len(self.leaves) - 1

    def tell(
        self, what: Sequence[dict[str, Value]] = (SAID, SEALED), case: str = CASE
    ) -> tuple[list[int], Case]:
        """A case with these records: the places of their leaves, and what is shown of it."""
        drafts = [Draft(Kind.REPORTED, each, bytes([n]) * 32) for n, each in enumerate(what)]
        records = []
        for link in chained(case, 0, "", drafts):
            records.append(Record(len(self.leaves), link.kept(case).opened()))
            self.leaves.append(link.leaf)
        return [each.index for each in records], Case(case, tuple(records))

    def receipt(
        self,
        places: Sequence[int],
        since: Sequence[int] = (),
        *,
        witnessed: bool = False,
        case: str = CASE,
    ) -> Receipt:
        hashes = self.hashes()
        size = len(hashes)

        def parts(wanted: Sequence[merkle.Part]) -> tuple[bytes, ...]:
            return tuple(merkle.part_hash(hashes, *each) for each in wanted)

        text = str(Checkpoint(self.key.name, size, merkle.part_hash(hashes, 0, size)))
        note = self.key.sign(text)
        if witnessed:
            note = note.with_signatures([WITNESS.cosign(text, 1_790_000_000)])
        return Receipt(
            case,
            self.key.public,
            note,
            tuple(
                Entry(at, self.leaves[at], parts(merkle.inclusion_parts(at, size))) for at in places
            ),
            (WITNESS.witness,) if witnessed else (),
            int(witnessed),
            tuple(
                Growth(
                    old,
                    merkle.part_hash(hashes, 0, old),
                    parts(merkle.consistency_parts(old, size)),
                )
                for old in since
            ),
        ).signed(self.key)
