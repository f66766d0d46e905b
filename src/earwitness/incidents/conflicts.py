"""Who is routed around: whoever is named, and who depends on them or answers for them.

Kept away are the person; their deputies and those they are deputy for; everybody who reports
to them, directly or through others; and whom they report to directly, who has to answer for
them. Where anybody is named, whoever came to a role later than the report is kept away, too,
until somebody on the case lets them in: or an administrator would make an account for a friend.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from earwitness.accounts import Account, Role
from earwitness.incidents.policy import ROLE, Policy


@dataclass(frozen=True, slots=True)
class Was:
    """Somebody as they were when a case began."""

    name: str
    roles: frozenset[Role]


There = Mapping[str, Was]
"""Who had an account then, by its id."""


def same(name: str) -> str:
    """Names that look alike are one name.

    >>> same(" Ria  KOVÁCS") == same("ria kovács")
    True
    """
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def as_they_were(accounts: Iterable[Account], there: There) -> tuple[Account, ...]:
    """Under the names that they had: renaming somebody leads nowhere else.

    An account that took such a name since comes first, so that it is not found by it.
    """
    known = sorted(accounts, key=lambda each: each.id in there)
    return tuple(
        replace(each, name=there[each.id].name) if each.id in there else each for each in known
    )


def implicated(
    named: Iterable[str], ids: Collection[str], policy: Policy, accounts: Sequence[Account]
) -> frozenset[str]:
    """The accounts that a report names, by name or role, or by a name in the policy.

    ``ids`` are those of accounts that had such a name when it was named. People of the policy
    without an account here are in it as ``people:NAME``.
    """
    wanted = {same(each) for each in named}
    roles = {role for role in Role if wanted & {role.value, same(ROLE + role.value)}}
    found = {each.id for each in accounts if same(each.name) in wanted or roles & each.roles}
    for key, who in whom(policy, accounts).items():
        if same(key) in wanted or same(policy.people[key].account or key) in wanted:
            found.add(who)
    return frozenset(found | set(ids))


def around(direct: Collection[str], policy: Policy, accounts: Sequence[Account]) -> frozenset[str]:
    """Those, and everybody who stands by them."""
    ids = whom(policy, accounts)
    own = {key for key, who in ids.items() if who in direct}
    beside = {*_deputies(own, policy), *_below(own, policy)}
    above = {each for each in (policy.people[key].reports_to for key in own) if each}
    return frozenset(direct) | {ids[key] for key in own | beside | above}


def later(there: There, admitted: Collection[str], accounts: Iterable[Account]) -> frozenset[str]:
    """Accounts that are new, or have a role that they did not have then, and were not let in."""
    return frozenset(
        each.id
        for each in accounts
        if each.id not in admitted and not (each.id in there and each.roles <= there[each.id].roles)
    )


def whom(policy: Policy, accounts: Iterable[Account]) -> dict[str, str]:
    """The people of a policy as ids of accounts, or as ``people:NAME`` where they have none."""
    known = {each.name: each.id for each in accounts}
    return {
        key: known.get(person.account or "", f"people:{key}")
        for key, person in policy.people.items()
    }


def _deputies(own: Collection[str], policy: Policy) -> Iterator[str]:
    for key, person in policy.people.items():
        if key in own:
            yield from person.deputies
        elif not set(own).isdisjoint(person.deputies):
            yield key


def _below(own: Collection[str], policy: Policy) -> Iterator[str]:
    for key, person in policy.people.items():
        above = person.reports_to
        while above is not None:
            if above in own:
                yield key
                break
            above = policy.people[above].reports_to
