"""One clip and one listener: hear, write, and only then see what the machine heard.

Nothing of the machine's text is in a page before the listener's own judgement is in the
store: ``flow.judge`` gives it to nobody earlier.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.accounts import Role
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.roles import only
from earwitness.doors.workbench.visitors import Visitor
from earwitness.errors import InputError, JudgementError, LeaseLost, NotFound
from earwitness.flow.judge import Answer, Assignment, written
from earwitness.model import ItemState, Lease, TrialOutcome, Verdict
from earwitness.speech.alignment import side_by_side
from earwitness.speech.text import words

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

LISTEN = "/workbench/listen"
LISTENERS = frozenset({Role.ANALYST, Role.LEAD})
MAX_TEXT = 5000
FLAC = "audio/flac"

log = structlog.get_logger(__name__)
Text = Annotated[str, Form(max_length=MAX_TEXT)]
Token = Annotated[str, Form(max_length=100)]


def add_routes(router: APIRouter, program: Earwitness, pages: Pages) -> None:
    desk = _Desk(program, pages)
    router.add_api_route(LISTEN, desk.show, methods=["GET"])
    router.add_api_route(LISTEN + "/{utterance}", desk.judge, methods=["POST"])
    router.add_api_route(LISTEN + "/{utterance}/leave", desk.leave, methods=["POST"])
    router.add_api_route("/workbench/clip/{utterance}/{token}", desk.clip, methods=["GET"])
    router.add_api_route("/workbench/heard/{utterance}", desk.heard, methods=["GET"])


class _Desk:
    def __init__(self, program: Earwitness, pages: Pages) -> None:
        self._program, self._pages = program, pages

    @only(LISTENERS)
    async def show(self, request: Request) -> Response:
        """The most valuable clip that this analyst may answer; the same until it is answered."""
        assignment = await asyncio.to_thread(self._program.assign, _name(request))
        if assignment is None:
            return self._pages.show(request, "nothing.html")
        return self._page(request, assignment)

    @only(LISTENERS)
    async def clip(self, request: Request, utterance: str, token: str) -> Response:
        """The sound, for whoever holds the lease; each time it is fetched is in the log."""
        content = await asyncio.to_thread(self._sound, _lease(request, utterance, token))
        log.info("clip played", account=_visitor(request).account.id, utterance=utterance)
        return Response(content, media_type=FLAC)

    @only(LISTENERS)
    async def judge(
        self,
        request: Request,
        utterance: str,
        token: Token = "",
        verdict: Token = Verdict.TRANSCRIPT.value,
        text: Text = "",
    ) -> Response:
        """Refused answers come back with what was typed."""
        lease = _lease(request, utterance, token)
        try:
            answer = _answer(verdict, text)
            await asyncio.to_thread(self._program.judge, lease, answer)
        except (JudgementError, LeaseLost) as error:
            return await self._refused(request, lease, text, error)
        log.info("judged", account=_visitor(request).account.id, utterance=utterance)
        return RedirectResponse(f"/workbench/heard/{utterance}", status_code=303)

    @only(LISTENERS)
    async def leave(self, request: Request, utterance: str, token: Token = "") -> Response:
        """To others, without an answer."""
        await asyncio.to_thread(self._program.release, _lease(request, utterance, token))
        return RedirectResponse("/workbench", status_code=303)

    @only(LISTENERS)
    async def heard(self, request: Request, utterance: str) -> Response:
        """What the machine heard, beside what the analyst did, and what became of the words."""
        name = _name(request)
        revealed = await asyncio.to_thread(self._program.reveal, utterance, name)
        given = [each for each in revealed.judgements if each.analyst == name]
        if not given:
            raise NotFound("You have not listened to this clip.")
        mine = given[-1]
        state = (await asyncio.to_thread(self._program.records.item, utterance)).state
        trials = await asyncio.to_thread(self._program.records.trials, utterance=utterance)
        pending = bool(mine.terms) and state is ItemState.CLOSED and not trials
        return self._pages.show(
            request,
            "heard.html",
            mine=mine,
            machine=revealed.utterance.transcript,
            columns=side_by_side(words(mine.text), words(revealed.utterance.transcript.text)),
            trials=[(trial, outcome is TrialOutcome.LIVE) for _, trial, outcome in trials],
            waits_for_others=bool(mine.terms) and state is not ItemState.CLOSED,
            pending=pending,
        )

    async def _refused(
        self, request: Request, lease: Lease, text: str, error: JudgementError | LeaseLost
    ) -> Response:
        """Nothing that was typed is lost: it is put into the page again."""
        if isinstance(error, LeaseLost):
            return self._pages.show(request, "late.html", 409, problem=str(error), text=text)
        assignment = await asyncio.to_thread(
            self._program.assign, lease.analyst, utterance_id=lease.utterance
        )
        if assignment is None:
            return self._pages.show(request, "late.html", 409, problem=str(error), text=text)
        return self._page(request, assignment, text, str(error), 400)

    def _page(
        self,
        request: Request,
        assignment: Assignment,
        text: str = "",
        problem: str = "",
        status: int = 200,
    ) -> Response:
        ago = datetime.now(UTC) - assignment.heard_at
        return self._pages.show(
            request,
            "listen.html",
            status,
            assignment=assignment,
            minutes_ago=int(ago.total_seconds() // 60),
            text=text,
            problem=problem,
        )

    def _sound(self, lease: Lease) -> bytes:
        """Raises LeaseLost for whoever does not hold it (any more)."""
        self._program.renew(lease)
        return self._program.blobs.get(self._program.records.utterance(lease.utterance).clip)


def _visitor(request: Request) -> Visitor:
    visitor: Visitor = request.state.visitor
    return visitor


def _name(request: Request) -> str:
    return _visitor(request).account.name


def _lease(request: Request, utterance: str, token: str) -> Lease:
    """As the store knows it by its token; when it ends is the store's to say."""
    return Lease(token, utterance, _name(request), datetime.now(UTC))


def _answer(verdict: str, text: str) -> Answer:
    try:
        chosen = Verdict(verdict)
    except ValueError as error:
        raise InputError("There is no such answer.") from error
    return written(" ".join(text.split())) if chosen is Verdict.TRANSCRIPT else Answer(chosen)
