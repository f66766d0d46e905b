"""Who may come in: the bearer of an API key; without any key at all, this machine alone."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from time import monotonic

from starlette.requests import Request

from earwitness.doors.admission import is_loopback
from earwitness.doors.openai_api.errors import ApiError
from earwitness.errors import AccessRefused
from earwitness.flow.access import secret_hash
from earwitness.model import ApiKey, Source
from earwitness.ports import AccessRecords

BELIEVED_SECONDS = 0.9
"""How long a key is believed without another look: revoking takes effect within a second."""
MOST_KEYS = 1024
"""Keys that are remembered."""
FAILURES = 10
"""Wrong keys at once from one address, before it has to wait."""
FAILURE_SECONDS = 6.0
"""How long it waits for one more."""
MOST_ADDRESSES = 4096
"""Addresses whose failures are remembered, the latest."""


@dataclass(frozen=True, slots=True)
class Guest:
    """Whose speech it is, and whether doubtful speech may be kept."""

    source: Source
    keep: bool


LOCAL = Guest(Source(device="api"), keep=True)
"""Whoever speaks from this machine while there are no keys."""


class Gate:
    """Lets in or raises ApiError. Called from one event loop."""

    def __init__(self, records: AccessRecords, clock: Callable[[], float] = monotonic) -> None:
        self._records = records
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[ApiKey, float]] = OrderedDict()
        self._keyless_until = -1.0
        self._failures = Failures(clock)

    async def enter(self, request: Request) -> Guest:
        """Raises ApiError 401 for a key that is missing, wrong or revoked, 429 for too many."""
        if await self._is_keyless():
            return _local(request)
        secret = _bearer(request)
        address = request.client.host if request.client else ""
        hashed = secret_hash(secret)
        is_new = hashed not in self._known
        if is_new:
            self._failures.expect(address)
        try:
            key = await self._key(hashed)
        except AccessRefused as refused:
            raise _unauthorised(str(refused)) from refused
        if is_new:
            self._failures.take_back(address)
        return Guest(Source(device=f"api:{key.name}", household=key.household), key.consent)

    async def _is_keyless(self) -> bool:
        """Revoked keys count: revoking the only one must not open the door."""
        if self._clock() < self._keyless_until:
            return True
        if self._keyless_until == float("-inf"):
            return False
        keyless = not await asyncio.to_thread(self._records.api_keys)
        self._keyless_until = self._clock() + BELIEVED_SECONDS if keyless else float("-inf")
        return keyless

    async def _key(self, hashed: bytes) -> ApiKey:
        """Raises AccessRefused."""
        key, until = self._known.get(hashed, (None, -1.0))
        if key is None or self._clock() >= until:
            self._known.pop(hashed, None)
            asked = self._clock()
            key = await asyncio.to_thread(self._records.api_key, hashed)
            self._known[hashed] = key, asked + BELIEVED_SECONDS
            if len(self._known) > MOST_KEYS:
                self._known.popitem(last=False)
        return key


class Failures:
    """How often each address has failed: a bucket that empties with time.

    A failure counts before it is known to be one, so that many at once are not all let by.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._empty_at: OrderedDict[str, float] = OrderedDict()

    def expect(self, address: str) -> None:
        """One more. Raises ApiError 429 where it has to wait."""
        network, now = _network(address), self._clock()
        empty_at = max(now, self._empty_at.get(network, now))
        wait = empty_at - now - (FAILURES - 1) * FAILURE_SECONDS
        if wait > 0:
            raise _too_many(wait)
        self._empty_at[network] = empty_at + FAILURE_SECONDS
        self._empty_at.move_to_end(network)
        if len(self._empty_at) > MOST_ADDRESSES:
            self._empty_at.popitem(last=False)

    def take_back(self, address: str) -> None:
        """It was none."""
        network = _network(address)
        if network in self._empty_at:
            self._empty_at[network] -= FAILURE_SECONDS


def _too_many(wait: float) -> ApiError:
    return ApiError(
        429,
        "Too many wrong API keys from your address; wait.",
        kind="rate_limit_error",
        code="rate_limit_exceeded",
        retry_after=wait,
        unread=True,
    )


def _network(address: str) -> str:
    """Whoever has one IPv6 address has the 2^64 beside it."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 64), strict=False))
    return address


def _local(request: Request) -> Guest:
    """A page in a browser on this machine comes from elsewhere, and says so."""
    if request.headers.get("origin") is not None:
        raise _unauthorised("A web page needs an API key: earwitness key add.")
    if not is_loopback(request.client.host if request.client else ""):
        raise _unauthorised("Without any API key only this machine is served: earwitness key add.")
    return LOCAL


def _bearer(request: Request) -> str:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise _unauthorised("Send your API key: Authorization: Bearer ew_...")
    return secret.strip()


def _unauthorised(message: str) -> ApiError:
    return ApiError(401, message, code="invalid_api_key", unread=True)
