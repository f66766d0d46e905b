"""One clip and one listener: hear, write; what the machine heard comes after (``revealing``).

Nothing of the machine's text is in a page before the listener's own judgement is in the
store: ``flow.judge`` gives it to nobody earlier.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.accounts import Role
from earwitness.doors.workbench.pages import FRAGMENT_HEADER, Pages
from earwitness.doors.workbench.roles import only
from earwitness.doors.workbench.sound import TO_JUDGE, Tickets
from earwitness.doors.workbench.visitors import visitor_of
from earwitness.errors import AlreadyJudged, InputError, JudgementError, LeaseLost
from earwitness.flow import listening
from earwitness.flow.judge import Answer, Assignment, written
from earwitness.flow.rooms import room_of
from earwitness.model import Lease, Verdict

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

LISTEN = "/workbench/listen"
HEARD = "/workbench/heard"
DAY = "/workbench/day"
IDLE = "/workbench/idle"
LISTENERS = frozenset({Role.ANALYST, Role.LEAD})
MAX_TEXT = 5000
MOST_COUNTED = 1000
"""Of what waits; how many more there are changes nothing for who listens."""

log = structlog.get_logger(__name__)
Text = Annotated[str, Form(max_length=MAX_TEXT)]
Token = Annotated[str, Form(max_length=100)]


def add_routes(router: APIRouter, program: Earwitness, pages: Pages, tickets: Tickets) -> None:
    desk = _Desk(program, pages, tickets)
    router.add_api_route(LISTEN, desk.show, methods=["GET"])
    router.add_api_route(LISTEN + "/{utterance}", desk.judge, methods=["POST"])
    router.add_api_route(LISTEN + "/{utterance}/hold", desk.hold, methods=["POST"])
    router.add_api_route(LISTEN + "/{utterance}/release", desk.release, methods=["POST"])
    router.add_api_route(LISTEN + "/{utterance}/pass", desk.pass_on, methods=["POST"])
    router.add_api_route(DAY, desk.day, methods=["GET"])
    router.add_api_route(IDLE, desk.idle, methods=["GET"])


class _Desk:
    def __init__(self, program: Earwitness, pages: Pages, tickets: Tickets) -> None:
        self._program, self._pages, self._tickets = program, pages, tickets

    @only(LISTENERS)
    async def show(self, request: Request, besides: str = "", utterance: str = "") -> Response:
        """The most valuable clip that this analyst may answer; the same until it is answered.

        ``besides`` is the one that they are at, while the next is made ready.
        """
        name = visitor_of(request).account.name
        assignment = await asyncio.to_thread(
            self._program.assign, name, utterance or None, besides or None
        )
        if assignment is None:
            return await self._nothing(request)
        return await self._page(request, assignment)

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
        lease = lease_of(request, utterance, token)
        try:
            answer = _answer(verdict, text)
            await asyncio.to_thread(self._program.judge, lease, answer)
        except (JudgementError, LeaseLost) as error:
            return await self._refused(request, lease, text, error)
        self._program.nudge()
        log.info("judged", account=visitor_of(request).account.id, utterance=utterance)
        return RedirectResponse(f"{HEARD}/{utterance}", status_code=303)

    @only(LISTENERS)
    async def hold(self, request: Request, utterance: str, token: Token = "") -> Response:
        """The lease goes on, for as long as somebody is at it. Raises LeaseLost."""
        await asyncio.to_thread(self._program.renew, lease_of(request, utterance, token))
        return Response(status_code=204)

    @only(LISTENERS)
    async def release(self, request: Request, utterance: str, token: Token = "") -> Response:
        """A clip that was made ready and is not begun: a word that is taught may settle it."""
        await asyncio.to_thread(self._program.release, lease_of(request, utterance, token))
        return Response(status_code=204)

    @only(LISTENERS)
    async def day(self, request: Request) -> Response:
        """How much waits, and what this listener has heard today."""
        return self._pages.show(
            request, "day.html", **await asyncio.to_thread(self._status, request)
        )

    @only(LISTENERS)
    async def pass_on(self, request: Request, utterance: str, token: Token = "") -> Response:
        """To others, without an answer and without a question."""
        lease = lease_of(request, utterance, token)
        await asyncio.to_thread(self._program.records.pass_on, lease, datetime.now(UTC))
        return RedirectResponse(LISTEN, status_code=303)

    @only(LISTENERS)
    async def idle(self, request: Request) -> Response:
        """What happens while nothing waits; asked again and again, and takes no clip."""
        return self._pages.show(
            request, "idle.html", **await asyncio.to_thread(self._idle, request)
        )

    async def _nothing(self, request: Request) -> Response:
        return self._pages.show(
            request, "nothing.html", **await asyncio.to_thread(self._idle, request)
        )

    def _idle(self, request: Request) -> dict[str, Any]:
        """The word that was taught last, and how often it was heard since the server started."""
        terms = self._program.records.lexicon().terms.values()
        taught = [term for term in terms if term.taught_at is not None]
        last = max(taught, key=lambda term: (term.taught_at, term.key), default=None)
        tally = self._program.live.tally
        times = tally.terms[last.written] if last else 0
        return {"last": last, "times": times, "began": tally.began, **self._status(request)}

    async def _refused(
        self, request: Request, lease: Lease, text: str, error: JudgementError | LeaseLost
    ) -> Response:
        """Nothing that was typed is lost: it is put into the page again."""
        already = f"{HEARD}/{lease.utterance}" if isinstance(error, AlreadyJudged) else ""
        over = isinstance(error, LeaseLost) or bool(already)
        if FRAGMENT_HEADER in request.headers:  # the page still has it
            said = {"problem": str(error), "over": over, "already": already}
            return self._pages.show(request, "refused.html", 409 if over else 400, **said)
        assignment = None
        if not over:
            assignment = await asyncio.to_thread(
                self._program.assign, lease.analyst, lease.utterance
            )
        if assignment is None:
            return self._pages.show(
                request, "late.html", 409, problem=str(error), text=text, already=already
            )
        return await self._page(request, assignment, text, str(error), 400)

    async def _page(
        self,
        request: Request,
        assignment: Assignment,
        text: str = "",
        problem: str = "",
        status: int = 200,
    ) -> Response:
        lease, now = assignment.lease, datetime.now(UTC)
        return self._pages.show(
            request,
            "listen.html",
            status,
            assignment=assignment,
            sound=self._tickets.address(request, lease.utterance, TO_JUDGE, lease.token),
            as_recorded=self._tickets.address(
                request, lease.utterance, TO_JUDGE, lease.token, as_recorded=True
            ),
            announced=listening.announced(assignment.doubts),
            ago=_ago(now - assignment.heard_at),
            room=await asyncio.to_thread(room_of, assignment.source.device, self._program.records),
            **await asyncio.to_thread(self._status, request),
            text=text,
            problem=problem,
        )

    def _status(self, request: Request) -> dict[str, Any]:
        settings, records = self._program.settings, self._program.records
        waiting = records.count_open(MOST_COUNTED)
        day = listening.day(
            visitor_of(request).account.name,
            datetime.now(UTC),
            records=records,
            stretch=timedelta(minutes=settings.break_every_minutes),
            pause=timedelta(minutes=settings.break_minutes),
        )
        return {"waiting": waiting, "more": waiting == MOST_COUNTED, "day": day}


def lease_of(request: Request, utterance: str, token: str) -> Lease:
    """As the store knows it by its token; when it ends is the store's to say."""
    return Lease(token, utterance, visitor_of(request).account.name, datetime.now(UTC))


def _answer(verdict: str, text: str) -> Answer:
    try:
        chosen = Verdict(verdict)
    except ValueError as error:
        raise InputError("There is no such answer.") from error
    return written(" ".join(text.split())) if chosen is Verdict.TRANSCRIPT else Answer(chosen)


def _ago(passed: timedelta) -> str:
    """
    >>> _ago(timedelta(seconds=5)), _ago(timedelta(minutes=80)), _ago(timedelta(days=3))
    ('just now', '1 h ago', '3 d ago')
    """
    minutes = int(passed.total_seconds() // 60)
    for size, unit in ((24 * 60, "d"), (60, "h"), (1, "min")):
        if minutes >= size:
            return f"{minutes // size} {unit} ago"
    return "just now"
