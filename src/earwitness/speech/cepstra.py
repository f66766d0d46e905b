"""Mel-frequency cepstra: what a stretch of sound is like, whoever says it, roughly.

After Davis and Mermelstein (1980), "Comparison of parametric representations for monosyllabic
word recognition". For recognisers that do not show what their own encoder made of a clip.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from earwitness.model import SAMPLE_RATE, Samples

Floats = NDArray[np.float32]

HOP, WINDOW, FFT = 320, 400, 512
"""Frames of 25 ms every 20 ms, in samples."""
MELS = 32
LOWEST, HIGHEST = 100.0, 7000.0
"""Bands from one frequency to the other, in Hz."""
CEPSTRA = 8
QUIETEST = 1e-7
"""Of the loudest band's power; what is under it is silence."""


def cepstra(audio: Samples) -> Floats:
    """A clip, ``[samples]`` -> ``[frames, 2 CEPSTRA]``: cepstra without level, and their slopes.

    The same for a louder clip.
    """
    long_enough = np.pad(audio, (0, max(0, WINDOW + 2 * HOP - len(audio))))
    frames = np.lib.stride_tricks.sliding_window_view(long_enough, WINDOW)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW), FFT)) ** 2
    mel = power @ _bands()
    loudest = float(mel.max())
    static = np.log(np.maximum(mel / loudest if loudest else mel, QUIETEST)) @ _cosines()
    return np.hstack([static, np.gradient(static, axis=0)]).astype(np.float32)


@lru_cache(maxsize=1)
def _bands() -> NDArray[np.float64]:
    """Triangles evenly spaced in mel (O'Shaughnessy 1987), ``[FFT / 2 + 1, MELS]``."""
    lowest, highest = _mel(np.array([LOWEST, HIGHEST]))
    edges = np.linspace(lowest, highest, MELS + 2)
    at = _mel(np.linspace(0.0, SAMPLE_RATE / 2, FFT // 2 + 1))[:, None]
    rising = (at - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - at) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)))


def _mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(2595.0 * np.log10(1.0 + hertz / 700.0))


@lru_cache(maxsize=1)
def _cosines() -> NDArray[np.float64]:
    """The cosine transform (DCT-II) without its first column, which is level."""
    places = (np.arange(MELS)[:, None] + 0.5) / MELS
    return np.asarray(np.cos(np.pi * np.arange(1, CEPSTRA + 1) * places))
