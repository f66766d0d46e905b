"""Cases as somebody may see them, and whether the log still holds what they say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from earwitness.accounts import Account, Role
from earwitness.case import Kept, Kind
from earwitness.errors import NotFound
from earwitness.evidence.cases import Case, Record
from earwitness.evidence.receipts import ReceiptError
from earwitness.evidence.records import RecordError, Value, changes
from earwitness.flow.logbook import Logbook
from earwitness.ports import CaseRow, IncidentRecords


@dataclass(frozen=True, slots=True)
class Seen:
    """A record, and what is wrong with it: each field that is not what its leaf committed to."""

    kept: Kept
    wrong: tuple[str, ...]

    @property
    def fields(self) -> Mapping[str, Value]:
        return self.kept.fields


@dataclass(frozen=True, slots=True)
class Overview:
    """A case in a list. ``wrong`` says that the store is not what the log holds."""

    id: str
    opened_at: datetime
    first: Seen
    records: int
    wrong: bool


def seen(case: str, book: Logbook) -> list[Seen]:
    """All records of a case, each held against its leaf. Raises NotFound."""
    return [Seen(each, _wrong(each, book)) for each in book.records.records(case)]


def visible(account: Account, book: Logbook) -> Iterator[Overview]:
    """Newest first: a responder's are all in which nobody names them, everybody's their own.

    Whoever is named, by name or by a role, learns nothing: not that there is a case.
    """
    for row in book.records.cases():
        records = seen(row.id, book)
        if not is_implicated(account, records) and (
            Role.RESPONDER in account.roles or _is_own(account, records)
        ):
            yield _overview(row, records)


def is_implicated(account: Account, records: list[Seen]) -> bool:
    """Whether a report names somebody, or a role that they have."""
    mine = {account.name.casefold(), *(role.value for role in account.roles)}
    return any(name.casefold() in mine for each in records for name in _named(each))


def shown(case: str, records: IncidentRecords) -> Case:
    """What the store says of a case now, for whoever holds it against a receipt."""
    kept = records.records(case)
    return Case(case, tuple(Record(each.index, each.opened()) for each in kept))


def _wrong(kept: Kept, book: Logbook) -> tuple[str, ...]:
    try:
        found = changes(book.records.log_leaf(kept.index), kept.opened())
    except (NotFound, ReceiptError, RecordError):
        return ("all of it: the log has no leaf of it",)
    return tuple(f"{each.field} ({each.what})" for each in found)


def _overview(row: CaseRow, records: list[Seen]) -> Overview:
    wrong = any(each.wrong for each in records)
    return Overview(row.id, row.opened_at, records[0], len(records), wrong)


def _is_own(account: Account, records: list[Seen]) -> bool:
    return any(
        each.kept.kind == Kind.REPORTED and each.fields.get("by") == account.name
        for each in records
    )


def _named(each: Seen) -> list[str]:
    named = each.fields.get("implicated")
    return [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
