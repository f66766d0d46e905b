"""Sounds of clips: treated, aligned and written up by a program, for a reason on record."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from earwitness.doors.api import shapes
from earwitness.doors.api.bearer import bearer_of
from earwitness.doors.workbench.examine.chains import treated_name
from earwitness.doors.workbench.examine.files import GIVERS, Given, noted
from earwitness.doors.workbench.examine.shown import shown
from earwitness.doors.workbench.examine.tests import called_off, put_in
from earwitness.doors.workbench.roles import only
from earwitness.doors.workbench.sound import FOR_A_REASON, Giving, plain
from earwitness.errors import EngineError, InputError, NotFound, RevisionConflict
from earwitness.examining import FindingVersion
from earwitness.flow import blind_tests, findings, vantage
from earwitness.flow.examination import Examining, Piece
from earwitness.flow.findings import Draft
from earwitness.flow.turns import Places
from earwitness.sound import chain as chains
from earwitness.sound import replay
from earwitness.sound.findings import finding as rules
from earwitness.sound.findings.blind import LEAST_SEED
from earwitness.sound.findings.finding import Heard
from earwitness.sound.several.align import Aligned

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

Id = Annotated[str, Path(max_length=100)]
Name = Annotated[str, Field(max_length=200)]
MOST = 200
MOST_WAITING, SHARE = 8, 2
"""Requests that wait for long work, each on a thread that others need, and those of one person."""
WAV: dict[int | str, dict[str, Any]] = {200: {"content": {"audio/wav": {}}}}
FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {} for kind in ("text/html", "application/pdf", "application/json")}}
}
T = TypeVar("T")


class Treatment(shapes.Reason):
    """A chain, as `earwitness sound steps` describes its steps."""

    chain: dict[str, Any]


class Beside(shapes.Reason):
    """Other recordings of the household within two minutes."""

    others: list[Name] = Field(min_length=1, max_length=vantage.MOST_ALIGNED)


class Lane(shapes.Shape):
    """Another recording on the clip's clock; ``refused`` says why there is no such thing."""

    utterance: str
    refused: str = ""
    offset_s: float | None = None
    uncertainty_ms: float | None = None
    drift_ppm: float | None = None


class Words(shapes.Shape):
    """What one listener heard, in the original or the treated recording."""

    by: Name
    words: shapes.Text
    treated: bool = False


class Writing(shapes.Shape):
    """What a person says in a finding."""

    question: shapes.Text
    described: shapes.Text
    heard: list[Words] = Field(default=[], max_length=findings.MOST_LINES)
    conclusions: list[shapes.Text] = Field(default=[], max_length=findings.MOST_LINES)
    limits: list[shapes.Text] = Field(default=[], max_length=findings.MOST_LINES)

    def draft(self) -> Draft:
        heard = (Heard(each.by, each.words, each.treated, False) for each in self.heard)
        return Draft(
            self.question, self.described, tuple(heard),
            tuple(self.conclusions), tuple(self.limits),
        )  # fmt: skip


class Next(Writing):
    """The next version; refused where ``on`` is not the newest one any more."""

    on: int | None = None


class Begun(Writing):
    """A new finding on what a chain makes of a clip; ``beside`` are aligned with it."""

    chain: dict[str, Any]
    beside: list[Name] = Field(default=[], max_length=vantage.MOST_ALIGNED)


class Version(shapes.Shape):
    """One version of a finding, and what it must still say."""

    finding: str
    number: int
    utterance: str
    by: str
    at: datetime
    question: str
    missing: list[str]

    @classmethod
    def of(cls, kept: FindingVersion) -> Version:
        content = rules.parse(kept.content)
        own = {name: getattr(kept, name) for name in ("finding", "number", "utterance", "by", "at")}
        return cls(**own, question=content.question, missing=rules.missing(content))


class Listeners(shapes.Shape):
    """Who listens blind, and to how many pieces."""

    listeners: list[Name] = Field(min_length=2, max_length=blind_tests.MOST_LISTENERS)
    pieces: Annotated[int, Field(ge=1, le=blind_tests.MOST_PIECES)] = 1


class Blind(shapes.Shape):
    """How far a blind test is; its result once everybody has written, or why it was called off."""

    test: str
    listeners: list[str]
    pieces: int
    written: int
    of: int
    same_chain: bool
    called_off: str | None
    conclusion: str | None
    difference: float | None
    low: float | None
    high: float | None


class Agreed(shapes.Shape):
    """A text for each piece, or none at all: then listeners are compared with one another."""

    words: list[shapes.Text] = Field(default=[], max_length=blind_tests.MOST_PIECES)


