"""The lead's pages: the queue, the terms, what is not known, agreement, gold, accuracy, files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.doors.workbench.lead import (
    accuracy,
    agreement,
    clips,
    files,
    guesses,
    queue,
    terms,
    words,
)
from earwitness.doors.workbench.lead.desk import LEAD, READERS
from earwitness.doors.workbench.pages import Pages, Place
from earwitness.doors.workbench.roles import only
from earwitness.doors.workbench.sound import Tickets

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

PLACE = Place("Lead", LEAD, READERS, "Queue, terms, agreement, accuracy, files")


def add_routes(router: APIRouter, program: Earwitness, pages: Pages, tickets: Tickets) -> None:
    router.add_api_route(LEAD, _first, methods=["GET"])
    for part in (queue, terms, words, agreement, clips, accuracy, guesses, files):
        part.add_routes(router, program, pages, tickets)


@only(READERS)
async def _first(request: Request) -> Response:
    return RedirectResponse(queue.QUEUE, status_code=303)
