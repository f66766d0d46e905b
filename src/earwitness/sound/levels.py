"""What is measured of a recording before and after it is worked on.

All levels are in dB of full scale, where 0 dBFS RMS is a square wave: a sine of full scale
has a peak of 0 and an RMS of -3.01. Silence has a level of minus infinity. What cannot be
measured is None, and ``limits`` says why.

Signal and noise are told apart by their levels alone: the noise floor is the 10th percentile
of the levels of 50 ms frames, and the signal is the mean power of the frames at least 3 dB
above it, less the noise. So a sound that never pauses counts as noise, and noise that comes
and goes counts as signal; frames of digital silence are left out. Speech in steady noise reads
4 dB too high at an SNR of 0 dB, 1 dB at 10 and 3 dB too low at 30: docs/research/integrity.md.
"""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earwitness.sound.recording import Channels, Recording
from earwitness.sound.spectrum import density

FRAME_SECONDS = 0.05
NOISE_PERCENTILE = 10
SIGNAL_ABOVE_DB = 3.0
LEAST_FRAMES = 20
"""Less than a second has too few frames for a percentile."""
LOUDNESS_SECONDS = 0.4
"""A block of BS.1770."""
LOUDNESS_CHANNELS = 5
"""BS.1770 weights five; which is which is not known of more."""
BANDWIDTH_DB = 60.0
BANDWIDTH_STEP = 100.0
"""Hz over which the spectrum is averaged before its bandwidth is read."""
CLIPPED_RUN = 3
"""Equal samples in a row at the peak: two may be chance."""
CLIPPED_FROM = 0.25
"""A recording whose peak is below this (-12 dBFS) may be clipped, but not by its own range."""
MOST_BITS = 24
AT_ONCE = 1 << 20
"""Samples that are held in double precision at a time."""
LOWEST_BAND, HIGHEST_BAND = -16, 13
"""Third octaves from 25 Hz to 20 kHz, counted from 1 kHz."""

SILENT = -np.inf


