"""What sounds, by YAMNet: 521 classes of AudioSet, every half second.

A frame is a patch of 96 windows of the log-mel spectrogram, 0.96 s, and the next begins
0.48 s later. The last one is padded with silence, so that all that sounds is in a frame.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earwitness.audio.yamnet_weights import load
from earwitness.model import SAMPLE_RATE, Samples
from earwitness.sound.tagging.mel import HOP, WINDOW, log_mel

PATCH, PATCH_HOP = 96, 48
"""In windows of the spectrogram."""
STEP = PATCH_HOP * HOP
"""From one frame to the next, in samples."""
NEEDED = (PATCH - 1) * HOP + WINDOW
"""Samples that the windows of a frame touch, 0.975 s."""

Scores = NDArray[np.float32]


class YamNet:
    """Implements ``ports.SoundTagger``.

    ``weights`` names an ONNX file to be used in place of the one that is known. Raises
    EngineError and SettingsError as ``yamnet_weights.load`` does.
    """

    frame_seconds = PATCH * HOP / SAMPLE_RATE
    hop_seconds = STEP / SAMPLE_RATE

    def __init__(self, weights: Path | None = None) -> None:
        self._weights = load(weights)
        self._input = self._weights.session.get_inputs()[0].name
        self.name = self._weights.name
        self.classes = self._weights.classes

    def scores(self, audio: Samples) -> Scores:
        stream = self.stream()
        return np.concatenate([stream.push(audio), stream.end()])

    def stream(self) -> YamNetStream:
        return YamNetStream(self)

    def frames(self, patches: list[Samples]) -> Scores:
        """Stretches of ``NEEDED`` samples -> ``[frames, classes]``."""
        if not patches:
            return np.zeros((0, len(self.classes)), np.float32)
        return np.stack([self._frame(log_mel(patch)) for patch in patches])

    def _frame(self, features: NDArray[np.float32]) -> Scores:
        """One patch at a time: a stream has the very numbers of the whole."""
        (logits,) = self._weights.session.run(None, {self._input: features[None, None]})
        return _logistic(logits[0])


class YamNetStream:
    """Implements ``ports.TagStream``; holds less than a frame of sound."""

    def __init__(self, tagger: YamNet) -> None:
        self._tagger = tagger
        self._left = np.zeros(0, np.float32)
        self._seen = 0
        """Samples at the start of ``_left`` that an earlier frame has too."""

    def push(self, samples: Samples) -> Scores:
        audio = np.concatenate([self._left, samples])
        starts = range(0, len(audio) - NEEDED + 1, STEP)
        if starts:
            self._left, self._seen = audio[starts[-1] + STEP :].copy(), NEEDED - STEP
        else:
            self._left = audio
        return self._tagger.frames([audio[start : start + NEEDED] for start in starts])

    def end(self) -> Scores:
        left, self._left = self._left, self._left[:0]
        if len(left) <= self._seen:
            return self._tagger.frames([])
        return self._tagger.frames([np.pad(left, (0, NEEDED - len(left)))])


def _logistic(logits: NDArray[np.float32]) -> Scores:
    """By the hyperbolic tangent, which never overflows."""
    scores: Scores = (0.5 + 0.5 * np.tanh(logits / 2)).astype(np.float32)
    return scores
