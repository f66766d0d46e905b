"""A process that decodes what strangers send, as its parent sees it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

_KEPT_VARIABLES = ("PATH", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT")


class ChildProcess:
    """``python -I -m module numbers...`` with a Unix socket as its standard input.

    It ends when our end of ``socket`` is closed, so at the latest when we end.
    """

    def __init__(
        self,
        module: str,
        numbers: Sequence[int],
        timeout: float,
        kind: socket.SocketKind = socket.SOCK_STREAM,
    ) -> None:
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, kind)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-I", "-m", module, *map(str, numbers)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                cwd="/",
                start_new_session=True,
            )
        self.socket.settimeout(timeout)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def exit_code(self) -> int | None:
        """As ``Popen.returncode``; waits a second for a process that is about to end."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        return self._process.returncode

    def stop(self) -> None:
        self.socket.close()
        self._process.kill()
        # A process that hangs in a dead network mount cannot be waited for.
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)


def _environment() -> dict[str, str]:
    """No secret of ours, and no thread that the decoder does not need."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return kept | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
