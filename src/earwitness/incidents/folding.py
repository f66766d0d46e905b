"""How a case came to stand as it does: its records, one after another.

A record that is not what the log holds counts for nothing here, except that it is seen to have
been changed. What somebody did who turns out to be implicated stops no clock any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from earwitness.accounts import Account, Role
from earwitness.errors import InputError
from earwitness.evidence.records import Value
from earwitness.incidents import conflicts, outsides
from earwitness.incidents.conflicts import There, Was
from earwitness.incidents.policy import Policy, parse
from earwitness.incidents.records import Kept, Kind, moment_of, text_of, texts_of
from earwitness.incidents.status import (
    BY_TWO,
    IN_A_ROW,
    LASTING,
    LONG_AGO,
    LOOKED_AT,
    Act,
    Action,
    Status,
    Told,
)
from earwitness.listening import Harm, Imminence

T = TypeVar("T")


def fold(
    case: str,
    records: Sequence[tuple[Kept, bool]],
    accounts: Sequence[Account],
    fallback: Policy,
) -> Status:
    """``records`` in their order, each with whether it is what the log holds.

    ``fallback`` is the policy where the case's own was changed, or is from before there were any.
    """
    good = [each for each, holds in records if holds]
    first = next((each for each in good if each.kind == Kind.REPORTED), None)
    routed = next((each for each in good if each.kind == Kind.ROUTED), None)
    there = _there(routed)
    status = Status(
        case,
        opened(good),
        _one(Harm, first, "harm", Harm.OTHER),
        _one(Imminence, first, "imminence", Imminence.NOW),
        _policy(routed, fallback),
        conflicts.as_they_were(accounts, there),
        routed=routed is not None,
        there=frozenset(there),
        changed=(
            len(good) < len(records)
            or first is None
            or any(each.kind == Kind.RESTORED for each in good)
        ),
        reporter=text_of(first, "by_id"),
        before=outsides.before(routed.fields.get("earlier") if routed else None),
        fired=frozenset(key for each in good for key in texts_of(each, "clocks")),
    )
    if not status.changed or _began_with(status, routed):
        could = conflicts.could_act(there, status.policy, status.accounts)
        status = replace(status, vouched={who: frozenset({who}) for who in could})
    status = _with_conflicts(status, good, there)
    for each in good:
        status = _after(status, each)
    return status


def opened(good: Iterable[Kept]) -> datetime:
    """When the first of them was written; long ago where none says so, for a case of which nothing
    is left has no time to lose.
    """
    return min((at for each in good if (at := moment_of(each, "at"))), default=LONG_AGO)


# --- one record after another -----------------------------------------------------


def _after(status: Status, record: Kept) -> Status:
    """The status once this has happened."""
    at = moment_of(record, "at") or status.opened_at  # the first records once had none
    match record.kind:
        case Kind.TOLD if isinstance(rung := record.fields.get("rung"), int):
            return replace(status, told=(*status.told, Told(rung, at)))
        case Kind.OUTSIDE if any(status.is_theirs([one]) for one in texts_of(record, "channels")):
            return replace(status, misled={**status.misled, record.number: at})
        case Kind.OUTSIDE:
            return replace(status, outside_at=status.outside_at or at)
        case Kind.ACCEPTED if status.outside_at:
            return replace(status, accepted_at=status.accepted_at or at)
        case Kind.UNDELIVERED if isinstance(rung := record.fields.get("rung"), int):
            return replace(status, unreached={rung: at, **status.unreached})
        case Kind.HELD:
            return replace(status, held=True)
        case Kind.ADDED:
            said = {**status.said, record.number: (at, record.fields.get("retaliation") is True)}
            status = replace(status, said=said)
            if status.closed_at is None:
                return status
            return replace(
                status, closed_at=None, action=None, begun={}, stops_until=None, since=at
            )
    return _done(status, record, at)


def _done(status: Status, record: Kept, at: datetime) -> Status:
    """By somebody who may: what an implicated person did counts for nothing."""
    by = text_of(record, "by_id")
    if not by or by in status.line or (by in status.implicated and by not in status.vouched):
        return status
    if record.kind == Kind.ADMITTED:
        return _vouched(status, by, texts_of(record, "who"))
    if record.kind == Kind.ANSWERED:
        told = at if record.fields.get("feedback") is True else None
        return replace(
            status,
            answered_at=status.answered_at or at,
            feedback_at=status.feedback_at or told,
        )
    what = _one(Act, record, "what", None)
    if what is None:
        return status
    action = Action(record.number, what, by, at, moment_of(record, "until"))
    if record.kind == Kind.ACTED and what in LASTING and action.until:
        return _begun(status, action, action.until)
    if record.kind == Kind.PROPOSED and what in BY_TWO:
        return replace(status, proposals={**status.proposals, record.number: action})
    number = record.fields.get("proposal")
    if record.kind == Kind.AGREED and isinstance(number, int):
        asked = status.proposals.get(number)
        if asked and asked.what == what and status.apart(asked.by, by):
            left = {each: one for each, one in status.proposals.items() if one.what != what}
            return _agreed(replace(status, proposals=left), action, at)
    return status


def _begun(status: Status, action: Action, until: datetime) -> Status:
    """All that is begun together stops the clocks for so long; later it is only on record."""
    over = status.stops_until or action.at + IN_A_ROW * LOOKED_AT[status.imminence]
    if action.at >= over:
        return status
    begun = {**status.begun, action.by: replace(action, until=min(until, over))}
    running = [each for each in begun.values() if each.until and each.until > action.at]
    nearest = min(running, key=lambda each: each.until or over, default=begun[action.by])
    return replace(status, action=nearest, begun=begun, stops_until=over)


def _vouched(status: Status, by: str, new: Iterable[str]) -> Status:
    """Whoever is let in counts for those for whom the one counts who lets them in."""
    known, theirs = status.vouched, status.vouched.get(by, frozenset())
    if not theirs:
        return status
    later = [who for who in new if who not in known.get(who, ())]
    let_in = {who: known.get(who, frozenset()) | theirs for who in later}
    return replace(status, vouched={**known, **let_in})


def _agreed(status: Status, action: Action, at: datetime) -> Status:
    match action.what:
        case Act.RELEASE:
            return replace(status, held=False)
        case Act.IDENTITY:
            return replace(status, identity_at=at)
    return replace(status, action=action, closed_at=at)


def _with_conflicts(status: Status, good: Sequence[Kept], there: There) -> Status:
    """Whoever is named at any time is named for all of the time."""
    naming = [each for each in good if each.kind in (Kind.REPORTED, Kind.IMPLICATED)]
    named, direct = _named(naming, status)
    if not named:
        return status
    away = conflicts.around(direct, status.policy, status.accounts)
    own = [each for each in naming if text_of(each, "by_id") in ("", status.reporter)]
    said = conflicts.around(_named(own, status)[1], status.policy, status.accounts)
    let_in: set[str] = set()
    for each in good:
        by = text_of(each, "by_id")
        if each.kind == Kind.ADMITTED and by not in away and (by in there or by in let_in):
            let_in.update(texts_of(each, "who"))
    later = conflicts.later(there, let_in, status.accounts)
    theirs = {one for each in naming for one in texts_of(each, "matched")}
    theirs |= set(conflicts.matched(named, status.policy, status.accounts))
    status = replace(status, unmatched=tuple(each for each in named if each not in theirs))
    return replace(
        status, named=named, direct=direct, line=away, said_line=said, implicated=away | later
    )


def _named(naming: Iterable[Kept], status: Status) -> tuple[tuple[str, ...], frozenset[str]]:
    """The names that these records have, and the accounts that they lead to."""
    records = list(naming)
    named = tuple(name for each in records for name in texts_of(each, "implicated"))
    ids = {one for each in records for one in texts_of(each, "implicated_ids")}
    return named, conflicts.implicated(named, ids, status.policy, status.accounts)


# --- fields ------------------------------------------------------------------------


def _one(kind: Callable[[str], T], record: Kept | None, name: str, other: T) -> T:
    try:
        return kind(text_of(record, name))
    except ValueError:
        return other


def _policy(routed: Kept | None, fallback: Policy) -> Policy:
    try:
        return meant(routed) if routed else fallback
    except InputError:
        return fallback


def meant(record: Kept) -> Policy:
    """The policy of a record, with the accounts that it meant then. Raises InputError."""
    found = record.fields.get("accounts")
    ids = found.items() if isinstance(found, dict) else ()
    return parse(text_of(record, "policy")).meaning(
        {name: who for name, who in ids if isinstance(who, str)}
    )


def _began_with(status: Status, routed: Kept | None) -> bool:
    """Or somebody took away who was there, and it was written again."""
    at = moment_of(routed, "at") if routed else None
    return at is not None and at <= status.opened_at


def _there(routed: Kept | None) -> dict[str, Was]:
    found: Value = routed.fields.get("there") if routed else None
    if not isinstance(found, dict):
        return {}
    return {
        who: Was(str(each.get("name")), _roles(each.get("roles")))
        for who, each in found.items()
        if isinstance(each, dict)
    }


def _roles(found: Value) -> frozenset[Role]:
    names = found if isinstance(found, list) else []
    return frozenset(role for role in Role if role.value in names)
