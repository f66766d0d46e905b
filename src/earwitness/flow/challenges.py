"""Random values that a browser must bring back: once, within minutes, and that browser alone."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from threading import Lock

from earwitness.errors import AccessRefused, Overloaded

VALID = timedelta(minutes=5)
MAX_SPENT = 100_000
_NONCE, _END, _MAC = 16, 8, 32


class Challenges:
    """Nothing is kept of those that are out, so nobody can push another's out by asking for many.

    A challenge is 16 random bytes, the second in which it ends, and an HMAC over both, its use
    and its browser, under a key of this process. What came back is kept until it would have
    ended. So a challenge belongs to one process, and ends with it. Safe between threads.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(_MAC)
        self._spent: dict[bytes, datetime] = {}
        self._lock = Lock()

    def new(self, use: str, browser: str, now: datetime) -> bytes:
        """56 bytes. ``use`` says what for and for whom; ``browser`` is a secret of that browser."""
        end = int((now + VALID).timestamp()).to_bytes(_END, "big")
        drawn = secrets.token_bytes(_NONCE) + end
        return drawn + self._mac(use, browser, drawn)

    def spend(self, challenge: bytes, use: str, browser: str, now: datetime) -> None:
        """Raises AccessRefused for one that is not ours, not for this, used or late."""
        drawn, mac = challenge[:-_MAC], challenge[-_MAC:]
        if not hmac.compare_digest(mac, self._mac(use, browser, drawn)):
            raise AccessRefused("This was not asked for here; load the page again.")
        end = datetime.fromtimestamp(int.from_bytes(drawn[_NONCE:], "big"), UTC)
        with self._lock:
            if now >= end or challenge in self._spent:
                raise AccessRefused("This came too late, or a second time; try again.")
            self._make_room(now)
            self._spent[challenge] = end

    def derive(self, challenge: bytes, what: str) -> bytes:
        """32 more secret bytes that go with a challenge."""
        return hmac.digest(self._key, what.encode() + b"\x00" + challenge, "sha256")

    def _mac(self, use: str, browser: str, drawn: bytes) -> bytes:
        about = hashlib.sha256(browser.encode(errors="surrogateescape")).digest()
        return hmac.digest(self._key, b"\x01" + about + drawn + use.encode(), "sha256")

    def _make_room(self, now: datetime) -> None:
        if len(self._spent) >= MAX_SPENT:
            self._spent = {each: end for each, end in self._spent.items() if end > now}
        if len(self._spent) >= MAX_SPENT:
            raise Overloaded(
                "Too many people sign in at once; wait a while.", VALID.total_seconds()
            )
