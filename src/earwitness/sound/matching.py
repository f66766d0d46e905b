"""As loud as it was: what is louder is taken for clearer.

Loudness is that of ITU-R BS.1770-4, in LUFS, with the K filters of pyloudnorm at the
recording's own rate. Every channel counts alike: a recorder's channels are microphones,
not the places of a surround mix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earwitness.sound.kinds import linear
from earwitness.sound.recording import Recording

BLOCK_SECONDS, HOPS = 0.4, 4
"""A gating block, and how many steps it has (BS.1770-4, annex 1: an overlap of 75 %)."""
ABSOLUTE_GATE, RELATIVE_GATE = -70.0, -10.0
CLOSE = 0.01
"""LU; the gates may shift a little when a recording is raised, so it is measured again."""
FULL_SCALE = 1 - 2.0**-23
"""The highest sample that 24 bits hold."""


@dataclass(frozen=True, slots=True)
class Matched:
    """See ``chain.Treated``."""

    recording: Recording
    matched_db: float
    softer_db: float
    notes: tuple[str, ...] = ()


def loudness(recording: Recording) -> float:
    """Integrated loudness in LUFS; minus infinity for what lies under the gate.

    What is shorter than a block of 0.4 s is measured as if it went on.
    """
    blocks = _blocks(recording)
    loud = blocks[_lufs(blocks) > ABSOLUTE_GATE]
    if not loud.size:
        return -np.inf
    relative = float(_lufs(loud.mean())) + RELATIVE_GATE
    return float(_lufs(loud[_lufs(loud) > relative].mean()))


def matched(before: Recording, after: Recording) -> Matched:
    """``after`` as loud as ``before``, and no sample above full scale."""
    if after is before or np.array_equal(after.samples, before.samples):
        return _under_full_scale(after, 0.0)
    lift = _lift(before, after)
    wanted, is_now = loudness(_raised(before, lift)), loudness(_raised(after, lift))
    if not np.isfinite(wanted - is_now):
        note = "Too quiet or too short to measure its loudness: it was not matched."
        return _under_full_scale(after, 0.0, (note,))
    matched_db = wanted - is_now
    for _ in range(4):
        off = wanted - loudness(_raised(after, lift + matched_db))
        if not CLOSE < abs(off) < np.inf:
            break
        matched_db += off
    return _under_full_scale(_raised(after, matched_db), matched_db)


def _under_full_scale(
    recording: Recording, matched_db: float, notes: tuple[str, ...] = ()
) -> Matched:
    peak = float(np.abs(recording.samples).max())
    if peak <= 1.0:
        return Matched(recording, matched_db, 0.0, notes)
    softer = 20 * float(np.log10(FULL_SCALE / peak))
    note = f"It would clip: lower the original by {-softer:.2f} dB too before comparing."
    return Matched(_raised(recording, softer), matched_db, softer, (*notes, note))


def _lift(before: Recording, after: Recording) -> float:
    """0, or for what lies under the gate the gain in dB that brings it to full scale."""
    if np.isfinite(loudness(before)) and np.isfinite(loudness(after)):
        return 0.0
    peak = float(np.abs(before.samples).max())
    return -20 * float(np.log10(peak)) if peak > 0 else 0.0


def _raised(recording: Recording, db: float) -> Recording:
    return recording.with_samples(recording.samples * np.float32(linear(db))) if db else recording


def _blocks(recording: Recording) -> NDArray[np.float64]:
    """The K-weighted power of every gating block, summed over the channels."""
    hop = max(1, round(BLOCK_SECONDS * recording.rate / HOPS))
    times = -(-HOPS * hop // len(recording.samples))
    hops = sum(
        _powers(np.tile(channel, times), recording.rate, hop) for channel in recording.samples.T
    )
    sums = np.cumsum(np.concatenate([[0.0], np.asarray(hops)]))
    blocks: NDArray[np.float64] = (sums[HOPS:] - sums[:-HOPS]) / (HOPS * hop)
    return np.maximum(blocks, 0.0)


def _powers(channel: NDArray[np.float32], rate: int, hop: int) -> NDArray[np.float64]:
    """K-weighted energy of each whole hop."""
    weighted = channel.astype(np.float64)
    for k_filter in _k_filters(rate):
        weighted = k_filter.apply_filter(weighted)
    whole = len(weighted) // hop * hop
    energies: NDArray[np.float64] = np.square(weighted[:whole]).reshape(-1, hop).sum(axis=1)
    return energies


def _k_filters(rate: int) -> tuple[Any, Any]:
    from pyloudnorm import IIRfilter  # takes a second, and few processes need it

    shelf = IIRfilter(4.0, 1 / np.sqrt(2), 1500.0, rate, "high_shelf")
    return shelf, IIRfilter(0.0, 0.5, 38.0, rate, "high_pass")


def _lufs(power: Any) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        level: NDArray[np.float64] = -0.691 + 10 * np.log10(power)
    return level
