"""The late part of a room's answer, predicted from what came before and taken away."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from earwitness.errors import EngineError, InputError
from earwitness.sound import spectra
from earwitness.sound.kinds import INSTALL, Done, Kind, Tools, number, whole
from earwitness.sound.recording import Recording
from earwitness.sound.spectra import Spectra

PIECE_SECONDS = 20.0
"""The room is learned anew from every piece of about this length."""
SHORTEST = 2.0
"""Seconds from which a room can be learned at all."""
MOST_CHANNELS = 8
"""Channels that are heard together; more would need more time than anybody has."""


@dataclass(frozen=True, slots=True)
class Dereverb:
    taps: int = whole(20, 1, 60, "frames", "how far back a frame is predicted from")
    delay: int = whole(3, 1, 10, "frames", "how much just before it is left alone: the early part")
    iterations: int = whole(3, 1, 10, "", "how often speech and room are estimated in turn")
    window_ms: float = number(
        32.0, 8.0, 128.0, "ms", "length of a frame; they follow every quarter"
    )


@dataclass(slots=True)
class _Prediction:
    """Pieces in order; each is given the frames before it as its past."""

    settings: Dereverb
    wpe: Any
    tools: Tools
    past: Spectra = field(default_factory=lambda: np.zeros((0, 0, 0), np.complex128))

    def transform(self, signals: Spectra, first: int) -> Spectra:
        self.tools.check()
        before = self.past if self.past.size else signals[:, :0]
        seen = np.concatenate([before, signals], axis=1)
        self.past = seen[:, -(self.settings.taps + self.settings.delay) :]
        if not seen.any():
            return signals
        dry = self.wpe(
            seen.transpose(2, 0, 1),
            taps=self.settings.taps,
            delay=self.settings.delay,
            iterations=self.settings.iterations,
        )
        kept: Spectra = dry.transpose(1, 2, 0)[:, before.shape[1] :]
        return kept


def dereverb(recording: Recording, settings: Dereverb, tools: Tools) -> Done:
    channels = recording.samples.shape[1]
    if recording.seconds < SHORTEST:
        raise InputError(f"a room cannot be learned from less than {SHORTEST:g} s")
    if channels > MOST_CHANNELS:
        raise InputError(f"at most {MOST_CHANNELS} channels are heard together, not {channels}")
    size = spectra.size_of(recording.rate, settings.window_ms)
    most = round(PIECE_SECONDS * recording.rate * spectra.OVERLAP / size)
    prediction = _Prediction(settings, _installed(), tools)
    signals = np.ascontiguousarray(recording.samples.T)
    made = spectra.through(signals, size, prediction.transform, most)
    return Done(recording.with_samples(np.ascontiguousarray(made.T)))


def _installed() -> Any:
    try:
        from nara_wpe.wpe import wpe
    except ImportError as error:
        raise EngineError(
            f"The step dereverb is not installed: {INSTALL}; or leave it out."
        ) from error
    return wpe


KINDS = (
    Kind(
        "dereverb",
        "Takes away late reverberation, so that words are less smeared; all channels together.",
        "weighted prediction error: Nakatani et al. 2010, as in nara_wpe (Drude et al. 2018)",
        Dereverb,
        dereverb,
    ),
)
