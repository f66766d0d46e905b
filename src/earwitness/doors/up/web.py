"""Everything that is spoken over HTTP, on one port."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from earwitness import __version__
from earwitness.doors.up.metrics import Watched, registry

WhyNot = Callable[[], Sequence[str]]
"""Why the program cannot serve at the moment; nothing when it can."""


def application(watched: Watched, why_not: WhyNot, routers: Iterable[APIRouter]) -> FastAPI:
    """What every server shows of itself, and the ``routers`` of the doors that speak HTTP."""
    app = FastAPI(openapi_url=None)
    metrics = registry(watched)
    for router in routers:
        app.include_router(router)

    @app.get("/")
    async def root() -> dict[str, str]:
        """What this is."""
        return {"name": "Earwitness", "version": __version__}

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