@dataclass(frozen=True, slots=True)
class Measured:
    """One channel, or all of them together.

    ``peak`` and ``rms`` are in dBFS, ``true_peak`` in dBTP, ``lufs`` the integrated
    loudness. ``noise_floor`` is in dBFS, ``snr`` in dB. ``dc_offset`` is a fraction of full
    scale, ``clipped`` a share of the samples. ``bandwidth`` is the highest frequency in Hz
    that is at most 60 dB under the strongest. ``effective_bits`` is the shortest word that
    holds every sample exactly; None where no word of up to 24 bits does, as after a lossy
    codec. ``third_octaves`` are pairs of midband in Hz and dBFS.
    """

    peak: float
    true_peak: float
    rms: float
    lufs: float | None
    noise_floor: float | None
    snr: float | None
    dc_offset: float
    clipped: float
    bandwidth: float | None
    effective_bits: int | None
    third_octaves: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Levels:
    """``overall`` takes the highest peaks and offset, the sum of loudness, the mean of powers."""

    seconds: float
    rate: int
    channels: tuple[Measured, ...]
    overall: Measured
    limits: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For a finding: minus infinity, which JSON does not have, becomes None."""
        written: dict[str, Any] = _finite(asdict(self))
        return written


def measure(recording: Recording) -> Levels:
    """The levels of each channel and of all together. Holds a copy of one channel."""
    samples, rate = recording.samples, recording.rate
    columns = [samples[:, [channel]] for channel in range(samples.shape[1])]
    overall = _measured(samples, rate)
    return Levels(
        seconds=recording.seconds,
        rate=rate,
        channels=tuple(_measured(column, rate) for column in columns),
        overall=overall,
        limits=tuple(_limits(recording, overall)),
    )


def _measured(samples: Channels, rate: int) -> Measured:
    floor, snr = noise_and_ratio(frame_powers(samples, rate))
    spectrum = _spectrum(samples, rate)
    return Measured(
        peak=_decibels(float(np.abs(samples).max(initial=0.0)) ** 2),
        true_peak=_decibels(true_peak(samples) ** 2),
        rms=_decibels(_mean_square(samples)),
        lufs=loudness(samples, rate),
        noise_floor=floor,
        snr=snr,
        dc_offset=_offset(samples),
        clipped=clipped_share(samples),
        bandwidth=_bandwidth(spectrum, rate),
        effective_bits=effective_bits(samples),
        third_octaves=_third_octaves(spectrum, rate),
    )


def _limits(recording: Recording, overall: Measured) -> list[str]:
    length, channels = recording.samples.shape
    rules = (
        (length == 0, "There are no samples, so nothing is measured."),
        (length > 0 and overall.rms == SILENT, "It is silent throughout: no level but silence."),
        (
            overall.rms != SILENT and overall.snr is None,
            "No signal stands out from a floor, for it is short or steady: no SNR.",
        ),
        (0 < recording.seconds < LOUDNESS_SECONDS, "Shorter than a block of BS.1770: no LUFS."),
        (channels > LOUDNESS_CHANNELS, "More than five channels: no LUFS for all together."),
        (
            overall.snr is not None,
            "The SNR is an estimate from the levels of 50 ms frames: what never pauses counts as "
            "noise, and near 0 dB it reads some 4 dB too high.",
        ),
    )
    return [words for applies, words in rules if applies]


# --- levels -----------------------------------------------------------------


def true_peak(samples: Channels) -> float:
    """The highest absolute value between the samples too, a fraction of full scale.

    Four times oversampled as in ITU-R BS.1770-4, annex 2, with 48 taps of a Hann-windowed
    sinc; such a measurement reads at most 0.7 dB too low.
    """
    highest = float(np.abs(samples).max(initial=0.0))
    if not highest:
        return 0.0
    for channel in samples.T:
        for phase in (0.25, 0.5, 0.75):
            highest = max(highest, float(np.abs(np.convolve(channel, _between(phase))).max()))
    return highest


def _between(phase: float, half: int = 24) -> NDArray[np.float32]:
    """Taps that read a signal ``phase`` of a sample behind one of its samples."""
    at = np.arange(-half, half) + phase
    taps = np.sinc(at) * np.cos(np.pi * at / (2 * half)) ** 2
    even: NDArray[np.float32] = (taps / taps.sum()).astype(np.float32)
    return even


def loudness(samples: Channels, rate: int) -> float | None:
    """Integrated loudness of ITU-R BS.1770-4 in LUFS; None where the standard gives none."""
    from pyloudnorm import Meter  # takes a second, and few processes need it

    if len(samples) < LOUDNESS_SECONDS * rate or samples.shape[1] > LOUDNESS_CHANNELS:
        return None
    with warnings.catch_warnings(), np.errstate(divide="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # of recordings under its gate
        return float(Meter(rate).integrated_loudness(samples.astype(np.float64)))


def frame_powers(
    samples: Channels, rate: int, seconds: float = FRAME_SECONDS
) -> NDArray[np.float64]:
    """The mean square of every whole frame over all channels, ``[frames]``."""
    size = max(1, round(seconds * rate))
    whole = samples[: len(samples) // size * size].reshape(-1, size * samples.shape[1])
    sums: NDArray[np.float64] = np.einsum("ij,ij->i", whole, whole, dtype=np.float64)
    return sums / whole.shape[1]


def noise_and_ratio(powers: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """The noise floor in dBFS and the SNR in dB; see the module for the method."""
    heard = powers[powers > 0]
    if len(heard) < LEAST_FRAMES:
        return None, None
    noise = float(np.percentile(heard, NOISE_PERCENTILE))
    signal = heard[heard > noise * 10 ** (SIGNAL_ABOVE_DB / 10)]
    if not signal.size:
        return _decibels(noise), None
    return _decibels(noise), _decibels(float(signal.mean()) / noise - 1)


def clipped_share(samples: Channels) -> float:
    """The share of samples in runs of three or more at the channel's own highest or lowest."""
    if not samples.size:
        return 0.0
    return float(np.mean([clipped(channel).mean() for channel in samples.T]))


