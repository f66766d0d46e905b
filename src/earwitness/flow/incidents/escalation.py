"""A case that nobody acts on climbs: by itself, once for each clock, however many workers look.

Which cases are due is read from a table. What is true is in their records: so the table is made
again from them at every start and now and then, and whoever changes it gains nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import structlog

from earwitness.accounts import Account
from earwitness.errors import EarwitnessError, NotFound, RevisionConflict
from earwitness.evidence.merkle import HASH_BYTES
from earwitness.evidence.records import Value
from earwitness.flow.incidents import cases, delivering, house, logbook
from earwitness.flow.incidents.cases import Look
from earwitness.flow.incidents.parts import Incidents
from earwitness.incidents import climbing, outsides
from earwitness.incidents.deliveries import Ahead, Delivery
from earwitness.incidents.policy import Policy, parse
from earwitness.incidents.records import HOUSE, Draft, Kind
from earwitness.incidents.status import Status
from earwitness.listening import Harm, Imminence
from earwitness.ports import CaseRow

log = structlog.get_logger(__name__)


def routed(accounts: Iterable[Account], now: datetime, on: Incidents) -> Draft:
    """The policy in force, as its text; who was the outside before it; and everybody who has an
    account: whoever has none yet, or another role, came later. One that is disabled has no role.
    """
    there: dict[str, Value] = {}
    everybody = list(accounts)
    for each in everybody:
        had: list[Value] = [] if each.disabled_at else [role.value for role in sorted(each.roles)]
        there[each.id] = {"name": each.name, "roles": had}
    fields: dict[str, Value] = {
        "at": now.isoformat(),
        "policy": on.policy_text(),
        "accounts": {**house.meaning(everybody, on)},
        "there": there,
        "earlier": outsides.recorded(house.parsed_policies(on)),
    }
    return cases.draft(Kind.ROUTED, fields)


def fire(ids: Sequence[str], now: datetime, on: Incidents) -> int:
    """What the clocks of these cases lead to; returns with how many something was done.

    Idempotent: a clock that went off is on record, and a case to which somebody added meanwhile
    is left for the next turn. Raises StoreError, LogBroken.
    """
    rows = on.records.case_rows(ids)
    additions, settled = [], {}
    for found in cases.looks(rows, on):
        drafts = _due(found, now, on) if found.row.id != HOUSE else []
        if drafts:
            additions.append(cases.addition(found, drafts, on))
        else:  # the table was wrong, or somebody has acted: nothing is due
            settled[found.row.id] = cases.ahead(found.status, ())
    added: frozenset[str] = frozenset()
    if additions:
        added = on.records.add_records(additions, now, on.book)
        logbook.try_to_remember(on.book)
    if settled:
        on.records.set_ahead(settled)
    return len(added) + len(settled)


@dataclass(frozen=True, slots=True)
class TruedUp:
    """For how many cases the tables were ``wrong``; of those, which are ``late``, and what was
    ``held`` back from going out. ``channels`` are those of every outside on record. Those that
    are ``stuck`` could not be put right.
    """

    wrong: int
    late: tuple[str, ...] = ()
    held: tuple[Delivery, ...] = ()
    channels: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()


def true_up(now: datetime, on: Incidents) -> TruedUp:
    """Makes the tables again where they are not what the records say.

    Deliveries that are missing, or that somebody holds back, go out again; a case that somebody
    took away is put back. What is late is named, too: whoever made the tables wrong may do so
    again before they are read.
    """
    lost, size = set(on.records.lost_cases()), on.book.size()
    for case in lost:
        on.records.put_case(CaseRow(case, secrets.token_bytes(HASH_BYTES), now))
    kept, wrong = on.records.clocks(), dict[str, Ahead]()
    good, held, stuck = set[int](), list[Delivery](), list[str]()
    channels = dict.fromkeys(house.outside_channels(on))
    for found in cases.looks([*on.records.case_rows([HOUSE]), *on.records.cases()], on):
        case = found.row.id
        good.update(each.index for each in found.good)
        channels |= dict.fromkeys(house.channels_of(found.status.policy))
        try:
            restored = _restored(found, case in lost, now, on)
            ahead, back = _ahead(restored, now, on)
        except EarwitnessError as error:  # it keeps no other waiting
            log.error("a case cannot be put right", case=case, why=str(error))
            stuck.append(case)
            continue
        held += back
        if case not in kept or kept[case] != ahead.due or back:
            wrong[case] = ahead
    if wrong:
        on.records.set_ahead(wrong)
        log.warning("clocks were not what the records say", cases=len(wrong))
    house.alarm(now, on, house.missing(good, size), channels)
    late = (case for case, each in wrong.items() if each.due and each.due <= now)
    return TruedUp(len(wrong), tuple(late), tuple(held), tuple(channels), tuple(stuck))


def _ahead(found: Look, now: datetime, on: Incidents) -> tuple[Ahead, list[Delivery]]:
    """What is to come of a case, and what goes out of it that somebody held back; it goes now."""
    ahead = cases.ahead(found.status, found.good)
    there = on.records.deliveries_of(found.row.id) if ahead.deliveries else ()
    held = delivering.held_back(ahead.deliveries, there, found, now)
    for each in held:
        with suppress(NotFound):  # one that is gone is made with the clock
            on.records.put_delivery(each)
    return ahead, held


def _restored(found: Look, lost: bool, now: datetime, on: Incidents) -> Look:
    """The row of a case as its records say; that it was not is a record of the case itself."""
    code, row = found.code_hash or found.row.code_hash, found.row
    if code == row.code_hash and not lost:
        return found
    on.records.put_case(CaseRow(row.id, code, found.status.opened_at))
    try:
        fields: dict[str, Value] = {"at": now.isoformat()}
        return cases.add(found, [cases.draft(Kind.RESTORED, fields)], now, on)
    except RevisionConflict:  # another worker has put it back
        return found


def _due(found: Look, now: datetime, on: Incidents) -> list[Draft]:
    status, made = found.status, []
    if not status.routed:  # from before there were policies, or somebody took that away
        made.append(routed(status.accounts, now, on))
    begins = not status.routed and not status.changed
    steps = climbing.begin(status, now) if begins else climbing.fire(status, now)
    return [*made, *(cases.draft(*each) for each in steps)]


def who_is_told(text: str, now: datetime, on: Incidents) -> list[list[str]]:
    """By rung, the names of those whom a policy would tell now of a report that names nobody."""
    policy, accounts = parse(text), on.records.accounts()
    status = Status("", now, Harm.OTHER, Imminence.NOW, policy, tuple(accounts))
    names = {each.id: each.name for each in accounts}
    names |= {f"people:{key}": _said_of(key, policy.people[key].account) for key in policy.people}
    return [[names[who] for who in status.people(rung)] for rung in range(len(policy.rungs))]


def strangers(policy: Policy, accounts: Iterable[Account]) -> list[str]:
    """Names of accounts that a policy has, and nobody here."""
    known = {each.name for each in accounts}
    named = (each.account for each in policy.people.values() if each.account)
    return [each for each in dict.fromkeys(named) if each not in known]


def _said_of(key: str, account: str | None) -> str:
    return f"{key} (nobody here is called {account})" if account else key
