"""JSON from a server that the settings name: no other scheme, no redirect, not long, not much."""

from __future__ import annotations

import json
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from earwitness.config.addresses import is_issuer
from earwitness.errors import AccessRefused

SECONDS = 10.0
MAX_BYTES = 1024 * 1024


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def get(url: str) -> dict[str, Any]:
    """A JSON object. Raises AccessRefused."""
    return _open(url, None, {})


def post(url: str, form: dict[str, str], headers: dict[str, str]) -> dict[str, Any]:
    """A form, answered by a JSON object. Raises AccessRefused."""
    return _open(url, urlencode(form).encode(), headers)


def _open(url: str, body: bytes | None, headers: dict[str, str]) -> dict[str, Any]:
    if not is_issuer(url.partition("?")[0]):
        raise AccessRefused("The provider of identities names an address without TLS.")
    request = Request(url, body, {"Accept": "application/json", **headers})  # noqa: S310 (above)
    try:
        with build_opener(_NoRedirects).open(request, timeout=SECONDS) as answer:
            content = answer.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError("too long")
        read = json.loads(content)
    except (OSError, HTTPException, ValueError) as error:
        raise AccessRefused("The provider of identities gives no answer; try again.") from error
    if not isinstance(read, dict):
        raise AccessRefused("The provider of identities gives no answer; try again.")
    return read
