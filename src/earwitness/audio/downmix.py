"""Several channels to one: their mean, unless that would cancel what is in them.

Two channels of which one is wired the wrong way round are each other's negative, and
their mean is silence. Channels that have nothing to do with each other have a mean of
the energy (sum over channels of their energies) / channels²; one with far less of it
cancels them, and the loudest of them is heard instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

CANCELLED = 0.01
"""The share of that energy, -20 dB, under which the channels cancel each other."""
HALF_LIFE = 0.5
"""Seconds after which sound counts half: no moment switches, and no beginning decides for good."""


class Downmix:
    """One recording's way from several channels to one, block by block."""

    def __init__(self) -> None:
        self._mean_energy = 0.0
        self._energies: NDArray[np.float64] = np.zeros(1)
        self._loudest: int | None = None

    def mono(self, samples: NDArray[Any], rate: int) -> NDArray[np.float32]:
        """``[samples, channels]``, the next of them, -> ``[samples]``."""
        mean = np.asarray(samples.mean(axis=1), np.float32)
        if samples.shape[1] == 1:
            return mean
        self._weigh(samples, mean, rate)
        if not self._cancel():
            self._loudest = None
            return mean
        if self._loudest is None:
            self._loudest = int(self._energies.argmax())
        return np.asarray(samples[:, self._loudest], np.float32)

    def _weigh(self, samples: NDArray[Any], mean: NDArray[np.float32], rate: int) -> None:
        channels = samples.shape[1]
        if len(self._energies) != channels:
            self._mean_energy, self._energies = 0.0, np.zeros(channels)
            self._loudest = None
        kept = 0.5 ** (len(samples) / rate / HALF_LIFE)
        self._mean_energy = kept * self._mean_energy + float(np.vdot(mean, mean))
        self._energies = kept * self._energies + np.einsum("sc,sc->c", samples, samples)

    def _cancel(self) -> bool:
        unrelated = float(self._energies.sum()) / len(self._energies) ** 2
        return self._mean_energy < CANCELLED * unrelated
