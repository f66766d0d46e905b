"""After the answer: what the machine heard, what can be taught, what came of it, and undo."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.accounts import Role
from earwitness.doors.workbench.lead.terms import term_link
from earwitness.doors.workbench.listening import HEARD, LISTEN, LISTENERS
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.roles import only
from earwitness.doors.workbench.visitors import visitor_of
from earwitness.errors import JudgementError, NotFound
from earwitness.flow import groups, lessons, withdrawal
from earwitness.flow.judge import Revealed
from earwitness.flow.proposals import proposals
from earwitness.flow.teach import teachable
from earwitness.model import (
    ItemState,
    Judgement,
    ReviewItem,
    Taught,
    Term,
    Transcript,
    Trial,
    TrialOutcome,
    term_key,
)
from earwitness.review.grouping import CONFIRMATIONS
from earwitness.speech.alignment import columns
from earwitness.speech.lexicon import in_scope

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

log = structlog.get_logger(__name__)
Word = Annotated[str, Form(max_length=500)]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A word of this clip that was taught: its trial, or None while that goes on.

    ``settled`` is how many waiting clips it has closed by now, ``alike`` how many that still
    wait sound like this one, 0 where they are too few to be confirmed.
    """

    written: str
    trial: Trial | None = None
    outcome: TrialOutcome | None = None
    live: bool = False
    settled: int = 0
    alike: int = 0


def add_routes(router: APIRouter, program: Earwitness, pages: Pages) -> None:
    desk = _Desk(program, pages)
    router.add_api_route(HEARD + "/{utterance}", desk.heard, methods=["GET"])
    router.add_api_route(HEARD + "/{utterance}/trials", desk.trials, methods=["GET"])
    router.add_api_route(HEARD + "/{utterance}/teach", desk.teach, methods=["POST"])
    router.add_api_route(HEARD + "/{utterance}/undo", desk.undo, methods=["POST"])


