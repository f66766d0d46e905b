"""The witness over HTTP: one operation, ``POST /add-checkpoint`` (C2SP tlog-witness)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import structlog
from fastapi import FastAPI, Request, Response

from earwitness.evidence.notes import SigningKey, VerifierKey
from earwitness.evidence.witnessing import LONGEST, SIZE_TYPE, Refused, Submission, checked
from earwitness.witness.state import Heads

log = structlog.get_logger(__name__)
BODY_SECONDS = 10.0


def application(key: SigningKey, logs: Sequence[VerifierKey], heads: Heads) -> FastAPI:
    """For uvicorn. ``logs`` are the keys of those that it witnesses; their name is the origin."""
    by_origin: dict[str, list[VerifierKey]] = {}
    for each in logs:
        by_origin.setdefault(each.name, []).append(each)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    def cosigned(text: str) -> str:
        asked = Submission.parse(text)
        origin = asked.note.text.partition("\n")[0]
        if origin not in by_origin:
            raise Refused(404, "This log is not known here.\n")
        head = heads.advance(origin, lambda known: checked(asked, by_origin, known))
        log.info("cosigned", origin=origin, size=head.size)
        return str(key.cosign(asked.note.text, int(datetime.now(UTC).timestamp())))

    @app.post("/add-checkpoint")
    async def add_checkpoint(request: Request) -> Response:
        try:
            text = await _body(request)
            return Response(await asyncio.to_thread(cosigned, text), media_type="text/plain")
        except Refused as error:
            log.warning("refused", status=error.status, why=str(error))
            kind = SIZE_TYPE if error.status == 409 else "text/plain"
            return Response(error.body, error.status, media_type=kind)

    return app


async def _body(request: Request) -> str:
    """Raises Refused."""
    content = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                content += part
                if len(content) > LONGEST:
                    raise Refused(413, f"A request has at most {LONGEST} bytes.\n")
        return content.decode()
    except TimeoutError:
        raise Refused(408, "The request did not arrive.\n") from None
    except UnicodeDecodeError:
        raise Refused(400, "A request is text in UTF-8.\n") from None
