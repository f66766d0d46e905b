"""What a case does by itself: it begins, it climbs, and past the last rung it goes outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from earwitness.evidence.records import Value
from earwitness.incidents.clocks import QUIET, running
from earwitness.incidents.records import Kind
from earwitness.incidents.status import Status

Step: TypeAlias = tuple[Kind, dict[str, Value]]


def begin(status: Status, now: datetime) -> list[Step]:
    """The first rungs of a case; the outside at once where they are all empty."""
    count = status.policy.first(status.harm, status.imminence)
    return _climb(status, now, "reported", ["begin"], count)


def fire(status: Status, now: datetime) -> list[Step]:
    """What the clocks lead to that have run out; nothing where none has.

    One rung at a time, however late it is: whoever is told gets their time to act.
    """
    over = [each for each in running(status) if each.due <= now]
    if not over:
        return []
    keys = [each.key for each in over]
    loud = [each for each in over if not each.key.startswith(QUIET)]
    if not loud:
        return [_again(status, now, over[0].why, keys)]
    if any(each.key == "changed" for each in loud):
        return _alarm(status, now, keys)
    if any(each.key.startswith("misled") for each in loud):
        return _outside(status, now, loud[0].why, keys)
    return _climb(status, now, loud[0].why, keys, 1)


def _climb(status: Status, now: datetime, why: str, keys: list[str], count: int) -> list[Step]:
    made: list[Step] = []
    for rung in range(status.top + 1, len(status.policy.rungs)):
        people = status.people(rung)
        if people and len(made) < count:
            made.append((Kind.TOLD, _told(status, rung, people, now, why, keys)))
            keys = []
    return made or _outside(status, now, why, keys)


def _alarm(status: Status, now: datetime, keys: list[str]) -> list[Step]:
    """Somebody changed the case: everybody is told at once, the outside first."""
    why = "records of the case were changed"
    rungs = len(status.policy.rungs) - 1 - status.top
    more = _climb(status, now, why, [], rungs) if rungs else []
    return [*_outside(status, now, why, keys), *(each for each in more if each[0] is Kind.TOLD)]


def _outside(status: Status, now: datetime, why: str, keys: Sequence[str]) -> list[Step]:
    """Whoever is inside and knows is told, too, if they were told before.

    No channel of somebody implicated is the outside; the record says whom that passes over.
    """
    if status.outside_at is not None:
        return [_again(status, now, why, keys)]
    outside, chosen = status.outside, status.policy.outside
    passed: list[Value] = [chosen.name] if chosen and status.is_theirs(chosen.channels) else []
    fields: dict[str, Value] = {
        "at": now.isoformat(),
        "why": why,
        "clocks": list(keys),
        "name": outside.name if outside else None,
        "channels": list(outside.channels) if outside else [],
        "passed_over": passed,
    }
    return [(Kind.OUTSIDE, fields)]


def _again(status: Status, now: datetime, why: str, keys: Sequence[str]) -> Step:
    rungs = sorted({each.rung for each in status.told})
    people = {who: by for rung in rungs for who, by in status.people(rung).items()}
    return Kind.TOLD, _told(status, max(rungs, default=0), people, now, why, keys)


def _told(
    status: Status,
    rung: int,
    people: Mapping[str, Sequence[str]],
    now: datetime,
    why: str,
    keys: Sequence[str],
) -> dict[str, Value]:
    return {
        "at": now.isoformat(),
        "rung": rung,
        "name": status.policy.called(rung),
        "why": why,
        "people": [{"who": who, "channels": list(by)} for who, by in people.items()],
        "clocks": list(keys),
    }
