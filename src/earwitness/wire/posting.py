"""A request to somebody else's server, who sends us nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from urllib.parse import SplitResult, urlsplit, urlunsplit

from earwitness.wire.exchange import Exchange


def post(
    url: str, body: bytes, headers: Mapping[str, str], seconds: float, most: int = 64 * 1024
) -> tuple[int, bytes]:
    """The status and the first bytes of the answer. Raises OSError where there is none in time.

    ``url`` was checked by whoever read the setting: http or https. We go there directly, through
    no proxy that the environment names.
    """
    try:
        return _posted(urlsplit(url), body, headers, seconds, most)
    except HTTPException as error:
        raise OSError(type(error).__name__) from error


def _posted(
    at: SplitResult, body: bytes, headers: Mapping[str, str], seconds: float, most: int
) -> tuple[int, bytes]:
    host, tls = at.hostname or "", at.scheme == "https"
    port = at.port or (443 if tls else 80)
    own = {"Host": at.netloc, "User-Agent": "Earwitness", "Connection": "close"}
    with closing(HTTPConnection(host, port)) as connection, Exchange(seconds) as exchange:
        connection.sock = exchange.open(host, port, tls)
        path = urlunsplit(("", "", at.path or "/", at.query, ""))
        connection.request("POST", path, body, own | dict(headers))
        with connection.getresponse() as answer:
            found = answer.status, answer.read(most)
        exchange.check()
        return found
