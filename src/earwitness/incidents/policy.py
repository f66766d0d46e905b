"""Who must act on a report, by when, and who hears of it outside: validated data.

A policy is a TOML file of the deployment (docs/how-to/escalation.md). It is checked as a whole,
and a case carries the text with which it began, so that an edited one changes no case.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import product
from typing import Annotated, Any, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from earwitness.accounts import Role
from earwitness.errors import InputError
from earwitness.incidents.channels import channel
from earwitness.incidents.hours import DAYS, Hours, bound, span
from earwitness.listening import Harm, Imminence

LONGEST = 64 * 1024
"""Characters of a policy."""
MOST = {
    Imminence.NOW: timedelta(hours=4),
    Imminence.RECENT: timedelta(days=7),
    Imminence.PAST: timedelta(days=30),
}
"""The longest that a rung may be given: a chain of years would bury what it is for."""
MOST_TOGETHER = {
    Imminence.NOW: timedelta(hours=12),
    Imminence.RECENT: timedelta(days=35),
    Imminence.PAST: timedelta(days=180),
}
"""The longest until the outside is told, where nobody acts and hours of work are at their worst."""
LEAST_A_WEEK = timedelta(hours=20)
"""Hours of work: fewer would make of days a year."""
AT_ONCE = {Imminence.NOW: 2, Imminence.RECENT: 1, Imminence.PAST: 1}
"""With how many rungs a case begins, where the policy does not say; danger now with no fewer."""
EVERY_RUNG_AT_ONCE = frozenset({Harm.CHILD})
"""Whatever a policy says: there is nothing to wait for."""
ROLE = "role:"


def _span(value: object) -> object:
    return span(value) if isinstance(value, str) else value


Span: TypeAlias = Annotated[timedelta, BeforeValidator(_span)]
Channel: TypeAlias = Annotated[str, Field(max_length=500), AfterValidator(channel)]
Deadlines: TypeAlias = dict[Imminence, Span]
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^\S(.*\S)?$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PersonOf(_Part):
    """Somebody: their account here, if they have one, and how else they are told.

    ``reports_to`` and ``deputies`` are names of people of the same policy.
    """

    account: Name | None = None
    channels: tuple[Channel, ...] = Field((), max_length=10)
    reports_to: str | None = None
    deputies: tuple[str, ...] = Field((), max_length=10)

    @model_validator(mode="after")
    def _can_be_told(self) -> PersonOf:
        if not self.account and not self.channels:
            raise ValueError("a person has an account here or a channel, or both")
        return self


class Rung(_Part):
    """``tell`` are people or ``role:NAME``. Deadlines run day and night unless it says so."""

    name: Name
    tell: tuple[str, ...] = Field(min_length=1, max_length=20)
    deadlines: Deadlines
    harms: dict[Harm, Deadlines] = {}
    working_hours: bool = False

    @model_validator(mode="after")
    def _is_bounded(self) -> Rung:
        missing = [each.value for each in Imminence if each not in self.deadlines]
        if missing:
            raise ValueError(f"there is no deadline for {', '.join(missing)}")
        for deadlines in (self.deadlines, *self.harms.values()):
            for imminence, given in deadlines.items():
                if given > MOST[imminence]:
                    raise ValueError(
                        f"the deadline for {imminence.value} is longer than {MOST[imminence]}"
                    )
        return self


class Outside(_Part):
    """Who is told when nobody here acts: an authority, an ombudsman, a lawyer."""

    name: Name
    channels: tuple[Channel, ...] = Field(min_length=1, max_length=10)


class WorkingHours(_Part):
    """In local time. ``from`` and ``to`` as 09:00."""

    zone: str = "UTC"
    days: tuple[Literal[DAYS], ...] = DAYS[:5]  # type: ignore[valid-type]
    begin: time = Field(time(9), alias="from")
    end: time = Field(time(17), alias="to")

    @model_validator(mode="after")
    def _is_some_time(self) -> WorkingHours:
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone {self.zone!r}") from error
        if self.begin.tzinfo or self.end.tzinfo:
            raise ValueError("working hours are in local time: 09:00, and no zone of their own")
        a_day = datetime.combine(date.min, self.end) - datetime.combine(date.min, self.begin)
        if len(set(self.days)) * a_day < LEAST_A_WEEK:
            raise ValueError("working hours are at least 20 hours a week, ended after they begin")
        return self


class Policy(_Part):
    """Frozen; made by ``parse``."""

    rungs: tuple[Rung, ...] = Field(min_length=1, max_length=10)
    people: dict[str, PersonOf] = Field({}, max_length=200)
    outside: Outside | None = None
    hours: WorkingHours = Field(default_factory=lambda: WorkingHours.model_validate({}))
    at_once: dict[Imminence, Annotated[int, Field(ge=1, le=10)]] = {}
    _ids: dict[str, str] = PrivateAttr(default_factory=dict)

    def meaning(self, ids: Mapping[str, str]) -> Policy:
        """The same one, whose account names mean these accounts, whatever they are called now."""
        made = self.model_copy()
        made._ids = {name: ids[name] for name in self.account_names if name in ids}
        return made

    @property
    def ids(self) -> Mapping[str, str]:
        """By name in the policy, the accounts that it is known to mean."""
        return self._ids

    @property
    def account_names(self) -> frozenset[str]:
        return frozenset(each.account for each in self.people.values() if each.account)

    @model_validator(mode="after")
    def _knows_whom_it_names(self) -> Policy:
        for where, name in self._mentions():
            if name.startswith(ROLE):
                if name.removeprefix(ROLE) not in set(Role) or not where.startswith("rung"):
                    raise ValueError(f"{where}: there is no role {name.removeprefix(ROLE)!r}")
            elif name not in self.people:
                raise ValueError(f"{where}: there is nobody called {name!r} under [people]")
        for name in self.people:
            above = self.people[name].reports_to
            for _ in self.people:
                if above is None:
                    break
                if above == name:
                    raise ValueError(f"people.{name} reports, in the end, to themselves")
                above = self.people[above].reports_to
        return self

    @model_validator(mode="after")
    def _begins_with_rungs_that_it_has(self) -> Policy:
        names = [each.name for each in self.rungs]
        if len(set(names)) != len(names):
            raise ValueError("two rungs have the same name")
        for when, count in self.at_once.items():
            if count > len(names):
                raise ValueError(
                    f"at_once.{when.value} is {count}, and there are {len(names)} rungs"
                )
        least = min(AT_ONCE[Imminence.NOW], len(names))
        if (given := self.at_once.get(Imminence.NOW, least)) < least:
            raise ValueError(
                f"at_once.now is {given}: {least} rungs at least are told at once where somebody "
                "is in danger now"
            )
        return self

    @model_validator(mode="after")
    def _ends(self) -> Policy:
        for harm, imminence in product(Harm, Imminence):
            if self._in_all(harm, imminence) > MOST_TOGETHER[imminence]:
                raise ValueError(
                    f"all rungs together may take longer than {MOST_TOGETHER[imminence]} for "
                    f"{imminence.value} ({harm.value})"
                )
        return self

    def _mentions(self) -> Iterator[tuple[str, str]]:
        """Every name of somebody, and where it is."""
        for rung in self.rungs:
            for name in rung.tell:
                yield f"rung {rung.name!r}", name
        for key, person in self.people.items():
            for name in (*person.deputies, *([person.reports_to] if person.reports_to else [])):
                yield f"people.{key}", name

    def _in_all(self, harm: Harm, imminence: Imminence) -> timedelta:
        """How long until the last rung is over, if each is told once the one before it is."""
        every = (self.deadline(rung, harm, imminence) for rung in range(len(self.rungs)))
        return sum((bound(given) if hours else given for given, hours in every), timedelta(0))

    def told_on(self, rung: int) -> tuple[str, ...]:
        """Nobody on a rung of another policy, where a case's own was taken away."""
        return self.rungs[rung].tell if 0 <= rung < len(self.rungs) else ()

    def called(self, rung: int) -> str:
        """The name of a rung."""
        return self.rungs[rung].name if 0 <= rung < len(self.rungs) else "a rung of another policy"

    def deadline(
        self, rung: int, harm: Harm, imminence: Imminence
    ) -> tuple[timedelta, Hours | None]:
        """How long this rung has. Nobody who is in danger now waits for office hours."""
        found = self.rungs[min(max(rung, 0), len(self.rungs) - 1)]
        given = found.harms.get(harm, {}).get(imminence, found.deadlines[imminence])
        by_hours = found.working_hours and imminence is not Imminence.NOW
        return given, _hours(self.hours) if by_hours else None

    def first(self, harm: Harm, imminence: Imminence) -> int:
        """With how many rungs a case begins."""
        if harm in EVERY_RUNG_AT_ONCE:
            return len(self.rungs)
        return min(self.at_once.get(imminence, AT_ONCE[imminence]), len(self.rungs))