def clipped(channel: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which samples of one channel stand in such a run, ``[samples]``."""
    if not np.abs(channel).max(initial=0.0) >= CLIPPED_FROM:
        return np.zeros(len(channel), np.bool_)
    return _runs(channel == channel.max()) | _runs(channel == channel.min())


def _runs(marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of the marked samples those with two marked ones beside them in a row."""
    window = np.ones(CLIPPED_RUN, np.int32)
    full = np.convolve(marked, window)[CLIPPED_RUN - 1 :] == CLIPPED_RUN
    return np.convolve(full, window)[: len(marked)] > 0


def effective_bits(samples: Channels) -> int | None:
    """The shortest word, sign included, that holds every sample exactly; 1 for silence."""
    used = 0
    for first in range(0, len(samples), AT_ONCE):
        scaled = samples[first : first + AT_ONCE].astype(np.float64) * 2.0 ** (MOST_BITS - 1)
        whole = scaled.astype(np.int64)
        if not np.array_equal(whole, scaled):
            return None
        used |= int(np.bitwise_or.reduce(whole, axis=None))
    unused = (used & -used).bit_length() - 1 if used else MOST_BITS - 1
    return MOST_BITS - min(unused, MOST_BITS - 1)


def _offset(samples: Channels) -> float:
    if not samples.size:
        return 0.0
    means = samples.mean(axis=0, dtype=np.float64)
    return float(means[np.abs(means).argmax()])


def _mean_square(samples: Channels) -> float:
    total = float(np.einsum("ij,ij->", samples, samples, dtype=np.float64))
    return total / max(1, samples.size)


def _decibels(power: float) -> float:
    return float(10 * np.log10(power)) if power > 0 else SILENT


# --- spectrum ---------------------------------------------------------------


def _spectrum(samples: Channels, rate: int) -> NDArray[np.float64]:
    """Mean square in each Hz, averaged over the channels; four values a Hz."""
    window = 1 << (rate // 2).bit_length()
    found = np.stack([density(channel, rate, window) for channel in samples.T])
    mean: NDArray[np.float64] = found.mean(axis=0)
    return mean


def _third_octaves(spectrum: NDArray[np.float64], rate: int) -> tuple[tuple[float, float], ...]:
    """Midbands of IEC 61260-1, base ten, as far as the whole band is below half the rate.

    The sum of a spectrum's bins, not the output of the standard's filters.
    """
    step = rate / 2 / (len(spectrum) - 1)
    hertz = np.arange(len(spectrum)) * step
    found = []
    for band in range(LOWEST_BAND, HIGHEST_BAND + 1):
        middle, edge = 1000 * 10 ** (band / 10), 10 ** (1 / 20)
        inside = (hertz >= middle / edge) & (hertz < middle * edge)
        if middle * edge <= rate / 2 and inside.any():
            found.append((round(middle, 1), _decibels(float(spectrum[inside].sum()) * step)))
    return tuple(found)


def _bandwidth(spectrum: NDArray[np.float64], rate: int) -> float | None:
    step = rate / 2 / (len(spectrum) - 1)
    size = max(1, round(BANDWIDTH_STEP / step))
    smooth = spectrum[: len(spectrum) // size * size].reshape(-1, size).mean(axis=1)
    if not smooth.max(initial=0.0) > 0:
        return None
    within = np.flatnonzero(smooth >= smooth.max() * 10 ** (-BANDWIDTH_DB / 10))
    return min(rate / 2, float(within[-1] + 1) * size * step)


def _finite(value: Any) -> Any:
    """The same value as JSON has it."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
