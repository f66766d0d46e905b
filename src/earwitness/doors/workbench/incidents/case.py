"""A case, for whoever may act on it: what is due, what was done, and everything on record.

Whoever may not see a case is told that there is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.accounts import Account
from earwitness.doors.workbench.incidents.files import file
from earwitness.doors.workbench.incidents.originals import Player, originals, saved_as
from earwitness.doors.workbench.incidents.printing import printed
from earwitness.doors.workbench.incidents.refusals import REFUSED, words
from earwitness.doors.workbench.incidents.reports import CASE
from earwitness.doors.workbench.incidents.typed import NOTHING, typed_into
from earwitness.doors.workbench.incidents.whose import reported_by
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.roles import EVERYBODY, only
from earwitness.doors.workbench.sound import Tickets, ranged
from earwitness.doors.workbench.visitors import visitor_of
from earwitness.errors import InputError
from earwitness.flow.incidents import acting, bundle, casefile
from earwitness.flow.incidents.cases import Look
from earwitness.flow.incidents.evidence import FILE
from earwitness.incidents import clocks
from earwitness.incidents.status import LOOKED_AT, Act

if TYPE_CHECKING:
    from earwitness.flow.incidents.parts import Incidents
    from earwitness.wiring import Earwitness

LATEST = {1: "in an hour", 4: "in 4 hours", 24: "in a day", 72: "in 3 days", 168: "in a week",
          336: "in 2 weeks", 720: "in 30 days"}  # fmt: skip
"""Hours after which what was begun is looked at again, as the form offers them."""
SOUND = "/workbench/evidence"
DONE = {
    "act": "It is on record, and the clock stands until then.",
    "propose": "It is on record; a second person must agree.",
    "agree": "It is on record, and done.",
    "answer": "It is on record: the reporter sees it on their page.",
    "hand-over": "It is on record.",
    "implicate": "It is on record: they see nothing of it from now on.",
    "admit": "It is on record: they see the case now.",
    "grant": "It is on record, and what there was is sealed.",
}
"""What is said once it is done, by the last part of a form's address."""

log = structlog.get_logger(__name__)
Field = Annotated[str, Form()]
"""As long as a form may be: what is too long is refused in words, and is not lost."""


def add_routes(router: APIRouter, program: Earwitness, pages: Pages, tickets: Tickets) -> None:
    desk = _Desk(program, pages, tickets)
    one = CASE + "/{case}"
    router.add_api_route(one, desk.show, methods=["GET"])
    for name in (
        "act",
        "propose",
        "agree",
        "answer",
        "hand_over",
        "implicate",
        "admit",
        "grant",
        "hear",
        "bundle",
        "print",
    ):
        path = f"{one}/{name.replace('_', '-')}"
        router.add_api_route(path, getattr(desk, name), methods=["POST"])
    router.add_api_route(SOUND + "/{ticket}", desk.sound, methods=["GET"])


