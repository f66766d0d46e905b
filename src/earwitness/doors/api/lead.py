"""What a lead looks at and decides: the queue, unknown words, accuracy, gold, files."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import structlog
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import StreamingResponse

from earwitness.accounts import Role
from earwitness.doors.api import shapes
from earwitness.doors.api.bearer import bearer_of
from earwitness.doors.formats import judged, labels
from earwitness.doors.formats.files import MEDIA, WRITERS
from earwitness.doors.formats.forms import ClipFormat
from earwitness.doors.formats.labels import MAX_FILE, decoded
from earwitness.doors.workbench.roles import only, up_to
from earwitness.errors import InputError
from earwitness.flow import accuracy, gold, overview, vocabulary
from earwitness.flow.unknown import missed_words
from earwitness.model import EVERYWHERE, Taught, Verdict
from earwitness.review.queue import AUDIT

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

LEADS = frozenset({Role.LEAD})
NEWEST_WORDS, NEWEST_AUDITED = 2000, 3000
"""Clips that are looked at, as on the pages."""

Id = Annotated[str, Path(max_length=100)]
FileName = Annotated[str, Query(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Why = Annotated[str, Query(max_length=1000)]

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


class FromClip(shapes.Reason):
    """A closed clip in which the word was said."""

    utterance: shapes.Name
    scope: shapes.Name = EVERYWHERE


class Line(shapes.Shape):
    """Where in the file, and what is the matter with it."""

    where: str
    why: str


class Differing(shapes.Shape):
    """What the file says of a clip, and what was decided here."""

    where: str
    utterance: str
    verdict: Verdict
    text: str
    kept: str


class Brought(shapes.Shape):
    """A file of labels beside what is kept; ``golds`` is how many clips it made gold."""

    same: int
    different: list[Differing]
    unknown: list[Line]
    refused: list[Line]
    golds: int


class Number(shapes.Shape):
    """A count, which may stop early."""

    of: str
    count: int
    more: bool


class Overview(shapes.Shape):
    """What the queue holds: by state, and what waits by main reason."""

    states: list[Number]
    reasons: list[Number]


def add_routes(router: APIRouter, program: Earwitness) -> None:
    desk = _Desk(program)
    router.add_api_route("/words", desk.words, methods=["GET"])
    router.add_api_route("/accuracy", desk.accuracy, methods=["GET"])
    router.add_api_route("/overview", desk.overview, methods=["GET"])
    router.add_api_route("/words/{written}/teach", desk.teach, methods=["POST"], status_code=202)
    router.add_api_route("/gold", desk.golds, methods=["GET"])
    router.add_api_route("/gold", desk.bring, methods=["POST"], openapi_extra=LABELS)
    router.add_api_route("/gold/{utterance}", desk.mark, methods=["PUT"], status_code=204)
    router.add_api_route("/gold/{utterance}", desk.unmark, methods=["DELETE"], status_code=204)
    router.add_api_route(
        "/export", desk.export, methods=["GET"], response_model=None, responses=FILES
    )


LABELS = {
    "requestBody": {"required": True, "content": {"text/plain": {"schema": {"type": "string"}}}}
}
FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The judged clips.",
        "content": {media: {} for media, _ in MEDIA.values()},
    }
}


class _Desk:
    def __init__(self, program: Earwitness) -> None:
        self._program, self._records = program, program.records

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

    @only(frozenset({Role.LEAD, Role.AUDITOR}))
    def overview(self) -> Overview:
        """What waits, and why."""
        found = overview.figures(datetime.now(UTC), records=self._records)
        return Overview(
            states=[_number(state.value, each) for state, each in found.states],
            reasons=[_number(reason, each) for reason, each in found.reasons],
        )

    @only(LEADS)
    def teach(self, request: Request, written: Id, wanted: FromClip) -> shapes.Accepted:
        """A word that listeners wrote down in a closed clip; the server's worker tries it."""
        household = self._records.closed(wanted.utterance).utterance.source.household
        if wanted.scope not in (EVERYWHERE, f"household:{household}"):
            raise InputError("A word is taught everywhere, or for the household that said it.")
        event = vocabulary.ask_to_teach(
            uuid.uuid4().hex,
            Taught(" ".join(written.split()), scope=wanted.scope, why=wanted.why),
            datetime.now(UTC),
            by=bearer_of(request).account.name,
            utterance=wanted.utterance,
            records=self._records,
            engine=self._program.engine,
        )
        self._program.nudge()
        return shapes.Accepted(event=event.id)

    @only(LEADS)
    @up_to(MAX_FILE)
    async def bring(self, request: Request, name: FileName = "labels", why: Why = "") -> Brought:
        """Labels as NeMo, Label Studio or CSV, beside what is kept; with a reason they are gold.

        All at once or none: a line that cannot be read stops all.
        """
        return await asyncio.to_thread(self._bring, await request.body(), name, why, request)

    def _bring(self, content: bytes, name: str, why: str, request: Request) -> Brought:
        found = gold.compared(labels.labels(decoded(content, name), name), self._records)
        count = 0
        if why.strip():
            by, now = bearer_of(request).account, datetime.now(UTC)
            count = gold.imported(
                found, name=name, by=by.name, why=why, now=now, records=self._records
            )
            log.info("labels imported", account=by.id, golds=count)
        return Brought(
            same=len(found.same),
            different=[
                Differing(
                    where=label.where, utterance=label.utterance, verdict=label.verdict,
                    text=label.text, kept=kept,
                )
                for label, kept in found.different
            ],
            unknown=[Line(where=each.where, why=each.why) for each in found.unknown],
            refused=[Line(where=each.where, why=each.why) for each in found.refused],
            golds=count,
        )  # fmt: skip

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


def _number(of: str, count: overview.Count) -> Number:
    return Number(of=of, count=count.number, more=count.more)