def add_routes(router: APIRouter, program: Earwitness) -> None:
    desk = _Desk(program)
    clip, finding = "/clips/{utterance}", "/findings/{finding}"
    sound: dict[str, Any] = {"response_model": None, "responses": WAV}
    file: dict[str, Any] = {"response_model": None, "responses": FILES}
    routes: Sequence[tuple[str, str, Callable[..., Any], dict[str, Any]]] = (
        (clip + "/treated", "POST", desk.treated, sound),
        (clip + "/replay", "POST", desk.replay, {}),
        (clip + "/aligned", "POST", desk.aligned, {}),
        (clip + "/findings", "POST", desk.begin, {"status_code": 201}),
        ("/findings", "GET", desk.listed, {}),
        (finding, "GET", desk.versions, {}),
        (finding, "POST", desk.write, {"status_code": 201}),
        (finding + "/{number}/{form}", "GET", desk.give, file),
        (finding + "/blind-tests", "GET", desk.tests, {}),
        (finding + "/blind-tests", "POST", desk.test, {"status_code": 201}),
        ("/blind-tests/{test}/result", "POST", desk.agree, {"status_code": 201}),
        ("/blind-tests/{test}/call-off", "POST", desk.call_off, {"status_code": 201}),
    )
    for path, method, endpoint, how in routes:
        router.add_api_route(path, endpoint, methods=[method], **how)


