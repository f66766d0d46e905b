"""Somebody else's witness, asked over HTTP (C2SP tlog-witness)."""

from __future__ import annotations

from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from earwitness.errors import NotWitnessed, SettingsError
from earwitness.evidence.notes import COSIGNATURE, NoteError, VerifierKey
from earwitness.evidence.witnessing import Submission

SECONDS = 5.0
MAX_BYTES = 64 * 1024


class HttpWitness:
    """Implements ``ports.Witness``."""

    def __init__(self, url: str, key: VerifierKey) -> None:
        self.key, self._url = key, url.rstrip("/") + "/add-checkpoint"

    def ask(self, submission: Submission) -> tuple[int, str]:
        request = Request(self._url, str(submission).encode(), {"Content-Type": "text/plain"})  # noqa: S310 (checked by ``witness_at``)
        try:
            with build_opener(_NoRedirects).open(request, timeout=SECONDS) as answer:
                return answer.status, answer.read(MAX_BYTES).decode()
        except HTTPError as error:
            with error:
                return error.code, error.read(MAX_BYTES).decode(errors="replace")
        except (OSError, HTTPException, UnicodeDecodeError) as error:
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


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None
