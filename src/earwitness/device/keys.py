"""A device's keys, in a file for its owner alone."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from earwitness.errors import AccessRefused, InputError


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a device is. Seeds are the 32 bytes of an Ed25519 private key, as hexadecimal digits.

    ``device`` is empty until it has enrolled. ``next_seed`` is announced, or about to be.
    """

    seed: str
    device: str = ""
    household: str = ""
    room: str = ""
    next_seed: str = ""

    def __repr__(self) -> str:
        return f"Identity({self.device!r}, {self.household!r}, {self.room!r})"


def new_seed() -> str:
    return Ed25519PrivateKey.generate().private_bytes_raw().hex()


def public(seed: str) -> str:
    """The public key, as hexadecimal digits."""
    return _private(seed).public_key().public_bytes_raw().hex()


def sign(seed: str, text: bytes) -> str:
    """An Ed25519 signature (RFC 8032), as hexadecimal digits."""
    return _private(seed).sign(text).hex()


def _private(seed: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))


class KeyFile:
    """Holds one ``Identity``; written whole or not at all, with mode 0600."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Identity | None:
        """None where there is no file. Raises InputError, which names it."""
        try:
            self._check_private()
            identity = Identity(**json.loads(self.path.read_text(encoding="utf-8")))
            for seed in filter(None, (identity.seed, identity.next_seed)):
                public(seed)
            return identity
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read: {error.strerror}.") from error
        except (ValueError, TypeError) as error:
            raise InputError(f"{self.path}: is no key file of a device.") from error

    def enrolled(self) -> Identity:
        """Raises AccessRefused where the device has yet to enrol."""
        identity = self.read()
        if identity is None or not identity.device:
            raise AccessRefused(
                f"{self.path}: this device is not enrolled; get a code with "
                "'earwitness device invite' and pass it with --enrol."
            )
        return identity

    def write(self, identity: Identity) -> None:
        """Raises InputError, which names the file."""
        content = {name: getattr(identity, name) for name in Identity.__dataclass_fields__}
        part = self.path.with_name(self.path.name + ".part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                part.unlink()
            with open(part, "x", opener=_private_file, encoding="utf-8") as file:
                json.dump(content, file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.path)
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written: {error.strerror}.") from error

    def pending(self) -> Identity:
        """The identity with which to enrol; asking again asks with the same key."""
        identity = self.read() or Identity(new_seed())
        self.write(identity)
        return identity

    def discard(self) -> None:
        """Deletes a key that nobody has been told of."""
        self.path.unlink(missing_ok=True)

    def announcing(self) -> Identity:
        """The identity with a next key, written down before anybody hears of it."""
        identity = self.enrolled()
        if not identity.next_seed:
            identity = replace(identity, next_seed=new_seed())
            self.write(identity)
        return identity

    def rotated(self) -> Identity:
        """The next key takes the place of the key: the server knows it."""
        identity = self.enrolled()
        if identity.next_seed:
            identity = replace(identity, seed=identity.next_seed, next_seed="")
            self.write(identity)
        return identity

    def _check_private(self) -> None:
        if self.path.stat().st_mode & 0o077:
            raise InputError(f"{self.path}: others can read this key; run chmod 600 on it.")


def _private_file(file: str, flags: int) -> int:
    return os.open(file, flags, mode=0o600)
