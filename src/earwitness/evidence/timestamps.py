"""Timestamps of an authority (RFC 3161): that it saw the head of a log by a moment.

What is stamped is the text of a checkpoint, so that whoever has it checks the token with OpenSSL,
too: ``openssl ts -verify -data 12.checkpoint -in 12.tsr -CAfile authority.pem``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptography import x509

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

LONGEST = 64 * 1024
"""Bytes of a token."""
_HASHES = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}


class TimestampError(ValueError):
    """This is no timestamp, or not one of these bytes, or nobody who is trusted signed it."""


class CannotCheck(TimestampError):
    """Nothing here reads timestamps, which says nothing against this one."""


@dataclass(frozen=True, slots=True)
class Timestamp:
    """What a token says; nothing of it counts before ``check``. ``by`` names its certificate."""

    moment: datetime
    by: str
    _hash: str
    _digest: bytes
    _response: TimeStampResponse

    @classmethod
    def parse(cls, content: bytes) -> Timestamp:
        """An authority's answer, DER. Raises TimestampError."""
        client = _client()
        if len(content) > LONGEST:
            raise TimestampError(f"A timestamp has at most {LONGEST} bytes.")
        try:
            response = client.decode_timestamp_response(content)
            told = response.tst_info
            algorithm = _HASHES[told.message_imprint.hash_algorithm.dotted_string]
            moment = told.gen_time.astimezone(UTC)
            return cls(moment, _signer(response), algorithm, told.message_imprint.message, response)
        except (ValueError, KeyError, OverflowError, x509.InvalidVersion) as error:
            raise TimestampError("This is no timestamp, or one that was not granted.") from error

    def covers(self, text: str) -> bool:
        """Whether it is one of this text."""
        return hashlib.new(self._hash, text.encode()).digest() == self._digest

    def check(self, roots: Sequence[x509.Certificate], nonce: int | None = None) -> None:
        """That an authority signed it whom one of these certificates, or what they signed, names.

        ``nonce``: that it is the answer to a request with this one. Raises TimestampError.
        """
        client = _client()
        builder = client.VerifierBuilder(roots=list(roots), nonce=nonce)
        try:
            builder.build().verify(self._response, self._digest)
        except (client.VerificationError, ValueError, x509.InvalidVersion) as error:
            raise TimestampError(f"The timestamp does not hold: {error}") from error


def certificates(pem: bytes) -> list[x509.Certificate]:
    """Of authorities that are trusted. Raises TimestampError."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise TimestampError("This is no certificate in PEM.") from error


def _client() -> Any:
    """Loaded where there is a timestamp: whoever has none needs no package for it."""
    try:
        import rfc3161_client
    except ImportError as error:
        raise CannotCheck("Install rfc3161-client to check timestamps.") from error
    return rfc3161_client


def _signer(response: TimeStampResponse) -> str:
    """The subject of the certificate that signed it, where the token has it.

    A token's certificates are not signed, so that anybody can put another one of the same number
    beside it, with a finer name. Raises ValueError for that.
    """
    signers = {(each.issuer, each.serial_number) for each in response.signed_data.signer_infos}
    known = map(x509.load_der_x509_certificate, response.signed_data.certificates)
    found = [each for each in known if (each.issuer, each.serial_number) in signers]
    if len(found) > 1:
        raise ValueError("Two certificates claim to have signed it.")
    return found[0].subject.rfc4514_string() if found else "an authority that it does not name"
