"""Findings on a clip: begun on its Sound page, written on as versions, given out as reports."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from earwitness import __version__
from earwitness.accounts import Account
from earwitness.doors.workbench.examine.desk import CLIP, FINDING, Desk, Shared, Step
from earwitness.doors.workbench.examine.files import GIVERS, Given, noted
from earwitness.doors.workbench.examine.shown import Listed, listed, shown
from earwitness.doors.workbench.examine.typed import Text, Texts, Typed, typed
from earwitness.doors.workbench.incidents.files import file
from earwitness.doors.workbench.pages import Place
from earwitness.doors.workbench.roles import EVERYBODY, only, up_to
from earwitness.doors.workbench.sound import FOR_A_REASON, plain
from earwitness.doors.workbench.visitors import visitor_of
from earwitness.errors import (
    InputError,
    LogBroken,
    NotFound,
    NotWitnessed,
    Overloaded,
    RevisionConflict,
)
from earwitness.examining import Evidence, FindingVersion, case_of, named_in
from earwitness.flow import blind_tests, findings, vantage
from earwitness.flow.examination import Examining
from earwitness.sound import chain as chains
from earwitness.sound.findings import finding as rules
from earwitness.sound.findings.blind import LEAST_PAIRS

FINDINGS = "/workbench/findings"
PLACE = Place("Findings", FINDINGS, FOR_A_REASON, "What was examined, and what came out")
MOST_FORM = 512 * 1024
NOT_ON_EVIDENCE = (
    "Evidence is given to nobody who may not see the case, and whoever sees the case is not blind."
)
MOST_LISTED = 200
"""Those that were written on last."""
log = structlog.get_logger(__name__)
Number = Annotated[int, Form()]


def add_routes(router: APIRouter, shared: Shared) -> None:
    desk = _Findings(shared)
    router.add_api_route(FINDINGS, desk.listed, methods=["GET"])
    router.add_api_route(CLIP + "/finding", desk.begin, methods=["POST"])
    router.add_api_route(FINDING, desk.show_finding, methods=["GET"])
    router.add_api_route(FINDING, desk.write, methods=["POST"])
    router.add_api_route(FINDING + "/files", desk.take, methods=["POST"])
    router.add_api_route(FINDING + "/{number}/{form}", desk.give, methods=["GET"])


class FindingDesk(Desk):
    """Whatever shows the page of a finding."""

    async def page(
        self,
        request: Request,
        versions: list[FindingVersion],
        given: Typed | None = None,
        problem: str = "",
        status: int = 200,
    ) -> Response:
        """What was written is there to be read whatever became of the original."""
        kept, on = versions[-1], self.of(request, versions[-1].finding)
        finding = rules.parse(kept.content)
        if given is None:
            try:
                given = Typed.of(await self.shared.in_turn(request, lambda: self.draft(kept, on)))
            except InputError as error:
                given, problem = Typed.of(findings.draft_of(finding)), problem or str(error)
        filled: dict[str, Any] = {
            "kept": kept,
            "case": case_of(kept.finding),
            "finding": finding,
            "versions": versions,
            "missing": rules.missing(finding),
            "typed": given,
            "problem": problem,
            "saved_nothing": status != 200,
            "tests": await asyncio.to_thread(shown, kept, self.on.records),
            "strangers": await asyncio.to_thread(self._strangers, request, kept),
            "interval_from": LEAST_PAIRS,
            "not_on_evidence": NOT_ON_EVIDENCE,
            "most_pieces": blind_tests.MOST_PIECES,
        }
        return self.show(request, "finding.html", status, **filled)

    def draft(self, kept: FindingVersion, on: Examining) -> findings.Draft:
        finding = rules.parse(kept.content)
        piece = self.bench.treated(kept.utterance, findings.chain_of(finding), on)
        return findings.draft_of(finding, piece)

    def _strangers(self, request: Request, kept: FindingVersion) -> list[Account]:
        if case_of(kept.finding):
            return []
        name, records = visitor_of(request).account.name, self.on.records
        return blind_tests.strangers(kept.utterance, kept.finding, name, records)


class _Findings(FindingDesk):
    @only(FOR_A_REASON)
    async def listed(self, request: Request) -> Response:
        """What was written on last; nothing of a clip of which one is to write blind."""
        name, records = visitor_of(request).account.name, self.on.records

        def found() -> list[Listed]:
            blind = {each.test.utterance for each in blind_tests.waiting(name, records)}
            newest = records.newest_findings(MOST_LISTED)
            return [listed(each, records) for each in newest if each.utterance not in blind]

        return self.show(
            request, "findings_list.html", found=await asyncio.to_thread(found), most=MOST_LISTED
        )

    @only(EVERYBODY)
    @up_to(MOST_FORM)
    async def begin(
        self, request: Request, utterance: str, chain: Text = "", question: Text = "",
        finding: Text = "", beside: Texts = (),
    ) -> Response:  # fmt: skip
        """A new finding on what is in force on the Sound page, or that put into one there is.

        ``beside`` are other recordings that were aligned there.
        """
        await self.opened_to_write(request, utterance)
        asked, by = chains.parse(chain), visitor_of(request).account.name
        on = self.of(request, utterance)
        if finding:
            newest = (await self.versions(request, finding))[-1]
            if newest.utterance != utterance:
                raise NotFound("There is no such finding on this sound.")
            draft = await self.shared.in_turn(request, lambda: self.draft(newest, on))
            before = rules.parse(newest.content)
        else:
            about = await asyncio.to_thread(on.custodian.about, utterance)
            draft = findings.Draft(question, about.described)
            newest, before = None, None
        draft.checked()

        def made() -> FindingVersion:
            piece = self.bench.treated(utterance, asked, on)
            others = vantage.materials(utterance, beside, on)
            content, replay = findings.written_up(piece, draft, by, on, before, others)
            new_id = named_in(case_of(utterance), uuid.uuid4().hex)
            name, number = (newest.finding, newest.number + 1) if newest else (new_id, 1)
            told = (blind_tests.with_results(content, name, self.on.records), replay)
            return findings.version(name, number, utterance, by, datetime.now(UTC), told)

        return await self._keep(request, made, on)

    @only(EVERYBODY)
    async def show_finding(self, request: Request, finding: str) -> Response:
        return await self.page(request, await self.versions(request, finding))

    @only(EVERYBODY)
    @up_to(MOST_FORM)
    async def write(
        self, request: Request, finding: str, number: Number = 0,
        question: Text = "", described: Text = "", conclusions: Text = "", limits: Text = "",
        heard_by: Texts = (), heard_words: Texts = (), heard_in: Texts = (),
    ) -> Response:  # fmt: skip
        """The next version. What is refused comes back as it was typed."""
        versions, by = await self.versions(request, finding), visitor_of(request).account.name
        kept, on = versions[-1], self.of(request, finding)
        given = typed(
            question, described, conclusions, limits,
            heard_by=heard_by, heard_words=heard_words, heard_in=heard_in,
        )  # fmt: skip

        def made() -> FindingVersion:
            if number != kept.number:
                raise RevisionConflict(
                    f"{kept.by} wrote version {kept.number} meanwhile. What you typed is below;"
                    " save it again to put it over that one."
                )
            draft = given.draft().checked()
            before = rules.parse(kept.content)
            piece = self.bench.treated(kept.utterance, findings.chain_of(before), on)
            content, replay = findings.written_up(piece, draft, by, on, before)
            told = (blind_tests.with_results(content, finding, self.on.records), replay)
            now = datetime.now(UTC)
            return findings.version(finding, number + 1, kept.utterance, by, now, told)

        try:
            return await self._keep(request, made, on)
        except (InputError, RevisionConflict, Overloaded, LogBroken, NotWitnessed) as error:
            newest = await self.versions(request, finding)
            status = {RevisionConflict: 409, Overloaded: 429}.get(type(error), 400)
            return await self.page(request, newest, given, str(error), status)

    @only(EVERYBODY)
    async def give(self, request: Request, finding: str, number: int, form: str) -> Response:
        """A version of a finding on a clip as a report, as data, or its replay file."""
        if case_of(finding):
            raise InputError("Say on the page of the finding what this is taken for.")
        kept = _of_number(await self.versions(request, finding), number)
        content, kind = await self._made(request, kept, form)
        by = visitor_of(request).account.name
        await asyncio.to_thread(noted, Given(form), kept, by, self.giving, self.on)
        return _file(content, kind, kept, form)

    @only(EVERYBODY)
    async def take(
        self, request: Request, finding: str, number: Number = 0, form: Text = "", why: Text = ""
    ) -> Response:
        """The same of a finding of a case, where it is on record first who takes it and why."""
        versions = await self.versions(request, finding)
        kept = _of_number(versions, number)
        evidence, account = Evidence.of(kept.utterance), visitor_of(request).account
        if evidence is None:
            raise NotFound("There is no such file of this finding.")
        step: Step = {
            "step": form, "finding": finding, "version": number, "earwitness": __version__
        }  # fmt: skip
        try:
            content, kind = await self._made(request, kept, form)
            reason = plain(why)
            await asyncio.to_thread(self.in_custody, evidence, account, reason, [step], "reported")
        except InputError as error:
            return await self.page(request, versions, problem=str(error), status=400)
        return _file(content, kind, kept, form)

    async def _made(self, request: Request, kept: FindingVersion, form: str) -> tuple[bytes, str]:
        if form not in list(Given):
            raise NotFound("There is no such file of this finding.")
        giver, on = GIVERS[Given(form)], self.of(request, kept.finding)
        return await self.shared.in_turn(request, lambda: giver(kept, self.bench, on))

    async def _keep(
        self, request: Request, made: Callable[[], FindingVersion], on: Examining
    ) -> Response:
        new = await self.shared.in_turn(request, made)
        await asyncio.to_thread(on.custodian.add_finding, new)
        log.info("finding written", finding=new.finding, number=new.number, account=new.by)
        return RedirectResponse(f"{FINDING.format(finding=new.finding)}", status_code=303)


def _of_number(versions: list[FindingVersion], number: int) -> FindingVersion:
    """Raises NotFound, also for one of which what was sealed is not there any more."""
    for each in versions:
        if each.number == number and each.content:
            return each
    raise NotFound("There is no such file of this finding.")


def _file(content: bytes, kind: str, kept: FindingVersion, form: str) -> Response:
    log.info("finding given", finding=kept.finding, number=kept.number, form=form)
    name = kept.finding.rpartition("~")[2][:16]
    return file(content, kind, f"finding-{name}-{kept.number}.{form}")
