"""Who is told outside: nobody whose channel is that of somebody whom the report names.

A policy may name a manager's own mailbox as the outside, and may come into force just before the
report. So a case takes with it who was the outside before, and whose the channels were.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from earwitness.accounts import Account
from earwitness.evidence.records import Value
from earwitness.incidents.policy import Outside, PersonOf, Policy


@dataclass(frozen=True, slots=True)
class Before:
    """Of the policies on record when a case began, the newest first.

    ``people`` are the name in the policy, the id of the account that was meant, or empty, and who.
    """

    outsides: tuple[Outside, ...] = ()
    people: tuple[tuple[str, str, PersonOf], ...] = ()


def recorded(policies: Iterable[Policy]) -> dict[str, Value]:
    """As a record says it; ``policies`` with the newest first."""
    known = list(policies)
    outsides = dict.fromkeys(each.outside for each in known if each.outside)
    people = dict.fromkeys(
        (key, person.account, person.channels, each.ids.get(person.account or "", ""))
        for each in known
        for key, person in each.people.items()
        if person.channels
    )
    return {
        "outsides": [{"name": one.name, "channels": [*one.channels]} for one in outsides],
        "people": [
            {"key": key, "account": account, "channels": [*channels], "id": who}
            for key, account, channels, who in people
        ],
    }


def before(found: Value) -> Before:
    """Of a record; what is damaged is passed over."""
    given = found if isinstance(found, dict) else {}
    outsides, people = _parts(given.get("outsides")), _parts(given.get("people"))
    return Before(
        tuple(one for each in outsides if (one := _outside(each))),
        tuple(who for each in people if (who := _person(each))),
    )


def left(outsides: Iterable[Outside | None], theirs: Collection[str]) -> Outside | None:
    """The first that has another channel than theirs, with no other than these."""
    for each in outsides:
        channels = tuple(one for one in each.channels if plain(one) not in theirs) if each else ()
        if each and channels:
            return Outside(name=each.name, channels=channels)
    return None


def theirs(
    who: Collection[str],
    policy: Policy,
    known: Before,
    accounts: Iterable[Account],
    called: Iterable[str],
) -> frozenset[str]:
    """The channels of these accounts, and ``people:NAME``, in any of the policies; plain.

    ``called`` are more: the mailboxes by which accounts of theirs are called.
    """
    ids = {each.name: each.id for each in accounts}
    people = [
        *((key, policy.ids.get(each.account or "", ""), each)
          for key, each in policy.people.items()),
        *known.people,
    ]  # fmt: skip
    channels = (
        channel
        for key, meant, person in people
        if {f"people:{key}", meant, ids.get(person.account or "", "")} & set(who)
        for channel in person.channels
    )
    return frozenset(map(plain, (*called, *channels)))


def plain(channel: str) -> str:
    """Where it leads, however it is written: what is behind a plus is the same mailbox.

    >>> plain("mailto:Mallory+reports@Example.org")
    'mailto:mallory@example.org'
    """
    box, at, host = channel.casefold().partition("@")
    return box.partition("+")[0] + at + host if box.startswith("mailto:") else channel.casefold()


def place(channel: str) -> str:
    """What may be said of it: a host or a domain, for an address may be a secret.

    >>> place("mailto:a@example.net"), place("https://b:c@example.net:8443/hook?d")
    ('example.net', 'example.net')
    >>> place("letter:ombudsman")
    'a letter'
    """
    kind, _, rest = channel.partition(":")
    if kind == "letter":
        return "a letter"
    host = rest.lstrip("/").partition("/")[0].partition("?")[0].rpartition("@")[2]
    return host if host.startswith("[") else host.partition(":")[0]


def _parts(found: Value) -> Iterator[Mapping[str, Value]]:
    yield from (each for each in found if isinstance(each, dict)) if isinstance(found, list) else ()


def _outside(found: Mapping[str, Value]) -> Outside | None:
    try:
        return Outside.model_validate(found)
    except ValidationError:
        return None


def _person(found: Mapping[str, Value]) -> tuple[str, str, PersonOf] | None:
    rest = {name: value for name, value in found.items() if name not in ("key", "id")}
    try:
        return str(found.get("key")), str(found.get("id", "")), PersonOf.model_validate(rest)
    except ValidationError:
        return None
