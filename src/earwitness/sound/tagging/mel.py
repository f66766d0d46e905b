"""The log-mel spectrogram that YAMNet was trained on.

After the definition published with the model (TensorFlow models, ``research/audioset/yamnet``,
``params.py`` and ``features.py``): magnitudes of a short-time Fourier transform, 25 ms under
a periodic Hann window every 10 ms, summed into 64 triangular bands from 125 to 7500 Hz that
are evenly spaced in mel (HTK Book, section 5.4), and the logarithm of the sum plus 0.001.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from earwitness.model import SAMPLE_RATE, Samples

Hertz = NDArray[np.float64]

WINDOW, HOP, FFT = 400, 160, 512
"""In samples."""
BANDS = 64
LOWEST, HIGHEST = 125.0, 7500.0
"""Where the first band begins and the last one ends, in Hz."""
OFFSET = 0.001
"""Under the logarithm: silence is ``log(OFFSET)``, -6.9."""


def log_mel(audio: Samples) -> NDArray[np.float32]:
    """``[samples]`` -> ``[windows, BANDS]``, natural logarithms; complete windows only."""
    if len(audio) < WINDOW:
        return np.zeros((0, BANDS), np.float32)
    windows = sliding_window_view(audio, WINDOW)[::HOP]
    magnitude = np.abs(np.fft.rfft(windows * _hann(), FFT))
    return np.log(magnitude @ bands() + OFFSET).astype(np.float32)


def mel(hertz: Hertz) -> Hertz:
    """HTK's scale: ``1127 ln(1 + f / 700)``."""
    return np.asarray(1127.0 * np.log1p(hertz / 700.0))


@lru_cache(maxsize=1)
def bands() -> NDArray[np.float64]:
    """The weight of every bin of the transform in every band, ``[FFT / 2 + 1, BANDS]``.

    Triangles in mel, each from the centre of the band before to that of the next, 1 at its
    own. The bin at 0 Hz is in none.
    """
    lowest, highest = mel(np.array([LOWEST, HIGHEST]))
    edges = np.linspace(lowest, highest, BANDS + 2)
    at = mel(np.linspace(0.0, SAMPLE_RATE / 2, FFT // 2 + 1))[:, None]
    rising = (at - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - at) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)))


@lru_cache(maxsize=1)
def _hann() -> NDArray[np.float64]:
    """Periodic: one more sample would be the first again."""
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW))
