"""What concerns every case: records of their own in the log, which every reporter sees."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise

from earwitness.accounts import Account
from earwitness.errors import InputError, LogBroken
from earwitness.evidence.records import Value
from earwitness.evidence.succession import succession, successor
from earwitness.flow.incidents import cases, logbook
from earwitness.flow.incidents.logbook import unchanged, wrong
from earwitness.flow.incidents.parts import Incidents
from earwitness.incidents.deliveries import Ahead, deliveries
from earwitness.incidents.folding import meant
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
from earwitness.ports import Addition, CaseRow

TAKEN = "records were taken away"
FOREIGN = "the database does by itself what is not ours"
DAY = timedelta(days=1)
SET_BACK = "the clock was set back, or what it had seen was taken away"


def note_policy(now: datetime, on: Incidents) -> bool:
    """That another policy is in force than the last one on record, or that it means accounts
    which were not there then; whether that was so.
    """
    text, known = on.policy_text(), cases.policies(on)
    accounts: dict[str, Value] = {**meaning(on.records.accounts(), on)}
    if (
        known
        and text_of(known[-1], "policy") == text
        and (known[-1].fields.get("accounts", {}) == accounts)
    ):
        return False
    fields: dict[str, Value] = {"at": now.isoformat(), "policy": text, "accounts": accounts}
    _add(cases.draft(Kind.POLICY, fields), now, on)
    return True


def meaning(accounts: Iterable[Account], on: Incidents) -> dict[str, str]:
    """By name in the policy in force, which account it means: whoever renames one before a report
    would not be who the policy routes around. Those on record stay; another policy means whoever
    is called so now, and else whom the one before it meant.
    """
    known, names = cases.policies(on), on.policy.account_names
    now = {each.name: each.id for each in accounts if each.name in names}
    if not known:
        return now
    before = {name: who for name, who in _ids(known[-1]).items() if name in names}
    same = text_of(known[-1], "policy") == on.policy_text()
    return now | before if same else before | now


def note_ways(now: datetime, on: Incidents) -> bool:
    """That messages leave by other ways than those last on record; whether that was so.

    Whoever may change the settings could lead them to a mail server that sends nothing on.
    """
    now_in_use, known = ways(on), _ways(on)
    if known and {**known[-1].fields, **now_in_use} == known[-1].fields:
        return False
    _add(cases.draft(Kind.WAYS, {"at": now.isoformat(), **now_in_use}), now, on)
    return True


def note_day(now: datetime, on: Incidents) -> bool:
    """That it is this late, where no record has said so for a day; whether that was so.

    So far back, and no further, leads a clock that is set back where what it saw is taken away.
    """
    before = logbook.proven(on.book)
    if before is None or now - before < DAY:
        return False
    _add(cases.draft(Kind.DAY, {"at": now.isoformat()}), now, on)
    return True


def ways(on: Incidents) -> dict[str, Value]:
    """By which messages and heads of the log leave here, as the settings have it; no secret."""
    return {
        "mail_server": on.mail_server,
        "mail_from": on.mail_from,
        "address": on.address,
        "witnesses": [str(each.key) for each in on.book.witnesses],
        "quorum": on.book.quorum,
    }


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
    keys = (each for each in unchanged(HOUSE, on.book) if each.kind == Kind.KEY)
    return _since(moment, keys)


def policies_since(moment: datetime, on: Incidents) -> list[datetime]:
    """When others came into force."""
    every = cases.policies(on)
    others = (
        new for old, new in pairwise(every) if text_of(old, "policy") != text_of(new, "policy")
    )
    return _since(moment, others)


def ways_since(moment: datetime, on: Incidents) -> list[datetime]:
    """When messages began to leave by others."""
    return _since(moment, _ways(on)[1:])


def parsed_policies(on: Incidents) -> list[Policy]:
    """Those that were in force, the newest first."""
    found = (_parsed(each) for each in reversed(cases.policies(on)))
    return [each for each in found if each]


def changed(on: Incidents) -> int:
    """How many records of what concerns every case are not what the log holds."""
    kept = on.records.records_of([HOUSE]).get(HOUSE, ())
    on.book.catch_up()
    return sum(bool(wrong(each, on.book)) for each in kept)


def taken_away(on: Incidents) -> int:
    """How many leaves of the log have no record any more, or were said to have none."""
    size, said = on.book.trust.tree.size, (_places(each) for each in _alarms(on))
    return len((frozenset(range(size)) - on.records.places()).union(*said))


def missing(good: Collection[int], size: int) -> frozenset[int]:
    """Leaves of a log of this size that no record opens; ``good`` are those of the records."""
    return frozenset(range(size)).difference(good)


def alarm(
    now: datetime,
    on: Incidents,
    gone: Collection[int] = (),
    channels: Iterable[str] = (),
    besides: Iterable[str] = (),
) -> bool:
    """That leaves have no record any more, or the log or the database is not what it should be,
    or what is wrong ``besides``; whether something was said that was not said before. What of it
    is over is on record, too, so that it is told again where it comes back.

    Where all of a case is gone there is nothing left that could climb. So every outside is told
    that a policy on record has named, the house's or a case's (``channels``), or that is in
    force: whoever takes a case away may have changed the policy, and its records.
    """
    every: list[Value] = [*dict.fromkeys((*outside_channels(on), *channels))]
    new = frozenset(gone).difference(*map(_places, _alarms(on)))
    known, wrong_now = _not_over(on), [*_wrong_with_the_log(on), *besides]
    for why in known:
        if why.startswith((FOREIGN, SET_BACK)) and why not in wrong_now:
            _add(cases.draft(Kind.OVER, {"at": now.isoformat(), "why": why}), now, on)
    found: list[dict[str, Value]] = []
    if new:
        found.append({"why": TAKEN, "missing": len(new), "leaves": _ranges(new)})
    found += [{"why": each} for each in wrong_now if each not in known]
    for each in found:
        fields = {"at": now.isoformat(), **each, "channels": every}
        _add(cases.draft(Kind.OUTSIDE, fields), now, on)
    return bool(found)


def note_silence(since: datetime, channels: Iterable[str], now: datetime, on: Incidents) -> None:
    """That the outside was told that reports could not be read, and can be again."""
    why = f"reports were out of reach from {since:%Y-%m-%d %H:%M} to {now:%Y-%m-%d %H:%M UTC}"
    fields: dict[str, Value] = {"at": now.isoformat(), "why": why, "channels": [*channels]}
    _add(cases.draft(Kind.OUTSIDE, fields), now, on)


def outside_channels(on: Incidents) -> tuple[str, ...]:
    """Of every outside that a policy of the house has named, or that is in force."""
    policies = (*parsed_policies(on), on.policy)
    return tuple(dict.fromkeys(one for each in policies for one in channels_of(each)))


def channels_of(policy: Policy) -> tuple[str, ...]:
    """Of the outside that it names."""
    return policy.outside.channels if policy.outside else ()


def _alarms(on: Incidents) -> list[Kept]:
    return [each for each in unchanged(HOUSE, on.book) if each.kind == Kind.OUTSIDE]


def _not_over(on: Incidents) -> list[str]:
    """Why the outside was told, as far as it is not on record that it is over."""
    found = dict[str, None]()
    for each in unchanged(HOUSE, on.book):
        if each.kind == Kind.OUTSIDE:
            found[text_of(each, "why")] = None
        elif each.kind == Kind.OVER:
            found.pop(text_of(each, "why"), None)
    return [*found]


def _wrong_with_the_log(on: Incidents) -> Iterator[str]:
    try:
        logbook.check(on.book)
    except LogBroken as error:
        yield str(error)
    yield from on.book.contradictions
    if code := on.records.foreign_code():
        yield f"{FOREIGN}: {', '.join(code)}"


def _ranges(places: Collection[int]) -> str:
    """As text: all that are said, in little room.

    >>> _ranges([1, 2, 3, 7])
    '1-3 7-7'
    """
    found: list[list[int]] = []
    for each in sorted(places):
        if found and found[-1][1] == each - 1:
            found[-1][1] = each
        else:
            found.append([each, each])
    return " ".join(f"{first}-{last}" for first, last in found)


def _places(alarm: Kept) -> frozenset[int]:
    pairs = (each.partition("-") for each in text_of(alarm, "leaves").split())
    return frozenset(at for first, _, last in pairs for at in range(int(first), int(last) + 1))


def _add(draft: Draft, now: datetime, on: Incidents) -> None:
    kept = on.records.records_of([HOUSE]).get(HOUSE, ())
    number = next_number(each.number for each in kept)
    new = chained(HOUSE, number, FIRST, [draft])[0].kept(HOUSE)
    ahead = Ahead(deliveries=deliveries(new))
    if on.records.case_rows([HOUSE]):
        on.records.add_records([Addition(HOUSE, number, [draft], ahead)], now, on.book)
    else:
        nobodys = hashlib.sha256(b"earwitness: a code that nobody has").digest()
        on.records.open_case(CaseRow(HOUSE, nobodys, now), [draft], ahead, on.book)
    logbook.try_to_remember(on.book)


def _ways(on: Incidents) -> list[Kept]:
    return [each for each in unchanged(HOUSE, on.book) if each.kind == Kind.WAYS]


def _since(moment: datetime, kept: Iterable[Kept]) -> list[datetime]:
    moments = (moment_of(each, "at") for each in kept)
    return [each for each in moments if each and each > moment]


def _parsed(kept: Kept) -> Policy | None:
    try:
        return meant(kept)
    except InputError:
        return None


def _ids(policy: Kept) -> Mapping[str, str]:
    found = _parsed(policy)
    return found.ids if found else {}
