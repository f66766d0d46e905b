"""What of a recording can be recognised in another one of the same event.

Two microphones hear one event at other levels, through other rooms, with other noise. What
they share is when which frequency rose above what was there before. So every cell of a
short-time spectrum gives up its level and keeps its phase (the phase transform, Knapp &
Carter 1976), weighted by how far it stands above two things, as in Wiener's filter: the
floor of its frequency, so that a steady hum or hiss, which two unrelated recordings may
share, weighs nothing; and what a room still holds of the sound before, so that the direct
sound weighs more than its echoes (the precedence effect, Wallach et al. 1949).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from earwitness.sound.recording import Recording

RATE = 16_000
"""At which recordings are compared, in Hz."""
BAND = (200.0, 7000.0)
"""In Hz. Measured: 300 to 3400 tells direct sound from echoes less often."""
FRAME, DENSE_FRAME = 256, 1024
LONG_FRAME = 8192
"""In it every harmonic of a hum is a line by itself."""
HUM_BINS, HUM_ABOVE, HUM_LEAKS = 32, 4.0, 2
"""A line is so many times above the median of so many frequencies to both sides; so many
of its neighbours have leaked from it."""
FLOOR_SECONDS = 30.0
"""Over so long a stretch a frequency's floor is taken."""
ABOVE_FLOOR = 2.0
"""A cell weighs nothing under so many times the mean power of its frequency's floor."""
DENSE_ABOVE_FLOOR = 1.0
"""The same in what an event is recognised by."""
ABOVE_ECHO = 4.0
"""Nor under so many times what echoes of the loudest before it may still have."""
ECHO_SECONDS = 0.4
"""Echoes are taken to fall by 60 dB in that time, as in a furnished room."""
CANCELLED = 0.1
"""Channels whose mean has less than this share of their power cancel each other."""
_EPS = 1e-12

Signal = NDArray[np.float32]
Power = NDArray[np.float64]
Spectra = NDArray[np.complex64]


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A recording at ``RATE``, mono, whitened twice; of equal length, zeros for silence.

    ``dense`` has everything over the floor, echoes too, in which an event is recognised
    most surely; ``sharp`` has its onsets, in which the direct sound is told from echoes.
    """

    dense: Signal
    sharp: Signal

    def __len__(self) -> int:
        return len(self.dense)


def whitened(recording: Recording) -> Heard:
    """Raises nothing: what is silent, or a sample long, is zeros."""
    samples = _at_rate(_mono(recording), recording.rate)
    steady = _reshaped(samples, LONG_FRAME, _without_hum)
    return Heard(
        _reshaped(steady, DENSE_FRAME, lambda spectra: _weighted(spectra, 0.0)),
        _reshaped(steady, FRAME, lambda spectra: _weighted(spectra, ABOVE_ECHO)),
    )


def _mono(recording: Recording) -> Signal:
    """The mean of the channels; the loudest one where they cancel each other."""
    mean = recording.mono()
    powers = [float(np.vdot(channel, channel)) for channel in recording.samples.T]
    if float(np.vdot(mean, mean)) >= CANCELLED * float(np.mean(powers)):
        return mean
    return np.ascontiguousarray(recording.samples[:, int(np.argmax(powers))])


def _at_rate(samples: Signal, rate: int) -> Signal:
    from scipy.signal import resample_poly  # takes a second to import

    shared = gcd(rate, RATE)
    resampled: Signal = resample_poly(samples, RATE // shared, rate // shared)
    return resampled.astype(np.float32, copy=False)


def _reshaped(samples: Signal, size: int, weigh: Callable[[Spectra], Spectra]) -> Signal:
    """Short-time spectra through ``weigh``, put together again (overlap and add)."""
    hop = size // 2
    padded = np.pad(samples, (hop, size + hop - samples.size % hop))
    window = np.sin(np.pi * (np.arange(size) + 0.5) / size).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    made = np.zeros_like(padded)
    block = max(1, round(FLOOR_SECONDS * RATE / hop))
    for first in range(0, len(frames), block):
        spectra = np.fft.rfft(frames[first : first + block] * window).astype(np.complex64)
        pieces = np.fft.irfft(weigh(spectra), size).astype(np.float32) * window
        for index, piece in enumerate(pieces, first):
            made[index * hop : index * hop + size] += piece
    return made[hop : hop + samples.size]


def _without_hum(spectra: Spectra) -> Spectra:
    """Without frequencies that stand out from their neighbours all along, and what they leak."""
    floor = np.median(np.square(np.abs(spectra)), axis=0) + _EPS
    around = np.pad(floor, HUM_BINS, mode="reflect")
    usual = np.median(np.lib.stride_tricks.sliding_window_view(around, 2 * HUM_BINS + 1), axis=1)
    lines = (floor > HUM_ABOVE * usual).astype(np.float32)
    wider = np.convolve(lines, np.ones(2 * HUM_LEAKS + 1, np.float32), mode="same")
    kept: Spectra = np.where(wider > 0, 0, spectra).astype(np.complex64)
    return kept


def _weighted(spectra: Spectra, above_echo: float) -> Spectra:
    """The floor is the median over time; of noise, the mean power is that over ln 2."""
    power = np.square(np.abs(spectra)).astype(np.float64) + _EPS
    floor = np.median(power, axis=0) / np.log(2)
    above_floor = ABOVE_FLOOR if above_echo else DENSE_ABOVE_FLOOR
    stands_out = np.maximum(0.0, 1 - above_floor * floor / power)
    rises = np.maximum(0.0, 1 - above_echo * _echoes(power) / power) if above_echo else 1.0
    weight = np.sqrt(stands_out * rises / power)
    hertz = np.fft.rfftfreq(2 * (spectra.shape[1] - 1), 1 / RATE)
    weight[:, (hertz < BAND[0]) | (hertz > BAND[1])] = 0
    weighted: Spectra = (spectra * weight).astype(np.complex64)
    return weighted


def _echoes(power: Power) -> Power:
    """Of every frame, the most that the frames before it may still echo with."""
    fall = 10 ** (-6 * (FRAME / 2) / RATE / ECHO_SECONDS)
    echoes = np.zeros_like(power)
    for now in range(1, len(power)):
        np.maximum(echoes[now - 1], power[now - 1], out=echoes[now])
        echoes[now] *= fall
    return echoes
