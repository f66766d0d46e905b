"""Blind tests of a finding: begun, and once everybody has written, their result."""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from earwitness.doors.workbench.examine.desk import FINDING, Shared
from earwitness.doors.workbench.examine.findings import NOT_ON_EVIDENCE, FindingDesk
from earwitness.doors.workbench.examine.typed import Text, Texts
from earwitness.doors.workbench.roles import only
from earwitness.doors.workbench.sound import FOR_A_REASON, plain
from earwitness.doors.workbench.visitors import visitor_of
from earwitness.errors import InputError, NotFound, RevisionConflict
from earwitness.examining import BlindTest, FindingVersion, case_of
from earwitness.flow import blind_tests, findings
from earwitness.ports import Records
from earwitness.sound.findings.blind import LEAST_SEED

ATTEMPTS = 5
"""To put a result into a finding that somebody else writes on at the same moment."""
log = structlog.get_logger(__name__)
Number = Annotated[int, Form()]


def add_routes(router: APIRouter, shared: Shared) -> None:
    desk = _Tests(shared)
    router.add_api_route(FINDING + "/blind", desk.begin, methods=["POST"])
    router.add_api_route(FINDING + "/blind/{test}", desk.agree, methods=["POST"])
    router.add_api_route(FINDING + "/blind/{test}/call-off", desk.call_off, methods=["POST"])


class _Tests(FindingDesk):
    @only(FOR_A_REASON)
    async def begin(
        self, request: Request, finding: str, listeners: Texts = (), pieces: Number = 1
    ) -> Response:
        """Two listeners at least, who know nothing of the clip."""
        versions = await self.versions(request, finding)
        if case_of(finding):
            return await self.page(request, versions, problem=NOT_ON_EVIDENCE, status=400)
        kept, by = versions[-1], visitor_of(request).account.name

        def made() -> BlindTest:
            piece = findings.again(kept, self.bench, self.on)
            return blind_tests.begun(
                uuid.uuid4().hex, secrets.token_bytes(2 * LEAST_SEED), kept, piece,
                listeners, pieces, by, datetime.now(UTC), self.on.records,
            )  # fmt: skip

        try:
            test = await self.shared.in_turn(request, made)
        except InputError as error:
            return await self.page(request, versions, problem=str(error), status=400)
        await asyncio.to_thread(self.on.records.add_blind_test, test)
        log.info("blind test begun", finding=finding, test=test.id, account=by)
        return RedirectResponse(f"{FINDING.format(finding=finding)}", status_code=303)

    @only(FOR_A_REASON)
    async def agree(
        self, request: Request, finding: str, test: str, agreed: Texts = ()
    ) -> Response:
        """The result against words that were agreed on after the end."""
        versions, by = await self.versions(request, finding), visitor_of(request).account.name
        found = await asyncio.to_thread(self._of, finding, test)
        try:
            words = blind_tests.agreed_words(found, agreed)
            await asyncio.to_thread(put_in, found, by, self.on.records, words)
        except InputError as error:
            return await self.page(request, versions, problem=str(error), status=400)
        return RedirectResponse(f"{FINDING.format(finding=finding)}", status_code=303)

    @only(FOR_A_REASON)
    async def call_off(self, request: Request, finding: str, test: str, why: Text = "") -> Response:
        """It ends without a result, which the finding says."""
        versions, by = await self.versions(request, finding), visitor_of(request).account.name
        found = await asyncio.to_thread(self._of, finding, test)
        try:
            await asyncio.to_thread(called_off, found, by, plain(why), self.on.records)
        except (InputError, RevisionConflict) as error:
            return await self.page(request, versions, problem=str(error), status=400)
        log.info("blind test called off", finding=finding, test=test, account=by)
        return RedirectResponse(f"{FINDING.format(finding=finding)}", status_code=303)

    def _of(self, finding: str, test: str) -> BlindTest:
        found = self.on.records.blind_test(test)
        if found.finding != finding:
            raise NotFound("There is no such blind test of this finding.")
        return found


def put_in(
    test: BlindTest, by: str, records: Records, agreed: dict[str, str] | None = None
) -> None:
    """Whoever else writes at the same moment. Raises as ``blind_tests.put_in``."""
    _added(lambda: blind_tests.put_in(test, by, datetime.now(UTC), records, agreed), records)


def called_off(test: BlindTest, by: str, why: str, records: Records) -> None:
    """On record, and then in the finding. Raises as ``blind_tests.call_off``."""
    blind_tests.call_off(test, by, why, datetime.now(UTC), records)
    _added(lambda: blind_tests.counted(test, by, datetime.now(UTC), records), records)


def _added(made: Callable[[], FindingVersion], records: Records) -> None:
    for attempt in range(ATTEMPTS):
        try:
            records.add_finding(made())
            return
        except RevisionConflict:
            if attempt + 1 == ATTEMPTS:
                raise
