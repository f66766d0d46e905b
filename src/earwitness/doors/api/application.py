"""The whole API as one application with an OpenAPI document of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from earwitness import __version__
from earwitness.doors.api import alike, cases, clips, lead, lexicon, mine, people, reports, sound
from earwitness.doors.api.bearer import guarded
from earwitness.doors.api.shapes import Problem

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

PATH = "/api/v1"
ABOUT = """\
What the pages of the workbench do, for programs. A token (made on one's own account page)
goes into `Authorization: Bearer ewt_...`; it has some of its account's roles, and ends.
Each operation says in `x-roles` which roles it is for, any one of them."""
ERRORS = {
    400: "What was sent cannot be done; the text says why.",
    401: "There is no token, or it is not good any more.",
    403: "The token's roles do not include this.",
    404: "There is no such thing.",
    409: "It is not the time: a lease has ended, or an answer is missing.",
    413: "The body is too large.",
    503: "The log of incidents is not what it was; nothing is acknowledged.",
    422: "What was sent has another shape than the document says.",
}
PROBLEM = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
"""FastAPI would build a model anew for every code of every operation: most of a start's time."""


class _Documented(FastAPI):
    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        return document


def application(program: Earwitness) -> FastAPI:
    """To be mounted at ``PATH``."""
    app = _Documented(
        title="Earwitness",
        version=__version__,
        description=ABOUT,
        docs_url=None,  # they would load scripts from elsewhere
        redoc_url=None,
    )
    router = APIRouter(
        route_class=guarded(program),
        responses={code: {"description": why, **PROBLEM} for code, why in ERRORS.items()},
    )
    for part in (clips, alike, sound, lead, lexicon, people, mine, reports, cases):
        part.add_routes(router, program)
    app.include_router(router)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _unreadable)
    return app


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": str(error.detail)}, error.status_code, error.headers)


async def _unreadable(request: Request, error: Exception) -> JSONResponse:
    """Where it is and what is wrong, and nothing of what was sent."""
    assert isinstance(error, RequestValidationError)
    wrong = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
    return JSONResponse({"detail": "; ".join(wrong)}, 422)
