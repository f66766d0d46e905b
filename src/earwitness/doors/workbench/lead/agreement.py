"""How far listeners agree, and deciding where they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.doors.workbench.lead.desk import LEAD, LEADS, READERS, Desk, Short, account
from earwitness.doors.workbench.lead.queue import QUEUE
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.roles import only
from earwitness.doors.workbench.sound import Tickets
from earwitness.doors.workbench.tables import Asked, Cell, Column, Row, in_memory
from earwitness.errors import InputError, JudgementError, LeaseLost, NotFound
from earwitness.flow import listeners, overview
from earwitness.flow.gold import alignable
from earwitness.flow.judge import Answer, Revealed, written
from earwitness.flow.listeners import OfTwo
from earwitness.flow.rooms import room_of
from earwitness.model import Interval, ItemState, Judgement, Verdict
from earwitness.review.judgement import MAX_TEXT
from earwitness.speech.alignment import Column as Compared
from earwitness.speech.alignment import columns

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

AGREEMENT, ADJUDICATION = f"{LEAD}/agreement", f"{LEAD}/adjudication"
CLIP = ADJUDICATION + "/{utterance}"
_COLUMNS = tuple(
    Column(name, title, sortable=False, number=number)
    for name, title, number in (
        ("one", "Listener", False),
        ("other", "and listener", False),
        ("clips", "Clips of both", True),
        ("agreed", "Agreed, %", True),
        ("kappa", "Kappa", True),
        ("words", "Words in common, %", True),
    )
)
"""None can be sorted by its figure: that would be a ranking of people."""

log = structlog.get_logger(__name__)
Text = Annotated[str, Form(max_length=MAX_TEXT)]


def add_routes(router: APIRouter, program: Earwitness, pages: Pages, tickets: Tickets) -> None:
    desk = _Agreement(program, pages, tickets)
    router.add_api_route(AGREEMENT, desk.agreement, methods=["GET"])
    router.add_api_route(CLIP, desk.clip, methods=["GET"])
    router.add_api_route(CLIP, desk.decide, methods=["POST"])


class _Agreement(Desk):
    @only(READERS)
    def agreement(self, request: Request) -> Response:
        asked = Asked.of(request, _COLUMNS, sort="one")
        clips = self.records.heard_twice()
        pairs, left_out = listeners.by_pair(clips)
        table = in_memory(
            "By pair of listeners, by name", _COLUMNS, pairs, asked, _row, filtered=False,
            note=f"No two listeners have heard {listeners.ENOUGH} of the same clips yet.",
        )  # fmt: skip
        waiting = self.records.count_at_most(overview.MOST + 1, state=ItemState.ADJUDICATION)
        return self.listed(
            request,
            "agreement.html",
            table,
            measured=listeners.measured(clips),
            left_out=left_out,
            enough=listeners.ENOUGH,
            waiting=waiting,
            to_decide=f"{QUEUE}?state={ItemState.ADJUDICATION.value}",
        )

    @only(LEADS)
    def clip(self, request: Request, utterance: str) -> Response:
        """Both judgements and the machine's text, for whoever was neither of the two."""
        return self._page(request, self._revealed(request, utterance))

    @only(LEADS)
    def decide(
        self,
        request: Request,
        utterance: str,
        verdict: Short = Verdict.TRANSCRIPT.value,
        text: Text = "",
    ) -> Response:
        """Like any judgement: under a lease, durable, and taught from."""
        revealed = self._revealed(request, utterance)
        try:
            self._judge(request, utterance, _answer(verdict, text))
        except (JudgementError, LeaseLost) as error:
            status = 409 if isinstance(error, LeaseLost) else 400
            return self._page(request, revealed, str(error), text, status)
        log.info("adjudicated", account=account(request).id, utterance=utterance)
        return RedirectResponse(f"{QUEUE}?state={ItemState.ADJUDICATION.value}", status_code=303)

    def _revealed(self, request: Request, utterance: str) -> Revealed:
        if self.records.item(utterance).state is not ItemState.ADJUDICATION:
            raise NotFound("This clip does not wait for adjudication, or no longer.")
        return self.program.reveal(utterance, account(request).name)

    def _judge(self, request: Request, utterance: str, answer: Answer) -> None:
        assignment = self.program.assign(account(request).name, utterance)
        if assignment is None:
            raise LeaseLost("Somebody else is deciding on this clip, or you have heard it before.")
        if assignment.state is not ItemState.ADJUDICATION:
            self.program.release(assignment.lease)
            raise LeaseLost("This clip was decided on meanwhile.")
        self.program.judge(assignment.lease, answer)

    def _page(
        self,
        request: Request,
        revealed: Revealed,
        problem: str = "",
        text: str = "",
        status: int = 200,
    ) -> Response:
        name = account(request).name
        first, second = revealed.judgements[:2]
        return self.show(
            request,
            "adjudicate.html",
            status,
            clip=revealed.utterance,
            room=room_of(revealed.utterance.source.device, self.records),
            sound=self.tickets.address(request, revealed.utterance.id, "to adjudicate"),
            first=first,
            second=second,
            mine=any(each.analyst == name for each in revealed.judgements),
            columns=_beside(first, second),
            problem=problem,
            text=text,
            verdicts=[each for each in Verdict if each is not Verdict.TRANSCRIPT],
        )


def _beside(first: Judgement, second: Judgement) -> list[Compared] | None:
    """Where the two differ, word by word; nothing of texts that are too long for it."""
    if not (first.text and second.text and alignable(first.text, second.text)):
        return None
    return columns(first.text, second.text)


def _answer(verdict: str, text: str) -> Answer:
    try:
        chosen = Verdict(verdict)
    except ValueError as error:
        raise InputError("There is no such answer.") from error
    return written(" ".join(text.split())) if chosen is Verdict.TRANSCRIPT else Answer(chosen)


def _row(pair: OfTwo) -> Row:
    one, other = pair.names
    figures = pair.figures
    return {
        "one": Cell(one),
        "other": Cell(other),
        "clips": Cell(figures.clips),
        "agreed": _figure(figures.agreed, 100, 0),
        "kappa": _figure(figures.kappa, 1, 2),
        "words": _figure(figures.words, 100, 0),
    }


def _figure(found: Interval | None, times: int, digits: int) -> Cell:
    if found is None:
        return Cell(None, "nothing to compare")
    value, low, high = (
        f"{times * each:.{digits}f}" for each in (found.value, found.low, found.high)
    )
    return Cell(f"{value} ({low} to {high})")
