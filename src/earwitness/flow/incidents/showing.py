"""A case for its reporter: what their page says, and of the rest that it is withheld.

A code alone opens that page. It must not give out where people are reached, who has an account,
or the policy; each stays committed to, so a receipt proves the rest of the record all the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from earwitness.evidence.cases import Case, Record
from earwitness.evidence.records import Opened, RecordError, Value, changes
from earwitness.flow.incidents.parts import Incidents
from earwitness.incidents.records import FRAME, Kept, Kind

ALWAYS = FRAME | {"at"}
_DONE = frozenset({"by", "what", "said"})
SHOWN: Mapping[str, frozenset[str]] = {
    Kind.REPORTED: frozenset(
        {"by", "harm", "imminence", "heard", "when", "implicated", "matched", "utterance", "code"}
    ),
    Kind.ROUTED: frozenset(),
    Kind.SEALED: frozenset(
        {"part", "sha256", "bytes", "problem", "format", "milliseconds", "name"}
    ),
    Kind.GRANTED: frozenset({"by", "said", "found"}),
    Kind.HELD: frozenset(),
    Kind.ADDED: frozenset({"text", "retaliation"}),
    Kind.SEEN: frozenset({"by", "sha256", "said", "steps", "how"}),
    Kind.FOUND: frozenset({"by", "of", "version"}),
    Kind.TAKEN: _DONE,
    Kind.TOLD: frozenset({"rung", "name", "why", "clocks"}),
    Kind.OUTSIDE: frozenset({"name", "why", "clocks", "passed_over"}),
    Kind.DELIVERED: frozenset({"of"}),
    Kind.UNDELIVERED: frozenset({"rung"}),
    Kind.ACCEPTED: frozenset({"who"}),
    Kind.ACTED: _DONE | {"whom", "until", "called_at"},
    Kind.PROPOSED: _DONE,
    Kind.AGREED: frozenset({"by", "what", "proposal"}),
    Kind.ANSWERED: frozenset({"by", "said", "feedback"}),
    Kind.HANDED_OVER: frozenset({"by", "to", "said"}),
    Kind.IMPLICATED: frozenset({"by", "implicated", "matched"}),
    Kind.ADMITTED: frozenset({"by", "name"}),
    Kind.OPENED: frozenset(),
    Kind.RESTORED: frozenset(),
}
"""The fields of each kind that the page says; those of a new kind are withheld until it is here."""


def to_reporter(case: str, on: Incidents) -> Case:
    """What the store says of it now, for whoever has its code."""
    return Case(case, tuple(_record(each) for each in on.records.records(case)))


def said(kept: Kept) -> dict[str, Value]:
    """What a record says to whoever reported the case."""
    shown = (SHOWN.get(kept.kind, frozenset()) | {"at"}) & kept.fields.keys()
    return {name: kept.fields[name] for name in shown}


def _record(kept: Kept) -> Record:
    opened = kept.opened()
    shown = (SHOWN.get(kept.kind, frozenset()) | ALWAYS) & opened.keys()
    fields = {name: opened[name] for name in shown}
    changed = _changed(kept.leaf, opened) - shown
    fields |= {name: Opened(None, opened[name].salt) for name in changed}
    return Record(kept.index, fields, frozenset(opened) - fields.keys())


def _changed(leaf: bytes | None, opened: Mapping[str, Opened]) -> frozenset[str]:
    """Fields that are not what was committed to: that is shown, and not what they say now."""
    try:
        found = {each.field for each in changes(leaf or b"", opened)}
    except (RecordError, ValueError, RecursionError):
        return frozenset(opened)
    return frozenset(opened) & found
