"""Audio that no recogniser should be asked about: broken, or with nothing to hear in it."""

from __future__ import annotations

import numpy as np

from earwitness.errors import EngineError
from earwitness.model import Samples

FAINTEST = 4 / 32768
"""Below four steps of 16-bit audio there is only the noise of the converter."""


def is_silent(audio: Samples) -> bool:
    """No samples, or none louder than ``FAINTEST``: recognisers make up words for it.

    Raises EngineError for samples that are no numbers.
    """
    if not np.isfinite(audio).all():
        raise EngineError("The audio has samples that are not numbers.")
    return audio.size == 0 or float(np.abs(audio).max()) < FAINTEST
