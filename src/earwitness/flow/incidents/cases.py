"""Cases as they stand: their records, whether the log still holds them, what follows from them.

Everything that is added to a case goes through ``addition``, so that its next clock and what is
to be delivered are written with it.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from earwitness.accounts import Account
from earwitness.errors import InputError, NotFound, RevisionConflict
from earwitness.evidence.cases import Case, Record
from earwitness.evidence.merkle import leaf_hash
from earwitness.evidence.records import SALT_BYTES, Value
from earwitness.flow.incidents import logbook
from earwitness.flow.incidents.logbook import unchanged, wrong
from earwitness.flow.incidents.parts import Incidents
from earwitness.incidents import clocks
from earwitness.incidents.deliveries import Ahead, deliveries
from earwitness.incidents.folding import fold, meant, opened
from earwitness.incidents.policy import Policy
from earwitness.incidents.records import (
    FIRST,
    HOUSE,
    Draft,
    Kept,
    Kind,
    chained,
    moment_of,
    next_number,
    text_of,
)
from earwitness.incidents.status import Status
from earwitness.listening import Imminence
from earwitness.ports import Addition, CaseRow

BATCH = 200
"""Cases that are read, or written, at once."""
TURNS = 10
"""In which something is added before others who add to the same case are in the way for good."""
PASSING = frozenset(
    {Kind.SEEN, Kind.FOUND, Kind.TAKEN, Kind.TOLD, Kind.DELIVERED, Kind.UNDELIVERED, Kind.OPENED}
)
"""After which whatever somebody wants to add is as right as it was before."""


class Fields(dict[str, Value]):
    """Of a record that somebody may have damaged: what is not there is None."""

    def __missing__(self, name: str) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Seen:
    """A record, and what is wrong with it: each field that is not what its leaf committed to."""

    kept: Kept
    wrong: tuple[str, ...] = ()

    @property
    def fields(self) -> Fields:
        return Fields(self.kept.fields)


@dataclass(frozen=True, slots=True)
class Look:
    """A case as it stands now."""

    row: CaseRow
    records: tuple[Seen, ...]
    status: Status

    @property
    def wrong(self) -> bool:
        """Whether the store is not what the log holds."""
        return self.status.changed

    @property
    def good(self) -> list[Kept]:
        """The records that are what the log holds."""
        return [each.kept for each in self.records if not each.wrong]

    @property
    def code_hash(self) -> bytes:
        """Of what opens the reporter's page, as the report has it; empty if that is changed."""
        first = next((each for each in self.good if each.kind == Kind.REPORTED), None)
        try:
            return bytes.fromhex(text_of(first, "code"))
        except ValueError:
            return b""

    @property
    def first(self) -> Fields:
        return self.records[0].fields if self.records else Fields()


def look(case: str, on: Incidents) -> Look:
    """Raises NotFound."""
    rows = on.records.case_rows([case])
    if not rows:
        raise NotFound("There is no such case.")
    return next(looks(rows, on))


def looks(rows: Iterable[CaseRow], on: Incidents) -> Iterator[Look]:
    """In the same order; however many, a few are held at a time."""
    accounts, wanted = on.records.accounts(), list(rows)
    for at in range(0, len(wanted), BATCH):
        some = wanted[at : at + BATCH]
        found = on.records.records_of([row.id for row in some])
        on.book.catch_up()
        for row in some:
            yield _look(row, found.get(row.id, ()), accounts, on)


def visible(account: Account, on: Incidents, most: int) -> Iterator[Look]:
    """What somebody may see or has reported themselves, what is due next first; so many.

    Whoever is implicated learns nothing: not that there is a case.
    """
    due = on.records.clocks()
    never = datetime.max.replace(tzinfo=UTC)
    rows = sorted(on.records.cases(), key=lambda row: due.get(row.id, row.opened_at) or never)
    seen = (
        each
        for each in looks(rows, on)
        if each.status.may_see(account) or is_own(account, each.status)
    )
    yield from islice(seen, most)


def most_urgent(account: Account, now: datetime, on: Incidents, most: int) -> list[Look]:
    """Of those, what nobody has acted on first; then by danger; then what is due next."""
    return sorted(visible(account, on, most), key=lambda each: _urgency(each.status, now))


def _urgency(status: Status, now: datetime) -> tuple[bool, int, datetime]:
    due = clocks.due(status) or datetime.max.replace(tzinfo=UTC)
    return status.is_acted_on(now), list(Imminence).index(status.imminence), due


