"""Many rounds of one kind, as many at a time as there are cores."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TypeVar

T = TypeVar("T")
SAY_SECONDS = 60


def together(one: Callable[[T], Counter[str]], rounds: Sequence[T]) -> Counter[str]:
    """What came of all; says now and then how far it is. The first that fails is raised."""
    found: Counter[str] = Counter()
    if len(rounds) == 1:
        return one(rounds[0])
    last = time.monotonic()
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            running = [pool.submit(one, each) for each in rounds]
            for number, each in enumerate(as_completed(running), 1):
                found += each.result()
                if time.monotonic() - last > SAY_SECONDS:
                    last = time.monotonic()
                    print(f"  {number} of {len(rounds)}: {dict(found)}", flush=True)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return found
