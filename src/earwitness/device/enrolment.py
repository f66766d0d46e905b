"""A device lets itself in with a one-time code."""

from __future__ import annotations

import json
import ssl
from dataclasses import replace
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from earwitness.device.keys import Identity, KeyFile, public
from earwitness.errors import AccessRefused, InputError, ProtocolError

TIMEOUT_SECONDS = 10.0
MAX_ANSWER = 16 * 1024
ENROL = "/v1/device/enrol"
LINK = "/v1/device"


def link_url(server: str) -> str:
    """The address of the device link. Raises InputError for what is no server.

    >>> link_url("http://127.0.0.1:10380")
    'ws://127.0.0.1:10380/v1/device'
    """
    parts = urlsplit(server)
    scheme = {"http": "ws", "ws": "ws", "https": "wss", "wss": "wss"}.get(parts.scheme)
    if scheme is None or not parts.hostname:
        raise InputError(f"{server}: a server is http://HOST:PORT or https://HOST:PORT.")
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}{LINK}"


def trust(url: str, authority: str | None) -> ssl.SSLContext | None:
    """For wss:// a context that trusts the PEM file ``authority``, or what the system trusts.

    Raises InputError, which names a file that cannot be read.
    """
    if urlsplit(url).scheme != "wss":
        return None
    try:
        return ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise InputError(f"{authority}: no certificates: {error}.") from error


def enrol(server: str, code: str, keys: KeyFile, authority: str | None = None) -> Identity:
    """Uses up the code. The key is written first: asking again after a lost answer is safe.

    Raises AccessRefused for a code that does not open, InputError for a server that cannot
    be reached, ProtocolError for one that answers something else.
    """
    is_new = not keys.path.exists()
    identity = keys.pending()
    if identity.device:
        raise AccessRefused(f"{keys.path}: this device is enrolled already.")
    try:
        told = _post(server, {"code": code, "key": public(identity.seed)}, authority)
    except AccessRefused:
        if is_new:  # otherwise the answer to an earlier code may have been lost
            keys.discard()
        raise
    try:
        names = {name: str(told[name]) for name in ("device", "household", "room")}
    except KeyError as error:
        raise ProtocolError(f"{server}: answered without {error}.") from error
    enrolled = replace(identity, **names)
    keys.write(enrolled)
    return enrolled


def _post(server: str, body: dict[str, str], authority: str | None) -> dict[str, Any]:
    url = link_url(server)
    parts = urlsplit(url)
    context = trust(url, authority)
    place = (parts.hostname or "", parts.port)
    connection = (
        HTTPSConnection(*place, timeout=TIMEOUT_SECONDS, context=context)
        if context
        else HTTPConnection(*place, timeout=TIMEOUT_SECONDS)
    )
    path = parts.path.removesuffix(LINK) + ENROL
    try:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return _told(server, answer.status, answer.read(MAX_ANSWER))
    except (OSError, HTTPException) as error:
        raise InputError(f"{server}: cannot be reached: {error}.") from error
    finally:
        connection.close()


def _told(server: str, status: int, content: bytes) -> dict[str, Any]:
    try:
        told = json.loads(content)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise ProtocolError(f"{server}: answered {status}, but not as an Earwitness server.")
    if status != 200:
        raise AccessRefused(str(told.get("message") or f"{server}: answered {status}."))
    return told
