"""Where the server is, and whether this system lets us have enough sockets."""

from __future__ import annotations

import asyncio
import resource
import ssl
import sys
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import urlsplit

from earwitness.errors import InputError, SettingsError

PLAIN = frozenset({"tcp", "http", "ws"})
ENCRYPTED = frozenset({"tls", "https", "wss"})
FIRST_OWN = IPv4Address("127.1.0.0")
MANY_OWN = 1 << 20
SPARE_FILES = 64
"""What a process has open besides."""


@dataclass(frozen=True, slots=True)
class Address:
    """A door. ``tls`` is None for one that speaks plainly."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address(url: str, trusted: Path | None = None) -> Address:
    """``tcp://HOST:PORT``, ``http://...`` or ``ws://...``; ``tls``, ``https``, ``wss`` encrypt.

    ``trusted`` is a PEM file of certificates to trust instead of the system's. Raises
    InputError.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme not in PLAIN | ENCRYPTED or not parts.hostname or port is None:
        raise InputError(f"{url}: not an address such as tcp://127.0.0.1:10300.")
    return Address(parts.hostname, port, _tls(trusted) if parts.scheme in ENCRYPTED else None)


async def connect(to: Address, protocol: asyncio.BaseProtocol, device: int = 0) -> None:
    """Raises InputError, which names the address."""
    loop = asyncio.get_running_loop()
    comes_from = own_address(to.host, device)
    try:
        await loop.create_connection(
            lambda: protocol, to.host, to.port, ssl=to.tls, local_addr=comes_from
        )
    except OSError as error:  # ssl.SSLError is one
        raise InputError(f"{to}: nobody answers: {error.strerror or error}.") from error


def own_address(host: str, device: int) -> tuple[str, int] | None:
    """Where a device comes from: on Linux's loopback each has an address of its own.

    A server that knows devices by their address would otherwise take all for one.

    >>> own_address("192.168.1.4", 7)
    """
    if sys.platform != "linux" or not host.startswith("127."):
        return None
    return str(FIRST_OWN + device % MANY_OWN), 0


def allow_sockets(number: int) -> None:
    """Raises the limit of open files. Raises SettingsError where the system does not allow it."""
    wanted = number + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise SettingsError(
            f"{number} connections take {wanted} open files, and this system allows {hard};"
            " raise the limit (ulimit -Hn, or LimitNOFILE= of a service)."
        )
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _tls(trusted: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=trusted)
    except OSError as error:  # ssl.SSLError is one
        raise InputError(f"{trusted}: no certificates in PEM: {error.strerror}.") from error
