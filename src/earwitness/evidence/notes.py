"""Signed notes: short text and who vouches for it (C2SP signed-note, tlog-cosignature).

>>> key = SigningKey.from_seed("example.com/log", bytes(32))
>>> note = key.sign("something true\\n")
>>> [each.name for each in Note.parse(str(note)).signed_by([key.public])]
['example.com/log']
"""

from __future__ import annotations

import hashlib
import struct
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable
from dataclasses import dataclass, replace

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

ED25519, COSIGNATURE = 0x01, 0x04
"""Kinds of signatures: of the text itself, and of a witness, with the time."""
MOST_SIGNATURES = 64
LONGEST = 1_000_000
"""Characters of a note."""
_ID_BYTES, _TIME_BYTES, _KEY_BYTES = 4, 8, 32
_SIGN = "\u2014 "
_PRIVATE = "PRIVATE+KEY+"
_VOUCHED = b"earwitness receipt v1\x00"
"""No text of a note has a null byte."""


class NoteError(ValueError):
    """What was given is no note, no key, or not signed by whom it should be."""


@dataclass(frozen=True, slots=True)
class Signature:
    """``value`` is what follows the key's id of 4 bytes; whose it is, name and id say together."""

    name: str
    key_id: bytes
    value: bytes

    def __str__(self) -> str:
        return f"{_SIGN}{self.name} {b64encode(self.key_id + self.value).decode()}\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key by which one name makes one kind of signature. Written ``name+id+key``."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(named).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        material = b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Raises NoteError, also where the id is not that of the key."""
        name, _, rest = text.strip().partition("+")
        written, _, material = rest.partition("+")
        raw = _base64(material)
        if not _is_name(name) or len(raw) != 1 + _KEY_BYTES or raw[0] not in (ED25519, COSIGNATURE):
            raise NoteError("A key is written as name+id+base64, and is an Ed25519 key.")
        key = cls(name, raw[0], raw[1:])
        if key.key_id.hex() != written:
            raise NoteError(f"The key of {name} was changed: its id does not belong to it.")
        return key

    def checked(self, text: str, signature: Signature) -> int | None:
        """The time at which a witness signed, in seconds since 1970; None for other kinds.

        Raises NoteError where the signature is not this key's over ``text``.
        """
        value, message, moment = signature.value, text.encode(), None
        if self.kind == COSIGNATURE:
            moment = int.from_bytes(value[:_TIME_BYTES], "big")
            value, message = value[_TIME_BYTES:], _cosigned(text, moment)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(value, message)
        except (InvalidSignature, ValueError) as error:
            raise NoteError(f"The signature of {self.name} is not good.") from error
        return moment

    def vouched(self, message: bytes, signature: bytes) -> None:
        """Raises NoteError unless the owner of the key vouched for these bytes."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, _VOUCHED + message)
        except (InvalidSignature, ValueError) as error:
            raise NoteError(f"It is not signed by {self.name}, or was changed since.") from error


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The private half; ``seed`` has 32 bytes."""

    name: str
    seed: bytes

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> SigningKey:
        """Raises NoteError for what cannot be a key's name or seed."""
        if not _is_name(name) or len(seed) != _KEY_BYTES:
            raise NoteError("A key has a name without spaces or +, and a seed of 32 bytes.")
        return cls(name, seed)

    @classmethod
    def parse(cls, text: str) -> SigningKey:
        """As ``written``. Raises NoteError, and repeats nothing of a secret."""
        name, _, rest = text.strip().removeprefix(_PRIVATE).partition("+")
        written, _, material = rest.partition("+")
        raw = _base64(material)
        if not text.startswith(_PRIVATE) or len(raw) != 1 + _KEY_BYTES or raw[0] != ED25519:
            raise NoteError("This is no private key of a log or witness.")
        key = cls.from_seed(name, raw[1:])
        if key.public.key_id.hex() != written:
            raise NoteError(f"The private key of {name} was changed: its id is another one's.")
        return key

    def written(self) -> str:
        """With its secret, for a file that nobody else reads."""
        material = b64encode(bytes([ED25519]) + self.seed).decode()
        return f"{_PRIVATE}{self.name}+{self.public.key_id.hex()}+{material}\n"

    def __repr__(self) -> str:
        return f"SigningKey({self.name!r})"

    @property
    def public(self) -> VerifierKey:
        return self._public(ED25519)

    @property
    def witness(self) -> VerifierKey:
        """The same key as one that cosigns; a key must be used for one of both alone."""
        return self._public(COSIGNATURE)

    def sign(self, text: str) -> Note:
        """Raises NoteError for what cannot be the text of a note."""
        _check_text(text)
        signature = Signature(self.name, self.public.key_id, self._signed(text.encode()))
        return Note(text, (signature,))

    def cosign(self, text: str, moment: int) -> Signature:
        """That a checkpoint goes on from all that were cosigned before; ``moment`` in seconds."""
        _check_text(text)
        signed = self._signed(_cosigned(text, moment))
        return Signature(self.name, self.witness.key_id, struct.pack(">Q", moment) + signed)

    def vouch(self, message: bytes) -> bytes:
        """64 bytes over what is no note; never to be taken for a note's signature."""
        return self._signed(_VOUCHED + message)

    def _public(self, kind: int) -> VerifierKey:
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return VerifierKey(self.name, kind, public.public_bytes_raw())

    def _signed(self, message: bytes) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)


