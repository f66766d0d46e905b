"""What concerns every case: records of their own in the log, which every reporter sees."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

from earwitness.errors import InputError
from earwitness.evidence.records import Value
from earwitness.evidence.succession import succession, successor
from earwitness.flow.incidents import cases, logbook
from earwitness.flow.incidents.parts import Incidents
from earwitness.flow.incidents.unchanged import unchanged
from earwitness.incidents.deliveries import Ahead, deliveries
from earwitness.incidents.policy import Policy, parse
from earwitness.incidents.records import FIRST, HOUSE, Draft, Kept, Kind, chained, next_number
from earwitness.incidents.status import moment_of, text_of
from earwitness.ports import Addition, CaseRow


def note_policy(now: datetime, on: Incidents) -> bool:
    """That another policy is in force than the last one on record; whether that was so."""
    text, known = on.policy_text(), cases.policies(on)
    if known and text_of(known[-1], "policy") == text:
        return False
    _add(cases.draft(Kind.POLICY, {"at": now.isoformat(), "policy": text}), now, on)
    return True


def note_keys(now: datetime, on: Incidents) -> int:
    """That other keys sign the log than those on record, each vouched for by the one before it.

    How many that was.
    """
    known = {successor(each) for each in logbook.successions(on.book)}
    drafts = [
        cases.draft(Kind.KEY, {"at": now.isoformat(), "succession": str(succession(old, new))})
        for old, new in pairwise(on.book.keys)
        if new.public not in known
    ]
    for each in drafts:
        _add(each, now, on)
    return len(drafts)


def keys_since(moment: datetime, on: Incidents) -> list[datetime]:
    """When others began to sign."""
    keys = (each for each in unchanged(HOUSE, on.records) if each.kind == Kind.KEY)
    return _since(moment, keys)


def policies_since(moment: datetime, on: Incidents) -> list[datetime]:
    """When others came into force."""
    return _since(moment, cases.policies(on)[1:])


def taken_away(on: Incidents) -> int:
    """How many leaves of the log have no record any more: somebody deleted them."""
    return on.records.log_size() - on.records.record_count()


def alarm(now: datetime, on: Incidents) -> bool:
    """That records were taken away, more than when it was last said; whether that was so.

    Where all of a case is gone there is nothing left that could climb. So every outside is told
    that a policy on record has named, the house's or a case's, or that is in force: whoever takes
    a case away may have changed the policy, and its records.
    """
    missing = taken_away(on)
    said = [
        each.fields.get("missing")
        for each in unchanged(HOUSE, on.records)
        if each.kind == Kind.OUTSIDE
    ]
    if missing <= max((each for each in said if isinstance(each, int)), default=0):
        return False
    policies = [parsed for each in cases.policies(on) if (parsed := _parsed(each))]
    policies += [on.policy, *(each.status.policy for each in cases.looks(on.records.cases(), on))]
    outsides = [each.outside for each in policies if each.outside]
    channels: list[Value] = [*dict.fromkeys(one for each in outsides for one in each.channels)]
    fields: dict[str, Value] = {
        "at": now.isoformat(),
        "why": "records were taken away",
        "missing": missing,
        "channels": channels,
    }
    _add(cases.draft(Kind.OUTSIDE, fields), now, on)
    return True


def _add(draft: Draft, now: datetime, on: Incidents) -> None:
    kept = on.records.records_of([HOUSE]).get(HOUSE, ())
    number = next_number(each.number for each in kept)
    new = chained(HOUSE, number, FIRST, [draft])[0].kept(HOUSE)
    ahead = Ahead(deliveries=deliveries(new))
    if on.records.case_rows([HOUSE]):
        on.records.add_records([Addition(HOUSE, number, [draft], ahead)], now, on.book.sign)
    else:
        nobodys = hashlib.sha256(b"earwitness: a code that nobody has").digest()
        on.records.open_case(CaseRow(HOUSE, nobodys, now), [draft], ahead, on.book.sign)
    logbook.remember(on.book)


def _since(moment: datetime, kept: Iterable[Kept]) -> list[datetime]:
    moments = (moment_of(each, "at") for each in kept)
    return [each for each in moments if each and each > moment]


def _parsed(kept: Kept) -> Policy | None:
    try:
        return parse(text_of(kept, "policy"))
    except InputError:
        return None
