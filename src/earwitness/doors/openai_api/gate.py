"""Who may come in: the bearer of an API key; without any key at all, this machine alone."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from time import monotonic

from starlette.requests import Request

from earwitness.config.addresses import is_loopback
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
        self._looking = asyncio.Lock()

    async def enter(self, request: Request) -> Guest:
        """Raises ApiError 401 for a key that is missing, wrong or revoked, 429 for too many."""
        if await self._is_keyless():
            return _local(request)
        hashed = secret_hash(_bearer(request))
        if (key := self._believed(hashed)) is None:
            # One look at a time: many that come at once with a key need only one, and many
            # with wrong ones are counted before the next.
            async with self._looking:
                address = request.client.host if request.client else ""
                key = self._believed(hashed) or await self._looked_up(hashed, address)
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

    def _believed(self, hashed: bytes) -> ApiKey | None:
        key, until = self._known.get(hashed, (None, 0.0))
        return key if self._clock() < until else None

    async def _looked_up(self, hashed: bytes, address: str) -> ApiKey:
        """A key that was right before is looked up whatever else its address does."""
        if hashed not in self._known:
            self._failures.check(address)
        asked = self._clock()
        try:
            key = await asyncio.to_thread(self._records.api_key, hashed)
        except AccessRefused as refused:
            self._known.pop(hashed, None)
            self._failures.add(address)
            raise _unauthorised(str(refused)) from refused
        self._known[hashed] = key, asked + BELIEVED_SECONDS
        self._known.move_to_end(hashed)
        if len(self._known) > MOST_KEYS:
            self._known.popitem(last=False)
        return key


class Failures:
    """How often each address has failed: a bucket that empties with time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._empty_at: OrderedDict[str, float] = OrderedDict()

    def check(self, address: str) -> None:
        """Raises ApiError 429 where it has to wait."""
        left = self._empty_at.get(_network(address), 0.0) - self._clock()
        wait = left - (FAILURES - 1) * FAILURE_SECONDS
        if wait > 0:
            raise _too_many(wait)

    def add(self, address: str) -> None:
        network, now = _network(address), self._clock()
        self._empty_at[network] = max(now, self._empty_at.get(network, now)) + FAILURE_SECONDS
        self._empty_at.move_to_end(network)
        if len(self._empty_at) > MOST_ADDRESSES:
            self._empty_at.popitem(last=False)


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
