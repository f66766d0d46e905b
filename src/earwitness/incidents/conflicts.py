"""Who is routed around: whoever is named, and who depends on them or answers for them.

Kept away are the person; their deputies, the deputies of these, and those they are deputy for;
everybody who reports to them, directly or through others; and whom they report to directly, who
has to answer for them. Where anybody is named, whoever came to a role later than the report is
kept away, too, until somebody on the case lets them in: or an administrator would make an account
for a friend.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from earwitness.accounts import Account, Role
from earwitness.incidents.policy import ROLE, Policy


@dataclass(frozen=True, slots=True)
class Was:
    """Somebody as they were when a case began."""

    name: str
    roles: frozenset[Role]


There = Mapping[str, Was]
"""Who had an account then, by its id."""


_ALIKE = str.maketrans(
    "\u0410\u0412\u0415\u0405\u0406\u0408\u041a\u041c\u041d\u041e\u0420\u0421\u0422"
    "\u0423\u0425\u051a\u051c\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d"
    "\u039f\u03a1\u03a4\u03a5\u03a7\u0430\u0432\u0501\u0435\u0261\u04bb\u0456\u0458"
    "\u04cf\u043a\u043c\u0578\u043e\u0440\u051b\u0441\u0455\u0442\u057d\u03bd\u051d"
    "\u0445\u0443\u03b1\u03b5\u03b9\u03ba\u03bf\u03c1\u03c4\u03c5\u03c7i\u0131"
    "1|0",
    "abesljkmhopctyxqwabezhlkmnoptyxabdeghljlkmnopqcstuvwxyaelkoptuxllllo",
)
"""Cyrillic, Armenian and Greek letters that look like Latin ones, and what looks like l or o:
whoever is invited under such a name is not somebody else for it."""


@lru_cache(maxsize=4096)
def same(name: str) -> str:
    """Names that look alike are one name, with or without accents.

    >>> same(" Ria  KOVÁCS") == same("ria kovacs") == same("R\u0456a Kov\u200b\u00e1cs")
    True
    """
    apart = unicodedata.normalize("NFKD", name)
    seen = "".join(each for each in apart if unicodedata.category(each) not in ("Mn", "Cf"))
    return " ".join(seen.translate(_ALIKE).casefold().translate(_ALIKE).split())


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
    roles = {role for role in Role if wanted & {same(role.value), same(ROLE + role.value)}}
    found = {each.id for each in accounts if same(each.name) in wanted or roles & each.roles}
    for key, who in whom(policy, accounts).items():
        if same(key) in wanted or same(policy.people[key].account or key) in wanted:
            found.add(who)
    return frozenset(found | set(ids))


def matched(names: Iterable[str], policy: Policy, accounts: Sequence[Account]) -> list[str]:
    """Those of the names that are somebody's here."""
    return [each for each in names if implicated([each], (), policy, accounts)]


def around(direct: Collection[str], policy: Policy, accounts: Sequence[Account]) -> frozenset[str]:
    """Those, and everybody who stands by them."""
    ids = whom(policy, accounts)
    own = frozenset(key for key, who in ids.items() if who in direct)
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


def could_act(there: There, policy: Policy, accounts: Iterable[Account]) -> frozenset[str]:
    """Accounts that a case could have come to when it began, by a role or by their name."""
    tell = {name for rung in policy.rungs for name in rung.tell}
    roles = {role for role in Role if ROLE + role.value in tell} | {Role.RESPONDER}
    named = {each for name in tell & policy.people.keys()
             for each in (name, *policy.people[name].deputies)}  # fmt: skip
    ids = {who for key, who in whom(policy, accounts).items() if key in named}
    return frozenset(
        who for who, was in there.items() if roles & was.roles or (who in ids and was.roles)
    )


def whom(policy: Policy, accounts: Iterable[Account]) -> dict[str, str]:
    """The people of a policy as ids of accounts, or as ``people:NAME`` where they have none."""
    known = {each.name: each.id for each in accounts} | dict(policy.ids)
    return {
        key: known.get(person.account or "", f"people:{key}")
        for key, person in policy.people.items()
    }


def _deputies(own: frozenset[str], policy: Policy) -> Iterator[str]:
    found, new = set(own), set(own)
    while new:
        new = {each for key in new for each in policy.people[key].deputies} - found
        found |= new
    yield from found
    yield from (key for key, each in policy.people.items() if not own.isdisjoint(each.deputies))


def _below(own: Collection[str], policy: Policy) -> Iterator[str]:
    for key, person in policy.people.items():
        above = person.reports_to
        while above is not None:
            if above in own:
                yield key
                break
            above = policy.people[above].reports_to
