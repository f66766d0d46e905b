"""Louder or softer: before a step with a threshold, or one channel against the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earwitness.errors import InputError
from earwitness.sound.kinds import Done, Kind, Tools, linear, number, whole
from earwitness.sound.recording import Recording


@dataclass(frozen=True, slots=True)
class Gain:
    db: float = number(0.0, -60.0, 60.0, "dB", "how much louder; below 0 softer")
    channel: int = whole(0, 0, 32, "", "which channel, from 1; 0 is all of them")


def gain(recording: Recording, settings: Gain, tools: Tools) -> Done:
    channels = recording.samples.shape[1]
    if settings.channel > channels:
        raise InputError(f"channel is {settings.channel}, but there are only {channels}")
    factors = np.ones(channels, np.float32)
    factors[slice(None) if not settings.channel else settings.channel - 1] = linear(settings.db)
    return Done(recording.with_samples(recording.samples * factors))


KINDS = (
    Kind(
        "gain",
        "Makes all of it, or one channel, louder or softer.",
        "the whole is brought back to the original's loudness by ITU-R BS.1770-4",
        Gain,
        gain,
    ),
)
