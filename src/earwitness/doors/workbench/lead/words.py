"""What the fleet does not know, and one click from there to teaching it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.doors.workbench.lead.desk import (
    LEAD,
    LEADS,
    Desk,
    Short,
    Why,
    account,
    confirmed,
    moment,
    new_id,
    now,
)
from earwitness.doors.workbench.lead.terms import term_link
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.roles import only
from earwitness.doors.workbench.sound import Tickets
from earwitness.doors.workbench.tables import Asked, Cell, Column, Row, in_memory
from earwitness.errors import InputError
from earwitness.flow import vocabulary
from earwitness.flow.unknown import Missed, missed_words
from earwitness.model import EVERYWHERE, Taught, term_key
from earwitness.review.judgement import MAX_FORM

if TYPE_CHECKING:
    from datetime import datetime

    from earwitness.wiring import Earwitness

WORDS, TEACH = f"{LEAD}/words", f"{LEAD}/teach"
NEWEST = 2000
"""Clips that are looked at: words that nobody said since have had their time."""
_COLUMNS = (
    Column("written", "Word"),
    Column("clips", "Clips", number=True),
    Column("households", "Households", number=True),
    Column("analysts", "Analysts", number=True),
    Column("instead", "The machine wrote"),
    Column("newest_at", "Last heard"),
    Column("in_dictionary", "In the dictionary"),
    Column("teach", "", sortable=False),
)

log = structlog.get_logger(__name__)


def add_routes(router: APIRouter, program: Earwitness, pages: Pages, tickets: Tickets) -> None:
    desk = _Words(program, pages, tickets)
    router.add_api_route(WORDS, desk.words, methods=["GET"])
    router.add_api_route(TEACH, desk.form, methods=["GET"])
    router.add_api_route(TEACH, desk.teach, methods=["POST"])


class _Words(Desk):
    @only(LEADS)
    def words(self, request: Request) -> Response:
        asked = Asked.of(request, _COLUMNS, sort="rank")
        closed = self.records.newest_closed(NEWEST)
        missed = missed_words(closed, self.records.lexicon().terms.keys())
        present = now()
        table = in_memory(
            "Words that humans heard and the machine did not", _COLUMNS, missed, asked,
            lambda each: _row(each, present), note="The machine wrote every word that humans did.",
        )  # fmt: skip
        return self.listed(
            request, "words.html", table, looked_at=len(closed), cut=len(closed) == NEWEST
        )

    @only(LEADS)
    def form(self, request: Request, written: str, utterance: str) -> Response:
        """The word as it will be taught, with the clip in which it was heard last."""
        closed = self.records.closed(utterance)
        return self.show(
            request, "teach.html", written=written[:MAX_FORM], clip=closed, teach=TEACH,
            everywhere=EVERYWHERE,
        )  # fmt: skip

    @only(LEADS)
    def teach(
        self,
        request: Request,
        written: Short = "",
        utterance: Short = "",
        scope: Short = EVERYWHERE,
        why: Why = "",
        confirm: Short = "",
    ) -> Response:
        """Asks for a trial; it goes live if it does no harm, as any word that is taught."""
        reason, by = confirmed(why, confirm), account(request)
        word = " ".join(written.split())
        if not word:
            raise InputError("Write the word that is to be taught.")
        household = self.records.closed(utterance).utterance.source.household
        own = f"household:{household}"
        if scope not in (EVERYWHERE, own):
            raise InputError("A word is taught everywhere, or for the household that said it.")
        vocabulary.ask_to_teach(
            new_id(), Taught(word, scope=scope, why=reason), now(), by=by.name,
            utterance=utterance, records=self.records, engine=self.program.engine,
        )  # fmt: skip
        log.info("word to be taught", account=by.id, utterance=utterance)
        return RedirectResponse(term_link(term_key(word)), status_code=303)


def _row(each: Missed, present: datetime) -> Row:
    asked = {"written": each.written, "utterance": each.newest}
    return {
        "written": Cell(each.written),
        "clips": Cell(each.clips),
        "households": Cell(each.households),
        "analysts": Cell(each.analysts),
        "instead": Cell(each.instead, each.instead or "nothing", tone="doubt"),
        "newest_at": moment(each.newest_at, present),
        "in_dictionary": Cell(each.in_dictionary),
        "teach": Cell("", "Teach", f"{TEACH}?{urlencode(asked)}"),
    }
