"""The HTTP doors of a program, under a real server on a free port."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from fastapi import APIRouter, FastAPI

from earwitness.doors.openai_api import router
from earwitness.wiring import Earwitness


@contextmanager
def served(program: Earwitness) -> Iterator[str]:
    """The server's address, for as long as it is needed."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(
            _application(program, router(program)),
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=10,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def _application(program: Earwitness, routes: APIRouter) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        _ = program.live
        yield
        await program.live.close()

    app = FastAPI(lifespan=lifespan)
    app.include_router(routes)
    return app
