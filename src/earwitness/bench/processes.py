"""What another process and its children take, from Linux's /proc."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from earwitness.errors import InputError

PROC = Path("/proc")
SAMPLE_SECONDS = 0.5
_MIB = 1024.0  # of the kB that /proc tells


class Watch:
    """Looks at a process tree until it is left; what it saw last stands when that has ended.

    Use as a context manager. Memory that several processes share counts in each of them.
    Raises InputError where there is no such process.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.cpu_s = 0.0
        """Processor time since the watch began."""
        self.peak_rss_mib = 0.0
        """The sum of the most that each process of the tree ever had resident."""
        self.peak_mib_now = 0.0
        """The most that was resident at once since the watch began, by sampling."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="watch", daemon=True)
        self._cpu_before = self._cpu()
        self._look()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join()
        with suppress(InputError):
            self._look()

    def _sample(self) -> None:
        with suppress(InputError):
            while not self._stopping.wait(SAMPLE_SECONDS):
                self._look()

    def _look(self) -> None:
        self.cpu_s = self._cpu() - self._cpu_before
        statuses = [_status(pid) for pid in tree(self.pid)]
        self.peak_rss_mib = max(self.peak_rss_mib, sum(s.get("VmHWM", 0.0) for s in statuses))
        self.peak_mib_now = max(self.peak_mib_now, sum(s.get("VmRSS", 0.0) for s in statuses))

    def _cpu(self) -> float:
        """Children that have ended are in the times of their parent."""
        ticks = sum(sum(map(int, _stat(pid)[11:15])) for pid in tree(self.pid))
        return ticks / os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """The process and all its descendants. Raises InputError where there is none."""
    if not (PROC / str(pid)).is_dir():
        raise InputError(f"There is no process {pid} to look at in {PROC}.")
    children: dict[int, list[int]] = {}
    for each, parent in _parents():
        children.setdefault(parent, []).append(each)
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for folder in PROC.iterdir():
        if folder.name.isdigit() and (fields := _stat(int(folder.name))):
            yield int(folder.name), int(fields[1])


def _stat(pid: int) -> list[str]:
    """Fields 3 and on of proc_pid_stat(5); empty for a process that has ended."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _status(pid: int) -> Mapping[str, float]:
    """The sizes of proc_pid_status(5) in MiB; empty for a process that has ended."""
    try:
        lines = (PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return {}
    sizes = (line.split() for line in lines if line.startswith("Vm"))
    return {name.rstrip(":"): int(size) / _MIB for name, size, *_ in sizes}
