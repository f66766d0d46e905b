"""A recording as a picture: time from left to right, frequency upwards, level as colour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earwitness.errors import InputError, TooLarge
from earwitness.sound.png import Palette, heat, png
from earwitness.sound.recording import Recording
from earwitness.sound.spectrum import frame_powers

WINDOWS = {"time": 0.008, "speech": 0.032, "frequency": 0.128}
"""Seconds of a window: short ones show when, long ones which frequency."""
SHORTEST = 4
"""Windows of so many samples at least; a picture of less says nothing."""
MOST_VALUES = 50_000_000
FLOOR_DB = -100.0

Decibels = NDArray[np.float32]
"""``[frames, frequencies]``, dBFS: a sine of full scale is 0."""


def fitting(recording: Recording, window_seconds: float = WINDOWS["speech"]) -> float:
    """The window, or a shorter one for a recording that is hardly longer than it."""
    return min(window_seconds, max(recording.seconds / SHORTEST, SHORTEST / recording.rate))


def spectrogram(
    recording: Recording,
    window_seconds: float = WINDOWS["speech"],
    hop: float | None = None,
    floor_db: float = FLOOR_DB,
    stretch: tuple[float, float] | None = None,
    band: tuple[float, float] | None = None,
) -> Decibels:
    """The levels of the mean of the channels, none below ``floor_db``.

    ``hop`` is in seconds, a quarter of a window if not given. ``stretch`` is in seconds and
    ``band`` in Hz. Frame ``i`` is centred ``window_seconds / 2 + i * hop`` behind the
    start of the stretch; the first frequency is the lowest in the band. Raises InputError
    for settings without a picture, TooLarge where it would not fit into memory.
    """
    heard = recording.cut(*stretch) if stretch else recording
    window, step = _sizes(recording.rate, window_seconds, hop)
    hertz = np.fft.rfftfreq(window, 1 / recording.rate)
    low, high = band or (0.0, recording.rate / 2)
    kept = (hertz >= low) & (hertz <= high)
    if not kept.any():
        raise InputError(f"No frequency of this recording lies in {low:g} to {high:g} Hz.")
    if len(heard.samples) // step * kept.sum() > MOST_VALUES:
        raise TooLarge("This picture would be too large; take a shorter stretch or a longer hop.")
    blocks = frame_powers(heard.mono(), window, step)
    levels = [_levels(block[:, kept], floor_db) for block in blocks]
    return np.concatenate([np.zeros((0, int(kept.sum())), np.float32), *levels])


def centred(recording: Recording, window_seconds: float = WINDOWS["speech"]) -> Decibels:
    """All of a recording with its first frame centred at 0 s and its last one at the end.

    So the columns of its picture lie where they sound, whatever the window. Beyond both ends
    is silence. Raises as ``spectrogram``.
    """
    half = round(window_seconds * recording.rate) // 2
    padded = np.pad(recording.samples, ((half, half), (0, 0)))
    return spectrogram(recording.with_samples(padded), window_seconds)


def picture(
    decibels: Decibels,
    floor_db: float = FLOOR_DB,
    ceiling_db: float = 0.0,
    most: tuple[int, int] = (1600, 512),
    palette: Palette | None = None,
) -> bytes:
    """PNG, at most ``most`` = (wide, high) pixels, low frequencies at the bottom; no axes.

    Where several values share a pixel it shows the highest, so that a click is not lost.
    """
    if not decibels.size:
        raise InputError("The stretch is shorter than a window, so it has no picture.")
    if ceiling_db <= floor_db:
        raise InputError("The ceiling of a picture has to be above its floor.")
    wide, high = most
    reduced = _highest(_highest(decibels, wide).T, high)
    shares = np.clip((reduced - floor_db) / (ceiling_db - floor_db), 0.0, 1.0)
    pixels = np.round(255 * shares).astype(np.uint8)[::-1]
    return png(pixels, heat() if palette is None else palette)


def _sizes(rate: int, window_seconds: float, hop: float | None) -> tuple[int, int]:
    window = round(window_seconds * rate)
    step = round((window_seconds / 4 if hop is None else hop) * rate)
    if window < 2 or step < 1:
        raise InputError("A window needs two samples at least, and a hop one; take longer ones.")
    return window, step


def _levels(powers: NDArray[np.float64], floor_db: float) -> Decibels:
    """A sine of full scale has a mean square of one half, and reads 0."""
    levels = 10 * np.log10(np.maximum(2 * powers, 10 ** (floor_db / 10)))
    return levels.astype(np.float32)


def _highest(values: Decibels, most: int) -> Decibels:
    """At most ``most`` rows, each the highest of its neighbours."""
    starts = np.unique(np.linspace(0, len(values), min(most, len(values)), False).astype(int))
    return np.maximum.reduceat(values, starts, axis=0)
