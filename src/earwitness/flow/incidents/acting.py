"""What people do about a case. Each of it is a record; only an action stops a clock.

Whoever may not see a case is told that there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from earwitness.accounts import Account
from earwitness.errors import InputError, NotFound, StoreError
from earwitness.evidence.records import Value
from earwitness.flow.incidents import cases, evidence, identity
from earwitness.flow.incidents.cases import Look
from earwitness.flow.incidents.parts import Incidents
from earwitness.incidents import conflicts
from earwitness.incidents.policy import Policy
from earwitness.incidents.records import HOUSE, Kind, text_of, texts_of
from earwitness.incidents.status import BY_TWO, LASTING, LOOKED_AT, Act

LONGEST = 10_000
"""Characters of whatever is written."""
TWO = (
    "It takes two people who could act when the case began, neither in the other's reporting "
    "line. Whoever came later counts for those of them who let them in: "
)
LONGEST_AGO = timedelta(days=1)
"""That somebody was called, before it is on record."""
WHEN_CALLED = "Say how many minutes ago they were called: 0 to 1440."


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
        "whom": written(whom, "Say who: who owns it, was told, or was called.", 200),
        "said": short(said),
    }
    if what is Act.INQUIRY:
        fields |= {"whom": _owner(found, whom, on)}
    if what is Act.EMERGENCY:
        if called_at is None or not now - LONGEST_AGO <= called_at <= now:
            raise InputError(WHEN_CALLED)
        fields |= {"called_at": called_at.astimezone(UTC).isoformat()}
    return _add(found, Kind.ACTED, by, fields, now, on)


def propose(case: str, what: Act, reasons: str, by: Account, now: datetime, on: Incidents) -> Look:
    """What a second person must agree to. Raises InputError, for who came later, too."""
    found = seen_by(case, by, on)
    if by.id not in found.status.vouched:
        raise InputError(f"{TWO}you came later, so one of them lets you in first.")
    if what not in BY_TWO:
        raise InputError("This needs no second person: do it.")
    if what is Act.RELEASE and not found.status.held:
        raise InputError("Nothing is held.")
    fields: dict[str, Value] = {"what": what.value, "said": written(reasons, "Say why.")}
    return _add(found, Kind.PROPOSED, by, fields, now, on)


def agree(case: str, proposal: int, by: Account, now: datetime, on: Incidents) -> Look:
    """Raises InputError for whoever proposed it, stands in their line, or was let in by them."""
    found = seen_by(case, by, on)
    asked = found.status.proposals.get(proposal)
    if asked is None:
        raise InputError("There is nothing of that kind to agree to; look again.")
    if not found.status.apart(asked.by, by.id):
        raise InputError(f"{TWO}somebody who is neither of you, nor in their line, lets you in.")
    fields: dict[str, Value] = {"what": asked.what.value, "proposal": proposal}
    return _add(found, Kind.AGREED, by, fields, now, on)


def answer(case: str, text: str, feedback: bool, by: Account, now: datetime, on: Incidents) -> Look:
    """To the reporter; ``feedback`` says what is done, which the law wants within three months."""
    return answered(seen_by(case, by, on), text, feedback, by, now, on)


def answered(
    found: Look, text: str, feedback: bool, by: Account, now: datetime, on: Incidents
) -> Look:
    """By somebody who may see the case."""
    fields: dict[str, Value] = {"said": written(text, "Write something."), "feedback": feedback}
    return _add(found, Kind.ANSWERED, by, fields, now, on)


def hand_over(case: str, to: str, why: str, by: Account, now: datetime, on: Incidents) -> Look:
    """To somebody who may see it, by name. No clock stops, and none begins again."""
    found = seen_by(case, by, on)
    fields: dict[str, Value] = {"to": _owner(found, to, on), "said": written(why, "Say why.")}
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
    return who_is_named(plain, found.status.policy, found.status.accounts)


def who_is_named(
    names: Sequence[str], policy: Policy, accounts: Sequence[Account]
) -> dict[str, Value]:
    """With the accounts, whatever they are called later, and which of the names are somebody's."""
    ids = conflicts.implicated(names, (), policy, accounts)
    matched = conflicts.matched(names, policy, accounts)
    return {"implicated": [*names], "implicated_ids": [*sorted(ids)], "matched": [*matched]}


def admit(case: str, who: str, by: Account, now: datetime, on: Incidents) -> Look:
    """Somebody who came later than the report, by the id of their account.

    Where it takes two people they count for whoever let them in, and not beside them.
    """
    found = seen_by(case, by, on)
    known = next((each for each in on.records.accounts() if each.id == who), None)
    if known is None or who in found.status.direct:
        raise InputError("There is nobody like that who could be let in.")
    fields: dict[str, Value] = {"who": [who], "name": known.name}
    return _add(found, Kind.ADMITTED, by, fields, now, on)


