"""What stands about a case, from its records alone: who was told, what was done, by whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from earwitness.accounts import Account, Role
from earwitness.incidents import conflicts, outsides
from earwitness.incidents.outsides import Before
from earwitness.incidents.policy import ROLE, Outside, Policy
from earwitness.listening import Harm, Imminence


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
    """Of one case; made by ``folding.fold``.

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
    said_line: frozenset[str] = frozenset()
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
        return outsides.left(self._outsides, self.theirs)

    @property
    def theirs(self) -> frozenset[str]:
        """The channels of whoever is implicated; no mailbox is that of an account made since.

        That an account is called like a mailbox makes it theirs where the reporter names it:
        somebody inside would name an account like the outside's. Nor do they leave nobody outside.
        """
        known = [each for each in self.accounts if each.id in self.there or not self.there]
        called = frozenset(f"mailto:{each.name}" for each in known if each.id in self.said_line)
        said = outsides.theirs(self.said_line, self.policy, self.before, known, called)
        every = outsides.theirs(self.line, self.policy, self.before, known, called)
        return every if outsides.left(self._outsides, every) else said

    @property
    def _outsides(self) -> tuple[Outside | None, ...]:
        return (self.policy.outside, *self.before.outsides)

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
        if account is None and channels:  # whose account is not found may be who is named
            here = not (status.named and key and policy.people[key].account)
        if who not in status.implicated and here:
            yield who, channels
