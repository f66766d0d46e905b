"""The Sound page: one clip, looked at and treated, and what is found written up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter

from earwitness.doors.workbench.examinations import Examinations
from earwitness.doors.workbench.examine import blind, chains, findings, page, tests, vantages
from earwitness.doors.workbench.examine.desk import Shared
from earwitness.doors.workbench.pages import Pages

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

PLACES = (findings.PLACE, blind.PLACE)


def add_routes(
    router: APIRouter, program: Earwitness, pages: Pages, examinations: Examinations
) -> None:
    shared = Shared(program, pages, examinations)
    for part in (page, chains, findings, tests, blind, vantages):
        part.add_routes(router, shared)
