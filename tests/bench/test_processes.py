"""What a process tree takes, seen from outside."""

from __future__ import annotations

import subprocess
import sys

import pytest

from earwitness.bench.processes import Watch, tree
from earwitness.errors import InputError

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=sys.stdout)
sys.stdin.read()
child.kill()
child.wait()
"""
BURNS = """
import time
held = bytearray(64 << 20)
while time.process_time() < 0.3:
    held[::4096] = held[::4096]
print("done", flush=True)
time.sleep(600)
"""
"""Takes 64 MiB and 0.3 s of a processor, then waits."""


def test_a_child_counts_as_part_of_its_parent() -> None:
    command = [sys.executable, "-c", PARENT, BURNS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        with Watch(parent.pid) as watch:
            assert parent.stdout.readline() == b"done\n"
            assert len(tree(parent.pid)) == 2
        parent.communicate()
    assert watch.cpu_s >= 0.25
    assert 64 < watch.peak_mib_now <= watch.peak_rss_mib < 640


def test_what_was_seen_of_a_process_that_ended_stands() -> None:
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE) as process,
        Watch(process.pid) as watch,
    ):
        seen = watch.peak_rss_mib
        process.communicate()
    assert watch.peak_rss_mib >= seen > 1


def test_a_process_that_is_not_there_cannot_be_watched() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with pytest.raises(InputError, match=f"no process {ended.pid}"):
        Watch(ended.pid)
