"""Clips that are put into a server's queue as if they had been heard."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from tests.doors.servers import Running

from earwitness.model import (
    SAMPLE_RATE,
    Flag,
    Hypothesis,
    ItemState,
    ReviewItem,
    Samples,
    Source,
    Transcript,
    Utterance,
    Word,
)
from earwitness.review.queue import main_reason
from earwitness.wiring import Earwitness, FlacCodec

DOUBT = (("low_utterance_confidence", None, None),)
Doubt = tuple[str, float | None, float | None]


def quiet(seconds: float) -> Samples:
    return tone(seconds, 0.05)


def loud(seconds: float) -> Samples:
    return tone(seconds, 0.99)


def tone(seconds: float, level: float) -> Samples:
    at = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (level * np.sin(2 * np.pi * 440 * at)).astype(np.float32)


def keep(
    server: Running,
    samples: Samples,
    text: str = "eat that",
    *,
    nbest: Sequence[str] = (),
    flags: Sequence[Doubt] = DOUBT,
    words: Sequence[float] = (),
    value: float = 0.5,
    household: str = "h1",
    device: str = "kitchen",
) -> str:
    """The utterance's id."""
    name, now = uuid.uuid4().hex, datetime.now(UTC)
    seconds = len(samples) / SAMPLE_RATE
    starts = [*words, *[None] * len(text.split())]
    said = tuple(
        Word(word, (-0.5,), 0.5, start, None if start is None else start + 0.2)
        for word, start in zip(text.split(), starts, strict=False)
    )
    readings = (Hypothesis(text, said, -1.0), *(Hypothesis(each, (), -2.0) for each in nbest))
    transcript = Transcript(readings, "scripted", "scripted@1", 0, seconds, 0.3)
    doubts = tuple(Flag(rule, 0.3, 0.5, "", start, end) for rule, start, end in flags)
    with Earwitness.open(server.settings) as program:
        clip = program.blobs.put(FlacCodec().encode(samples))
        source = Source(device, household, name=name)
        program.records.keep(
            Utterance(name, source, now, transcript, doubts, clip),
            ReviewItem(name, ItemState.WAITING, value, now, reason=main_reason(doubts)),
        )
    return name
