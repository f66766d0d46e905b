"""Several recordings on one clock become one, or the sources that they hold.

Takes what ``clock.on_one_clock`` gives: recordings of equal rate and length. Of each one
its mono mix is a channel. Nothing here draws a random number without a seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from earwitness.errors import InputError
from earwitness.sound.recording import Recording
from earwitness.sound.several.align import Aligned
from earwitness.sound.several.correlated import refined
from earwitness.sound.several.sinc import sampled
from earwitness.sound.several.whitened import RATE, whitened

FRAME = 1024
FINEST_MS = 25.0
"""Delays between channels are looked for so far to both sides."""
LOADING = 1e-3
"""Of the noise's power, added to its covariance so that it can be inverted."""
COMPONENTS = 8
"""Spectral patterns a source in FastMNMF2."""

Spectra = NDArray[np.complex128]
Delays = tuple[float, ...]


def time_differences(aligned: Sequence[Aligned | None], moment: float) -> NDArray[np.float64]:
    """How much later each vantage point has what another one hears, in ms, ``[n, n]``.

    Row ``i``, column ``j``: by the reference's clock the time at ``j`` less the time at
    ``i``; None is the reference. It is a difference of distances only as far as the
    recordings started at one known moment; without that it holds their starts, too.
    """
    times = np.array([moment if each is None else each.in_other(moment) for each in aligned])
    differences: NDArray[np.float64] = (times[None, :] - times[:, None]) * 1e3
    return differences


def fine_delays(recordings: Sequence[Recording]) -> Delays:
    """How much later than the first one each has the sound, in seconds (GCC-PHAT)."""
    _alike(recordings)
    heard = [whitened(each).sharp for each in recordings]
    size = 2 * len(heard[0])
    first = np.fft.rfft(heard[0], size).conj()
    return tuple(_delay(np.fft.irfft(first * np.fft.rfft(each, size), size)) for each in heard)


def _delay(circular: NDArray[np.float64]) -> float:
    reach = min(round(FINEST_MS * RATE / 1000), len(circular) // 4)
    curve = np.concatenate([circular[-reach:], circular[: reach + 1]])
    return (refined(curve, int(np.argmax(curve))) - reach) / RATE if curve.any() else 0.0


def delay_and_sum(recordings: Sequence[Recording]) -> Recording:
    """The mean of the channels, each moved by its own delay; mono, as long as the first.

    What is equal in all stays as it is; independent noise falls by 10 log10(n) dB
    (Van Trees, Optimum Array Processing, 2002, 2.6).
    """
    moved = _steered(recordings)
    return Recording(moved.mean(axis=1, keepdims=True, dtype=np.float32), recordings[0].rate)


def _steered(recordings: Sequence[Recording]) -> NDArray[np.float32]:
    """``[samples, recordings]``, without the delays between them."""
    _alike(recordings)
    rate, count = recordings[0].rate, len(recordings[0].samples)
    moved = [
        sampled(each.mono()[:, None], delay * rate, 1.0, count)
        for each, delay in zip(recordings, fine_delays(recordings), strict=True)
    ]
    return np.concatenate(moved, axis=1)


def mvdr(recordings: Sequence[Recording], noise: tuple[float, float]) -> Recording:
    """The beam with the least noise that leaves the steered sound as it is (Capon 1969).

    ``noise`` is a stretch, in seconds, without the sound that is wanted: the covariance of
    the noise is taken there, frequency by frequency. Raises InputError where it is too
    short for the channels.
    """
    moved = _steered(recordings)
    spectra = _analysed(moved)
    hop = FRAME // 2
    first, last = (round(moment * recordings[0].rate / hop) for moment in noise)
    stretch = spectra[max(0, first) : last]
    if len(stretch) < 2 * moved.shape[1]:
        raise InputError(
            f"{moved.shape[1]} channels take {2 * moved.shape[1]} frames of noise, and the"
            f" stretch has {len(stretch)}; name a longer one without the sound you want."
        )
    weights = _weights(stretch)
    beam = np.einsum("fc,tfc->tf", weights.conj(), spectra)
    return Recording(_together(beam[:, :, None], len(moved)), recordings[0].rate)


def _weights(noise: Spectra) -> Spectra:
    """``[frequencies, channels]``; the steering vector is of ones, as delays are taken out."""
    covariance = np.einsum("tfc,tfd->fcd", noise, noise.conj()) / len(noise)
    channels = covariance.shape[1]
    power = np.trace(covariance, axis1=1, axis2=2).real / channels
    loaded = covariance + (LOADING * power + 1e-12)[:, None, None] * np.eye(channels)
    solved = np.linalg.solve(loaded, np.ones((len(loaded), channels, 1)))[:, :, 0]
    weights: Spectra = solved / solved.sum(axis=1, keepdims=True)
    return weights


def separated(
    recordings: Sequence[Recording], sources: int, *, seed: int = 0, rounds: int = 30
) -> tuple[Recording, ...]:
    """As many mono recordings as sources: FastMNMF2 (Sekiguchi et al. 2020).

    A source is as the first recording has it, and their order means nothing. The package
    draws its first values from numpy's global generator: it is seeded here and put back as
    it was, so no other thread may draw from it meanwhile. Raises InputError for fewer
    channels than sources, or less than two sources.
    """
    from pyroomacoustics.bss import fastmnmf2  # takes seconds to import

    _alike(recordings)
    if not 2 <= sources <= len(recordings):
        raise InputError(
            f"{len(recordings)} recordings can be separated into 2 to {len(recordings)} sources,"
            f" not {sources}; ask for fewer or give more recordings."
        )
    channels = np.stack([each.mono() for each in recordings], axis=1)
    scale = max(float(np.abs(channels).max()), 1e-9)
    with _seeded(seed):
        found = fastmnmf2(
            _analysed(channels / scale) + 1e-9,
            n_src=sources,
            n_iter=rounds,
            n_components=COMPONENTS,
        )
    made = _together(found * scale, len(channels))
    return tuple(Recording(made[:, n : n + 1], recordings[0].rate) for n in range(sources))


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)


def _alike(recordings: Sequence[Recording]) -> None:
    if len(recordings) < 2:
        raise InputError("It takes at least two recordings on one clock to combine them.")
    if len({(each.rate, len(each.samples)) for each in recordings}) > 1:
        raise InputError(
            "The recordings differ in rate or length; bring them onto one clock first."
        )


def _analysed(channels: NDArray[np.float32]) -> Spectra:
    """``[samples, channels]`` -> ``[frames, frequencies, channels]``, half overlapping."""
    hop = FRAME // 2
    padded = np.pad(channels, ((hop, FRAME + hop - len(channels) % hop), (0, 0)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME, axis=0)[::hop]
    spectra: Spectra = np.fft.rfft(frames * _window(), axis=2).transpose(0, 2, 1)
    return spectra


def _together(spectra: Spectra, length: int) -> NDArray[np.float32]:
    """The inverse of ``_analysed``, cut to a length."""
    hop = FRAME // 2
    pieces = np.fft.irfft(spectra, FRAME, axis=1) * _window()[:, None]
    made = np.zeros((hop * (len(pieces) + 1), pieces.shape[2]))
    for index, piece in enumerate(pieces):
        made[index * hop : index * hop + FRAME] += piece
    return made[hop : hop + length].astype(np.float32)


def _window() -> NDArray[np.float64]:
    """Its square and the next one's add up to one."""
    return np.sin(np.pi * (np.arange(FRAME) + 0.5) / FRAME)
