"""Steady noise lowered by arithmetic: nothing is learned, every parameter is visible."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from earwitness.errors import InputError
from earwitness.sound import spectra
from earwitness.sound.kinds import (
    Done,
    Kind,
    Signal,
    Tools,
    each_channel,
    linear,
    number,
    stretch,
)
from earwitness.sound.recording import Recording
from earwitness.sound.spectra import TINY, Power, Spectra

FIRST_SECONDS = 0.1
"""What noise is taken to be before it is followed."""
PUBLISHED_HOP = 0.016
"""Seconds from frame to frame for which the constants of the tracker are published."""
SPEECH_SNR = 10**1.5
"""15 dB, that of speech where it is present; fixed, as published."""


@dataclass(frozen=True, slots=True)
class Reduce:
    noise_from: tuple[float, ...] = stretch(
        "a stretch of noise alone, in seconds; without one the noise is followed all along"
    )
    limit_db: float = number(12.0, 0.0, 60.0, "dB", "the most by which noise is lowered")
    strength: float = number(1.0, 0.5, 4.0, "", "the noise is taken for so many times as strong")
    smoothing: float = number(0.98, 0.5, 0.999, "", "weight of the frame before in the SNR")
    window_ms: float = number(32.0, 8.0, 128.0, "ms", "length of a frame")


@dataclass(slots=True)
class _Tracker:
    """The power of the noise, frame by frame, while somebody may be speaking.

    Gerkmann & Hendriks 2012, "Unbiased MMSE-based noise power estimation with low
    complexity and low tracking delay", equations 18 to 22 with their constants.
    """

    noise: Power
    hop_seconds: float
    presence: Power = field(init=False)

    def __post_init__(self) -> None:
        self.presence = np.full_like(self.noise, 0.5)

    def next(self, power: Power) -> Power:
        share = SPEECH_SNR / (1 + SPEECH_SNR)
        likely = np.exp(np.minimum(share * power / self.noise, 200.0)) / (1 + SPEECH_SNR)
        presence = likely / (1 + likely)
        slow, quick = (kept ** (self.hop_seconds / PUBLISHED_HOP) for kept in (0.9, 0.8))
        self.presence = slow * self.presence + (1 - slow) * presence
        stuck = self.presence > 0.99
        presence = np.where(stuck, np.minimum(presence, 0.99), presence)
        expected = presence * self.noise + (1 - presence) * power
        self.noise = np.maximum(quick * self.noise + (1 - quick) * expected, TINY)
        return self.noise


@dataclass(slots=True)
class _Wiener:
    """Frames in order -> their gains, from 0 to 1.

    The SNR is decision-directed (Ephraim & Malah 1984, equation 51), the gain that of
    Wiener (Scalart & Filho 1996).
    """

    settings: Reduce
    noise: Power
    tracker: _Tracker | None
    tools: Tools
    clean: Power | float = 0.0

    def transform(self, signals: Spectra, first: int) -> Spectra:
        self.tools.check()
        power = np.square(np.abs(signals[0]))
        return signals * np.stack([self._gain(frame) for frame in power])

    def _gain(self, power: Power) -> Power:
        if self.tracker is not None and power.any():
            self.noise = self.tracker.next(power)
        noise = np.maximum(self.settings.strength * self.noise, TINY)
        weight = self.settings.smoothing
        snr = weight * self.clean / noise + (1 - weight) * np.maximum(power / noise - 1, 0)
        gain: Power = np.maximum(snr / (1 + snr), linear(-self.settings.limit_db))
        self.clean = np.square(gain) * power
        return gain


def reduce_noise(recording: Recording, settings: Reduce, tools: Tools) -> Done:
    size = spectra.size_of(recording.rate, settings.window_ms)
    profile = recording.cut(*settings.noise_from) if settings.noise_from else None
    if profile is not None and len(profile.samples) < size:
        raise InputError(
            f"noise_from holds less than a frame of {settings.window_ms:g} ms of this recording of"
            f" {recording.seconds:.2f} s; name a longer stretch of it"
        )
    profiles = iter(profile.samples.T) if profile is not None else None

    def work(channel: Signal) -> Signal:
        known = None if profiles is None else next(profiles)
        return _reduced(channel, known, recording.rate, size, settings, tools)

    return Done(each_channel(recording, work, tools))


def _reduced(
    channel: Signal,
    profile: Signal | None,
    rate: int,
    size: int,
    settings: Reduce,
    tools: Tools,
) -> Signal:
    noise = _power(
        channel[: max(size, round(FIRST_SECONDS * rate))] if profile is None else profile, size
    )
    tracker = _Tracker(noise, size / spectra.OVERLAP / rate) if profile is None else None
    wiener = _Wiener(settings, noise, tracker, tools)
    reduced: Signal = spectra.through(channel[None], size, wiener.transform)[0]
    return reduced


def _power(samples: Signal, size: int) -> Power:
    """The mean over the frames."""
    found = spectra.spectra(np.pad(samples, (0, max(0, size - len(samples)))), size)
    mean: Power = np.square(np.abs(found)).mean(axis=0)
    return np.maximum(mean, TINY)


KINDS = (
    Kind(
        "reduce-noise",
        "Lowers steady noise, such as a fan, between and under the words.",
        "Wiener gain with decision-directed SNR: Ephraim & Malah 1984, Scalart & Filho 1996;"
        " noise followed as in Gerkmann & Hendriks 2012",
        Reduce,
        reduce_noise,
    ),
)
