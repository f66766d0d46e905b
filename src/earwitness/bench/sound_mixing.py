"""A sound under another one: how it would be if somebody had the music on."""

from __future__ import annotations

import numpy as np

from earwitness.errors import InputError
from earwitness.model import SAMPLE_RATE, Samples

BED_DBFS = -26.0
"""The level at which what lies over the sound is played, RMS."""
AROUND = SAMPLE_RATE
"""Samples of the bed that are heard before and after the sound."""
SILENCE = 1e-9


def mixed(sound: Samples, bed: Samples, below_db: float, seed: int) -> Samples:
    """``sound`` in the middle of ``bed``, its RMS ``below_db`` under the bed's.

    The bed starts at a random place by ``seed`` and is repeated where it is too short. Raises
    InputError where one of them is silent.
    """
    length = len(sound) + 2 * AROUND
    start = int(np.random.default_rng(seed).integers(max(1, len(bed))))
    over = np.resize(np.roll(bed, -start), length) if len(bed) else bed
    mix = _at(over, BED_DBFS)
    mix[AROUND : AROUND + len(sound)] += _at(sound, BED_DBFS - below_db)
    return np.clip(mix, -1.0, 1.0).astype(np.float32)


def _at(audio: Samples, dbfs: float) -> Samples:
    power = float(np.mean(np.square(audio, dtype=np.float64))) if len(audio) else 0.0
    if power < SILENCE:
        raise InputError("What is silent cannot be mixed at a level: leave this recording out.")
    scaled: Samples = (audio * 10 ** (dbfs / 20) / np.sqrt(power)).astype(np.float32)
    return scaled
