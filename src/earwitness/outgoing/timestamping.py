"""An authority that says by when it saw a head of the log (RFC 3161), asked over HTTP."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from earwitness.errors import NotStamped, SettingsError
from earwitness.evidence.timestamps import Timestamp, TimestampError, certificates
from earwitness.wire.posting import post

SECONDS = 10.0


class HttpAuthority:
    """Implements ``ports.TimestampAuthority``."""

    def __init__(self, url: str, roots: list[x509.Certificate]) -> None:
        self._url, self._roots = url, roots

    def stamp(self, text: str) -> bytes:
        request = (
            TimestampRequestBuilder()
            .data(text.encode())
            .hash_algorithm(HashAlgorithm.SHA256)
            .cert_request(cert_request=True)
            .build()
        )
        headers = {"Content-Type": "application/timestamp-query"}
        try:
            status, answer = post(self._url, request.as_bytes(), headers, SECONDS)
        except OSError as error:
            raise NotStamped(f"no answer: {error}") from error
        if status != 200:
            raise NotStamped(f"answered {status}")
        try:
            stamp = Timestamp.parse(answer)
            stamp.check(self._roots, request.nonce)
        except TimestampError as error:
            raise NotStamped(str(error)) from error
        if not stamp.covers(text):
            raise NotStamped("it is a timestamp of something else")
        return answer


def authority_at(url: str, roots: Path | None) -> HttpAuthority | None:
    """From settings; None for none. Raises SettingsError."""
    if not url:
        return None
    if roots is None:
        raise SettingsError("EARWITNESS_TIMESTAMP_ROOTS: it names the authority's certificate.")
    try:
        return HttpAuthority(url, certificates(roots.read_bytes()))
    except OSError as error:
        raise SettingsError(f"EARWITNESS_TIMESTAMP_ROOTS: {roots}: {error.strerror}.") from error
    except TimestampError as error:
        raise SettingsError(f"EARWITNESS_TIMESTAMP_ROOTS: {roots}: {error}") from error
