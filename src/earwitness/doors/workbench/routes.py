"""Every page of the workbench, put together."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from earwitness.doors.workbench import assets, lead, listening, signing_in
from earwitness.doors.workbench.guard import guarded
from earwitness.doors.workbench.pages import Pages, Place
from earwitness.doors.workbench.roles import EVERYBODY, only
from earwitness.doors.workbench.visitors import Cookie
from earwitness.model import ItemState

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

PLACES = (Place("Listen", listening.LISTEN, listening.LISTENERS), lead.PLACE)
"""What the head of every page leads to, as far as a visitor's roles go."""


def router(program: Earwitness) -> APIRouter:
    """The pages on one program."""
    files = assets.Assets()
    pages, cookie = Pages(files, PLACES), Cookie(program.settings.tls_certificate is not None)
    guard = guarded(program, pages, cookie, files.content_security_policy)
    made = APIRouter(route_class=guard, include_in_schema=False)
    made.add_api_route(signing_in.HOME, _Home(program, pages).show, methods=["GET"])
    files.add_routes(made)
    signing_in.add_routes(made, program, pages, cookie)
    listening.add_routes(made, program, pages)
    lead.add_routes(made, program, pages)
    return made


class _Home:
    def __init__(self, program: Earwitness, pages: Pages) -> None:
        self._program, self._pages = program, pages

    @only(EVERYBODY)
    async def show(self, request: Request) -> Response:
        counted = await asyncio.to_thread(self._program.records.count_items)
        waiting = sum(counted.get(state, 0) for state in (ItemState.WAITING, ItemState.SECOND))
        may_listen = bool(request.state.visitor.account.roles & listening.LISTENERS)
        return self._pages.show(request, "home.html", waiting=waiting, may_listen=may_listen)
