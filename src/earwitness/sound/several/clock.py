"""Recordings on one clock: offset, drift and breaks are taken out, so that they run in step."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from earwitness.errors import InputError
from earwitness.sound.recording import Recording
from earwitness.sound.several.align import Aligned
from earwitness.sound.several.sinc import sampled


def on_one_clock(
    recordings: Sequence[Recording], alignment: Sequence[Aligned | None]
) -> tuple[Recording, ...]:
    """Every recording at the rate, the clock and the length of the reference.

    ``alignment`` has None for the reference, and for every other recording how it is
    aligned with that. Where a recording has no sound, it is silent; after a break in it
    what was dropped stays away. Raises InputError where not exactly one is the reference.
    """
    if len(recordings) != len(alignment) or list(alignment).count(None) != 1:
        raise InputError(
            "Give every recording its alignment, and None to exactly one: the reference."
        )
    reference = recordings[list(alignment).index(None)]
    return tuple(
        recording if found is None else _moved(recording, found, reference)
        for recording, found in zip(recordings, alignment, strict=True)
    )


def _moved(recording: Recording, found: Aligned, reference: Recording) -> Recording:
    rate, length = reference.rate, len(reference.samples)
    edges = [0, *(round(each.at_s * rate) for each in found.breaks), length]
    step = recording.rate / rate * (1 + found.drift_ppm * 1e-6)
    parts = [
        sampled(recording.samples, found.in_other(first / rate) * recording.rate, step, end - first)
        for first, end in pairwise(edges)
    ]
    return Recording(np.concatenate(parts), rate)
