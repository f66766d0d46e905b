"""Clips: lease, hear, judge, look, teach, take back."""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from earwitness.accounts import Role
from earwitness.audio.clip import encode_flac
from earwitness.doors.api import shapes
from earwitness.doors.api.bearer import bearer_of
from earwitness.doors.workbench.roles import only
from earwitness.doors.workbench.sound import FOR_A_REASON, TO_JUDGE, Giving, ranged
from earwitness.errors import AccessRefused, JudgementError
from earwitness.flow import judge, lessons, withdrawal
from earwitness.flow.teach import teachable
from earwitness.model import ItemState, Lease, Term

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

LISTENERS = frozenset({Role.ANALYST, Role.LEAD})
LOOKERS = LISTENERS | {Role.AUDITOR}
HEARERS = LISTENERS | {Role.RESPONDER}
MOST = 1000

Id = Annotated[str, Path(max_length=100)]
Optional = Annotated[str, Query(max_length=1000)]


def add_routes(router: APIRouter, program: Earwitness) -> None:
    desk = _Desk(program)
    clip = "/clips/{utterance}"
    for path, method, operation, status in (
        ("/queue", "GET", desk.queue, 200),
        ("/queue/next", "POST", desk.next, 200),
        (clip, "GET", desk.clip, 200),
        (clip + "/hold", "POST", desk.hold, 204),
        (clip + "/release", "POST", desk.release, 204),
        (clip + "/pass", "POST", desk.pass_on, 204),
        (clip + "/judgement", "POST", desk.judge, 201),
        (clip + "/judgement", "DELETE", desk.withdraw, 200),
        (clip + "/terms", "POST", desk.teach, 202),
        (clip + "/trials", "GET", desk.trials, 200),
        ("/playbacks/{playback}", "PUT", desk.played, 204),
    ):
        router.add_api_route(path, operation, methods=[method], status_code=status)
    router.add_api_route(
        clip + "/sound", desk.sound, methods=["GET"], response_model=None, responses=SOUNDS
    )


SOUNDS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole clip.", "content": {"audio/flac": {}}},
    206: {"description": "The range that was asked for.", "content": {"audio/flac": {}}},
    416: {"description": "The range is beyond the end."},
}


class _Desk:
    def __init__(self, program: Earwitness) -> None:
        self._program, self._giving = program, Giving(program)

    @only(frozenset({Role.LEAD, Role.AUDITOR}))
    def queue(
        self,
        state: ItemState | None = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    ) -> list[shapes.Item]:
        """Clips of one state or all, most valuable first."""
        found = self._program.records.items([state] if state else [], limit)
        return [shapes.Item(**shapes.fields(each)) for each in found]

    @only(LISTENERS)
    def next(self, request: Request, wanted: shapes.Wanted | None = None) -> shapes.Leased | None:
        """Leases the most valuable clip that this analyst may answer; null when none waits."""
        wanted = wanted or shapes.Wanted()
        given = self._program.assign(_name(request), wanted.utterance, wanted.besides)
        return shapes.Leased.of(given) if given else None

    @only(LOOKERS)
    def clip(self, request: Request, utterance: Id) -> shapes.Heard:
        """What the machine heard: for a listener once their own answer is in."""
        seen = self._program.reveal(utterance, _name(request))
        return shapes.Heard.of(seen, self._program.records.item(utterance).state)

    @only(HEARERS)
    def sound(
        self,
        request: Request,
        utterance: Id,
        token: Optional = "",
        why: Optional = "",
        as_recorded: bool = False,
    ) -> Response:
        """The clip as FLAC: with the token of a lease, or, for leads and responders, a reason.

        On record each time; no louder than the settings say unless ``as_recorded``.
        """
        if not token and not (why.strip() and bearer_of(request).roles & FOR_A_REASON):
            raise AccessRefused("A clip is heard with its lease's token, or for a reason.")
        playback = secrets.token_hex(12)
        heard = self._giving.give(
            playback, utterance, _name(request), token, why.strip() or TO_JUDGE, as_recorded
        )
        response = ranged(request.headers.get("range", ""), encode_flac(heard.samples))
        response.headers["Content-Type"] = "audio/flac"
        response.headers["X-Playback"] = playback
        return response

    @only(LISTENERS)
    def hold(self, request: Request, utterance: Id, held: shapes.Held) -> None:
        """The lease goes on."""
        self._program.renew(_lease(request, utterance, held))

    @only(LISTENERS)
    def release(self, request: Request, utterance: Id, held: shapes.Held) -> None:
        """The clip waits for somebody else, or for the same again."""
        self._program.release(_lease(request, utterance, held))

    @only(LISTENERS)
    def pass_on(self, request: Request, utterance: Id, held: shapes.Held) -> None:
        """To others, and not to this analyst again."""
        lease = _lease(request, utterance, held)
        self._program.records.pass_on(lease, datetime.now(UTC))

    @only(LISTENERS)
    def judge(self, request: Request, utterance: Id, answer: shapes.Answer) -> shapes.Accepted:
        """Durable on return. What it teaches is tried by the server's worker."""
        given = judge.Answer(
            answer.verdict, answer.text, tuple(term.taught() for term in answer.terms)
        )
        event = self._program.judge(_lease(request, utterance, answer), given)
        self._program.nudge()
        return shapes.Accepted(event=event.id)

    @only(LISTENERS)
    def withdraw(self, request: Request, utterance: Id) -> shapes.Given:
        """Takes back one's own last judgement, with what it taught."""
        taken = withdrawal.withdraw(
            utterance, _name(request), datetime.now(UTC), records=self._program.records
        )
        self._program.nudge()
        return shapes.Given.of(taken)

    @only(LISTENERS)
    def teach(self, request: Request, utterance: Id, lesson: shapes.Lesson) -> shapes.Accepted:
        """A word of one's own judgement of this clip, once everybody who listens agrees."""
        program, name = self._program, _name(request)
        seen = program.reveal(utterance, name)
        mine = [each for each in seen.judgements if each.analyst == name]
        if not mine or program.records.item(utterance).state is not ItemState.CLOSED:
            raise JudgementError("Words are taught once everybody who listens agrees.")
        teachable(Term(lesson.written), program.records.lexicon(), program.engine)
        event = lessons.request(
            uuid.uuid4().hex, lesson.taught(), datetime.now(UTC),
            by=name, utterance_id=utterance, text=mine[-1].text,
        )  # fmt: skip
        program.records.add(event)
        program.nudge()
        return shapes.Accepted(event=event.id)

    @only(LOOKERS)
    def trials(self, request: Request, utterance: Id) -> list[shapes.TrialShape]:
        """Of words that were taught from this clip; covered as long as the clip is."""
        self._program.reveal(utterance, _name(request))
        found = self._program.records.trials(utterance=utterance)
        return [shapes.TrialShape.of(*each) for each in found]

    @only(HEARERS)
    def played(
        self,
        request: Request,
        playback: Id,
        seconds: Annotated[float, Query(ge=0, le=86_400, allow_inf_nan=False)],
    ) -> None:
        """How much of a clip was heard, repeats included."""
        self._program.records.played(playback, _name(request), seconds)


def _name(request: Request) -> str:
    return bearer_of(request).account.name


def _lease(request: Request, utterance: str, held: shapes.Held) -> Lease:
    return Lease(held.token, utterance, _name(request), datetime.now(UTC))
