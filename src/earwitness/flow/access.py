"""Who may speak: one-time codes for devices, and API keys.

A store keeps hashes alone. Plain SHA-256 is right for them: salt and a slow hash protect
secrets that people choose, and these are drawn at random. 60 bits are out of reach for
the hour that a code is valid, and are worth nothing afterwards; 256 bits are out of reach.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from earwitness.errors import AccessRefused, InputError
from earwitness.model import ApiKey, Device
from earwitness.ports import AccessRecords

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32, 5 bits a character: no I, L, O or U (https://www.crockford.com/base32.html)."""
CODE_LENGTH = 12
_GROUP = 4
_READ_AS = str.maketrans("ILO", "110")
KEY_PREFIX = "ew_"
"""So that a secret that got lost somewhere can be recognised."""
KEY_BYTES = 32
CODE_VALID = timedelta(hours=1)
MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Invitation:
    """``code`` is kept nowhere: whoever reads it out is the only one who knows it."""

    code: str
    household: str
    room: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NewKey:
    """``secret`` is kept nowhere."""

    key: ApiKey
    secret: str


def invite(
    household: str,
    room: str,
    now: datetime,
    *,
    records: AccessRecords,
    valid: timedelta = CODE_VALID,
) -> Invitation:
    """A new code with which one device can enrol. Raises InputError for a bad name."""
    code = new_code()
    made = Invitation(code, _household(household), named("room", room), now + valid)
    records.invite(code_hash(code), made.household, made.room, made.expires_at, now)
    return made


def enrol(code: str, key: bytes, now: datetime, *, records: AccessRecords) -> Device:
    """The device of this Ed25519 public key, 32 bytes, let in by a code as it was typed.

    Its id follows from the key, so asking again after a lost answer gives the same device.
    Raises AccessRefused as ``AccessRecords.enrol``, and for what cannot be a code.
    """
    return records.enrol(code_hash(code), device_id(key), key, now)


def add_key(
    name: str, household: str, now: datetime, *, consent: bool, records: AccessRecords
) -> NewKey:
    """Raises InputError for a bad name, or one that is in use in this household."""
    secret = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    key_id = secrets.token_hex(8)
    key = ApiKey(key_id, named("name", name), _household(household), now, consent)
    records.add_api_key(key, secret_hash(secret))
    return NewKey(key, secret)


def new_code() -> str:
    """60 random bits, such as ``7K3M-9QXT-2WVA``."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    return "-".join(drawn[first : first + _GROUP] for first in range(0, CODE_LENGTH, _GROUP))


def normal_code(typed: str) -> str:
    """However it was typed: case, spaces, hyphens, and letters that look like digits.

    Raises AccessRefused for what cannot be a code.

    >>> normal_code(" 7k3m 9qxt-2wvo")
    '7K3M9QXT2WV0'
    """
    code = re.sub(r"[\s-]", "", typed).upper().translate(_READ_AS)
    if len(code) != CODE_LENGTH or not set(code) <= set(ALPHABET):
        raise AccessRefused(f"A code has {CODE_LENGTH} letters and digits; this is none.")
    return code


def code_hash(typed: str) -> bytes:
    """Raises AccessRefused for what cannot be a code."""
    return hashlib.sha256(normal_code(typed).encode()).digest()


def secret_hash(secret: str) -> bytes:
    """Of whatever somebody sends in place of an API key."""
    return hashlib.sha256(secret.encode(errors="surrogateescape")).digest()


def device_id(key: bytes) -> str:
    """16 hex digits of the SHA-256 of a device's first public key."""
    return hashlib.sha256(key).hexdigest()[:16]


def named(what: str, text: str) -> str:
    """A name without blanks around it. Raises InputError where it cannot be one."""
    name = text.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise InputError(f"A {what} has 1 to {MAX_NAME} printable characters; {text!r} does not.")
    return name


def _household(text: str) -> str:
    """Also the end of a term's scope, so it has no blanks. Raises InputError as ``named``."""
    name = named("household", text)
    if " " in name:
        raise InputError(f"A household has no blanks in its name; {text!r} has.")
    return name