class _Desk:
    def __init__(self, program: Earwitness) -> None:
        self._program, self._giving = program, Giving(program)
        self._places = Places(MOST_WAITING, SHARE)

    @only(FOR_A_REASON)
    def treated(self, request: Request, utterance: Id, asked: Treatment) -> Response:
        """What a chain makes of a clip, as loud as that, in a WAV of 24 bits."""
        piece = self._piece(request, utterance, asked.chain)
        chain = piece.result.record.chain
        content = self._on.written(piece.result.treated.recording)
        seconds = piece.result.treated.recording.seconds
        self._note(request, utterance, f"{asked.why} (treated by a program)", seconds)
        name = treated_name(utterance, chain)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type="audio/wav", headers=headers)

    @only(FOR_A_REASON)
    def replay(self, request: Request, utterance: Id, asked: Treatment) -> dict[str, Any]:
        """The replay file of a chain on a clip."""
        piece = self._piece(request, utterance, asked.chain)
        told: dict[str, Any] = json.loads(replay.written(piece.result.record))
        return told

    @only(FOR_A_REASON)
    def aligned(self, request: Request, utterance: Id, asked: Beside) -> list[Lane]:
        """Other recordings of the moment on the clip's clock, or why they are not of it."""
        for each in (utterance, *asked.others):
            self._require_no_listener(request, each)
        found, _ = self._in_turn(
            request, lambda: vantage.together(utterance, asked.others, self._on)
        )
        return [_lane(each) for each in found]

    @only(FOR_A_REASON)
    def begin(self, request: Request, utterance: Id, given: Begun) -> Version:
        """The first version of a finding."""
        piece, by = self._piece(request, utterance, given.chain), _name(request)

        def written() -> tuple[rules.Finding, str]:
            beside = vantage.materials(utterance, given.beside, self._on)
            return findings.written_up(piece, given.draft(), by, self._on, None, beside)

        made = self._in_turn(request, written)
        return self._keep(request, uuid.uuid4().hex, 1, utterance, made)

    @only(FOR_A_REASON)
    def listed(self, request: Request) -> list[Version]:
        """The newest version of each finding, what was written last first."""
        blind = {
            each.test.utterance for each in blind_tests.waiting(_name(request), self._on.records)
        }
        newest = self._on.records.newest_findings(MOST)
        return [Version.of(each) for each in newest if each.utterance not in blind]

    @only(FOR_A_REASON)
    def versions(self, request: Request, finding: Id) -> list[Version]:
        """All of them, the oldest first."""
        return [Version.of(each) for each in self._versions(request, finding)]

    @only(FOR_A_REASON)
    def write(self, request: Request, finding: Id, given: Next) -> Version:
        """The next version, with the same chain and the same recordings."""
        kept = self._versions(request, finding)[-1]
        if given.on not in (None, kept.number):
            raise RevisionConflict(f"{kept.by} wrote version {kept.number} meanwhile; read it.")
        before, by = rules.parse(kept.content), _name(request)
        chain = findings.chain_of(before)

        def written() -> tuple[rules.Finding, str]:
            piece = self._program.bench.treated(kept.utterance, chain, self._on)
            made, replayed = findings.written_up(piece, given.draft(), by, self._on, before)
            return blind_tests.with_results(made, finding, self._on.records), replayed

        made = self._in_turn(request, written)
        return self._keep(request, finding, kept.number + 1, kept.utterance, made)

    @only(FOR_A_REASON)
    def give(self, request: Request, finding: Id, number: int, form: Given) -> Response:
        """A version as a report, as data, or its replay file."""
        versions = self._versions(request, finding)
        kept = next((each for each in versions if each.number == number), None)
        if kept is None:
            raise NotFound("There is no such version of this finding.")
        bench, on = self._program.bench, self._on
        content, kind = self._in_turn(request, lambda: GIVERS[form](kept, bench, on))
        noted(form, kept, _name(request), self._giving, on)
        return Response(content, media_type=kind)

    @only(FOR_A_REASON)
    def tests(self, request: Request, finding: Id) -> list[Blind]:
        """The blind tests of a finding, the oldest first."""
        kept = self._versions(request, finding)[-1]
        return [
            Blind(
                test=each.test.id,
                listeners=list(each.test.listeners),
                pieces=len(each.test.pieces),
                written=each.done,
                of=each.of,
                same_chain=each.same_chain,
                called_off=each.test.called_off.why if each.test.called_off else None,
                conclusion=each.result.conclusion if each.result else None,
                difference=each.result.difference if each.result else None,
                low=each.result.low if each.result else None,
                high=each.result.high if each.result else None,
            )
            for each in shown(kept, self._on.records)
        ]

    @only(FOR_A_REASON)
    def test(self, request: Request, finding: Id, asked: Listeners) -> list[Blind]:
        """Begins one. Its listeners hear and write on the pages of the workbench alone."""
        kept, now, by = self._versions(request, finding)[-1], datetime.now(UTC), _name(request)
        bench, on = self._program.bench, self._on
        piece = self._in_turn(request, lambda: findings.again(kept, bench, on))
        new = blind_tests.begun(
            uuid.uuid4().hex, secrets.token_bytes(2 * LEAST_SEED), kept, piece,
            asked.listeners, asked.pieces, by, now, self._on.records,
        )  # fmt: skip
        self._on.records.add_blind_test(new)
        return self.tests(request, finding)

    @only(FOR_A_REASON)
    def agree(self, request: Request, test: Id, agreed: Agreed) -> Version:
        """Puts the result into the finding, against agreed words if there are any."""
        found = self._on.records.blind_test(test)
        self._versions(request, found.finding)
        words = blind_tests.agreed_words(found, agreed.words)
        put_in(found, _name(request), self._on.records, words)
        return Version.of(self._on.records.finding(found.finding)[-1])

    @only(FOR_A_REASON)
    def call_off(self, request: Request, test: Id, asked: shapes.Reason) -> Version:
        """Ends a test without a result, by who began it; the finding says so."""
        found = self._on.records.blind_test(test)
        self._versions(request, found.finding)
        called_off(found, _name(request), plain(asked.why), self._on.records)
        return Version.of(self._on.records.finding(found.finding)[-1])

    @property
    def _on(self) -> Examining:
        return self._program.examining

    def _piece(self, request: Request, utterance: str, chain: dict[str, Any]) -> Piece:
        """Raises AccessRefused for who has yet to write blind of this clip, InputError."""
        asked = chains.parse(chain)
        self._require_no_listener(request, utterance)
        bench, on = self._program.bench, self._on
        return self._in_turn(request, lambda: bench.treated(utterance, asked, on))

    def _in_turn(self, request: Request, work: Callable[[], T]) -> T:
        """Long work, of pages and programs one at a time. Raises Overloaded where too many wait.

        What a model cannot do was asked for by who asked: InputError.
        """
        try:
            with self._places.taken(bearer_of(request).account.id):
                return self._program.bench.alone(work)
        except EngineError as error:
            raise InputError(str(error)) from error

    def _versions(self, request: Request, finding: str) -> Sequence[FindingVersion]:
        found = self._on.records.finding(finding)
        self._require_no_listener(request, found[0].utterance)
        return found

    def _require_no_listener(self, request: Request, utterance: str) -> None:
        blind_tests.require_no_listener(utterance, _name(request), self._on.records)

    def _note(self, request: Request, utterance: str, why: str, seconds: float) -> None:
        self._giving.note(self._giving.new(), utterance, _name(request), "", why, seconds, True)

    def _keep(
        self, request: Request, name: str, number: int, utterance: str,
        made: tuple[rules.Finding, str],
    ) -> Version:  # fmt: skip
        now = datetime.now(UTC)
        new = findings.version(name, number, utterance, _name(request), now, made)
        self._on.records.add_finding(new)
        return Version.of(new)


def _lane(each: vantage.Vantage) -> Lane:
    if not isinstance(each.found, Aligned):
        return Lane(utterance=each.subject.id, refused=each.found.reason)
    return Lane(
        utterance=each.subject.id,
        offset_s=each.found.offset_s,
        uncertainty_ms=each.found.uncertainty_ms,
        drift_ppm=each.found.drift_ppm,
    )


def _name(request: Request) -> str:
    return bearer_of(request).account.name
