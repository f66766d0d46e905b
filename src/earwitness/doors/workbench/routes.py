"""Every page of the workbench, put together."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.doors.workbench import (
    again,
    alike,
    assets,
    examine,
    incidents,
    lead,
    listening,
    me,
    oidc,
    people,
    revealing,
    settings,
    signing_in,
    sound,
)
from earwitness.doors.workbench.entrance import Entrance
from earwitness.doors.workbench.examinations import Examinations
from earwitness.doors.workbench.guard import HOME, guarded
from earwitness.doors.workbench.incidents.reports import REPORTS
from earwitness.doors.workbench.pages import Pages, Place
from earwitness.doors.workbench.roles import EVERYBODY, only
from earwitness.doors.workbench.visitors import Cookie
from earwitness.errors import NotFound
from earwitness.flow import blind_tests
from earwitness.oidc import open_provider

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

PLACES = (
    Place(
        "Listen",
        listening.LISTEN,
        listening.LISTENERS,
        "The next clip, and words to teach",
    ),
    *examine.PLACES,
    lead.PLACE,
    Place("Reports", REPORTS, EVERYBODY, "What must not be buried"),
    Place("Accounts", people.PEOPLE, people.ADMINISTRATORS, "Who works here, and invitations"),
    Place(
        "Settings",
        settings.SETTINGS,
        people.ADMINISTRATORS,
        "What is in force",
    ),
)
"""What the head of every page leads to, as far as a visitor's roles go."""


def router(program: Earwitness) -> APIRouter:
    """The pages on one program."""
    files = assets.Assets()
    pages, cookie = Pages(files, PLACES), Cookie(program.settings.encrypted)
    entrance = Entrance(program, pages, cookie, open_provider(program.settings))
    guard = guarded(program, pages, cookie, files.content_security_policy)
    made = APIRouter(route_class=guard, include_in_schema=False)
    made.add_api_route(HOME, _Home(program, pages).show, methods=["GET"])
    files.add_routes(made)
    for desk in (signing_in, oidc, again, me, people, settings):
        desk.add_routes(made, entrance)
    tickets = sound.Tickets()
    sound.add_routes(made, program, pages, tickets)
    listening.add_routes(made, program, pages, tickets)
    revealing.add_routes(made, program, pages)
    alike.add_routes(made, program, pages, tickets)
    examinations = Examinations()
    incidents.add_routes(made, entrance, tickets, examinations)
    lead.add_routes(made, program, pages, tickets)
    examine.add_routes(made, program, pages, examinations)
    made.add_api_route(HOME + "/{rest:path}", _nowhere, methods=["GET", "POST"])  # the last
    return made


@only(EVERYBODY)
async def _nowhere(request: Request, rest: str) -> Response:
    if not rest:
        return RedirectResponse(HOME, status_code=303)
    raise NotFound("There is no such page.")


class _Home:
    def __init__(self, program: Earwitness, pages: Pages) -> None:
        self._program, self._pages = program, pages

    @only(EVERYBODY)
    async def show(self, request: Request) -> Response:
        most = listening.MOST_COUNTED
        waiting = await asyncio.to_thread(self._program.records.count_open, most)
        account = request.state.visitor.account
        tests = await asyncio.to_thread(blind_tests.waiting, account.name, self._program.records)
        return self._pages.show(
            request,
            "home.html",
            waiting=waiting,
            more=waiting == most,
            may_listen=bool(account.roles & listening.LISTENERS),
            blind=len(tests),
        )
