"""When the words of a reading were said, by where the decoder looked when it had written them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from earwitness.engines.moonshine.graphs import MIDDLE, STRIDE, Floats
from earwitness.model import Samples, Span
from earwitness.speech.timing import frame_edges, loudness, word_times
from earwitness.speech.words import TokenSpan


def spoken(words: Sequence[TokenSpan], attention: Floats, audio: Samples) -> list[Span]:
    """``attention`` ``[tokens + 1, frames]``, its last row for the end token -> words' times.

    A mark of punctuation counts for the word that it is written at.
    """
    frames = attention.shape[1]
    middles = MIDDLE + STRIDE * np.arange(frames)
    rows = [attention[word.first : word.last].sum(axis=0) for word in words]
    return word_times(
        np.reshape(rows, (len(words), frames)),
        attention[-1],
        loudness(audio, middles),
        frame_edges(middles, len(audio)),
    )
