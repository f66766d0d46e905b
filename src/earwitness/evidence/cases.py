"""What a server says of a case now: its records with their salts, to be held against receipts.

It may come from somebody who changed the database; so nothing here believes it. Each record
names the place of its leaf in the log, and whoever has a receipt has that leaf.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .findings import short
from .merkle import MAX_SIZE
from .receipts import Receipt
from .records import Opened, Value, case_id, changes, commitment, commitments_of

FORMAT = "earwitness case v1"
LONGEST = 64_000_000
"""Characters of a case."""


class CaseError(ValueError):
    """This is no case, or not a whole one."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it is now; ``withheld`` are fields that are not shown to whom this went."""

    index: int
    fields: Mapping[str, Opened]
    withheld: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Case:
    """In the order of their leaves."""

    id: str
    records: tuple[Record, ...]

    def __str__(self) -> str:
        shown = {
            "format": FORMAT,
            "case": self.id,
            "records": [
                {
                    "index": each.index,
                    "fields": {
                        name: {"value": opened.value, "salt": opened.salt.hex()}
                        for name, opened in sorted(each.fields.items())
                    },
                    "withheld": sorted(each.withheld),
                }
                for each in self.records
            ],
        }
        return json.dumps(shown, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def parse(cls, text: str) -> Case:
        """Raises CaseError."""
        try:
            if len(text) > LONGEST:
                raise CaseError(f"A case has at most {LONGEST} characters.")
            found = json.loads(text)
            if found["format"] != FORMAT:
                raise CaseError("This is no case of this kind.")
            case = case_id(found["case"])
            records = sorted(map(_record, found["records"]), key=lambda each: each.index)
        except CaseError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise CaseError("This is no case of this kind, or not a whole one.") from error
        if len({each.index for each in records}) != len(records):
            raise CaseError("Two of its records name the same leaf.")
        made = cls(case, tuple(records))
        if any(each.withheld & each.fields.keys() for each in records):
            raise CaseError("It shows a field that it says is withheld.")
        if str(made) != text:
            raise CaseError("This case is not as it was written; it was changed on its way.")
        return made


@dataclass(frozen=True, slots=True)
class Difference:
    """Between a receipt and what the server says now; in words for whoever holds the receipt."""

    index: int
    field: str
    what: str
    value: Value = None

    def __str__(self) -> str:
        if not self.field:
            return f"record {self.index} {self.what}"
        shown = "" if self.what == "missing" else f"; it now says {_short(self.value)}"
        return f"record {self.index}: {short(self.field)!r} was {_WORDS[self.what]}{shown}"


_WORDS = {
    "changed": "changed after it was committed to",
    "missing": "taken away",
    "added": "added afterwards",
}


def leaves(receipts: Sequence[Receipt]) -> dict[int, bytes]:
    """Those that the receipts show, each once, by their place."""
    return {each.index: each.leaf for receipt in receipts for each in receipt.entries}


def differences(receipts: Sequence[Receipt], case: Case, taken: int = MAX_SIZE) -> list[Difference]:
    """Where the case is not what the leaves of the receipts committed to.

    Records that stand behind the last receipt are not judged: it knows nothing of them. Nor is a
    case that was ``taken`` when its log had so many leaves judged for what came later.
    """
    return list(_differences(receipts, case, taken))


def held(receipts: Sequence[Receipt], case: Case) -> Case:
    """The records alone that leaves of the receipts committed to as they are shown."""
    known = leaves(receipts)
    wrong = {each.index for each in differences(receipts, case)}
    kept = (each for each in case.records if each.index in known.keys() - wrong)
    return Case(case.id, tuple(kept))


def _differences(receipts: Sequence[Receipt], case: Case, taken: int) -> Iterator[Difference]:
    known = leaves(receipts)
    shown = {each.index: each for each in case.records}
    for index in sorted(known):
        record = shown.get(index)
        if record is None:
            if index < taken:
                yield Difference(index, "", "is missing: it was taken away")
            continue
        for change in changes(known[index], record.fields, record.withheld):
            opened = record.fields.get(change.field)
            yield Difference(index, change.field, change.what, opened.value if opened else None)
        for name in sorted(record.withheld - commitments_of(known[index]).keys()):
            yield Difference(index, "", f"withholds what was never there: {short(name)!r}")
    upto = max((receipt.head.size for receipt in receipts), default=0)
    for index in sorted(shown.keys() - known.keys()):
        if index < upto:
            yield Difference(index, "", "is not one of this case in any receipt that is here")


def _record(found: Mapping[str, Any]) -> Record:
    index = found["index"]
    if not isinstance(index, int) or isinstance(index, bool) or index < 0:
        raise TypeError(index)
    fields = {
        str(name): Opened(each["value"], bytes.fromhex(each["salt"]))
        for name, each in found["fields"].items()
    }
    for name, opened in fields.items():
        commitment(name, opened)
    return Record(index, fields, frozenset(map(str, found["withheld"])))


def _short(value: Value) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."
