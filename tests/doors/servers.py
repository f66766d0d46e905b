"""``earwitness up``: a process of its own on a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.new_stores import begin
from tests.warm import PIPE, Started

from earwitness.config import Settings
from earwitness.engines.scripted import ANY

SCRIPT = {str(ANY): {"readings": [{"text": "turn off the light", "logprob": -0.1}]}}
"""Whatever is said sounds like this, and nobody doubts it."""

SECONDS = 60
AUTHORITIES = ssl.create_default_context()
"""For every HTTP client: each that reads them for itself takes longer than what it then asks."""


@dataclass
class Running:
    """One server. ``stop`` gives its exit code; ``log`` is what it wrote to stderr."""

    process: Started
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


def start(folder: Path, *, scripted: bool = True, **settings: object) -> Started:
    """Not waited for."""
    begin(folder)
    chosen = {"data": folder, "http_port": 0, "wyoming_port": 0, "audit_fraction": 0, **settings}
    if scripted:
        (folder / "script.json").write_text(json.dumps(SCRIPT), encoding="utf-8")
        chosen |= {"engine": "scripted", "engine_model": folder / "script.json"}
    named = {f"EARWITNESS_{name.upper()}": str(value) for name, value in chosen.items()}
    with (folder / "log").open("w", encoding="utf-8") as log:
        environment = {**os.environ, **named}
        return Started("earwitness", "up", "--json", env=environment, stdout=PIPE, stderr=log)


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths
