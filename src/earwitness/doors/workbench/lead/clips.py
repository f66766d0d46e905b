"""Judged clips, and gold: what a lead vouches for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.doors.workbench import wording
from earwitness.doors.workbench.lead.desk import (
    LEAD,
    LEADS,
    Desk,
    Short,
    Why,
    account,
    confirmed,
    exact,
    moment,
    now,
)
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.roles import only
from earwitness.doors.workbench.sound import Tickets
from earwitness.doors.workbench.tables import DESC, Asked, Cell, Column, Row, in_memory
from earwitness.errors import InputError
from earwitness.flow import gold
from earwitness.flow.rooms import room_of
from earwitness.model import Verdict
from earwitness.ports.lead import Closed
from earwitness.review.judgement import MAX_TEXT

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

CLIPS = f"{LEAD}/clips"
CLIP = CLIPS + "/{utterance}"
WINDOW = 1000
"""Clips that are sorted and filtered together; older ones are a link away."""
_COLUMNS = (
    Column("utterance", "Clip"),
    Column("closed_at", "Closed"),
    Column("verdict", "Verdict"),
    Column("text", "Humans"),
    Column("machine", "Machine"),
    Column("listeners", "Listeners", number=True),
    Column("because", "Closed because"),
    Column("gold", "Gold"),
)

log = structlog.get_logger(__name__)
Text = Annotated[str, Form(max_length=MAX_TEXT)]


def add_routes(router: APIRouter, program: Earwitness, pages: Pages, tickets: Tickets) -> None:
    desk = _Clips(program, pages, tickets)
    router.add_api_route(CLIPS, desk.clips, methods=["GET"])
    router.add_api_route(CLIP, desk.clip, methods=["GET"])
    router.add_api_route(CLIP + "/gold", desk.mark, methods=["POST"])
    router.add_api_route(CLIP + "/not-gold", desk.take_back, methods=["POST"])


@dataclass(frozen=True, slots=True)
class _Listed:
    utterance: str
    closed_at: datetime
    verdict: str
    text: str
    machine: str
    listeners: int
    because: str
    gold: str


class _Clips(Desk):
    @only(LEADS)
    def clips(self, request: Request) -> Response:
        others = ("gold", "before")
        asked = Asked.of(request, _COLUMNS, sort="closed_at", order=DESC, others=others)
        chosen = dict(asked.others)
        golden = chosen.get("gold") == "1"
        after = _place(chosen["before"]) if "before" in chosen else None
        found = self.records.newest_closed(WINDOW, golden=golden, after=after)
        present = now()
        table = in_memory(
            "Clips that listeners closed", _COLUMNS, [_listed(each) for each in found], asked,
            lambda each: _row(each, present), note="No clip is closed yet.",
        )  # fmt: skip
        older = _written(found[-1]) if len(found) == WINDOW else ""
        return self.listed(
            request,
            "clips.html",
            table,
            golden=golden,
            older=asked.link(before=older, q="") if older else "",
            window=WINDOW,
            error=gold.listeners_error(found) if golden and found else None,
            here_path=CLIPS,
        )

    @only(LEADS)
    def clip(self, request: Request, utterance: str) -> Response:
        closed = self.records.closed(utterance)
        verdict, text = gold.decision(closed)
        return self.show(
            request,
            "clip.html",
            closed=closed,
            room=room_of(closed.utterance.source.device, self.records),
            verdict=verdict,
            text=text,
            verdicts=list(Verdict),
            at=f"{CLIPS}/{closed.utterance.id}",
            exact=exact,
        )

    @only(LEADS)
    def mark(
        self,
        request: Request,
        utterance: str,
        verdict: Short = Verdict.TRANSCRIPT.value,
        text: Text = "",
        why: Why = "",
        confirm: Short = "",
    ) -> Response:
        reason, by = confirmed(why, confirm), account(request)
        if verdict not in list(Verdict):
            raise InputError("There is no such verdict.")
        made = gold.made(utterance, Verdict(verdict), text, by=by.name, why=reason, now=now())
        self.records.put_gold([made])
        log.info("made gold", account=by.id, utterance=utterance)
        return RedirectResponse(f"{CLIPS}/{utterance}", status_code=303)

    @only(LEADS)
    def take_back(
        self, request: Request, utterance: str, why: Why = "", confirm: Short = ""
    ) -> Response:
        """The reason stands in the log: with the gold goes its row."""
        reason, by = confirmed(why, confirm), account(request)
        self.records.remove_gold(utterance)
        log.info("no longer gold", account=by.id, utterance=utterance, why=reason)
        return RedirectResponse(f"{CLIPS}/{utterance}", status_code=303)


def _listed(closed: Closed) -> _Listed:
    verdict, text = gold.decision(closed)
    assert closed.item.closed_at is not None
    return _Listed(
        utterance=closed.utterance.id,
        closed_at=closed.item.closed_at,
        verdict=wording.verdict(verdict),
        text=text,
        machine=closed.utterance.transcript.text,
        listeners=len(closed.judgements),
        because=closed.item.closed_because,
        gold="gold" if closed.gold else "",
    )


def _row(each: _Listed, present: datetime) -> Row:
    return {
        "utterance": Cell(
            each.utterance, each.utterance[:8], f"{CLIPS}/{each.utterance}", hint=each.utterance
        ),
        "closed_at": moment(each.closed_at, present),
        "verdict": Cell(each.verdict),
        "text": _text(each.text),
        "machine": _text(each.machine),
        "listeners": Cell(each.listeners),
        "because": Cell(each.because),
        "gold": Cell(each.gold, tone="settled"),
    }


def _text(text: str) -> Cell:
    """All of it in the file; on the page as much as a row can hold."""
    return Cell(text, text if len(text) <= 200 else f"{text[:200]} …")


def _written(last: Closed) -> str:
    assert last.item.closed_at is not None
    return f"{last.item.closed_at.isoformat()}~{last.utterance.id}"


def _place(text: str) -> tuple[datetime, str]:
    at, _, utterance = text.partition("~")
    try:
        closed_at = datetime.fromisoformat(at)
    except ValueError as error:
        raise InputError("This is no place in the list; begin again.") from error
    if closed_at.tzinfo is None:
        raise InputError("This is no place in the list; begin again.")
    return closed_at, utterance
