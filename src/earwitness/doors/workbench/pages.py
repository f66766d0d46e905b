"""Templates to HTML. Everything that is filled in is escaped."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from earwitness.doors.workbench.visitors import CSRF_FIELD


class Pages:
    """Renders the templates beside this file."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=PackageLoader("earwitness.doors.workbench"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def show(
        self, request: Request, template: str, status: int = 200, **filled: object
    ) -> HTMLResponse:
        """A page, for whoever asks."""
        visitor = request.state.visitor
        page = self._templates.get_template(template)
        content = page.render(visitor=visitor, csrf_field=CSRF_FIELD, **filled)
        return HTMLResponse(content, status)

    def problem(self, request: Request, status: int, message: str) -> HTMLResponse:
        """What went wrong, and what to do."""
        return self.show(request, "problem.html", status, message=message)
