"""Codes that open a case without an account: the reporter's, and the outside's."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from earwitness.errors import InputError

CODE_BYTES = 16
"""Nobody guesses 128 bits."""


def new_code() -> str:
    """What opens the reporter's page, and what it is acknowledged under; drawn with the form.

    >>> code_hash(new_code()) == code_hash(new_code())
    False
    """
    return _written(secrets.token_bytes(CODE_BYTES))


def code_of(seed: bytes, case: str) -> str:
    """What opens a case for the outside: always the same, and kept nowhere."""
    drawn = hmac.digest(seed, b"earwitness outside code v1\n" + case.encode(), "sha256")
    return _written(drawn[:CODE_BYTES])


def code_of_form(seed: bytes, session: str, form: str) -> str:
    """What a report is acknowledged under: the same as often as its form is opened again."""
    drawn = hmac.digest(seed, b"earwitness form code v1\n" + f"{session} {form}".encode(), "sha256")
    return _written(drawn[:CODE_BYTES])


def identity_key(seed: bytes) -> bytes:
    """32 bytes, which seal who asked for confidence."""
    return hmac.digest(seed, b"earwitness identity v1", "sha256")


def code_hash(code: str) -> bytes:
    """32 bytes, however it is typed. Raises InputError for what cannot be a code.

    >>> code_hash("abcde-FGHIJ-klmno-pqrst-uvwxy-a") == code_hash("ABCDEFGHIJKLMNOPQRSTUVWXYA")
    True
    """
    plain = "".join(code.split()).replace("-", "").upper()
    try:
        raw = base64.b32decode(plain + "=" * (-len(plain) % 8))
    except ValueError as error:
        raise InputError("This is no code of a report.") from error
    if len(raw) != CODE_BYTES:
        raise InputError("This is no code of a report: it has 26 letters and digits.")
    return hashlib.sha256(raw).digest()


def _written(raw: bytes) -> str:
    text = base64.b32encode(raw).decode().rstrip("=")
    return "-".join(text[at : at + 5] for at in range(0, len(text), 5))
