"""What a lead looks at and decides: unknown words, accuracy, gold, files, groups by sound."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import structlog
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import StreamingResponse

from earwitness.accounts import Role
from earwitness.doors.api import shapes
from earwitness.doors.api.bearer import bearer_of
from earwitness.doors.formats import judged
from earwitness.doors.formats.files import MEDIA, WRITERS
from earwitness.doors.formats.forms import ClipFormat
from earwitness.doors.workbench.roles import only
from earwitness.flow import accuracy, gold
from earwitness.flow.unknown import missed_words
from earwitness.model import Verdict
from earwitness.review.queue import AUDIT

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

LEADS = frozenset({Role.LEAD})
NEWEST_WORDS, NEWEST_AUDITED = 2000, 3000
"""Clips that are looked at, as on the pages."""

Id = Annotated[str, Path(max_length=100)]

log = structlog.get_logger(__name__)


class Missed(shapes.Shape):
    """A word that humans wrote where the machine wrote something else."""

    written: str
    clips: int
    households: int
    analysts: int
    instead: str
    in_dictionary: bool
    newest: str
    newest_at: datetime


class Estimated(shapes.Shape):
    """Of so many utterances; null where nothing can be said."""

    utterances: int
    right: shapes.Measured | None
    wer: shapes.Measured | None


class Since(Estimated):
    """Of a day or week."""

    start: date


class Around(shapes.Shape):
    """Before and after a revision."""

    revision: int
    published_at: datetime
    why: str
    before: Estimated
    after: Estimated


class Accuracy(shapes.Shape):
    """Estimated from the audit sample, with 95 % intervals."""

    overall: Estimated
    periods: list[Since]
    changes: list[Around]
    left_out: int


class Vouched(shapes.Reason):
    """What was said, for a reason."""

    verdict: Verdict = Verdict.TRANSCRIPT
    text: shapes.Text = ""


class Golden(Vouched):
    """What a lead vouches for."""

    utterance: str
    by: str
    at: datetime


def add_routes(router: APIRouter, program: Earwitness) -> None:
    desk = _Desk(program)
    router.add_api_route("/words", desk.words, methods=["GET"])
    router.add_api_route("/accuracy", desk.accuracy, methods=["GET"])
    router.add_api_route("/gold", desk.golds, methods=["GET"])
    router.add_api_route("/gold/{utterance}", desk.mark, methods=["PUT"], status_code=204)
    router.add_api_route("/gold/{utterance}", desk.unmark, methods=["DELETE"], status_code=204)
    router.add_api_route(
        "/export", desk.export, methods=["GET"], response_model=None, responses=FILES
    )


FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The judged clips.",
        "content": {media: {} for media, _ in MEDIA.values()},
    }
}


class _Desk:
    def __init__(self, program: Earwitness) -> None:
        self._records = program.records

    @only(LEADS)
    def words(self) -> list[Missed]:
        """Words that the machine does not know, in the newest judged clips; ranked."""
        closed = self._records.newest_closed(NEWEST_WORDS)
        found = missed_words(closed, self._records.lexicon().terms.keys())
        return [Missed(**shapes.fields(each)) for each in found]

    @only(LEADS)
    def accuracy(
        self,
        days: Annotated[int, Query(ge=1, le=3650)] = 84,
        period: accuracy.Period = accuracy.Period.WEEK,
    ) -> Accuracy:
        """How well the machine hears, over time and around each revision."""
        since = datetime.now(UTC) - timedelta(days=days)
        closed = self._records.newest_closed(NEWEST_AUDITED, since=since, reason=AUDIT)
        heard = (each for each in closed if each.utterance.heard_at >= since)
        revisions = [each for each in self._records.history(1000) if each[1] >= since]
        found = accuracy.accuracy(heard, revisions, period)
        return Accuracy(
            overall=Estimated(**_estimated(found.overall)),
            periods=[Since(start=start, **_estimated(each)) for start, each in found.periods],
            changes=[
                Around(
                    revision=each.revision,
                    published_at=each.published_at,
                    why=each.why,
                    before=Estimated(**_estimated(each.before)),
                    after=Estimated(**_estimated(each.after)),
                )
                for each in found.changes
            ],
            left_out=found.left_out,
        )

    @only(LEADS)
    def golds(self, limit: Annotated[int, Query(ge=1, le=1000)] = 1000) -> list[Golden]:
        """Newest first."""
        return [Golden(**shapes.fields(each)) for _, each in self._records.golds(limit)]

    @only(LEADS)
    def mark(self, request: Request, utterance: Id, vouched: Vouched) -> None:
        """A closed clip becomes gold, or another gold."""
        self._records.closed(utterance)
        by, now = bearer_of(request).account.name, datetime.now(UTC)
        made = gold.made(utterance, vouched.verdict, vouched.text, by=by, why=vouched.why, now=now)
        self._records.put_gold([made])
        log.info("gold", account=bearer_of(request).account.id, utterance=utterance)

    @only(LEADS)
    def unmark(self, request: Request, utterance: Id) -> None:
        """The judgements of its listeners count again."""
        self._records.remove_gold(utterance)
        log.info("no gold", account=bearer_of(request).account.id, utterance=utterance)

    @only(LEADS)
    def export(
        self,
        request: Request,
        format: ClipFormat,  # noqa: A002 - the name in the address
        names: bool = False,
    ) -> StreamingResponse:
        """Every clip that humans closed, the last closed first; listeners as a, b and c."""
        who = bearer_of(request).account.id
        log.info("clips exported", account=who, format=format.value, names=names)
        clips = (judged.of(each, names=names) for each in gold.every_closed(self._records))
        return StreamingResponse(WRITERS[format](clips), media_type=MEDIA[format][0])


def _estimated(found: accuracy.Estimate) -> dict[str, Any]:
    right, wer = (shapes.Measured.of(each) if each else None for each in (found.right, found.wer))
    return {"utterances": found.utterances, "right": right, "wer": wer}
