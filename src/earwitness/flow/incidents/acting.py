"""What people do about a case. Each of it is a record; only an action stops a clock.

Whoever may not see a case is told that there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from earwitness.accounts import Account
from earwitness.errors import InputError, NotFound
from earwitness.evidence.records import Value
from earwitness.flow.incidents import cases, evidence, identity, logbook
from earwitness.flow.incidents.cases import Look
from earwitness.flow.incidents.parts import Incidents
from earwitness.incidents import conflicts
from earwitness.incidents.records import HOUSE, Kind
from earwitness.incidents.status import BY_TWO, LASTING, Act
from earwitness.listening import Imminence

LONGEST = 10_000
"""Characters of whatever is written."""
LOOKED_AT = {
    Imminence.NOW: timedelta(days=1),
    Imminence.RECENT: timedelta(days=14),
    Imminence.PAST: timedelta(days=30),
}
"""The latest that what was begun may be looked at again."""


def seen_by(case: str, by: Account, on: Incidents) -> Look:
    """Raises NotFound, for whoever may not see it, too."""
    found = cases.look(case, on)
    if case == HOUSE or not found.status.may_see(by):
        raise NotFound("There is no such case.")
    return found


def act(
    case: str,
    what: Act,
    by: Account,
    now: datetime,
    on: Incidents,
    *,
    until: datetime,
    whom: str,
    said: str = "",
    called_at: datetime | None = None,
) -> Look:
    """Stops the clock until it is to be looked at again.

    ``whom`` is who owns the inquiry, was referred to, or was called. Raises InputError.
    """
    found = seen_by(case, by, on)
    most = LOOKED_AT[found.status.imminence]
    if what not in LASTING:
        raise InputError("This needs a second person: propose it.")
    if not now < until <= now + most:
        raise InputError(
            f"Say when it is looked at again: after now, and within {_days(most)} here."
        )
    fields: dict[str, Value] = {
        "what": what.value,
        "until": until.astimezone(UTC).isoformat(),
        "whom": _text(whom, "Say who: who owns it, was told, or was called.", 200),
        "said": said.strip()[:LONGEST],
    }
    if what is Act.INQUIRY:
        fields |= {"whom": _owner(found, whom, on)}
    if what is Act.EMERGENCY:
        if called_at is None or called_at > now:
            raise InputError("Say when they were called; it has happened already.")
        fields |= {"called_at": called_at.astimezone(UTC).isoformat()}
    return _add(found, Kind.ACTED, by, fields, now, on)


def propose(case: str, what: Act, reasons: str, by: Account, now: datetime, on: Incidents) -> Look:
    """What a second person must agree to. Raises InputError."""
    found = seen_by(case, by, on)
    if what not in BY_TWO:
        raise InputError("This needs no second person: do it.")
    if what is Act.RELEASE and not found.status.held:
        raise InputError("Nothing is held.")
    fields: dict[str, Value] = {"what": what.value, "said": _text(reasons, "Say why.")}
    return _add(found, Kind.PROPOSED, by, fields, now, on)


def agree(case: str, proposal: int, by: Account, now: datetime, on: Incidents) -> Look:
    """Raises InputError for whoever proposed it, or stands in their line."""
    found = seen_by(case, by, on)
    asked = found.status.proposals.get(proposal)
    if asked is None:
        raise InputError("There is nothing of that kind to agree to; look again.")
    if not found.status.apart(asked.by, by.id):
        raise InputError(
            "It takes two people, and the second stands outside the first one's reporting line."
        )
    fields: dict[str, Value] = {"what": asked.what.value, "proposal": proposal}
    return _add(found, Kind.AGREED, by, fields, now, on)


def answer(case: str, text: str, feedback: bool, by: Account, now: datetime, on: Incidents) -> Look:
    """To the reporter; ``feedback`` says what is done, which the law wants within three months."""
    found = seen_by(case, by, on)
    fields: dict[str, Value] = {"said": _text(text, "Write something."), "feedback": feedback}
    return _add(found, Kind.ANSWERED, by, fields, now, on)


def hand_over(case: str, to: str, why: str, by: Account, now: datetime, on: Incidents) -> Look:
    """To somebody who may see it, by name. No clock stops, and none begins again."""
    found = seen_by(case, by, on)
    fields: dict[str, Value] = {"to": _owner(found, to, on), "said": _text(why, "Say why.")}
    return _add(found, Kind.HANDED_OVER, by, fields, now, on)


def implicate(case: str, names: Sequence[str], by: Account, now: datetime, on: Incidents) -> Look:
    """Whoever is named sees nothing more of it from now on."""
    found = seen_by(case, by, on)
    return _add(found, Kind.IMPLICATED, by, named(names, found), now, on)


def named(names: Sequence[str], found: Look) -> dict[str, Value]:
    """As a record says who is implicated. Raises InputError."""
    plain = [name for name in (" ".join(each.split()) for each in names) if name]
    if not plain or len(plain) > 20 or any(len(each) > 200 for each in plain):
        raise InputError("Name somebody, at most 20, one on a line.")
    ids = conflicts.implicated(plain, (), found.status.policy, found.status.accounts)
    return {"implicated": [*plain], "implicated_ids": [*sorted(ids)]}


def admit(case: str, who: str, by: Account, now: datetime, on: Incidents) -> Look:
    """Somebody who came later than the report, by the id of their account."""
    found = seen_by(case, by, on)
    known = next((each for each in on.records.accounts() if each.id == who), None)
    if known is None or who in found.status.direct:
        raise InputError("There is nobody like that who could be let in.")
    fields: dict[str, Value] = {"who": [who], "name": known.name}
    return _add(found, Kind.ADMITTED, by, fields, now, on)


def see(
    case: str,
    key: str,
    why: str,
    by: Account,
    now: datetime,
    on: Incidents,
    steps: Sequence[Mapping[str, Value]] = (),
) -> bytes:
    """A sealed original, by its SHA-256, once it is on record that somebody has it, and why.

    ``steps`` are those by which what they hear is made of it, each with all that it needs to be
    made again; none for the original itself.
    """
    found = seen_by(case, by, on)
    sealed = [each.fields for each in found.records if each.kept.kind == Kind.SEALED]
    if not any(each.get("sha256") == key for each in sealed):
        raise NotFound("There is no such evidence in this case.")
    content = on.sealed.get(key)
    fields: dict[str, Value] = {
        "sha256": key,
        "said": _text(why, "Say why you want to hear it."),
        "steps": [dict(each) for each in steps],
    }
    _add(found, Kind.SEEN, by, fields, now, on)
    return content


def took(
    case: str, why: str, by: Account, now: datetime, on: Incidents, what: str = "bundle"
) -> Look:
    """That somebody takes a case out of here, as what, and why."""
    found = seen_by(case, by, on)
    fields: dict[str, Value] = {"said": _text(why, "Say what it is taken for."), "what": what}
    return _add(found, Kind.TAKEN, by, fields, now, on)


def grant(case: str, why: str, by: Account, now: datetime, on: Incidents) -> Look:
    """Seals what other devices of the household heard in the same minute.

    Who wanted that, and why, is on record even where there is nothing. Raises InputError where
    the report names no clip, or it was done before.
    """
    found = seen_by(case, by, on)
    clip = found.first.get("utterance")
    if not isinstance(clip, str):
        raise InputError("The report names no clip, so there is no minute to look at.")
    if any(each.kept.kind == Kind.GRANTED for each in found.records):
        raise InputError("That was done; what there was is sealed.")
    originals = evidence.elsewhere(clip, now, on)
    fields: dict[str, Value] = {
        "at": now.isoformat(), "by": by.name, "by_id": by.id,
        "said": _text(why, "Say why."), "found": len(originals),
    }  # fmt: skip
    drafts = [cases.draft(Kind.GRANTED, fields), *originals, *evidence.held(originals, now)]
    made = cases.add(found, drafts, now, on)
    logbook.remember(on.book)
    return made


def reporter(found: Look, on: Incidents) -> str:
    """Who reported it, as far as whoever acts may know; empty where that is sealed."""
    if found.status.identity_at and (sealed := found.first.get("sealed_by")):
        return identity.opened(str(sealed), found.row.code_hash, on.identity_key)
    return str(found.first.get("by", ""))


def accept(case: str, who: str, now: datetime, on: Incidents) -> Look:
    """By the outside, which was asked for its code before."""
    found = cases.look(case, on)
    if found.status.accepted_at:
        return found
    fields: dict[str, Value] = {"at": now.isoformat(), "who": _text(who, "Say who you are.", 200)}
    made = cases.add(found, [cases.draft(Kind.ACCEPTED, fields)], now, on)
    logbook.remember(on.book)
    return made


def _add(
    found: Look, kind: Kind, by: Account, fields: dict[str, Value], now: datetime, on: Incidents
) -> Look:
    """Durable on return. Raises RevisionConflict where somebody else was faster."""
    whose: dict[str, Value] = {"at": now.isoformat(), "by": by.name, "by_id": by.id}
    made = cases.add(found, [cases.draft(kind, whose | fields)], now, on)
    logbook.remember(on.book)
    return made


def _owner(found: Look, name: str, on: Incidents) -> str:
    """A name of somebody who may see it. Raises InputError, in the same words for all others."""
    wanted = conflicts.same(name)
    for each in on.records.accounts():
        if conflicts.same(each.name) == wanted and found.status.may_see(each):
            return each.name
    raise InputError("Name somebody who has an account here and may see this case.")


def _text(text: str, problem: str, most: int = LONGEST) -> str:
    plain = text.strip()
    if not plain or len(plain) > most:
        raise InputError(f"{problem} At most {most} characters.")
    return plain


def _days(span: timedelta) -> str:
    return "a day" if span == timedelta(days=1) else f"{span.days} days"
