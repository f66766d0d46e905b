"""Terms: what each is, gained and cost, where it was used; override, retire, undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.doors.workbench.lead.desk import (
    LEAD,
    LEADS,
    READERS,
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
from earwitness.flow import overview, vocabulary
from earwitness.flow.vocabulary import Listed
from earwitness.model import Heard, TrialOutcome

if TYPE_CHECKING:
    from datetime import datetime

    from earwitness.wiring import Earwitness

TERMS, TERM = f"{LEAD}/terms", f"{LEAD}/term"
REVISIONS, REVISION = f"{LEAD}/revisions", f"{LEAD}/revision"
RETIRE, OVERRIDE, UNDO = f"{LEAD}/retire", f"{LEAD}/override", f"{LEAD}/undo"
MOST_REVISIONS = 10_000
MOST_SETTLED = 50
TONES = {
    vocabulary.LIVE: "settled",
    vocabulary.HELD: "doubt",
    vocabulary.REFUSED: "harm",
    vocabulary.RETIRED: "",
}
_COLUMNS = (
    Column("written", "Term"),
    Column("state", "State"),
    Column("trial", "Last trial"),
    Column("scope", "Scope"),
    Column("weight", "Weight", number=True),
    Column("taught_by", "Taught by"),
    Column("taught_at", "When"),
    Column("why", "Why"),
    Column("settled", "Settles", sortable=False, number=True),
)
_REVISIONS = (
    Column("number", "Revision", number=True),
    Column("at", "When"),
    Column("by", "By"),
    Column("why", "Why"),
)

log = structlog.get_logger(__name__)


def add_routes(router: APIRouter, program: Earwitness, pages: Pages, tickets: Tickets) -> None:
    desk = _Terms(program, pages, tickets)
    for path, shown in (
        (TERMS, desk.terms),
        (TERM, desk.term),
        (REVISIONS, desk.revisions),
        (REVISION, desk.revision),
    ):
        router.add_api_route(path, shown, methods=["GET"])
    for path, done in ((RETIRE, desk.retire), (OVERRIDE, desk.override), (UNDO, desk.undo)):
        router.add_api_route(path, done, methods=["POST"])


def term_link(key: str) -> str:
    return f"{TERM}?{urlencode({'key': key})}"


class _Revision(NamedTuple):
    number: int
    at: datetime
    by: str
    why: str


class _Terms(Desk):
    @only(READERS)
    def terms(self, request: Request) -> Response:
        asked = Asked.of(request, _COLUMNS, sort="written", others=("state",))
        wanted = dict(asked.others).get("state", "")
        if wanted and wanted not in vocabulary.STATES:
            raise InputError(f"{wanted!r} is no state of a term.")
        every = vocabulary.listed(self.records)
        chosen = [each for each in every if not wanted or each.state == wanted]
        present = now()
        table = in_memory(
            "Terms", _COLUMNS, chosen, asked, lambda each: self._row(each, present),
            note="No term is taught yet." if not every else "No term is like that.",
        )  # fmt: skip
        counts = {state: sum(each.state == state for each in every) for state in vocabulary.STATES}
        revision = self.records.revision()
        return self.listed(
            request, "terms.html", table, counts=counts, wanted=wanted, tones=TONES,
            revision=revision, here_path=TERMS,
        )  # fmt: skip

    def _row(self, each: Listed, present: datetime) -> Row:
        whole = vocabulary.filled_in(each, records=self.records)
        used = self.records.settled_counts([each.key]).get(each.key, 0)
        return {
            "written": Cell(whole.written, link=term_link(whole.key)),
            "state": Cell(whole.state, tone=TONES[whole.state]),
            "trial": Cell(whole.trial, tone=TONES.get(whole.trial, "")),
            "scope": Cell(whole.scope),
            "weight": Cell(whole.weight),
            "taught_by": Cell(whole.taught_by),
            "taught_at": moment(whole.taught_at, present),
            "why": Cell(whole.why),
            "settled": Cell(used),
        }

    @only(READERS)
    def term(self, request: Request, key: str) -> Response:
        found = vocabulary.history(key, records=self.records)
        settled = self.records.settled_because_of(found.term.key, MOST_SETTLED)
        used = self.records.settled_counts([found.term.key]).get(found.term.key, 0)
        clips = [trial.clip for _, trial, _ in found.trials if trial.clip]
        clips += [each for _, trial, _ in found.trials for each in trial.settles]
        return self.show(
            request,
            "term.html",
            found=found,
            settled=settled,
            used=used,
            visible=self._visible(clips),
            exact=exact,
            tone=TONES.get(found.state, ""),
            tones=TONES,
            held=TrialOutcome.HELD,
            live=vocabulary.LIVE,
            paths={"retire": RETIRE, "override": OVERRIDE},
        )

    def _visible(self, clips: list[Heard]) -> frozenset[str]:
        """Trials name clips that may still wait: what was heard in those stays covered."""
        return overview.may_be_shown([each.utterance for each in clips], records=self.records)

    @only(LEADS)
    def retire(
        self, request: Request, term: Short = "", why: Why = "", confirm: Short = ""
    ) -> Response:
        reason, by = confirmed(why, confirm), account(request)
        lexicon = self.program.retire(term, by=by.name, why=reason)
        log.info("term retired", account=by.id, revision=lexicon.revision)
        return RedirectResponse(f"{REVISION}?number={lexicon.revision}", status_code=303)

    @only(LEADS)
    def override(
        self, request: Request, trial: Short = "", why: Why = "", confirm: Short = ""
    ) -> Response:
        reason, by = confirmed(why, confirm), account(request)
        tried = self.program.override(trial, by=by.name, why=reason)
        log.info("trial overridden", account=by.id, trial=trial, outcome=tried.outcome.value)
        return RedirectResponse(term_link(tried.trial.term.key), status_code=303)

    # --- revisions ------------------------------------------------------------

    @only(READERS)
    def revisions(self, request: Request) -> Response:
        asked = Asked.of(request, _REVISIONS, sort="number", order=DESC)
        every = [_Revision(*each) for each in self.records.history(MOST_REVISIONS)]
        present = now()
        table = in_memory(
            "Revisions", _REVISIONS, every, asked, lambda each: _revision_row(each, present),
            note="Nothing was published yet.",
        )  # fmt: skip
        return self.listed(request, "revisions.html", table)

    @only(READERS)
    def revision(self, request: Request, number: int) -> Response:
        """What it changed, and what going back to it would change."""
        records = self.records
        newest = records.revision()
        lexicon = records.lexicon(number)
        said = [_Revision(*each) for each in records.history(newest - number + 1)][-1:]
        before = records.lexicon(number - 1) if number else lexicon
        return self.show(
            request,
            "revision.html",
            number=number,
            newest=newest,
            published=said[0] if said and number else None,
            terms=len(lexicon.terms),
            did=vocabulary.difference(before, lexicon),
            would=vocabulary.difference(records.lexicon(newest), lexicon),
            reopened=len(records.reopened(number)) if number else 0,
            exact=exact,
            undo=UNDO,
        )

    @only(LEADS)
    def undo(
        self,
        request: Request,
        revision: Short = "",
        newest: Short = "",
        why: Why = "",
        confirm: Short = "",
    ) -> Response:
        """Back to a revision, if nobody has published since the page was read."""
        reason, by = confirmed(why, confirm), account(request)
        if not revision.isdecimal():
            raise InputError("There is no such revision.")
        if newest != str(self.records.revision()):
            raise InputError("Somebody published meanwhile; look at the revision again.")
        lexicon = self.program.undo(int(revision), by=by.name, why=reason)
        log.info("lexicon undone", account=by.id, to=int(revision), revision=lexicon.revision)
        return RedirectResponse(f"{REVISION}?number={lexicon.revision}", status_code=303)


def _revision_row(each: _Revision, present: datetime) -> Row:
    return {
        "number": Cell(each.number, link=f"{REVISION}?number={each.number}"),
        "at": moment(each.at, present),
        "by": Cell(each.by),
        "why": Cell(each.why),
    }
