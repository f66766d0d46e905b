"""Somebody else's witness, asked over HTTP (C2SP tlog-witness)."""

from __future__ import annotations

from urllib.parse import urlsplit

from earwitness.errors import NotWitnessed, SettingsError
from earwitness.evidence.notes import COSIGNATURE, NoteError, VerifierKey
from earwitness.evidence.witnessing import Submission
from earwitness.wire.posting import post

SECONDS = 5.0


class HttpWitness:
    """Implements ``ports.Witness``."""

    def __init__(self, url: str, key: VerifierKey) -> None:
        self.key, self._url = key, url.rstrip("/") + "/add-checkpoint"

    def ask(self, submission: Submission) -> tuple[int, str]:
        try:
            status, answer = post(
                self._url, str(submission).encode(), {"Content-Type": "text/plain"}, SECONDS
            )
            return status, answer.decode()
        except (OSError, UnicodeDecodeError) as error:
            raise NotWitnessed(f"The witness {self.key.name} gives no answer.") from error


def witness_at(written: str) -> HttpWitness:
    """From a setting: the address and the key. Raises SettingsError."""
    url, _, key = written.strip().partition(" ")
    try:
        known = VerifierKey.parse(key)
    except NoteError as error:
        raise SettingsError(f"EARWITNESS_WITNESSES: {written[:80]!r}: {error}") from error
    at = urlsplit(url)
    if known.kind != COSIGNATURE or at.scheme not in ("http", "https") or not at.hostname:
        raise SettingsError(
            f"EARWITNESS_WITNESSES: {written[:80]!r} is not the address of a witness and its key."
        )
    return HttpWitness(url, known)
