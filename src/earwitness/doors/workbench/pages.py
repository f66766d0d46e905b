"""Templates to HTML. Everything that is filled in is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from earwitness.accounts import Role
from earwitness.doors.workbench import wording
from earwitness.doors.workbench.assets import Assets
from earwitness.doors.workbench.moments import ago
from earwitness.doors.workbench.visitors import CSRF_FIELD

FRAGMENT_HEADER = "hx-request"
"""Of a request for a part of the page that is open."""


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere that the head of every page leads to, for those who may go there."""

    title: str
    path: str
    roles: frozenset[Role]
    about: str


def templates() -> Environment:
    """Those beside this file, with what is said on every page."""
    made = Environment(
        loader=PackageLoader("earwitness.doors.workbench"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for each in wording.FILTERS:
        made.filters[each.__name__] = each
    return made


class Pages:
    """Renders the templates beside this file."""

    def __init__(self, assets: Assets, places: Sequence[Place]) -> None:
        self._places = places
        self._templates = templates()
        self._templates.globals.update(
            ago=ago, asset=assets.url, import_map=assets.import_map, csrf_field=CSRF_FIELD
        )

    def show(
        self, request: Request, template: str, status: int = 200, **filled: object
    ) -> HTMLResponse:
        """A page, or its main part alone where that is what was asked for."""
        visitor = request.state.visitor
        mine = visitor.account.roles if visitor else frozenset()
        content = self._templates.get_template(template).render(
            visitor=visitor,
            places=[place for place in self._places if place.roles & mine],
            here=request.url.path,
            nonce=request.state.nonce,
            frame="fragment.html" if FRAGMENT_HEADER in request.headers else "base.html",
            **filled,
        )
        return HTMLResponse(content, status)

    def problem(
        self,
        request: Request,
        status: int,
        message: str,
        to: str = "/workbench",
        where: str = "To the workbench",
    ) -> HTMLResponse:
        """What went wrong, what to do, and the way on."""
        return self.show(request, "problem.html", status, message=message, to=to, where=where)
