"""Where in a recording samples are not as a microphone leaves them.

Every function takes one channel ``[samples]`` and returns places in samples, in order.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Channel = NDArray[np.float32]
Places = NDArray[np.int64]

ORDER = 16
FRAME = 0.1
"""Seconds that share one prediction: many periods of a voice."""
NEAR = 0.002
"""Seconds around a jump that it disturbs itself."""
_AT_ONCE = 64
_HASH_BASE = np.uint64(0x9E3779B97F4A7C15)
_ONE_IN = np.uint64(16)
_WINDOWS = 1 << 20
"""Hashed at a time."""
LEAST_VALUES = 16
"""Different samples in a stretch before its return can be told from chance."""


# --- jumps ------------------------------------------------------------------


def jumps(samples: Channel, rate: int, least: float) -> Places:
    """Where one sample stands out ``least`` times from all others in 0.1 s around it.

    What is compared is what linear prediction of order 16 (Makhoul 1975) leaves. A voice
    leaves a pulse in every period and a bang leaves many: only a place that is alone counts.
    Digital silence is left out, and so are 50 ms at both ends.
    """
    size, near = round(FRAME * rate), max(1, round(NEAR * rate))
    if len(samples) < 2 * size:
        return np.zeros(0, np.int64)
    residual = _residual(samples.astype(np.float64), size)
    blocks = _block_maxima(residual, near)
    reach = size // near // 2
    around = _around(blocks, reach)
    found = []
    for block in np.flatnonzero((blocks[reach:-reach] >= least * around) & (around > 0)) + reach:
        start = int(block) * near
        found.append(start + int(residual[start : start + near].argmax()))
    return np.array(found, np.int64)


def _residual(samples: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Absolute errors of prediction; every frame is predicted from its own correlations."""
    padded = np.concatenate([np.zeros(ORDER), samples])
    found = np.zeros(len(samples))
    starts = np.arange(0, len(samples) - size + 1, size)
    for first in range(0, len(starts), _AT_ONCE):
        chosen = starts[first : first + _AT_ONCE]
        frames = sliding_window_view(padded, size + ORDER)[chosen]
        taps = _taps(frames[:, ORDER:])
        history = sliding_window_view(frames, ORDER + 1, axis=1)
        errors = np.einsum("fst,ft->fs", history, taps)
        found[chosen[0] : chosen[-1] + size] = np.abs(errors).ravel()
    return found


def _taps(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """The prediction error filter of each frame, the newest sample last."""
    count, size = frames.shape
    spectra = np.fft.rfft(frames * np.hanning(size), 2 * size, axis=1)
    correlation = np.fft.irfft(np.abs(spectra) ** 2, axis=1)[:, : ORDER + 1]
    correlation[:, 0] = correlation[:, 0] * (1 + 1e-9) + 1e-20
    lags = np.abs(np.subtract.outer(np.arange(ORDER), np.arange(ORDER)))
    solved = np.linalg.solve(correlation[:, lags], correlation[:, 1:, None])[..., 0]
    return np.concatenate([-solved[:, ::-1], np.ones((count, 1))], axis=1)


def _block_maxima(values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    whole = values[: len(values) // size * size].reshape(-1, size)
    found: NDArray[np.float64] = whole.max(axis=1)
    return found


def _around(blocks: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """The highest of the blocks at most ``reach`` away, but for itself and the ones beside it.

    For every block with so many on both sides, ``[blocks - 2 * reach]``.
    """
    windows = sliding_window_view(blocks, 2 * reach + 1)
    others = np.abs(np.arange(-reach, reach + 1)) > 1
    found: NDArray[np.float64] = windows[:, others].max(axis=1)
    return found


# --- stretches --------------------------------------------------------------


def held(samples: Channel, least: int) -> list[tuple[int, int]]:
    """Runs of ``least`` or more equal samples, [start, end); those at both ends do not count."""
    edges = np.flatnonzero(np.diff(samples)) + 1
    starts, ends = edges[:-1], edges[1:]
    long = ends - starts >= least
    return list(zip(starts[long].tolist(), ends[long].tolist(), strict=True))


def repeats(samples: Channel, length: int) -> list[tuple[int, int, int]]:
    """Stretches that return sample for sample: (first start, second start, length).

    ``length`` is the shortest that counts. Stretches of fewer than 16 different values are
    left out: near silence returns by chance. A rolling hash finds candidates (Karp & Rabin
    1987), one in 16 by the hash itself, so that both copies choose the same; each is then
    compared.
    """
    if len(samples) < 2 * length:
        return []
    places, hashes = _chosen(samples, length)
    order = np.argsort(hashes, kind="stable")
    same = hashes[order[:-1]] == hashes[order[1:]]
    ones, others = places[order[:-1][same]], places[order[1:][same]]
    pairs = sorted(zip(ones.tolist(), others.tolist(), strict=True))
    found: list[tuple[int, int, int]] = []
    for one, other in pairs:
        known = found and found[-1][1] - found[-1][0] == other - one
        if known and one < found[-1][0] + found[-1][2]:
            continue
        if len(np.unique(samples[one : one + length])) < LEAST_VALUES:
            continue
        if np.array_equal(samples[one : one + length], samples[other : other + length]):
            found.append(_grown(samples, one, other))
    return found


def _chosen(samples: Channel, length: int) -> tuple[Places, NDArray[np.uint64]]:
    """The windows that their own hash chooses, and their hashes; never all of them at once."""
    powers = np.cumprod(np.full(_WINDOWS + length, _HASH_BASE, np.uint64), dtype=np.uint64)
    places, hashes = [], []
    for first in range(0, len(samples) - length + 1, _WINDOWS):
        found = _hashes(samples[first : first + _WINDOWS + length - 1], length, powers)
        chosen = np.flatnonzero(found % _ONE_IN == 0)
        places.append(chosen + first)
        hashes.append(found[chosen])
    return np.concatenate(places), np.concatenate(hashes)


def _hashes(samples: Channel, length: int, powers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Of every window of ``length`` samples: a polynomial modulo 2^64, mixed.

    All are brought to the same power, so that a hash does not depend on its place.
    """
    values = samples.view(np.uint32).astype(np.uint64) + np.uint64(1)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(values * powers[: len(values)])])
    windows = sums[length:] - sums[:-length]
    aligned = windows * powers[::-1][: len(windows)]
    mixed: NDArray[np.uint64] = (aligned ^ (aligned >> np.uint64(32))) * _HASH_BASE
    return mixed >> np.uint64(8)


def _grown(samples: Channel, one: int, other: int) -> tuple[int, int, int]:
    """The whole stretch that is the same at both places."""
    before = _same(samples[:one][::-1], samples[:other][::-1])
    length = _same(samples[one:other], samples[other:]) if other > one else 0
    return one - before, other - before, before + length


def _same(one: Channel, other: Channel) -> int:
    """How many samples agree from the start on."""
    count = min(len(one), len(other))
    differ = np.flatnonzero(one[:count] != other[:count])
    return int(differ[0]) if differ.size else count
