"""Earwitness as it is served: another process, in an environment of its own."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from earwitness.starter import Recording

PCM = Path(__file__).with_name("pcm.py")
PREFIX = "EARWITNESS_"
STOP_SECONDS = 60
"""Longer than any shutdown; then it is killed, and the test fails."""


class Earwitness:
    """Its commands, on a data folder of its own."""

    def __init__(self, python: str, data: Path, **settings: int) -> None:
        self._command = (python, "-m", "earwitness", "--data", str(data))
        self._python = python
        self._environment = _environment(settings)
        self.wyoming_port = 0

    @contextmanager
    def up(self) -> Iterator[Earwitness]:
        """``earwitness up`` on free ports, until the end of the block."""
        with subprocess.Popen(
            [*self._command, "up", "--json"],
            stdout=subprocess.PIPE,
            env=self._environment,
            text=True,
        ) as process:
            try:
                assert process.stdout is not None
                self.wyoming_port = json.loads(process.stdout.readline())["wyoming_port"]
                yield self
            finally:
                process.terminate()
                _ended(process)
        assert process.returncode == 0

    def told(self, *arguments: str) -> Any:
        """What a command of its answers in JSON."""
        return json.loads(self._answer(*self._command, *arguments, "--json"))

    def decoded(self, recordings: Sequence[Recording]) -> list[bytes]:
        """Recordings as 16-bit mono samples at 16 kHz."""
        paths = [str(recording.path) for recording in recordings]
        answer = json.loads(self._answer(self._python, str(PCM), *paths))
        return [base64.b64decode(answer[path]) for path in paths]

    def _answer(self, *command: str) -> str:
        run = subprocess.run(
            command, stdout=subprocess.PIPE, env=self._environment, text=True, check=True
        )
        return run.stdout


def _environment(settings: dict[str, int]) -> dict[str, str]:
    """Ours, without settings of whoever runs the tests."""
    chosen = {"http_port": 0, "wyoming_port": 0, "audit_fraction": 0} | settings
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return kept | {PREFIX + name.upper(): str(value) for name, value in chosen.items()}


def _ended(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
