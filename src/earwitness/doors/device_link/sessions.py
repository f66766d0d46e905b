"""Who a device is, and where it goes on: what a hello must prove. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from earwitness.errors import ProtocolError
from earwitness.model import SAMPLE_RATE, Device
from earwitness.wire.link.messages import Hello, Rotate
from earwitness.wire.link.proof import hello_text, rotate_text

REFUSED = "This device may not speak here."
"""Said alike of a device that is unknown and of one that signs wrongly."""
REVOKED = "This device was revoked; it must be invited again."
NOBODY = bytes(range(32))
"""A key to check against where there is none, so that both take the same time."""
SESSION_SECONDS = 24 * 3600
AHEAD_SECONDS = 60
"""How far a device's clock of samples may run ahead of ours."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Session:
    """``began`` is the moment of sample 0, in microseconds since 1970."""

    id: str
    began: int
    position: int

    def moment(self, position: int) -> datetime:
        """When a sample was heard. Exact, however often a session is carried on: rounding
        down commutes with steps of a detector's chunk, which are whole milliseconds."""
        return EPOCH + timedelta(microseconds=self.began + position * MICROSECONDS // SAMPLE_RATE)

    def horizon(self, now: int) -> int:
        """The last position that can have been heard by now."""
        elapsed = (now - self.began) * SAMPLE_RATE // MICROSECONDS
        return elapsed + AHEAD_SECONDS * SAMPLE_RATE


def signs(key: bytes, signature: str, text: bytes) -> bool:
    """Whether a signature, as hexadecimal digits, is this key's. Never raises."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(bytes.fromhex(signature), text)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Proven:
    """A device, and which of its keys opened this connection."""

    device: Device
    key: bytes


def prove(hello: Hello, nonce: str, device: Device | None) -> Proven:
    """``device`` is what the store knows under the name in the hello.

    Raises ProtocolError where it may not speak.
    """
    text = hello_text(nonce, hello)
    keys = [device.key, device.next_key] if device else [NOBODY]
    used = next((key for key in keys if key and signs(key, hello.signature, text)), None)
    if device is None or used is None:
        raise ProtocolError(REFUSED, "refused")
    if device.revoked_at is not None:
        raise ProtocolError(REVOKED, "revoked")
    if hello.household != device.household:
        raise ProtocolError("This device was enrolled for another household.", "household")
    return Proven(device, used)


def session_of(hello: Hello, now: int, new_id: str) -> Session:
    """The session that a hello carries on, or a new one. Raises ProtocolError."""
    if hello.session is None or hello.began is None:
        if hello.session or hello.began is not None or hello.position:
            raise ProtocolError("A session is carried on by its id and its beginning.", "session")
        return Session(new_id, now, 0)
    session = Session(hello.session, hello.began, hello.position)
    age = now - session.began
    if not 0 <= age <= SESSION_SECONDS * MICROSECONDS or session.position > session.horizon(now):
        raise ProtocolError("This session is over; begin a new one.", "session")
    return session


def check_rotation(rotate: Rotate, nonce: str, device: str, key: bytes) -> None:
    """Raises ProtocolError unless the ``key`` in use and the next one both signed."""
    text = rotate_text(nonce, device, key.hex(), rotate.key)
    if not signs(key, rotate.signature, text) or not signs(
        bytes.fromhex(rotate.key), rotate.proof, text
    ):
        raise ProtocolError("The next key must be signed by the present one and by itself.", "key")
