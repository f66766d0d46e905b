"""The control messages of the device link.

Moments are whole microseconds since 1970 in UTC, so that every language reads the same
number. Positions are samples at 16 kHz since the beginning of the session. ``until`` says
that everything before it is done with: a device keeps what lies behind it, and sends that
again on its next connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

PROTOCOL = 1

MAX_INTEGER = (1 << 53) - 1
"""The largest that every JSON reader holds exactly (RFC 8259, section 6)."""

Moment = Annotated[int, Field(ge=0, le=MAX_INTEGER, description="Microseconds since 1970, UTC.")]
Position = Annotated[int, Field(ge=0, le=MAX_INTEGER, description="Samples at 16 kHz.")]
Seconds = Annotated[float, Field(ge=0, le=1e9)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Identity = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
Nonce = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Key = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="A raw Ed25519 public key.")]
Signature = Annotated[str, Field(pattern="^[0-9a-f]{128}$", description="Ed25519, RFC 8032.")]
Code = Annotated[str, Field(pattern="^[a-z_]{1,40}$")]
Text = Annotated[str, Field(max_length=8000)]
Codec = Literal["pcm16", "opus"]
Listening = Literal["open", "push"]


class Message:
    """What all messages share: no field that is not known, none of another type."""

    __slots__ = ()
    __pydantic_config__ = ConfigDict(
        extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


# --- from both ----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent(Message):
    """From a device: whether what it hears may be kept. From the server: whether it is,
    for which the household must agree too."""

    type: Literal["consent"] = "consent"
    granted: bool


# --- from a device --------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello(Message):
    """Who speaks, and from where on. Every field but the signature is signed.

    ``session``, ``began`` and ``position`` carry on a session: as the welcome named them,
    and the last ``until``.
    """

    type: Literal["hello"] = "hello"
    device: Name
    household: Name
    room: Name
    consent: bool
    clock: Moment
    codec: Codec
    listening: Listening
    signature: Signature
    session: Identity | None = None
    began: Moment | None = None
    position: Position = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin(Message):
    """The button is pressed: one utterance from here to ``end``, pauses and all."""

    type: Literal["begin"] = "begin"
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class End(Message):
    """Nothing more for now: what was said up to here is over."""

    type: Literal["end"] = "end"
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop(Message):
    """What was sent and is not answered yet is to be forgotten; what comes begins here."""

    type: Literal["drop"] = "drop"
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping(Message):
    """Still here. The ``pong`` tells how the clocks differ."""

    type: Literal["ping"] = "ping"
    clock: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotate(Message):
    """Announces the next key: signed by the one that opened this connection, proven by the
    next. The old one opens the door until the next has."""

    type: Literal["rotate"] = "rotate"
    key: Key
    signature: Signature
    proof: Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodbye(Message):
    """The device leaves on purpose. What is not answered yet is forgotten."""

    type: Literal["goodbye"] = "goodbye"


# --- from the server ------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge(Message):
    """The first message: what the device's hello must sign, and never again."""

    type: Literal["challenge"] = "challenge"
    nonce: Nonce
    clock: Moment
    protocol: Annotated[int, Field(ge=1, le=1000)] = PROTOCOL


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits(Message):
    """What a device must keep to."""

    frame_bytes: Annotated[int, Field(ge=1)]
    ahead_seconds: Seconds
    """How far its audio may run ahead of its hearing; further is not read."""
    idle_seconds: Seconds
    """How long it may say nothing at all."""
    endpoint_seconds: Seconds
    """How long a silence ends an utterance: who sends no silence sends a little more than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome(Message):
    """The device may speak, from ``position`` on. ``clock_offset`` is the server's clock
    less the device's, in microseconds, roughly: the way of the hello is in it."""

    type: Literal["welcome"] = "welcome"
    session: Identity
    began: Moment
    position: Position
    clock_offset: Annotated[int, Field(ge=-MAX_INTEGER, le=MAX_INTEGER)]
    lexicon: Annotated[int, Field(ge=0)]
    consent: bool
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech(Message):
    """Somebody speaks since ``start``."""

    type: Literal["speech"] = "speech"
    start: Position
    until: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial(Message):
    """What it sounds like so far; later partials begin with ``stable`` too."""

    type: Literal["partial"] = "partial"
    text: Text
    stable: Text
    until: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Word(Message):
    """``confidence`` is the probability that it is right; ``term`` is a taught one."""

    text: Text
    confidence: Fraction
    term: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag(Message):
    """Why the answer is doubted."""

    rule: Text
    reason: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Final(Message):
    """The answer to what was said from ``start`` to ``end``.

    ``utterance`` is the id under which it is kept for a human; null where it is not.
    ``endpoint`` is where it was found to be over.
    """

    type: Literal["final"] = "final"
    text: Text
    confidence: Fraction
    words: tuple[Word, ...]
    flags: tuple[Flag, ...]
    utterance: Identity | None = None
    revision: Annotated[int, Field(ge=0)]
    start: Position
    end: Position
    endpoint: Position
    until: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet(Message):
    """Nothing that is still to be answered lies before ``until``."""

    type: Literal["quiet"] = "quiet"
    until: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Shed(Message):
    """This could not be heard in time and is forgotten; try again after so many seconds."""

    type: Literal["shed"] = "shed"
    start: Position
    end: Position
    retry_after: Seconds
    until: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat(Message):
    """Please ask the speaker to say again what ended at ``position``."""

    type: Literal["repeat"] = "repeat"
    position: Position
    reason: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class LexiconRevision(Message):
    """A new revision of the taught words is live."""

    type: Literal["lexicon"] = "lexicon"
    revision: Annotated[int, Field(ge=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong(Message):
    """``clock`` of the ping, when it came, and when this was sent, on the server's clock."""

    type: Literal["pong"] = "pong"
    clock: Moment
    received: Moment
    sent: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated(Message):
    """The announced key is known, and opens the door from now on."""

    type: Literal["rotated"] = "rotated"
    key: Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow(Message):
    """More was sent than is heard in time: nothing is read until there is room. Said once."""

    type: Literal["slow"] = "slow"
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart(Message):
    """The server goes; come again after so many seconds. Nothing is lost."""

    type: Literal["restart"] = "restart"
    retry_after: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Error(Message):
    """A rule was broken; ``code`` says which. The connection ends."""

    type: Literal["error"] = "error"
    code: Code
    message: Text
    retry_after: Seconds | None = None


FromDevice = Hello | Begin | End | Drop | Consent | Ping | Rotate | Goodbye
FromServer = (
    Challenge
    | Welcome
    | Speech
    | Partial
    | Final
    | Quiet
    | Shed
    | Repeat
    | LexiconRevision
    | Consent
    | Pong
    | Rotated
    | Slow
    | Restart
    | Error
)
