"""``earwitness up`` as a process of its own, on loopback and on ports that are free."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from earwitness.config import PREFIX, Settings
from earwitness.errors import EngineError

READY_SECONDS = 180.0
COMMAND = (sys.executable, "-m", "earwitness")


class Serving:
    """The server while the context lasts; it is then asked to end, and waited for.

    Its log is ``server.log`` in ``folder``. Raises EngineError, with the last line of the
    log, where it does not come up.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = on_loopback(settings, folder)
        self._log = folder / "server.log"

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = started("up", "--json", settings=self._settings, stderr=log)
        try:
            ready = self._ready()
        except BaseException:
            self._process.terminate()
            self._end()
            raise
        self.http_port = int(ready["http_port"])
        self.wyoming_port = int(ready["wyoming_port"])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.send_signal(signal.SIGTERM)
        code = self._end()
        if code and error is None:
            raise EngineError(f"The server ended with {code}. {self._last_words()}")

    def _ready(self) -> dict[str, Any]:
        """What it prints when its doors are open."""
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], READY_SECONDS)
        line = self._process.stdout.readline() if readable else b""
        if not line.startswith(b'{"ready"'):
            if not readable:
                self._process.terminate()
            self._end()
            raise EngineError(f"The server did not come up. {self._last_words()}")
        told: dict[str, Any] = json.loads(line)
        return told

    def _end(self) -> int:
        try:
            return self._process.wait(self._settings.shutdown_seconds + 20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            assert self._process.stdout is not None
            self._process.stdout.close()

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        return lines[-1] if lines else ""


def started(
    *arguments: object, settings: Settings, stderr: IO[bytes] | int
) -> subprocess.Popen[bytes]:
    """An ``earwitness`` command as a child. SIGTERM waits until we know whom to end with us."""
    waiting: list[int] = []
    theirs = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda number, frame: waiting.append(number))
    try:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [*COMMAND, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment(settings),
        )
    finally:
        signal.signal(signal.SIGTERM, theirs)
    if waiting:
        process.terminate()
        process.communicate()
        signal.raise_signal(signal.SIGTERM)
    return process


def on_loopback(settings: Settings, folder: Path) -> Settings:
    """The same settings for a server that only this machine reaches, with a store of its own."""
    return settings.model_copy(
        update={
            "data": folder / "data",
            "database": "",
            "clips": None,
            "host": "127.0.0.1",
            "http_port": 0,
            "wyoming_port": 0,
            "wyoming_announce": False,
            "tls_certificate": None,
            "tls_key": None,
            "log_level": "warning",
        }
    )


def environment(settings: Settings) -> dict[str, str]:
    """Ours, with these settings and no others."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    told = settings.model_dump(mode="json", exclude_none=True)
    return ours | {PREFIX + name.upper(): str(value) for name, value in told.items()}
