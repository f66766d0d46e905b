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

from earwitness import __version__
from earwitness.accounts import Account
from earwitness.audio.clip import decode_flac, encode_flac
from earwitness.audio.loudness import guarded
from earwitness.doors.workbench.incidents.printing import printed
from earwitness.doors.workbench.incidents.reports import CASE
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.roles import EVERYBODY, only
from earwitness.doors.workbench.sound import Tickets, ranged
from earwitness.doors.workbench.visitors import visitor_of
from earwitness.errors import InputError, LogBroken, NotWitnessed, RevisionConflict
from earwitness.evidence.records import Value
from earwitness.flow.incidents import acting, bundle
from earwitness.flow.incidents.cases import Look
from earwitness.incidents import clocks, conflicts
from earwitness.incidents.status import Act

if TYPE_CHECKING:
    from earwitness.flow.incidents.parts import Incidents
    from earwitness.wiring import Earwitness

LATEST = {1: "in an hour", 4: "in 4 hours", 24: "in a day", 72: "in 3 days", 168: "in a week",
          336: "in 2 weeks", 720: "in 30 days"}  # fmt: skip
"""Hours after which what was begun is looked at again, as the form offers them."""
SOUND = "/workbench/evidence"

log = structlog.get_logger(__name__)
Field = Annotated[str, Form(max_length=300)]
Text = Annotated[str, Form(max_length=2 * acting.LONGEST)]


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

    @only(EVERYBODY)
    async def show(self, request: Request, case: str) -> Response:
        return await self._page(request, case)

    @only(EVERYBODY)
    async def act(
        self,
        request: Request,
        case: str,
        what: Field = "",
        whom: Field = "",
        hours: Field = "",
        minutes: Field = "",
        said: Text = "",
    ) -> Response:
        """An inquiry, a referral or an emergency call: what stops the clock of a rung."""

        def do(by: Account, now: datetime) -> Look:
            until = now + timedelta(hours=_number(hours, "Choose when it is looked at again."))
            called = None
            if what == Act.EMERGENCY:
                ago = _number(minutes or "0", "Minutes are a number.")
                called = now - timedelta(minutes=ago)
            return acting.act(
                case, _act(what), by, now, self._on,
                until=until, whom=whom, said=said, called_at=called,
            )  # fmt: skip

        return await self._done(request, case, do)

    @only(EVERYBODY)
    async def propose(
        self, request: Request, case: str, what: Field = "", said: Text = ""
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
        self, request: Request, case: str, said: Text = "", feedback: Field = ""
    ) -> Response:
        """To the reporter."""
        return await self._done(
            request,
            case,
            lambda by, now: acting.answer(case, said, bool(feedback), by, now, self._on),
        )

    @only(EVERYBODY)
    async def hand_over(
        self, request: Request, case: str, to: Field = "", said: Text = ""
    ) -> Response:
        return await self._done(
            request, case, lambda by, now: acting.hand_over(case, to, said, by, now, self._on)
        )

    @only(EVERYBODY)
    async def implicate(self, request: Request, case: str, names: Text = "") -> Response:
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
        except (InputError, RevisionConflict, LogBroken, NotWitnessed) as error:
            return await self._page(request, case, str(error))
        return _file(content, "application/zip", f"case-{case}.zip")

    @only(EVERYBODY)
    async def print(self, request: Request, case: str, why: Field = "") -> Response:
        """The case as one page, for a file."""
        account, now = visitor_of(request).account, self._program.clock.now()
        try:
            content = await asyncio.to_thread(printed, case, why, account, now, self._on)
        except (InputError, RevisionConflict) as error:
            return await self._page(request, case, str(error))
        return _file(content, "text/html", f"case-{case}.html")

    @only(EVERYBODY)
    async def hear(
        self, request: Request, case: str, sha256: Field = "", why: Field = ""
    ) -> Response:
        """An original, once it is on record who hears it and why."""
        account = visitor_of(request).account
        now = self._program.clock.now()
        try:
            await asyncio.to_thread(
                acting.see, case, sha256, why, account, now, self._on, [self._guard]
            )
        except (InputError, RevisionConflict) as error:
            return await self._page(request, case, str(error))
        address = self._tickets.address(request, sha256, f"{case} {why}", at=SOUND)
        return await self._page(request, case, sound=address, heard=sha256)

    @only(EVERYBODY)
    async def sound(self, request: Request, ticket: str) -> Response:
        """No louder than any clip; the case is looked at again, for somebody may be named since."""
        read = self._tickets.read(ticket, request)
        account = visitor_of(request).account
        case = read.why.partition(" ")[0]
        await asyncio.to_thread(acting.seen_by, case, account, self._on)
        content = await asyncio.to_thread(self._quiet, read.utterance)
        response = ranged(request.headers.get("range", ""), content)
        response.headers["Content-Type"] = "audio/flac"
        return response

    @property
    def _guard(self) -> dict[str, Value]:
        """How what is played is made of an original, with all that ``_quiet`` needs for it."""
        loudest = str(self._program.settings.loudest_lufs)
        return {"step": "loudness guard", "loudest_lufs": loudest, "earwitness": __version__}

    def _quiet(self, key: str) -> bytes:
        samples = decode_flac(self._on.sealed.get(key))
        return encode_flac(guarded(samples, self._program.settings.loudest_lufs).samples)

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
        except (InputError, RevisionConflict, LogBroken, NotWitnessed) as error:
            return await self._page(request, case, str(error))
        log.info("acted", case=case, what=request.url.path.rpartition("/")[2])
        return RedirectResponse(f"{CASE}/{case}", status_code=303)

    async def _page(
        self, request: Request, case: str, problem: str = "", sound: str = "", heard: str = ""
    ) -> Response:
        account = visitor_of(request).account
        found = await asyncio.to_thread(acting.seen_by, case, account, self._on)
        status, now = found.status, self._program.clock.now()
        later = status.implicated - status.direct if status.named else frozenset()
        most = acting.LOOKED_AT[status.imminence] / timedelta(hours=1)
        return self._pages.show(
            request,
            "incidents/case.html",
            400 if problem else 200,
            found=found,
            stands=status,
            running=clocks.running(status),
            now=now,
            problem=problem,
            sound=sound,
            heard=heard,
            latest={hours: said for hours, said in LATEST.items() if hours <= most},
            come_later=[each for each in _come_later(found) if each.id in later],
            identity=await asyncio.to_thread(acting.reporter, found, self._on),
            apart={
                number: status.apart(each.by, account.id)
                for number, each in status.proposals.items()
            },
            names={each.id: each.name for each in status.accounts},
        )


def _file(content: bytes, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=kind, headers=headers)


def _come_later(found: Look) -> list[Account]:
    """Who could be let in: kept away only because they came later."""
    status = found.status
    line = conflicts.around(status.direct, status.policy, status.accounts)
    return [each for each in status.accounts if each.id not in line and not each.disabled_at]


def _act(what: str) -> Act:
    try:
        return Act(what)
    except ValueError as error:
        raise InputError("Choose what was done.") from error


def _number(text: str, problem: str) -> float:
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise InputError(problem)
    return float(text)
