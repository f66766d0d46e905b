"""Everything that is spoken over HTTP, on one port."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from earwitness import __version__
from earwitness.doors.up.metrics import registry

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

WhyNot = Callable[[], Sequence[str]]
"""Why the program cannot serve at the moment; nothing when it can."""


def application(program: Earwitness, why_not: WhyNot, routers: Iterable[APIRouter]) -> FastAPI:
    """What every server shows of itself, and the ``routers`` of the doors that speak HTTP."""
    app = FastAPI(title="Earwitness", version=__version__, docs_url=None, redoc_url=None)
    metrics = registry(program)
    for router in routers:
        app.include_router(router)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """It runs."""
        return {"status": "ok"}

    @app.get("/readyz")
    def readyz() -> JSONResponse:
        """It can serve; otherwise 503, with the reasons."""
        reasons = why_not()
        content = {"status": "not ready" if reasons else "ready", "reasons": reasons}
        return JSONResponse(content, status_code=503 if reasons else 200)

    @app.get("/metrics")
    def show_metrics() -> Response:
        """In the text format of Prometheus."""
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_LATEST)

    return app
