"""How much at once: token buckets (https://en.wikipedia.org/wiki/Token_bucket)."""

from __future__ import annotations

from collections import OrderedDict


class Bucket:
    """``rate`` a second on average, and at most ``burst`` at once."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._at = burst, now

    def take(self, now: float) -> float:
        """Takes one: 0 where there is one, else the seconds to wait for it."""
        self._left = min(self._burst, self._left + (now - self._at) * self._rate) - 1
        self._at = now
        return max(0.0, -self._left / self._rate)

    def try_take(self, now: float) -> bool:
        """Takes one if there is one."""
        if self.take(now) > 0:
            self._left += 1
            return False
        return True


class PeerBuckets:
    """A bucket for each of the addresses that came last."""

    def __init__(self, rate: float, burst: float, most: int = 10_000) -> None:
        self._rate, self._burst, self._most = rate, burst, most
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def try_take(self, peer: str, now: float) -> bool:
        bucket = self._buckets.pop(peer, None) or Bucket(self._rate, self._burst, now)
        self._buckets[peer] = bucket
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return bucket.try_take(now)
