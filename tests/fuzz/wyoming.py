"""Events of Wyoming, cut out of bytes and read as messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from earwitness.errors import ProtocolError
from earwitness.wire.wyoming import messages
from earwitness.wire.wyoming.frames import Decoder, Frame, Limits, encode
from earwitness.wire.wyoming.messages import (
    AudioChunk,
    AudioStart,
    Describe,
    Error,
    Message,
    Ping,
    Transcribe,
    Transcript,
)

SMALL = Limits(header=256, data=256, payload=64)
"""So that a fuzzer gets beyond them."""
SEEDS: Sequence[bytes] = [
    encode(message.frame())
    for message in (
        Describe(),
        AudioStart(16_000, 2, 1),
        AudioChunk(16_000, 2, 1, 20, bytes(8)),
        Transcribe(language="en", transcript_terms=("yeet",)),
        Transcript("yeet it", context={"nbest": [{"text": "eat it", "logprob": -1.5}]}),
        Ping("hello"),
        Error("no", "no"),
    )
]


KINDS = [
    each
    for each in vars(messages).values()
    if isinstance(each, type) and issubclass(each, Message) and each is not Message
]
"""Every message that there is."""


def outcome(parts: Iterable[bytes], limits: Limits = SMALL) -> tuple[list[Frame], str]:
    """The events, and how it ended: the code of an error, ``within`` or ``between`` events."""
    decoder, frames = Decoder(limits), []
    try:
        for part in parts:
            for frame in decoder.feed(part):
                frames.append(frame)
    except ProtocolError as error:
        return frames, error.code
    return frames, "within" if decoder.within else "between"


def cut(content: bytes, size: int) -> list[bytes]:
    return [content[at : at + size] for at in range(0, len(content), size)]


def check(content: bytes) -> None:
    """Every cut gives the same, within the limits, and what is read is written again."""
    whole = outcome([content])
    size = 1 + (content[0] if content else 0) % 7
    assert outcome(cut(content, size)) == whole
    for frame in whole[0]:
        assert len(frame.payload) <= SMALL.payload
        _read(frame)


def _read(frame: Frame) -> None:
    for kind in KINDS:
        with suppress(ProtocolError):
            message = kind.read(frame)
            (again,) = Decoder().feed(encode(message.frame()))
            assert kind.read(again) == message
