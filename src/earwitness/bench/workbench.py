"""``bench workbench``: the next clip of a long queue, the pages, and the sound behind a key."""

from __future__ import annotations

import http.client
import secrets
import tempfile
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, sleep
from typing import Any
from urllib.parse import urlencode

from earwitness.accounts import Account, Password, Role
from earwitness.bench import pages
from earwitness.bench.figures import Plain, percentiles
from earwitness.bench.serving import Serving, on_loopback
from earwitness.bench.waiting import fill
from earwitness.config import Settings
from earwitness.flow import access, accounts
from earwitness.flow.judge import Answer
from earwitness.model import Verdict
from earwitness.wiring import Earwitness

SIZES = (1_000, 100_000, 1_000_000)
ANALYSTS = 50
ROUNDS = 8
"""Clips that each analyst answers while the store is timed."""
PAGE_ROUNDS = 6
PAUSE_SECONDS = 4.0
"""Between two answers of one analyst at the pages: few are faster."""

Step = Callable[[str], None]


def run(settings: Settings, sizes: Sequence[int] = SIZES, step: Step = lambda doing: None) -> Plain:
    """``next_clip_ms`` by how many wait; pages and sound with the most of them.

    ``page_ms`` are requests of ``ANALYSTS`` at once over HTTP. ``key_to_sound_ms``,
    ``page_kb`` and ``ready_ms`` need Chromium and are None without; ``left_out`` says so.
    """
    found: Plain = {"next_clip_ms": {}, "analysts": ANALYSTS}
    for waiting in sorted(sizes):
        with tempfile.TemporaryDirectory(prefix="earwitness-bench-") as folder:
            own = on_loopback(settings, Path(folder))
            step(f"{waiting:,} clips wait")
            with Earwitness.open(own) as program:
                fill(program, waiting)
                found["next_clip_ms"][str(waiting)] = _next_clip(program)
                cookies = [_signed_in(program, number) for number in range(ANALYSTS + 1)]
            if waiting == max(sizes):
                found |= _served(own, Path(folder), cookies, step)
    return found


def _next_clip(program: Earwitness) -> Plain:
    """The next clip beside the one in hand, as a page asks for it, while others answer theirs."""
    took: list[float] = []
    for _ in range(ROUNDS):
        for number in range(ANALYSTS):
            name = f"analyst {number}"
            mine = program.assign(name)
            assert mine is not None
            began = perf_counter()
            ahead = program.assign(name, besides=mine.lease.utterance)
            took.append(perf_counter() - began)
            assert ahead is not None
            program.judge(mine.lease, Answer(Verdict.NO_SPEECH))
    return percentiles(took, factor=1000.0)


def _signed_in(program: Earwitness, number: int) -> str:
    """The secret of a session of somebody who listens."""
    now = datetime.now(UTC)
    link = accounts.offer(frozenset({Role.ANALYST}), "bench", now, records=program.records)
    new = Account(f"bench{number}", f"listener {number}", frozenset(), now)
    nothing = Password("no password opens this", secrets.token_bytes(accounts.TOTP_BYTES))
    made = program.records.make_account(access.secret_hash(link.secret), new, nothing)
    return accounts.begin(made, "bench", now, records=program.records).secret


def _served(settings: Settings, folder: Path, cookies: Sequence[str], step: Step) -> Plain:
    with Serving(settings, folder) as server:
        step("the pages")
        found: Plain = {"page_ms": _pages(server.http_port, cookies[:ANALYSTS])}
        step("the browser")
        left_out = pages.missing()
        if left_out:
            nothing = dict.fromkeys(("key_to_sound_ms", "page_kb", "ready_ms"))
            return found | nothing | {"left_out": left_out}
        url = f"http://127.0.0.1:{server.http_port}"
        return found | pages.run(url, ("earwitness", cookies[-1]))


def _pages(port: int, cookies: Sequence[str]) -> Plain:
    """Each analyst looks, answers, and looks again, at a human's pace."""
    took: dict[str, list[float]] = {"listen": [], "judge": []}
    threads = [threading.Thread(target=_listener, args=(port, cookie, took)) for cookie in cookies]
    for thread in threads:
        thread.start()
        sleep(PAUSE_SECONDS / len(threads))
    for thread in threads:
        thread.join()
    return {name: percentiles(times, factor=1000.0) for name, times in took.items()}


def _listener(port: int, cookie: str, took: dict[str, list[float]]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Cookie": f"earwitness={cookie}", "Origin": f"http://127.0.0.1:{port}"}
    for _ in range(PAGE_ROUNDS):
        page = _timed(connection, "GET", "/workbench/listen", None, headers, took["listen"])
        utterance, token, csrf = (_between(page, f'data-{name}="') for name in _NAMES)
        form = urlencode({"csrf": csrf, "token": token, "verdict": Verdict.NO_SPEECH.value})
        typed = headers | {"Content-Type": "application/x-www-form-urlencoded"}
        _timed(connection, "POST", f"/workbench/listen/{utterance}", form, typed, took["judge"])
        sleep(PAUSE_SECONDS)
    connection.close()


_NAMES = ("utterance", "token", "csrf")


def _timed(
    connection: Any, method: str, path: str, body: Any, headers: Any, took: list[float]
) -> str:
    began = perf_counter()
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    content: str = answer.read().decode()
    took.append(perf_counter() - began)
    assert answer.status in (200, 303), (answer.status, content[:500])
    return content


def _between(page: str, before: str) -> str:
    return page.partition(before)[2].partition('"')[0]
