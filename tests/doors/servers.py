"""``earwitness up`` as users start it: a process of its own on a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from earwitness.config import Settings
from earwitness.engines.scripted import ANY

SCRIPT = {str(ANY): {"readings": [{"text": "turn off the light", "logprob": -0.1}]}}
"""Whatever is said sounds like this, and nobody doubts it."""

SECONDS = 60


@dataclass
class Running:
    """One server. ``stop`` gives its exit code; ``log`` is what it wrote to stderr."""

    process: subprocess.Popen[str]
    ports: dict[str, int]
    folder: Path

    @property
    def http_port(self) -> int:
        return self.ports["http_port"]

    @property
    def wyoming_port(self) -> int:
        return self.ports["wyoming_port"]

    @property
    def settings(self) -> Settings:
        """Of another process on the same folder."""
        return Settings(data=self.folder)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(SECONDS)

    def log(self) -> list[dict[str, Any]]:
        lines = (self.folder / "log").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]


@contextmanager
def up(folder: Path, *, scripted: bool = True, **settings: object) -> Iterator[Running]:
    """Ready when it is given; ended, whatever happens."""
    folder.mkdir(exist_ok=True)
    process = start(folder, scripted=scripted, **settings)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (folder / "log").read_text(encoding="utf-8")
        yield Running(process, json.loads(line), folder)
    finally:
        process.kill()
        process.wait(SECONDS)
        if process.stdout is not None:
            process.stdout.close()


def start(folder: Path, *, scripted: bool = True, **settings: object) -> subprocess.Popen[str]:
    """Not waited for."""
    chosen = {"data": folder, "http_port": 0, "wyoming_port": 0, "audit_fraction": 0, **settings}
    if scripted:
        (folder / "script.json").write_text(json.dumps(SCRIPT), encoding="utf-8")
        chosen |= {"engine": "scripted", "engine_model": folder / "script.json"}
    named = {f"EARWITNESS_{name.upper()}": str(value) for name, value in chosen.items()}
    with (folder / "log").open("w", encoding="utf-8") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "earwitness", "up", "--json"],
            env={**os.environ, **named},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