@dataclass(frozen=True, slots=True)
class Note:
    """``text`` ends in a newline. Nothing of it counts before ``signed_by`` says by whom."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(map(str, self.signatures))

    @classmethod
    def parse(cls, text: str) -> Note:
        """Raises NoteError."""
        body, gap, lines = text.rpartition("\n\n")
        if len(text) > LONGEST or not gap or not lines.endswith("\n"):
            raise NoteError("A note is text, an empty line, and signatures.")
        _check_text(body + "\n")
        written = lines.split("\n")[:-1]
        if not 1 <= len(written) <= MOST_SIGNATURES:
            raise NoteError(f"A note has 1 to {MOST_SIGNATURES} signatures.")
        return cls(body + "\n", tuple(map(signature, written)))

    def with_signatures(self, more: Iterable[Signature]) -> Note:
        """Those that are here already are not repeated."""
        return replace(self, signatures=tuple(dict.fromkeys((*self.signatures, *more))))

    def signed_by(self, known: Iterable[VerifierKey]) -> list[VerifierKey]:
        """Which of these keys signed it; signatures of others say nothing.

        An id has four bytes, so that another key of the same id can be made: the first of them
        counts. Raises NoteError where one of them is said to have signed and has not.
        """
        by_id: dict[tuple[str, bytes], VerifierKey] = {}
        for key in known:
            by_id.setdefault((key.name, key.key_id), key)
        found: dict[VerifierKey, None] = {}
        for each in self.signatures:
            signer = by_id.get((each.name, each.key_id))
            if signer is not None:
                signer.checked(self.text, each)
                found[signer] = None
        return list(found)


def signature(line: str) -> Signature:
    """One line of a note, without its newline. Raises NoteError."""
    name, _, encoded = line.removeprefix(_SIGN).partition(" ")
    raw = _base64(encoded)
    if not line.startswith(_SIGN) or not _is_name(name) or len(raw) <= _ID_BYTES:
        raise NoteError("This is no signature of a note.")
    return Signature(name, raw[:_ID_BYTES], raw[_ID_BYTES:])


def _cosigned(text: str, moment: int) -> bytes:
    return f"cosignature/v1\ntime {moment}\n{text}".encode()


def _is_name(name: str) -> bool:
    return (
        bool(name)
        and "+" not in name
        and name.isprintable()
        and not name.split()[1:]
        and (name == name.strip())
    )


def _check_text(text: str) -> None:
    plain = text.replace("\n", "")
    if not text.endswith("\n") or any(char < " " for char in plain) or _is_broken(text):
        raise NoteError("The text of a note is lines of UTF-8 without control characters.")


def _is_broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _base64(text: str) -> bytes:
    """As it is written in one way only: no bit of a note can be changed unseen."""
    try:
        found = b64decode(text, validate=True)
    except (Base64Error, ValueError) as error:
        raise NoteError("Something is not written in base64.") from error
    if b64encode(found).decode() != text:
        raise NoteError("Something is not written in base64 as it should be.")
    return found
