"""What waits: how much, for what, since when, and who holds it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from earwitness.doors.workbench import wording
from earwitness.doors.workbench.lead.desk import LEAD, READERS, Desk, age, exact, moment, now
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.roles import only
from earwitness.doors.workbench.sound import Tickets
from earwitness.doors.workbench.tables import ASC, DESC, Asked, Cell, Column, Row, Table
from earwitness.errors import InputError
from earwitness.flow import overview
from earwitness.flow.rooms import room_of
from earwitness.model import ItemState
from earwitness.ports.lead import Cursor, Selection, Waiting
from earwitness.review.queue import OPEN, PATIENCE

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

QUEUE = f"{LEAD}/queue"
LEAST_OF_AN_ID = 4
"""Characters: fewer would begin the ids of too many."""
VALUE, WAITS = "value", "waits"
_FIXED = (
    Column("utterance", "Clip", sortable=False),
    Column("state", "State", sortable=False),
    Column("reasons", "Doubted for", sortable=False),
    Column("device", "Device", sortable=False),
    Column("household", "Household", sortable=False),
    Column("held_by", "Held by", sortable=False),
)


def add_routes(router: APIRouter, program: Earwitness, pages: Pages, tickets: Tickets) -> None:
    desk = _Queue(program, pages, tickets)
    router.add_api_route(QUEUE, desk.queue, methods=["GET"])


class _Queue(Desk):
    @only(READERS)
    def queue(self, request: Request) -> Response:
        """Nothing of what the machine heard: whoever reads this may yet have to listen."""
        columns = _columns(request)
        asked = Asked.of(request, columns, sort=VALUE, order=DESC, others=("state", "reason"))
        selection, present = _selection(asked), now()
        found = self.records.queued(selection)
        devices = {each.source.device for each in found}
        rooms = {device: room_of(device, self.records) for device in devices}
        table = Table(
            caption="Waiting clips",
            columns=columns,
            rows=tuple(
                _row(each, present, rooms[each.source.device]) for each in found[: asked.limit]
            ),
            asked=asked,
            note="Nothing waits." if not asked.others else "Nothing of this kind waits.",
            filter_label="Clip beginning with",
            following=asked.link(after=_written(found[asked.limit - 1]))
            if len(found) > asked.limit
            else "",
        )
        if asked.as_csv:
            return self.listed(request, "queue.html", table)
        counted = overview.figures(present, records=self.records)
        return self.listed(
            request,
            "queue.html",
            table,
            figures=counted,
            open_states=OPEN,
            most=overview.MOST,
            age=age,
            chosen=dict(asked.others),
            here_path=QUEUE,
        )


def _columns(request: Request) -> tuple[Column, ...]:
    """Some orders have an index only where nothing else is asked for."""
    given = request.query_params
    plain = not (given.get("state") or given.get("reason"))
    by_id = bool(given.get("q", "").strip())
    return (
        *_FIXED,
        Column(WAITS, "Waits", sortable=plain and not by_id, number=True),
        Column(VALUE, "Value", sortable=not by_id, number=True),
    )


def _selection(asked: Asked) -> Selection:
    chosen = dict(asked.others)
    if len(chosen) + bool(asked.q) > 1:
        raise InputError("Choose a state, or a reason, or the beginning of a clip's id.")
    if asked.q and len(asked.q) < LEAST_OF_AN_ID:
        raise InputError(f"Give at least {LEAST_OF_AN_ID} characters of the clip's id.")
    by_age = asked.sort == WAITS
    return Selection(
        state=_state(chosen.get("state")),
        reason=chosen.get("reason"),
        begins=asked.q,
        by_age=by_age,
        # The longest wait is the earliest moment, and the greatest value comes first.
        reverse=not asked.q and (asked.order == ASC),
        after=_read(asked.after) if asked.after else None,
        limit=asked.limit + 1,
    )


def _state(name: str | None) -> ItemState | None:
    if name is None:
        return None
    if name not in OPEN:
        raise InputError(f"{name!r} is no state of what waits.")
    return ItemState(name)


def _row(waiting: Waiting, present: datetime, room: str) -> Row:
    item = waiting.item
    judged = item.state is ItemState.ADJUDICATION
    held = waiting.held_until is not None and waiting.held_until > present
    worth = item.priority + present.timestamp() / PATIENCE.total_seconds()
    return {
        "utterance": Cell(
            item.utterance,
            item.utterance[:8],
            f"{LEAD}/adjudication/{item.utterance}" if judged else "",
            hint=item.utterance,
        ),
        "state": Cell(item.state.value, wording.state(item.state), tone="doubt" if judged else ""),
        "reasons": Cell(
            ", ".join(waiting.rules), ", ".join(map(wording.reason, waiting.rules)), tone="doubt"
        ),
        "device": Cell(
            waiting.source.device,
            wording.device(waiting.source, room),
            hint=waiting.source.device,
        ),
        "household": Cell(waiting.source.household),
        "held_by": _held(waiting, present) if held else Cell(""),
        WAITS: _waits(item.queued_at, present),
        VALUE: Cell(
            round(worth, 3), f"{worth:.2f}", hint="Its value, and 1 for each day of waiting"
        ),
    }


def _waits(since: datetime, present: datetime) -> Cell:
    ago = moment(since, present)
    return Cell(since, age(max(present - since, timedelta(0))), hint=ago.hint)


def _held(waiting: Waiting, present: datetime) -> Cell:
    assert waiting.held_until is not None
    left = age(waiting.held_until - present)
    return Cell(waiting.held_by, f"{waiting.held_by}, for {left}", hint=exact(waiting.held_until))


def _written(last: Waiting) -> str:
    item = last.item
    return f"{item.priority!r}~{item.queued_at.isoformat()}~{item.utterance}"


def _read(after: str) -> Cursor:
    try:
        priority, queued_at, utterance = after.split("~", 2)
        moment_of = datetime.fromisoformat(queued_at)
        if moment_of.tzinfo is None:
            raise ValueError(queued_at)
        return float(priority), moment_of, utterance
    except ValueError as error:
        raise InputError("This is no place in the queue; begin again.") from error
