"""What goes out: that something waits and where, never what; again until the other side has it.

The outside has it when somebody there says so, on a page of their own; until then it is told
again each day, although its mail server took every message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from earwitness.errors import NotDelivered, NotFound
from earwitness.evidence.records import Value
from earwitness.flow.incidents import cases
from earwitness.flow.incidents.cases import Look
from earwitness.flow.incidents.parts import Incidents
from earwitness.incidents import clocks
from earwitness.incidents.deliveries import LONGEST_PAUSE, Delivery, deliveries, pause
from earwitness.incidents.records import HOUSE, Kind, moment_of
from earwitness.incidents.status import LONG_AGO
from earwitness.ports import Channels, Message

AGAIN = timedelta(days=1)
"""How often the outside is told while it says nothing."""
PATIENCE = timedelta(hours=1)
"""How long messages to the outside may fail before that is on record."""
MOST_TRIES = 1_000_000
"""A row that says more is not believed."""

log = structlog.get_logger(__name__)


def deliver(delivery_id: str, now: datetime, on: Incidents, channels: Channels) -> None:
    """One try. Raises NotFound, StoreError, RevisionConflict; the delivery is due again then."""
    row = on.records.delivery(delivery_id)
    if row.next_at is None or row.next_at > now:
        return
    found = cases.look(row.case, on)
    delivery = _as_recorded(row, found)
    why = _needless(delivery, found) if delivery else "no record wants it"
    if delivery is None or why:
        on.records.put_delivery(replace(row, next_at=None, problem=why))
        return
    _try(delivery, found, now, on, channels)


def deliver_held(delivery_id: str, now: datetime, on: Incidents, channels: Channels) -> None:
    """One try of what a record wants to go out, whatever its row says, or if it has none."""
    found = cases.look(delivery_id.partition(".")[0], on)
    for each in (one for record in found.good for one in deliveries(record)):
        if each.id == delivery_id and not _needless(each, found):
            with suppress(NotFound):
                _try(each, found, now, on, channels)


def _try(delivery: Delivery, found: Look, now: datetime, on: Incidents, channels: Channels) -> None:
    try:
        channels.send(delivery.channel, message(delivery, found, on))
    except Exception as error:  # whatever it is: it is said, and tried again
        why = str(error) if isinstance(error, NotDelivered) else type(error).__name__
        _failed(delivery, why, found, now, on)
    else:
        _sent(delivery, found, now, on)


def _as_recorded(row: Delivery, found: Look) -> Delivery | None:
    """To whom the record says, whatever its row says; how often it was tried, as in the row."""
    for each in (one for record in found.good for one in deliveries(record)):
        if each.id == row.id:
            tries = row.tries if 0 <= row.tries < MOST_TRIES else 0
            return replace(each, tries=tries, problem=row.problem, sent_at=row.sent_at)
    return None


def held_back(
    wanted: Iterable[Delivery], kept: Iterable[Delivery], found: Look, now: datetime
) -> list[Delivery]:
    """What the records want to go out and its row would not let go, as it should stand."""
    rows = {each.id: each for each in kept}
    return [
        replace(each, next_at=now)
        for each in wanted
        if not _needless(each, found) and not _goes_out(each, rows.get(each.id), found, now)
    ]


def _goes_out(wanted: Delivery, row: Delivery | None, found: Look, now: datetime) -> bool:
    """That the outside was told is believed of the records alone.

    That somebody inside was, of the row: their rung's time runs out all the same.
    """
    if _once(wanted, found) and _was_told(wanted, found):
        return True
    if row is None or (row.rung, row.channel) != (wanted.rung, wanted.channel):
        return False
    latest = now + AGAIN
    if wanted.rung is not None:
        if row.sent_at is not None:
            return True
        latest = now + LONGEST_PAUSE
    elif row.sent_at is not None and not _was_told(wanted, found):
        return False
    return row.next_at is not None and row.next_at <= latest


def message(delivery: Delivery, found: Look, on: Incidents) -> Message:
    """To somebody on a rung, or to the outside."""
    if found.row.id == HOUSE:
        text = _of_what_was_taken(delivery, found, on)
        return Message(delivery.id, HOUSE, "outside", _TAKEN, text, delivery.made_at)
    if _kind(delivery, found) == Kind.ACCEPTED:
        text = _of_who_took_it(delivery, found, on)
        return Message(delivery.id, found.row.id, "accepted", _HAS_IT, text, delivery.made_at)
    inside = delivery.rung is not None
    return Message(
        delivery.id,
        found.row.id,
        "told" if inside else "outside",
        _INSIDE if inside else _OUTSIDE,
        _to_inside(found, on) if inside else _to_outside(found, on),
        delivery.made_at,
    )


def _needless(delivery: Delivery, found: Look) -> str:
    """Why nobody is to be told this any more; empty where somebody is."""
    status = found.status
    if delivery.rung is None:
        if status.is_theirs([delivery.channel]):
            return "whoever it was for is routed around"
        over = status.accepted_at and not _once(delivery, found) and _was_told(delivery, found)
        return "it was accepted" if over else ""
    if status.closed_at and delivery.made_at <= status.closed_at:
        return "the case was closed"
    allowed = (one for each in {told.rung for told in status.told}
               for by in status.people(each).values() for one in by)  # fmt: skip
    return "" if delivery.channel in allowed else "whoever it was for is routed around"


def _sent(delivery: Delivery, found: Look, now: datetime, on: Incidents) -> None:
    again = now + AGAIN if delivery.rung is None and not _once(delivery, found) else None
    done = replace(delivery, tries=0, problem="", next_at=again, sent_at=now)
    if delivery.rung is None and not _was_told(delivery, found):
        fields: dict[str, Value] = {"channel": delivery.channel, "of": delivery.number}
        _record(Kind.DELIVERED, fields, found, now, on)
    on.records.put_delivery(done)


def _kind(delivery: Delivery, found: Look) -> str:
    """Of the record that wants it."""
    wanting = (each.kind for each in found.good if each.number == delivery.number)
    return next(wanting, "")


def _once(delivery: Delivery, found: Look) -> bool:
    """Whether the outside is told it once, and not each day until it says something."""
    return delivery.case == HOUSE or _kind(delivery, found) == Kind.ACCEPTED


def _was_told(delivery: Delivery, found: Look) -> bool:
    """Whether it is on record that the outside was."""
    return any(
        each.kept.kind == Kind.DELIVERED
        and each.fields.get("channel") == delivery.channel
        and each.fields.get("of") == delivery.number
        and not each.wrong
        for each in found.records
    )


def _failed(delivery: Delivery, why: str, found: Look, now: datetime, on: Incidents) -> None:
    tries = delivery.tries + 1
    log.warning("not delivered", case=delivery.case, tries=tries, why=why)
    if _is_unreached(delivery, found, now, on):
        fields: dict[str, Value] = {"rung": delivery.rung, "problem": why}
        _record(Kind.UNDELIVERED, fields, found, now, on)
    failed = replace(delivery, tries=tries, problem=why, next_at=now + pause(tries))
    on.records.put_delivery(failed)


def _is_unreached(delivery: Delivery, found: Look, now: datetime, on: Incidents) -> bool:
    """Whether nothing to this rung, or of this record to the outside, gets through for too long,
    as yet unsaid. What was said before something got through is of another time.
    """
    status, rung = found.status, delivery.rung
    last = _last_taken(delivery, found, on)
    patience, due = PATIENCE, delivery.made_at
    if rung is not None:
        if last and last >= due:
            return False
        patience = status.policy.deadline(rung, status.harm, status.imminence)[0] / 2
    elif last:
        due = last + AGAIN
    if now - due < patience:
        return False
    since = last or (LONG_AGO if rung is not None else delivery.made_at)
    said = (each.kept for each in found.records if each.kept.kind == Kind.UNDELIVERED)
    moments = (moment_of(each, "at") for each in said if each.fields.get("rung") == rung)
    return all(at and at < since for at in moments)


def _last_taken(delivery: Delivery, found: Look, on: Incidents) -> datetime | None:
    """When the other side last took something beside this one: of the outside, which is told so
    each day, only where it is on record that it ever did.
    """
    rung, number = delivery.rung, delivery.number
    rows = on.records.deliveries_of(delivery.case)
    beside = (
        each for each in rows if each.rung == rung and (rung is not None or each.number == number)
    )
    taken = (each.sent_at for each in beside if rung is not None or _was_told(each, found))
    return max((at for at in taken if at), default=None)


def _record(
    kind: Kind, fields: dict[str, Value], found: Look, now: datetime, on: Incidents
) -> None:
    """Whatever somebody adds in the same moment: or a message is sent again for want of a record.
    Raises RevisionConflict where that goes on and on.
    """
    new = cases.draft(kind, {"at": now.isoformat(), **fields})
    cases.add_for_good(found, [new], now, on, behind=frozenset(Kind))


# --- what is said ----------------------------------------------------------------


_INSIDE = "Earwitness: something waits for you"
_OUTSIDE = "Earwitness: a report that nobody has acted on"
_TAKEN = "Earwitness: something was done to the reports"
_HAS_IT = "Earwitness: somebody says that they have taken a report"


def _to_inside(found: Look, on: Incidents) -> str:
    due = clocks.due(found.status)
    until = f"by {_said(due)}" if due else "soon"
    return (
        f"A report waits for you to act {until}.\n\n"
        f"  {on.address}/workbench/case/{found.row.id}\n\n"
        "Reading it stops no clock; only what you record there as done does. "
        "What it is about is not in this message, on purpose.\n"
    )


def _to_outside(found: Look, on: Incidents) -> str:
    outside = found.status.outside
    return (
        f"To {outside.name if outside else 'whom it concerns'}.\n\n"
        f"Somebody who works here reported something on {_said(found.status.opened_at)}. You were "
        "chosen beforehand as who is told where nobody inside acts, or may be told.\n\n"
        + "".join(f"  {line}\n" for line in _course(found))
        + "\nOpen the case, and say that you have taken it:\n\n"
        f"  {on.address}/outside/{found.row.id}\n"
        f"  code: {cases.outside_code(found, on)}\n\n"
        "Until you do, this message comes again each day. What was reported is not in it, on "
        "purpose. The log of this place vouches for what the case says; its key is\n\n"
        f"  {on.book.key.public}\n"
    )


def _of_who_took_it(delivery: Delivery, found: Look, on: Incidents) -> str:
    said = next(each.fields for each in found.records if each.kept.number == delivery.number)
    return (
        f'"{said.get("who")}" has taken a report of which you were told, by the page that was '
        "made for you, so you are not told of it each day any more.\n\n"
        f"  {on.address}/outside/{found.row.id}\n"
        f"  code: {cases.outside_code(found, on)}\n\n"
        "If that was nobody of yours, somebody else had the code, and wanted you to hear no more "
        "of it: open the case, and ask those who run this place.\n"
    )


def _of_what_was_taken(delivery: Delivery, found: Look, on: Incidents) -> str:
    said = next(each.fields for each in found.records if each.kept.number == delivery.number)
    what = str(said.get("why"))
    if said.get("missing"):
        what = f"Somebody has taken away {said.get('missing')} records of reports."
    return (
        "You were chosen, now or earlier, as who is told where nobody inside acts on a report.\n\n"
        f"Something was done to the store of reports of {on.address}:\n\n"
        f"  {what}\n\n"
        "Its log shows that, so whoever reported something can show with their receipt that they "
        "did. What was done may be to a case that would have reached you: ask those who run this "
        "place, and those who work there. The key of its log is\n\n"
        f"  {on.book.key.public}\n"
    )


def _course(found: Look) -> Iterator[str]:
    """When it climbed, and why; nothing of what it is about."""
    for each in found.records:
        if each.kept.kind in (Kind.TOLD, Kind.OUTSIDE):
            at, what = moment_of(each.kept, "at"), each.fields
            who = what.get("name") if each.kept.kind == Kind.TOLD else "you"
            yield f"{_said(at) if at else ''}: {who} ({what.get('why')})"


def _said(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