class _Desk:
    def __init__(self, program: Earwitness, pages: Pages) -> None:
        self._program, self._pages = program, pages

    @only(LISTENERS)
    async def heard(self, request: Request, utterance: str) -> Response:
        """What the machine heard, beside what the analyst did, and what became of the words."""
        revealed, item, mine = await asyncio.to_thread(self._mine, request, utterance)
        taught = await asyncio.to_thread(self._lessons, revealed, item)
        known = {term_key(lesson.written) for lesson in taught}
        machine = revealed.utterance.transcript
        lexicon = await asyncio.to_thread(self._program.records.lexicon)
        live = {key for key, _ in in_scope(lexicon, revealed.utterance.source)}
        offered = [each for each in proposals(mine, machine) if each.key not in known]
        return self._pages.show(
            request,
            "heard.html",
            utterance=utterance,
            mine=mine,
            machine=machine,
            others=[each for each in revealed.judgements if each.id != mine.id],
            timed=_timed(machine),
            columns=columns(mine.text, machine.text),
            flags=revealed.utterance.flags,
            proposals=[each for each in offered if each.key not in live],
            live=[each for each in offered if each.key in live],
            may_look_up=Role.LEAD in visitor_of(request).account.roles,
            term_link=term_link,
            closed=item.state is ItemState.CLOSED,
            item=item,
            lessons=taught,
            pending=_pending(taught),
        )  # fmt: skip

    @only(LISTENERS)
    async def trials(self, request: Request, utterance: str) -> Response:
        """What came of the words so far; asked again while something is still being tried."""
        revealed, item, _ = await asyncio.to_thread(self._mine, request, utterance)
        taught = await asyncio.to_thread(self._lessons, revealed, item)
        return self._pages.show(
            request, "trials.html", utterance=utterance, lessons=taught, pending=_pending(taught)
        )

    @only(LISTENERS)
    async def teach(self, request: Request, utterance: str, term: Word = "") -> Response:
        """A word of one's own text, with the forms that the page showed for it.

        The server's worker tries it. Raises TermRefused where it cannot be honoured.
        """
        revealed, item, mine = await asyncio.to_thread(self._mine, request, utterance)
        if item.state is not ItemState.CLOSED:
            raise JudgementError("Words are taught once everybody who listens agrees.")
        await asyncio.to_thread(self._request, revealed, mine, " ".join(term.split()))
        log.info("teaching", account=visitor_of(request).account.id, utterance=utterance)
        return RedirectResponse(f"{HEARD}/{utterance}", status_code=303)

    @only(LISTENERS)
    async def undo(self, request: Request, utterance: str) -> Response:
        """Takes back one's last judgement, with what it taught, and opens the clip again."""
        name = visitor_of(request).account.name
        now, records = datetime.now(UTC), self._program.records
        taken = await asyncio.to_thread(withdrawal.withdraw, utterance, name, now, records=records)
        self._program.nudge()
        log.info("taken back", account=visitor_of(request).account.id, judgement=taken.id)
        return RedirectResponse(f"{LISTEN}?utterance={utterance}", status_code=303)

    def _mine(self, request: Request, utterance: str) -> tuple[Revealed, ReviewItem, Judgement]:
        """Raises JudgementError before, and NotFound for who did not listen."""
        name = visitor_of(request).account.name
        revealed = self._program.reveal(utterance, name)
        given = [each for each in revealed.judgements if each.analyst == name]
        if not given:
            raise NotFound("You have not listened to this clip.")
        return revealed, self._program.records.item(utterance), given[-1]

    def _request(self, revealed: Revealed, mine: Judgement, written: str) -> None:
        """As it was shown: the misheard forms are proposed from the same text again."""
        utterance, program = revealed.utterance.id, self._program
        teachable(Term(written), program.records.lexicon(), program.engine)
        event = lessons.request(
            uuid.uuid4().hex,
            Taught(written),
            datetime.now(UTC),
            by=mine.analyst,
            utterance_id=utterance,
            text=mine.text,
        )
        program.records.add(event)
        program.nudge()

    def _lessons(self, revealed: Revealed, item: ReviewItem) -> list[Lesson]:
        """Of what was taught from this clip, the newest trial of each word, or that it waits.

        A word waits until all that follows from it is done, what it settles included.
        """
        records, utterance = self._program.records, revealed.utterance.id
        live = records.lexicon().terms
        found: dict[str, Lesson] = {}
        for _, trial, outcome in records.trials(utterance=utterance):
            is_live = outcome is TrialOutcome.LIVE and trial.term.key in live
            settled = self._settled(trial) if is_live else 0
            found[trial.term.key] = Lesson(trial.term.written, trial, outcome, is_live, settled)
        if any(lesson.live for lesson in found.values()):
            alike = len(groups.alike(utterance, on=self._program.teaching))
            enough = alike if alike >= CONFIRMATIONS else 0
            found = {key: replace(lesson, alike=enough) for key, lesson in found.items()}
        marked = [taught for _, taught in lessons.decided(revealed.judgements)]
        if item.state is ItemState.CLOSED:
            for taught in marked:
                found.setdefault(term_key(taught.written), Lesson(taught.written))
        for event in records.pending():
            if event.payload.get("utterance") == utterance:
                waiting = [lessons.taught_of(event)] if event.kind == "teach" else []
                waiting += marked if event.kind == "judged" else []
                for taught in waiting:
                    found[term_key(taught.written)] = Lesson(taught.written)
        return list(found.values())

    def _settled(self, trial: Trial) -> int:
        kept = (self._program.records.item(each.utterance) for each in trial.settles)
        return sum(each.state is ItemState.SETTLED for each in kept)


def _timed(machine: Transcript) -> list[tuple[float, str]]:
    """When each word of its answer begins, as far as that is known."""
    return [(word.start, word.text) for word in machine.best.words if word.start is not None]


def _pending(taught: list[Lesson]) -> bool:
    return any(lesson.trial is None for lesson in taught)
