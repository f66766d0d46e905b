"""A request to somebody else's server, who sends us nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener


def post(
    url: str, body: bytes, headers: Mapping[str, str], seconds: float, most: int = 64 * 1024
) -> tuple[int, bytes]:
    """The status and the first bytes of the answer. Raises OSError where there is none.

    ``url`` was checked by whoever read the setting: http or https.
    """
    request = Request(url, body, dict(headers))  # noqa: S310
    try:
        with build_opener(_NoRedirects).open(request, timeout=seconds) as answer:
            return answer.status, answer.read(most)
    except HTTPError as error:
        with error:
            return error.code, error.read(most)
    except HTTPException as error:
        raise OSError(type(error).__name__) from error


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None
