"""A recording as it was made: its own rate, its own channels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from earwitness.errors import InputError

Channels = NDArray[np.float32]
"""float32, nominally in -1 to 1, shape ``[samples, channels]``."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """``samples`` at ``rate`` Hz. Raises InputError for another shape, or a rate of no sound."""

    samples: Channels
    rate: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.samples.shape[1] < 1:
            raise InputError(f"A recording is [samples, channels], not {self.samples.shape}.")
        if self.rate < 1:
            raise InputError(f"A recording has a rate in Hz, not {self.rate}.")

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    def mono(self) -> NDArray[np.float32]:
        """The mean of the channels, shape ``[samples]``."""
        mixed: NDArray[np.float32] = self.samples.mean(axis=1, dtype=np.float32)
        return mixed

    def cut(self, start: float, end: float) -> Recording:
        """The stretch between two moments, in seconds, as far as it is there."""
        first, last = (max(0, round(moment * self.rate)) for moment in (start, end))
        return replace(self, samples=self.samples[first:last])

    def with_samples(self, samples: Channels) -> Recording:
        return replace(self, samples=samples.astype(np.float32, copy=False))