@lru_cache(maxsize=256)
def parse(text: str) -> Policy:
    """Raises InputError, which says where and why."""
    if len(text) > LONGEST:
        raise InputError(f"A policy has at most {LONGEST} characters.")
    try:
        found: Mapping[str, Any] = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"This is not TOML: {error}.") from error
    try:
        return Policy.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the policy"
        why = first["msg"].removeprefix("Value error, ")
        raise InputError(f"{where}: {why}.") from error


def _hours(given: WorkingHours) -> Hours:
    days = frozenset(DAYS.index(each) for each in given.days)
    return Hours(ZoneInfo(given.zone), days, given.begin, given.end)


BUILT_IN = """\
# Nobody has written a policy yet: every responder is told, then everybody who could make one.
[[rungs]]
name = "Responders"
tell = ["role:responder"]
deadlines = { now = "15m", recent = "4h", past = "2d" }

[[rungs]]
name = "Leads and privacy officers"
tell = ["role:lead", "role:privacy-officer"]
deadlines = { now = "15m", recent = "4h", past = "2d" }

[[rungs]]
name = "Administrators"
tell = ["role:administrator"]
deadlines = { now = "30m", recent = "8h", past = "4d" }
"""
"""In force where no file is given. It has no outside: only a deployment knows its own."""
