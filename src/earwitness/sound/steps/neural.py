"""What a model takes for voice: noise lowered, or the voice and what is behind it apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earwitness.sound import spectra
from earwitness.sound.kinds import (
    Done,
    Kind,
    Signal,
    Tools,
    choice,
    each_channel,
    linear,
    number,
)
from earwitness.sound.recording import Recording
from earwitness.sound.spectra import TINY, Spectra

ALL_OF_IT = 100.0
"""dB; the model lowers noise as far as it can."""


@dataclass(frozen=True, slots=True)
class Denoise:
    limit_db: float = number(12.0, 1.0, 100.0, "dB", "the most by which noise is lowered")


@dataclass(frozen=True, slots=True)
class Isolate:
    keep: str = choice("voice", ("voice", "background"), "which of the two is left")
    limit_db: float = number(30.0, 1.0, 100.0, "dB", "the most by which the other is lowered")
    sharpness: float = number(1.0, 0.5, 4.0, "", "power of the mask: above 1 it decides harder")
    window_ms: float = number(32.0, 8.0, 128.0, "ms", "length of a frame")


def denoise(recording: Recording, settings: Denoise, tools: Tools) -> Done:
    def work(channel: Signal) -> Signal:
        return _voice(channel, recording.rate, settings.limit_db, tools)

    notes = [f"by {tools.needed_denoiser().name}"]
    if recording.rate > (heard := tools.needed_denoiser().rate):
        notes.append(f"the model hears nothing above {heard // 2} Hz, and nothing is left there")
    return Done(each_channel(recording, work, tools), tuple(notes))


def isolate(recording: Recording, settings: Isolate, tools: Tools) -> Done:
    size = spectra.size_of(recording.rate, settings.window_ms)

    def work(channel: Signal) -> Signal:
        voice = _voice(channel, recording.rate, ALL_OF_IT, tools)
        three = np.stack([channel, voice, channel - voice])
        kept: Signal = spectra.through(three, size, masked)[0]
        return kept

    def masked(signals: Spectra, first: int) -> Spectra:
        """A share of what was recorded, as the model's voice to what it left out."""
        tools.check()
        voice, rest = (np.abs(each) ** (2 * settings.sharpness) for each in signals[1:])
        kept = voice if settings.keep == "voice" else rest
        share = kept / np.maximum(voice + rest, TINY)
        found: Spectra = signals[:1] * np.maximum(share, linear(-settings.limit_db))
        return found

    made = each_channel(recording, work, tools)
    return Done(made, (f"by {tools.needed_denoiser().name}",))


def _voice(channel: Signal, rate: int, limit_db: float, tools: Tools) -> Signal:
    """The model's output at the recording's own rate, as long as what it was given."""
    denoiser = tools.needed_denoiser()
    heard = tools.resample(channel, rate, denoiser.rate)
    made = tools.resample(denoiser.denoise(heard, limit_db), denoiser.rate, rate)
    return np.pad(made, (0, max(0, len(channel) - len(made))))[: len(channel)]


KINDS = (
    Kind(
        "denoise",
        "Lowers noise of any kind with a neural network; the voice may come out changed.",
        "DeepFilterNet: Schröter et al. 2023",
        Denoise,
        denoise,
        invents=True,
    ),
    Kind(
        "isolate",
        "Leaves the voice, or what is behind it, as a neural network tells them apart.",
        "ratio mask (Wang, Narayanan & Wang 2014) from DeepFilterNet's output and its residual",
        Isolate,
        isolate,
        invents=True,
    ),
)
