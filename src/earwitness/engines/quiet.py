"""Audio in which nothing can be heard, on which recognisers make up words."""

from __future__ import annotations

import numpy as np

from earwitness.model import Samples

FAINTEST = 4 / 32768
"""Below four steps of 16-bit audio there is only the noise of the converter."""


def is_silent(audio: Samples) -> bool:
    """No samples, or none louder than ``FAINTEST``."""
    return audio.size == 0 or float(np.abs(audio).max()) < FAINTEST
