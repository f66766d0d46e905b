"""How a case is told: each record in words, and what stands about it, for who reads its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from earwitness.evidence.records import Value
from earwitness.incidents import outsides
from earwitness.incidents.records import Kept, Kind, moment_of, text_of, texts_of
from earwitness.incidents.status import Act, Status

_ACTS = {
    Act.INQUIRY: "an inquiry",
    Act.REFERRED: "a referral outside",
    Act.EMERGENCY: "a call to emergency services",
    Act.NO_ACTION: "to take no action",
    Act.CONCLUDED: "to conclude the case",
    Act.RELEASE: "to release the legal hold",
    Act.IDENTITY: "to open who reported it",
}
_DANGER = {
    "now": "Somebody is in danger now",
    "recent": "It happened a short while ago",
    "past": "It is over",
}


def act(what: str) -> str:
    """What somebody did or proposes; what is no act as it stands."""
    return _ACTS[Act(what)] if what in list(Act) else what


def danger(imminence: str) -> str:
    """As the form asks for it."""
    return _DANGER.get(imminence, imminence)


def moment(at: datetime | None) -> str:
    """To the minute, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at else "at no moment that can be read"


def local(at: datetime | None, zone: str) -> str:
    """To the second, by the clocks of a place.

    >>> from datetime import UTC
    >>> local(datetime(2026, 11, 29, 20, 5, 7, tzinfo=UTC), "Europe/Berlin")
    '2026-11-29 21:05:07 (Europe/Berlin)'
    """
    if at is None:
        return moment(at)
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S} ({zone})"


def recorded(record: Kept) -> str:
    """When; empty for one that does not say so."""
    at = moment_of(record, "at")
    return moment(at) if at else ""


def begun(sentence: str) -> str:
    """With a capital letter, and the others as they are.

    >>> begun("by 09:35 UTC")
    'By 09:35 UTC'
    """
    return sentence[:1].upper() + sentence[1:]


def span(wait: timedelta) -> str:
    """
    >>> span(timedelta(minutes=90)), span(timedelta(days=2))
    ('1 h 30 min', '2 d')
    """
    seconds = int(wait.total_seconds())
    units = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
    parts = []
    for unit, size in units:
        many, seconds = divmod(seconds, size)
        parts += [f"{many} {unit}"] if many else []
    return " ".join(parts)


def standing(status: Status) -> str:
    """Where a case is, in a few words."""
    if status.closed_at:
        return f"closed: {_closed(status)}"
    action = status.action
    if action and action.until and f"action:{action.number}" not in status.fired:
        return f"{_ACTS[action.what]}, to be looked at again by {moment(action.until)}"
    if status.accepted_at:
        return "the outside has taken it; nobody here has acted"
    if status.outside_at:
        return "nobody here has acted; the outside was turned to"
    if status.top >= 0:
        return f"nobody has acted; {status.policy.called(status.top)} was told"
    return "nobody was told"


def _closed(status: Status) -> str:
    action = status.action
    return "concluded" if action and action.what is Act.CONCLUDED else "no action"


def told(record: Kept, names: Mapping[str, str]) -> str:
    """A record as a sentence; ``names`` are those of accounts by id."""
    teller = _TELLERS.get(record.kind)
    return teller(record, names) if teller else record.kind.replace("_", " ")


# --- one kind each -------------------------------------------------------------------


def _reported(record: Kept, names: Mapping[str, str]) -> str:
    who = text_of(record, "by") or "Somebody who asked for confidence"
    return f"{who} reported: {text_of(record, 'heard')}"


def _routed(record: Kept, names: Mapping[str, str]) -> str:
    return "The policy in force was fixed for this case; a later one changes nothing here."


def _sealed(record: Kept, names: Mapping[str, str]) -> str:
    what = f"{text_of(record, 'part')}, {_extent(record)}"
    if problem := text_of(record, "problem"):
        return f"Could not be sealed ({what}): {problem}"
    return f"Sealed: {what}, SHA-256 {text_of(record, 'sha256')[:16]}…"


def _extent(record: Kept) -> str:
    """How long it is; of a file its name, and how large it is."""
    size, name = record.fields.get("bytes"), text_of(record, "name")
    if name and isinstance(size, int):
        return f"{name}, {large(size)}"
    return _seconds(record.fields.get("milliseconds"))


def large(size: int) -> str:
    """
    >>> large(1), large(2600), large(5 << 20)
    ('1 KiB', '3 KiB', '5.0 MiB')
    """
    return f"{size / (1 << 20):.1f} MiB" if size >= 1 << 20 else f"{-(-size // 1024)} KiB"


def _seconds(milliseconds: Value) -> str:
    return f"{milliseconds / 1000:.1f} s" if isinstance(milliseconds, int) else "of unknown length"


def _granted(record: Kept, names: Mapping[str, str]) -> str:
    many, why = record.fields.get("found"), text_of(record, "said")
    return (
        f"{text_of(record, 'by')} had other devices of the household sealed for that minute "
        f"({many} found), because: {why}"
    )


def _held(record: Kept, names: Mapping[str, str]) -> str:
    return "Held: neither retention nor erasure takes what it is about."


def _added(record: Kept, names: Mapping[str, str]) -> str:
    kind = " that somebody retaliates" if record.fields.get("retaliation") is True else ""
    return f"The reporter says{kind}: {text_of(record, 'text')}"


_AWAY = ("saved", "reported")
_HAD = {"saved": "saved", "examined": "examined", "reported": "took a report away of"}
"""What was done with evidence, by how its record says that it was had."""


