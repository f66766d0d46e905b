"""What a process gives up for good before it touches anything that a stranger sent."""

from __future__ import annotations

import os
import resource


def confine(memory_mib: int, *, descriptors: int = 0) -> None:
    """No more open files or sockets than ``descriptors``, no writing, bounded memory."""
    spare = os.dup(0)
    os.close(spare)
    _limit(resource.RLIMIT_NOFILE, spare + descriptors)
    _limit(resource.RLIMIT_AS, memory_mib << 20)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)


def allow_more_time(seconds: int) -> None:
    """So much processor time from now on; then SIGXCPU ends the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _limit(which: int, most: int) -> None:
    _, hard = resource.getrlimit(which)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(which, (most, most))
