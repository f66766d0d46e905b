"""Programs of ours in processes of their own, forked from one that has imported everything.

Importing takes longer than what most tests start a process for. Each process of a test run has
one such parent (``multiprocessing``'s fork server); its child is otherwise what ``python -m
MODULE`` is, with its own memory, environment, streams, signals and exit code.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from multiprocessing import reduction
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import IO, Any

PIPE = subprocess.PIPE
ROOT = Path(__file__).parents[1]
LOADED = (
    "earwitness.doors.cli",  # first: it says how many threads numpy may have
    "earwitness.doors.cli.household",
    "earwitness.doors.up.logs",
    "earwitness.doors.up.server",
    "earwitness.runners.durable",
    "earwitness.runners.escalating",
    "earwitness.wiring.parts",
    "earwitness.engines.moonshine",
    "earwitness.audio.silero",
    "alembic.command",
    "dbos._sys_db_sqlite",
    "psycopg",
    "pydantic.v1",  # FastAPI looks into it for every route
    "pyloudnorm",  # all of scipy.signal
    "requests",
    "uvicorn.lifespan.off",
    "uvloop",
    "zxcvbn",
    "tests.flow.incident_house",
    "tests.flow.test_reporting",
    "tests.flow.house",
    "tests.values",
    "tests.settled",
)
_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(list(LOADED))


class Started:
    """``python -m MODULE ARGUMENTS``, with what tests ask of a ``subprocess.Popen`` of text.

    Streams that are not given are those of this process; ``stdin`` is empty unless it is a pipe.
    """

    def __init__(
        self,
        module: str,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        stdin: int | None = None,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
    ) -> None:
        self.stdin: IO[str] | None = None
        self.stdout: IO[str] | None = None
        self.stderr: IO[str] | None = None
        with ExitStack() as theirs:
            streams = dict[int, Any]()
            if stdin == PIPE:
                self.stdin, streams[0] = _pipe("w", theirs)
            for number, given in ((1, stdout), (2, stderr)):
                if given == PIPE:
                    ours, streams[number] = _pipe("r", theirs)
                    setattr(self, "stdout" if number == 1 else "stderr", ours)
                else:
                    streams[number] = number if given is None else _descriptor(given)
            self._process = _server.Process(
                target=_run,
                args=(module, arguments, dict(env or os.environ), _Streams(streams)),
            )
            self._process.start()
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.pid is not None and self._process.exitcode is None:
            with suppress(ProcessLookupError):  # it has ended, and its parent does not say so yet
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> str:
        """What it still writes to stdout, until it has ended."""
        assert self.stdout is not None
        with self.stdout:
            said = self.stdout.read()
        self.wait(timeout)
        return said

    def __enter__(self) -> Started:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each in (self.stdin, self.stdout, self.stderr):
            if each is not None:
                each.close()
        self.wait()


def run(
    module: str, *arguments: str, env: Mapping[str, str] | None = None, typed: str = ""
) -> subprocess.CompletedProcess[str]:
    """As ``subprocess.run`` with everything captured."""
    with Started(module, *arguments, env=env, stdin=PIPE, stdout=PIPE, stderr=PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        errors: list[str] = []
        reader = Thread(target=lambda: errors.append(process.stderr.read()))
        reader.start()
        with suppress(BrokenPipeError), process.stdin:  # not every program reads it
            process.stdin.write(typed)
        said = process.stdout.read()
        reader.join()
        return subprocess.CompletedProcess([module, *arguments], process.wait(), said, errors[0])


class _Streams:
    """Descriptors for a child, by the number that they have there."""

    def __init__(self, given: Mapping[int, int]) -> None:
        self._given = given

    def __getstate__(self) -> dict[int, Any]:
        return {number: reduction.DupFd(fd) for number, fd in self._given.items()}

    def __setstate__(self, handed: dict[int, Any]) -> None:
        self._given = {number: each.detach() for number, each in handed.items()}

    def take(self) -> None:
        for number, fd in self._given.items():
            os.dup2(fd, number)
            os.close(fd)


def _pipe(mode: str, theirs: ExitStack) -> tuple[IO[str], int]:
    read, write = os.pipe()
    ours, end = (write, read) if mode == "w" else (read, write)
    theirs.callback(os.close, end)
    return os.fdopen(ours, mode, encoding="utf-8"), end


def _descriptor(given: int | IO[str]) -> int:
    return given if isinstance(given, int) else given.fileno()


def _run(
    module: str, arguments: Sequence[str], environment: Mapping[str, str], streams: _Streams
) -> None:
    streams.take()
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