def _seen(record: Kept, names: Mapping[str, str]) -> str:
    what, by = text_of(record, "sha256")[:16], text_of(record, "by")
    told = text_of(record, "how")
    did = _HAD.get(told, "heard")
    how = ", no louder than is safe" if record.fields.get("steps") and told not in _AWAY else ""
    return f"{by} {did} {what}…{how}, because: {text_of(record, 'said')}"


def _found(record: Kept, names: Mapping[str, str]) -> str:
    of, number = text_of(record, "of")[:16], record.fields.get("version")
    question = text_of(record, "question")
    told = f": {question}" if question else "."
    return f"{text_of(record, 'by')} wrote version {number} of a finding on {of}…{told}"


def _taken(record: Kept, names: Mapping[str, str]) -> str:
    why = text_of(record, "said")
    bundle = "a bundle of everything out of here"
    what = "a page to print" if text_of(record, "what") == "page" else bundle
    return f"{text_of(record, 'by')} took {what}, because: {why}"


def _told(record: Kept, names: Mapping[str, str]) -> str:
    people = record.fields.get("people")
    listed = people if isinstance(people, list) else []
    ids = [str(each.get("who")) for each in listed if isinstance(each, dict)]
    if names:
        who = ", ".join(names.get(each, each.removeprefix("people:")) for each in ids)
    else:  # for the reporter it matters that somebody was
        who = f"{len(ids)} {'person' if len(ids) == 1 else 'people'}"
    return f"{text_of(record, 'name')} was told ({who or 'nobody'}): {text_of(record, 'why')}."


def _outside(record: Kept, names: Mapping[str, str]) -> str:
    name, why, passed = text_of(record, "name"), text_of(record, "why"), _passed_over(record)
    if name:
        return f"The outside was turned to, {name}{passed}: {why}."
    other = "other outside" if passed else "outside"
    return f"Nobody is left to turn to, and no {other} is named{passed}: {why}."


def _passed_over(record: Kept) -> str:
    names = ", ".join(texts_of(record, "passed_over"))
    return (
        f" (not {names}: that leads to somebody who is named, or stands by them)" if names else ""
    )


def _delivered(record: Kept, names: Mapping[str, str]) -> str:
    channel = text_of(record, "channel")
    kind, where = channel.partition(":")[0], outsides.place(channel)
    match kind:
        case "mailto":
            return f"Our mail server took a message for {where}."
        case "letter":
            return f"{where.capitalize()} was written, to be posted by somebody here."
    return f"{where} answered that it took a message."


def _undelivered(record: Kept, names: Mapping[str, str]) -> str:
    where = "the outside" if record.fields.get("rung") is None else "that rung"
    why = f": {text_of(record, 'problem')}" if names else ""  # which may say an address
    return f"No message reaches {where}{why}. It is tried again."


def _accepted(record: Kept, names: Mapping[str, str]) -> str:
    return f"Taken outside, by {text_of(record, 'who')}."


def _opened(record: Kept, names: Mapping[str, str]) -> str:
    return "Somebody with the code of the outside opened it."


def _acted(record: Kept, names: Mapping[str, str]) -> str:
    until = moment(moment_of(record, "until"))
    said = f" {text_of(record, 'said')}" if text_of(record, "said") else ""
    called = moment_of(record, "called_at")
    when = f", at {moment(called)}" if called else ""
    return (
        f"{text_of(record, 'by')} recorded {act(text_of(record, 'what'))}: "
        f"{text_of(record, 'whom')}{when}. To be looked at again by {until}.{said}"
    )


def _proposed(record: Kept, names: Mapping[str, str]) -> str:
    what = act(text_of(record, "what"))
    return f"{text_of(record, 'by')} proposes {what}, because: {text_of(record, 'said')}"


def _agreed(record: Kept, names: Mapping[str, str]) -> str:
    return f"{text_of(record, 'by')} agrees {act(text_of(record, 'what'))}."


def _answered(record: Kept, names: Mapping[str, str]) -> str:
    kind = "what is done" if record.fields.get("feedback") is True else "an answer"
    return f"{text_of(record, 'by')} gave the reporter {kind}: {text_of(record, 'said')}"


def _handed_over(record: Kept, names: Mapping[str, str]) -> str:
    to, why = text_of(record, "to"), text_of(record, "said")
    return f"{text_of(record, 'by')} handed it over to {to}, because: {why}"


def _implicated(record: Kept, names: Mapping[str, str]) -> str:
    named = ", ".join(texts_of(record, "implicated"))
    return f"{text_of(record, 'by') or 'The reporter'} named who is involved: {named}."


def _admitted(record: Kept, names: Mapping[str, str]) -> str:
    return f"{text_of(record, 'by')} let in {text_of(record, 'name')}, who came later."


def _restored(record: Kept, names: Mapping[str, str]) -> str:
    return "Somebody had taken this case away, or its code; both were put back."


_TELLERS: Mapping[str, Callable[[Kept, Mapping[str, str]], str]] = {
    Kind.REPORTED: _reported,
    Kind.ROUTED: _routed,
    Kind.SEALED: _sealed,
    Kind.GRANTED: _granted,
    Kind.HELD: _held,
    Kind.ADDED: _added,
    Kind.SEEN: _seen,
    Kind.FOUND: _found,
    Kind.TAKEN: _taken,
    Kind.TOLD: _told,
    Kind.OUTSIDE: _outside,
    Kind.DELIVERED: _delivered,
    Kind.UNDELIVERED: _undelivered,
    Kind.ACCEPTED: _accepted,
    Kind.OPENED: _opened,
    Kind.ACTED: _acted,
    Kind.PROPOSED: _proposed,
    Kind.AGREED: _agreed,
    Kind.ANSWERED: _answered,
    Kind.HANDED_OVER: _handed_over,
    Kind.IMPLICATED: _implicated,
    Kind.ADMITTED: _admitted,
    Kind.RESTORED: _restored,
}