class _Desk:
    def __init__(self, program: Earwitness, pages: Pages, tickets: Tickets) -> None:
        self._program, self._pages, self._tickets = program, pages, tickets
        self._player = Player(program)

    @only(EVERYBODY)
    async def show(self, request: Request, case: str, done: str = "") -> Response:
        return await self._page(request, case, done=done)

    @only(EVERYBODY)
    async def act(
        self,
        request: Request,
        case: str,
        what: Field = "",
        whom: Field = "",
        hours: Field = "",
        minutes: Field = "",
        said: Field = "",
    ) -> Response:
        """An inquiry, a referral or an emergency call: what stops the clock of a rung."""

        def do(by: Account, now: datetime) -> Look:
            until = now + timedelta(hours=_number(hours, "Choose when it is looked at again."))
            did = _act(what)
            ago = _number(minutes, acting.WHEN_CALLED) if did is Act.EMERGENCY else None
            called = None if ago is None else now - timedelta(minutes=ago)
            owner = by.name if did is Act.INQUIRY and not whom.strip() else whom
            return acting.act(
                case, did, by, now, self._on,
                until=until, whom=owner, said=said, called_at=called,
            )  # fmt: skip

        return await self._done(request, case, do)

    @only(EVERYBODY)
    async def propose(
        self, request: Request, case: str, what: Field = "", said: Field = ""
    ) -> Response:
        return await self._done(
            request, case, lambda by, now: acting.propose(case, _act(what), said, by, now, self._on)
        )

    @only(EVERYBODY)
    async def agree(self, request: Request, case: str, proposal: Field = "") -> Response:
        number = _number(proposal, "There is nothing of that kind to agree to.")
        return await self._done(
            request, case, lambda by, now: acting.agree(case, int(number), by, now, self._on)
        )

    @only(EVERYBODY)
    async def answer(
        self, request: Request, case: str, said: Field = "", feedback: Field = ""
    ) -> Response:
        """To the reporter."""
        return await self._done(
            request,
            case,
            lambda by, now: acting.answer(case, said, bool(feedback), by, now, self._on),
        )

    @only(EVERYBODY)
    async def hand_over(
        self, request: Request, case: str, to: Field = "", said: Field = ""
    ) -> Response:
        return await self._done(
            request, case, lambda by, now: acting.hand_over(case, to, said, by, now, self._on)
        )

    @only(EVERYBODY)
    async def implicate(self, request: Request, case: str, names: Field = "") -> Response:
        return await self._done(
            request,
            case,
            lambda by, now: acting.implicate(case, names.splitlines(), by, now, self._on),
        )

    @only(EVERYBODY)
    async def admit(self, request: Request, case: str, who: Field = "") -> Response:
        return await self._done(
            request, case, lambda by, now: acting.admit(case, who, by, now, self._on)
        )

    @only(EVERYBODY)
    async def grant(self, request: Request, case: str, why: Field = "") -> Response:
        """Other devices of the household, in the same minute."""
        return await self._done(
            request, case, lambda by, now: acting.grant(case, why, by, now, self._on)
        )

    @only(EVERYBODY)
    async def bundle(self, request: Request, case: str, why: Field = "") -> Response:
        """Everything of the case, for an investigator."""
        account, now = visitor_of(request).account, self._program.clock.now()
        try:
            content = await asyncio.to_thread(bundle.export, case, why, account, now, self._on)
        except REFUSED as error:
            return await self._page(request, case, words(error))
        return file(content, "application/zip", f"case-{case}.zip")

    @only(EVERYBODY)
    async def print(self, request: Request, case: str, why: Field = "") -> Response:
        """The case as one page, for a file."""
        account, now = visitor_of(request).account, self._program.clock.now()
        try:
            content = await asyncio.to_thread(printed, case, why, account, now, self._on)
        except REFUSED as error:
            return await self._page(request, case, words(error))
        return file(content, "text/html", f"case-{case}.html")

    @only(EVERYBODY)
    async def hear(
        self, request: Request, case: str, sha256: Field = "", why: Field = ""
    ) -> Response:
        """An original, once it is on record who hears or saves it and why."""
        account = visitor_of(request).account
        now = self._program.clock.now()
        found = await asyncio.to_thread(acting.seen_by, case, account, self._on)
        try:
            content = await asyncio.to_thread(
                acting.heard, found, sha256, why, account, now, self._on, [self._player.step]
            )
        except REFUSED as error:
            return await self._page(request, case, words(error))
        if name := saved_as(found, sha256):
            return file(content, FILE, name)
        address = self._tickets.address(request, sha256, f"{case} {why}", at=SOUND)
        return await self._page(request, case, sound=address, heard=sha256)

    @only(EVERYBODY)
    async def sound(self, request: Request, ticket: str) -> Response:
        """No louder than any clip; the case is looked at again, for somebody may be named since."""
        read = self._tickets.read(ticket, request)
        account = visitor_of(request).account
        case = read.why.partition(" ")[0]
        await asyncio.to_thread(acting.seen_by, case, account, self._on)
        content = await asyncio.to_thread(self._player.played, read.utterance)
        response = ranged(request.headers.get("range", ""), content)
        response.headers["Content-Type"] = "audio/flac"
        return response

    @property
    def _on(self) -> Incidents:
        return self._program.incidents

    async def _done(
        self, request: Request, case: str, do: Callable[[Account, datetime], Look]
    ) -> Response:
        """And back to the case; what is refused is said there, and nothing was done."""
        account = visitor_of(request).account
        try:
            await asyncio.to_thread(lambda: do(account, self._program.clock.now()))
        except REFUSED as error:
            return await self._page(request, case, words(error))
        what = request.url.path.rpartition("/")[2]
        log.info("acted", case=case, what=what)
        return RedirectResponse(f"{CASE}/{case}?done={what}", status_code=303)

    async def _page(
        self,
        request: Request,
        case: str,
        problem: str = "",
        sound: str = "",
        heard: str = "",
        done: str = "",
    ) -> Response:
        account = visitor_of(request).account
        found = await asyncio.to_thread(acting.seen_by, case, account, self._on)
        status, now = found.status, self._program.clock.now()
        most = LOOKED_AT[status.imminence] / timedelta(hours=1)
        return self._pages.show(
            request,
            "incidents/case.html",
            400 if problem else 200,
            found=found,
            stands=status,
            running=clocks.running(status),
            now=now,
            problem=problem,
            done=DONE.get(done, ""),
            typed=await typed_into(request) if problem else NOTHING,
            findings=casefile.newest(found),
            originals=await asyncio.to_thread(originals, found, self._program.records),
            zone=status.policy.hours.zone,
            sound=sound,
            heard=heard,
            latest={hours: said for hours, said in LATEST.items() if hours <= most},
            come_later=_come_later(found),
            reported_by=await asyncio.to_thread(reported_by, found, self._on),
            apart={
                number: status.apart(each.by, account.id)
                for number, each in status.proposals.items()
            },
            names={each.id: each.name for each in status.accounts},
        )


def _come_later(found: Look) -> list[Account]:
    """Who could be let in: kept away only because they came later, or alone as a second person."""
    status = found.status
    return [
        each
        for each in status.accounts
        if not each.disabled_at
        and each.id not in status.line
        and each.id not in status.vouched.get(each.id, ())
        and (each.id in status.implicated or status.may_see(each))
    ]


def _act(what: str) -> Act:
    try:
        return Act(what)
    except ValueError as error:
        raise InputError("Choose what was done.") from error


def _number(text: str, problem: str) -> float:
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise InputError(problem)
    return float(text)