def waiting(now: datetime, on: Incidents, most: int) -> Counter[str]:
    """For how many of the cases that are due next each account was told and nobody has acted."""
    due = on.records.clocks()
    ids = sorted((at, case) for case, at in due.items() if at and case != HOUSE)[:most]
    found: Counter[str] = Counter()
    for each in looks(on.records.case_rows([case for _, case in ids]), on):
        if not each.status.is_acted_on(now):
            found.update(
                {who for told in each.status.told for who in each.status.people(told.rung)}
            )
    return found


def is_own(account: Account, status: Status) -> bool:
    """Whoever reported what somebody near them is named in still sees their own report."""
    return status.reporter == account.id and account.id not in status.direct


def shown(case: str, on: Incidents) -> Case:
    """What the store says of a case now, for whoever holds it against a receipt."""
    kept = on.records.records(case)
    return Case(case, tuple(Record(each.index, each.opened()) for each in kept))


def outside_code(found: Look, on: Incidents) -> str:
    """What opens a case for the outside; another, once it turned out that who had it is named."""
    return on.outside_code(".".join([found.row.id, *map(str, found.status.misled)]))


def policies(on: Incidents) -> list[Kept]:
    """The records of those that were in force, in their order."""
    return [each for each in unchanged(HOUSE, on.book) if each.kind == Kind.POLICY]


# --- adding ------------------------------------------------------------------------


def draft(kind: Kind, fields: Mapping[str, Value]) -> Draft:
    """A record with a salt of its own."""
    return Draft(kind, fields, secrets.token_bytes(SALT_BYTES))


def add(
    found: Look,
    drafts: Sequence[Draft],
    now: datetime,
    on: Incidents,
    behind: Container[str] = PASSING,
) -> Look:
    """The case with these records; durable on return.

    Raises RevisionConflict where something was added in between that is not one of ``behind``.
    """
    for _ in range(TURNS):
        if _was_added(addition(found, drafts, on), now, on):
            return look(found.row.id, on)
        seen = {each.kept.number for each in found.records}
        found = look(found.row.id, on)
        new = (each.kept for each in found.records if each.kept.number not in seen)
        if any(each.kind not in behind for each in new):
            break
    raise RevisionConflict("Somebody else has added to this case; look again.")


def add_for_good(
    found: Look,
    drafts: Sequence[Draft],
    now: datetime,
    on: Incidents,
    behind: Container[str] = PASSING,
) -> Look:
    """As ``add``, and the log's head is beside the store, unless the log is not what it was."""
    made = add(found, drafts, now, on, behind)
    on.with_room(lambda: logbook.try_to_remember(on.book))
    return made


def addition(found: Look, drafts: Sequence[Draft], on: Incidents) -> Addition:
    """Records behind those of a case, with what follows from all of them."""
    case = found.row.id
    number = next_number(each.kept.number for each in found.records)
    new = [link.kept(case) for link in chained(case, number, FIRST, drafts)]
    records = [*((each.kept, not each.wrong) for each in found.records), *((n, True) for n in new)]
    status = fold(case, records, found.status.accounts, on.policy)
    return Addition(case, number, drafts, ahead(status, new))


def _was_added(new: Addition, now: datetime, on: Incidents) -> bool:
    """Not where somebody else was faster."""
    return bool(on.with_room(lambda: on.records.add_records([new], now, on.book)))


def ahead(status: Status, records: Iterable[Kept]) -> Ahead:
    """What is to come, and what these records want delivered."""
    due = None if status.id == HOUSE else clocks.due(status)
    return Ahead(due, tuple(one for each in records for one in deliveries(each)))


def _look(row: CaseRow, kept: Sequence[Kept], accounts: Sequence[Account], on: Incidents) -> Look:
    seen, before, number = [], FIRST, 0
    for each in kept:
        found = wrong(each, on.book)
        if (each.number, each.before) != (number, before):
            found = (*found, "a record before it was taken away")
        before, number = leaf_hash(each.leaf or b"").hex(), each.number + 1
        seen.append(Seen(each, found))
    records = [(each.kept, not each.wrong) for each in seen]
    good = [each for each, holds in records if holds]
    routed = any(each.kind == Kind.ROUTED for each in good)
    fallback = on.policy if routed else _policy_at(opened(good) if good else row.opened_at, on)
    return Look(row, tuple(seen), fold(row.id, records, accounts, fallback))


def _policy_at(moment: datetime, on: Incidents) -> Policy:
    """What was in force then, for a case whose own record of it is gone."""
    found = None
    for each in policies(on):
        at = moment_of(each, "at")
        if found is None or (at and at <= moment):
            with suppress(InputError):  # of a program whose bounds were others
                found = meant(each)
    return found or on.policy
