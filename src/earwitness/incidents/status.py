"""What stands about a case, from its records alone: who was told, what was done, by whom.

A record that is not what the log holds counts for nothing here, except that it is seen to have
been changed. What somebody did who turns out to be implicated stops no clock any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from earwitness.accounts import Account, Role
from earwitness.errors import InputError
from earwitness.evidence.records import Value
from earwitness.incidents import conflicts, outsides
from earwitness.incidents.conflicts import There, Was
from earwitness.incidents.outsides import Before
from earwitness.incidents.policy import ROLE, Outside, Policy, parse
from earwitness.incidents.records import Kept, Kind
from earwitness.incidents.records import moment_of as moment_of
from earwitness.incidents.records import text_of as text_of
from earwitness.incidents.records import texts_of as texts_of
from earwitness.listening import Harm, Imminence

T = TypeVar("T")


class Act(StrEnum):
    """What somebody does about a case."""

    INQUIRY = "inquiry"
    REFERRED = "referred"
    EMERGENCY = "emergency"
    NO_ACTION = "no_action"
    CONCLUDED = "concluded"
    RELEASE = "release"  # of the legal hold
    IDENTITY = "identity"  # opens who reported


LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
LASTING = frozenset({Act.INQUIRY, Act.REFERRED, Act.EMERGENCY})
"""They stop the clock of a rung, until a date that is recorded with them."""
BY_TWO = frozenset({Act.NO_ACTION, Act.CONCLUDED, Act.RELEASE, Act.IDENTITY})
"""Proposed by one, agreed by another who is not of their line; the first two close the case."""
LOOKED_AT = {
    Imminence.NOW: timedelta(days=1),
    Imminence.RECENT: timedelta(days=14),
    Imminence.PAST: timedelta(days=30),
}
"""The latest that what was begun may be looked at again."""
IN_A_ROW = 3
"""So many times as long, everything that was begun stops the clocks of a case; whoever begins it
and however often: or two friends would pass it to each other for ever."""


@dataclass(frozen=True, slots=True)
class Action:
    """``by`` is the id of an account. ``until`` is when it is looked at again."""

    number: int
    what: Act
    by: str
    at: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A rung that was turned to."""

    rung: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Status:
    """Of one case; made by ``fold``.

    ``unmatched`` are names that were nobody's when they were written, and are nobody's now;
    ``direct`` are the accounts that are named, ``implicated`` all that are routed around, by
    id. ``fired`` are the keys of clocks that went off, ``unreached`` rungs whom no message
    reached. ``begun`` is the last that each person began, of which ``action`` is looked at next:
    nobody pushes away what another wants to look at. ``line`` are those of the implicated who
    are so by whom they are, and not by what they became later; ``there`` the accounts of when the
    case began, where that is on record; ``vouched`` all that count where it takes two: by id, for
    whom of those who could act when the case began. ``stops_until`` is when what was begun stops
    no clock any more. ``misled`` are records that turned to somebody as the outside who is named
    since: by number, when. ``since`` is when a case that was closed was opened again, ``said`` what
    else the reporter said: by number of its record, when, and whether somebody retaliates.
    """

    id: str
    opened_at: datetime
    harm: Harm
    imminence: Imminence
    policy: Policy
    accounts: tuple[Account, ...] = field(repr=False)
    routed: bool = False
    changed: bool = False
    reporter: str = ""
    named: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    direct: frozenset[str] = frozenset()
    line: frozenset[str] = frozenset()
    implicated: frozenset[str] = frozenset()
    there: frozenset[str] = frozenset()
    vouched: Mapping[str, frozenset[str]] = field(default_factory=dict)
    told: tuple[Told, ...] = ()
    fired: frozenset[str] = frozenset()
    unreached: Mapping[int, datetime] = field(default_factory=dict)
    held: bool = False
    action: Action | None = None
    stops_until: datetime | None = None
    begun: Mapping[str, Action] = field(default_factory=dict)
    proposals: Mapping[int, Action] = field(default_factory=dict)
    identity_at: datetime | None = None
    closed_at: datetime | None = None
    since: datetime | None = None
    before: Before = field(default_factory=Before)
    misled: Mapping[int, datetime] = field(default_factory=dict)
    outside_at: datetime | None = None
    said: Mapping[int, tuple[datetime, bool]] = field(default_factory=dict)
    accepted_at: datetime | None = None
    answered_at: datetime | None = None
    feedback_at: datetime | None = None

    @property
    def top(self) -> int:
        """The highest rung that was told; -1 for none."""
        return max((each.rung for each in self.told), default=-1)

    def people(self, rung: int) -> dict[str, tuple[str, ...]]:
        """Who is on a rung and may know: ids, and the channels by which they are told."""
        return dict(_people(self, self.policy.told_on(rung)))

    @property
    def outside(self) -> Outside | None:
        """Who is told outside: whom the policy names, or one before it, and nobody implicated."""
        return outsides.left((self.policy.outside, *self.before.outsides), self.theirs)

    @property
    def theirs(self) -> frozenset[str]:
        """The channels of whoever is implicated; no mailbox is that of an account made since."""
        known = [each for each in self.accounts if each.id in self.there or not self.there]
        return outsides.theirs(self.line, self.policy, self.before, known)

    def is_theirs(self, channels: Iterable[str]) -> bool:
        """Whether these lead to nobody else; not where there are none."""
        found = {outsides.plain(each) for each in channels}
        return bool(found) and found <= self.theirs

    def apart(self, one: str, other: str) -> bool:
        """Whether they are two people, and not one and their deputy, or one and a new account.

        Both could act when the case began, or count for somebody who could and let them in; and
        neither stands in the other's line, nor those for whom they count.
        """
        firsts, seconds = (self.vouched.get(each, frozenset()) for each in (one, other))
        return self._two(one, other) and any(self._two(a, b) for a in firsts for b in seconds)

    def _two(self, one: str, other: str) -> bool:
        lines = (conflicts.around({each}, self.policy, self.accounts) for each in (one, other))
        return not {one, other} & self.line and all({one, other} - line for line in lines)

    def is_acted_on(self, now: datetime) -> bool:
        """Whether nobody has to act at this moment."""
        until = self.action.until if self.action else None
        return self.closed_at is not None or (until is not None and now < until)

    def may_see(self, account: Account) -> bool:
        """Responders, and whom a rung names that was turned to; nobody who is implicated."""
        if account.disabled_at or account.id in self.implicated:
            return False
        rungs = {each.rung for each in self.told}
        return Role.RESPONDER in account.roles or any(account.id in self.people(n) for n in rungs)


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
        before=outsides.before(routed.fields.get("before") if routed else None),
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
        case Kind.OUTSIDE if status.is_theirs(texts_of(record, "channels")):
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
    named = tuple(name for each in naming for name in texts_of(each, "implicated"))
    if not named:
        return status
    ids = {one for each in naming for one in texts_of(each, "implicated_ids")}
    direct = conflicts.implicated(named, ids, status.policy, status.accounts)
    away = conflicts.around(direct, status.policy, status.accounts)
    let_in: set[str] = set()
    for each in good:
        by = text_of(each, "by_id")
        if each.kind == Kind.ADMITTED and by not in away and (by in there or by in let_in):
            let_in.update(texts_of(each, "who"))
    later = conflicts.later(there, let_in, status.accounts)
    theirs = {one for each in naming for one in texts_of(each, "matched")}
    theirs |= set(conflicts.matched(named, status.policy, status.accounts))
    status = replace(status, unmatched=tuple(each for each in named if each not in theirs))
    return replace(status, named=named, direct=direct, line=away, implicated=away | later)


def _people(status: Status, tell: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each once. Whom nothing reaches is nobody."""
    policy = status.policy
    keys = {who: key for key, who in conflicts.whom(policy, status.accounts).items()}
    ids = {key: who for who, key in keys.items()}
    accounts = {each.id: each for each in status.accounts}
    found: list[str] = []
    for name in tell:
        if name.startswith(ROLE):
            role = Role(name.removeprefix(ROLE))
            found += [each.id for each in status.accounts if role in each.roles]
        else:
            found += [ids[key] for key in (name, *policy.people[name].deputies)]
    for who in dict.fromkeys(found):
        account, key = accounts.get(who), keys.get(who)
        channels = policy.people[key].channels if key else ()
        here = account is not None and account.disabled_at is None
        if who not in status.implicated and (here or (account is None and channels)):
            yield who, channels


# --- fields ------------------------------------------------------------------------


def _one(kind: Callable[[str], T], record: Kept | None, name: str, other: T) -> T:
    try:
        return kind(text_of(record, name))
    except ValueError:
        return other


def _policy(routed: Kept | None, fallback: Policy) -> Policy:
    try:
        return parse(text_of(routed, "policy")) if routed else fallback
    except InputError:
        return fallback


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
