"""What concerns every case: a record of its own in the log, which every reporter sees."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from earwitness.flow.incidents import cases, logbook
from earwitness.flow.incidents.parts import Incidents
from earwitness.incidents.deliveries import Ahead
from earwitness.incidents.records import HOUSE, Kept, Kind
from earwitness.incidents.status import moment_of, text_of
from earwitness.ports import Addition, CaseRow


def note_policy(now: datetime, on: Incidents) -> bool:
    """That another policy is in force than the last one on record; whether that was so."""
    text, known = on.policy_text(), _records(on)
    if known and text_of(known[-1], "policy") == text:
        return False
    draft = cases.draft(Kind.POLICY, {"at": now.isoformat(), "policy": text})
    if known:
        addition = Addition(HOUSE, known[-1].number + 1, [draft], Ahead())
        on.records.add_records([addition], now, on.book.sign)
    else:
        nobodys = hashlib.sha256(b"earwitness: a code that nobody has").digest()
        on.records.open_case(CaseRow(HOUSE, nobodys, now), [draft], Ahead(), on.book.sign)
    logbook.remember(on.book)
    return True


def policies_since(moment: datetime, on: Incidents) -> list[datetime]:
    """When others came into force."""
    moments = (moment_of(each, "at") for each in _records(on)[1:])
    return [each for each in moments if each and each > moment]


def taken_away(on: Incidents) -> int:
    """How many leaves of the log have no record any more: somebody deleted them."""
    return on.records.log_size() - on.records.record_count()


def _records(on: Incidents) -> Sequence[Kept]:
    return on.records.records_of([HOUSE]).get(HOUSE, ())
