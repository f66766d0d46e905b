"""Whether a record is what the log holds."""

from __future__ import annotations

from earwitness.evidence.records import RecordError, changes
from earwitness.incidents.records import Kept
from earwitness.ports import IncidentRecords


def wrong(kept: Kept) -> tuple[str, ...]:
    """Each field that is not what its leaf committed to."""
    if kept.leaf is None:
        return ("all of it: the log has no leaf of it",)
    try:
        return tuple(f"{each.field} ({each.what})" for each in changes(kept.leaf, kept.opened()))
    except (RecordError, ValueError, RecursionError):
        return ("all of it: it can be no record",)


def unchanged(case: str, records: IncidentRecords) -> list[Kept]:
    """The records of a case that are what the log holds."""
    return [each for each in records.records_of([case]).get(case, ()) if not wrong(each)]
