"""How often somebody may try to sign in."""

from __future__ import annotations

from time import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from earwitness.errors import Overloaded

A_NAME = parse("10 per 15 minutes")
"""A code of six digits that is right for 90 s is then guessed once in 350 days."""
A_PEER = parse("100 per 15 minutes")
"""An office behind one address."""


class Patience:
    """Counts attempts by name and by address."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def missed(self, name: str, peer: str) -> None:
        """One wrong code of 128 bits, from this address. Raises Overloaded after too many.

        A right one is never asked to wait: nobody guesses it, and somebody who sends wrong ones
        would keep whoever has it away.
        """
        self._spend(A_PEER, f"missed {name} from {peer}")

    def spend(self, name: str, peer: str) -> None:
        """One attempt. Raises Overloaded when there were too many."""
        for limit, whose in ((A_PEER, f"peer {peer}"), (A_NAME, f"name {name}")):
            self._spend(limit, whose)

    def _spend(self, limit: RateLimitItem, whose: str) -> None:
        if not self._limiter.hit(limit, whose):
            seconds = self._limiter.get_window_stats(limit, whose).reset_time - time()
            raise Overloaded("Too many attempts; wait a while.", max(1.0, seconds))
