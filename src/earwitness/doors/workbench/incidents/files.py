"""Answers that a browser saves."""

from __future__ import annotations

from fastapi import Response


def file(content: bytes, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=kind, headers=headers)
