"""Terms, trials and revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request

from earwitness.accounts import Role
from earwitness.doors.api import shapes
from earwitness.doors.api.bearer import bearer_of
from earwitness.doors.workbench.roles import only
from earwitness.errors import NotFound
from earwitness.model import term_key

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

READERS = frozenset({Role.ANALYST, Role.LEAD, Role.AUDITOR})
LEADS = frozenset({Role.LEAD})
MOST = 1000

Written = Annotated[str, Path(max_length=100)]
Count = Annotated[int, Query(ge=1, le=MOST)]


def add_routes(router: APIRouter, program: Earwitness) -> None:
    desk = _Desk(program)
    for path, method, operation, status in (
        ("/terms", "GET", desk.terms, 200),
        ("/terms", "POST", desk.teach, 201),
        ("/terms/{written}", "GET", desk.term, 200),
        ("/terms/{written}/trials", "GET", desk.trials, 200),
        ("/terms/{written}/retire", "POST", desk.retire, 200),
        ("/trials/{trial}/override", "POST", desk.override, 200),
        ("/revisions", "GET", desk.revisions, 200),
        ("/revisions", "POST", desk.undo, 201),
    ):
        router.add_api_route(path, operation, methods=[method], status_code=status)


class _Desk:
    def __init__(self, program: Earwitness) -> None:
        self._program = program

    @only(READERS)
    def terms(self, limit: Count = 100, after: Written = "") -> list[shapes.TermShape]:
        """Live terms by key; ``after`` is the last one of the page before."""
        live = self._program.records.lexicon().terms
        keys = sorted(key for key in live if key > term_key(after))
        return [shapes.TermShape.of(live[key]) for key in keys[:limit]]

    @only(LEADS)
    def teach(self, request: Request, lesson: shapes.Lesson) -> shapes.TrialShape:
        """Tries a term without a clip, and lets it go live where it does no harm."""
        tried = self._program.teach(lesson.taught(), by=bearer_of(request).account.name)
        return shapes.TrialShape.of(tried.id, tried.trial, tried.outcome)

    @only(READERS)
    def term(self, written: Written) -> shapes.TermShape:
        """However it is written."""
        found = self._program.records.lexicon().terms.get(term_key(written))
        if found is None:
            raise NotFound(f"{written!r} is not a live term.")
        return shapes.TermShape.of(found)

    @only(frozenset({Role.LEAD, Role.AUDITOR}))
    def trials(self, written: Written) -> list[shapes.TrialShape]:
        """Oldest first."""
        found = self._program.records.trials(term_key(written))
        return [shapes.TrialShape.of(*each) for each in found]

    @only(LEADS)
    def retire(self, request: Request, written: Written, reason: shapes.Reason) -> shapes.Revision:
        """A revision without it. What it had settled waits again."""
        by = bearer_of(request).account.name
        lexicon = self._program.retire(written, by=by, why=reason.why)
        return shapes.Revision(number=lexicon.revision)

    @only(LEADS)
    def override(
        self, request: Request, trial: Written, reason: shapes.Reason
    ) -> shapes.TrialShape:
        """Lets a held term go live, whatever it harms, and on record why."""
        by = bearer_of(request).account.name
        tried = self._program.override(trial, by=by, why=reason.why)
        return shapes.TrialShape.of(tried.id, tried.trial, tried.outcome)

    @only(READERS)
    def revisions(self, limit: Count = 100) -> list[shapes.Revision]:
        """Newest first."""
        return [
            shapes.Revision(number=number, published_at=at, by=by, why=why)
            for number, at, by, why in self._program.records.history(limit)
        ]

    @only(LEADS)
    def undo(self, request: Request, wanted: shapes.Undone) -> shapes.Revision:
        """A new revision with exactly the terms of an older one."""
        by = bearer_of(request).account.name
        lexicon = self._program.undo(wanted.revision, by=by, why=wanted.why)
        return shapes.Revision(number=lexicon.revision)
