"""Holding a lease while a person thinks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from earwitness.errors import StoreError

if TYPE_CHECKING:
    from earwitness.model import Lease
    from earwitness.wiring import Earwitness


@contextmanager
def held(lease: Lease, program: Earwitness) -> Iterator[None]:
    """Renews the lease in the background, well before it ends, until the block does.

    A renewal that fails is left at that: the answer will be refused with the reason.
    """
    over = threading.Event()
    pause = (lease.expires_at - datetime.now(UTC)) / 3
    thread = threading.Thread(target=_renew, args=(lease, program, pause, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _renew(lease: Lease, program: Earwitness, pause: timedelta, over: threading.Event) -> None:
    while not over.wait(max(1.0, pause.total_seconds())):
        try:
            program.renew(lease)
        except StoreError:
            return