def heard(
    found: Look,
    key: str,
    why: str,
    by: Account,
    now: datetime,
    on: Incidents,
    steps: Sequence[Mapping[str, Value]] = (),
    how: str = "",
) -> bytes:
    """A sealed original, by its SHA-256, once it is on record that ``by``, who may see the case,
    has it, and why. ``how`` is empty where it is heard.

    ``steps`` are those by which what they hear is made of it, each with all that it needs to be
    made again; none for the original itself, nor for a file, of which nothing is made.
    """
    sealed = [each.fields for each in found.records if each.kept.kind == Kind.SEALED]
    one = next((each for each in sealed if each.get("sha256") == key), None)
    if one is None:
        raise NotFound("There is no such evidence in this case.")
    content = on.sealed.get(key)
    fields: dict[str, Value] = {"sha256": key, "said": written(why, "Say why you must have it.")}
    if one.get("format") == evidence.FILE:
        fields |= {"steps": [], "how": "saved"}
    else:
        fields["steps"] = [dict(each) for each in steps]
        fields |= {"how": how} if how else {}
    _add(found, Kind.SEEN, by, fields, now, on)
    return content


def took(
    case: str, why: str, by: Account, now: datetime, on: Incidents, what: str = "bundle"
) -> Look:
    """That somebody takes a case out of here, as what, and why."""
    return taken(seen_by(case, by, on), why, by, now, on, what)


def taken(
    found: Look, why: str, by: Account, now: datetime, on: Incidents, what: str = "bundle"
) -> Look:
    """By somebody who may see the case."""
    fields: dict[str, Value] = {"said": written(why, "Say what it is taken for."), "what": what}
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
        "said": written(why, "Say why."), "found": len(originals),
    }  # fmt: skip
    drafts = [cases.draft(Kind.GRANTED, fields), *originals, *evidence.held(originals, now)]
    return cases.add_for_good(found, drafts, now, on)


def reporter(found: Look, on: Incidents) -> str:
    """Who reported it, as far as whoever acts may know; empty where that is sealed.

    Raises StoreError where no record that holds says so, or what is sealed cannot be opened.
    """
    first = next((each for each in found.good if each.kind == Kind.REPORTED), None)
    if first is None:
        raise StoreError("Who reported cannot be opened: its record was changed.")
    sealed = text_of(first, "sealed_by")
    if not sealed:
        return text_of(first, "by")
    if found.status.identity_at is None:
        return ""
    return identity.opened(sealed, found.code_hash, on.identity_key)


def accept(case: str, who: str, now: datetime, on: Incidents) -> Look:
    """By the outside, which was asked for its code before, and all of which is told who it was.

    Raises InputError before any message to them is on record as delivered: whoever has the code
    from elsewhere would have it that they are never told.
    """
    found = cases.look(case, on)
    if found.status.accepted_at:
        return found
    if not any(each.kind == Kind.DELIVERED for each in found.good):
        raise InputError(
            "No message to the outside is on record as delivered yet, so nobody there can have "
            "taken it. Try again once it is."
        )
    outside = [each for each in found.good if each.kind == Kind.OUTSIDE]
    channels: list[Value] = [
        *dict.fromkeys(x for each in outside for x in texts_of(each, "channels"))
    ]
    fields: dict[str, Value] = {
        "at": now.isoformat(),
        "who": written(" ".join(who.split()), "Say who you are.", 200),
        "channels": channels,
    }
    return cases.add_for_good(found, [cases.draft(Kind.ACCEPTED, fields)], now, on)


def _add(
    found: Look, kind: Kind, by: Account, fields: dict[str, Value], now: datetime, on: Incidents
) -> Look:
    """Durable on return. Raises RevisionConflict where somebody else was faster."""
    whose: dict[str, Value] = {"at": now.isoformat(), "by": by.name, "by_id": by.id}
    return cases.add_for_good(found, [cases.draft(kind, whose | fields)], now, on)


def _owner(found: Look, name: str, on: Incidents) -> str:
    """A name of somebody who may see it. Raises InputError, in the same words for all others."""
    wanted, written = conflicts.same(name), " ".join(name.split()).casefold()
    for each in sorted(on.records.accounts(), key=lambda one: one.name.casefold() != written):
        if conflicts.same(each.name) == wanted and found.status.may_see(each):
            return each.name
    raise InputError("Name somebody who has an account here and may see this case.")


def written(text: str, problem: str, most: int = LONGEST) -> str:
    """Without space around it. Raises InputError, which says ``problem`` where there is nothing."""
    plain = short(text, most)
    if not plain:
        raise InputError(problem)
    return plain


def short(text: str, most: int = LONGEST) -> str:
    """Raises InputError with how long it is and may be."""
    plain = text.strip()
    if len(plain) > most:
        raise InputError(f"Write at most {most} characters, and this has {len(plain)}.")
    return plain


def _days(span: timedelta) -> str:
    return "a day" if span == timedelta(days=1) else f"{span.days} days"
