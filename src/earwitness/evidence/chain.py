"""Whether records are those of one case, each behind the one before it, and none left out.

Every record commits to its case, to its number there (from 0) and to the hash of the leaf before
it (the first to an empty text). So whoever is shown these fields sees what was left out between;
what was left out behind the last record shows in a later receipt alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .cases import Case, Record
from .merkle import leaf_hash
from .records import Value

_FIRST = ""


@dataclass
class Chain:
    """``broken`` in words; ``hidden`` are fields without which nobody can say."""

    broken: list[str] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)


def chain(leaves: Mapping[int, bytes], case: Case) -> Chain:
    """Of the records of a case of which these leaves, by their place, are known."""
    found, number, before = Chain(), 0, _FIRST
    shown = {each.index: each for each in case.records}
    for index in sorted(leaves):
        record = shown.get(index)
        if record is not None:
            expected = (("case", case.id), ("number", number), ("before", before))
            found.hidden |= {name for name, _ in expected if name not in record.fields}
            found.broken.extend(_wrong(record, expected))
        number, before = _number(record, number) + 1, leaf_hash(leaves[index]).hex()
    return found


_WORDS = {
    "case": "is one of another case",
    "number": "is not the next one of its case: others were left out, or it stands elsewhere",
    "before": "follows another record than the one before it here",
}


def _wrong(record: Record, expected: Sequence[tuple[str, Value]]) -> Iterator[str]:
    for name, value in expected:
        opened = record.fields.get(name)
        if opened is not None and not _is(opened.value, value):
            yield f"record {record.index} {_WORDS[name]}"


def _number(record: Record | None, expected: int) -> int:
    """As the record has it, so that one gap is said once."""
    opened = record.fields.get("number") if record else None
    value = opened.value if opened else None
    return value if type(value) is int else expected


def _is(value: Value, expected: Value) -> bool:
    """True is no 1 here."""
    return type(value) is type(expected) and value == expected
