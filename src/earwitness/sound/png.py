"""Pictures as PNG: 8 bits a pixel, with a palette (ISO/IEC 15948)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earwitness.errors import InputError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_PIXELS = 16_000_000

Palette = NDArray[np.uint8]
"""Red, green and blue of 256 indices, ``[256, 3]``."""


def png(pixels: NDArray[np.uint8], palette: Palette) -> bytes:
    """``[rows, columns]`` of indices, the top row first. Raises InputError for none or too many."""
    rows, columns = pixels.shape
    if not 0 < pixels.size <= MOST_PIXELS:
        raise InputError(
            f"A picture of {columns} x {rows} pixels cannot be made; "
            f"ask for one of 1 to {MOST_PIXELS} pixels."
        )
    unfiltered = np.pad(pixels, ((0, 0), (1, 0)))  # every row begins with its filter: 0, none
    return SIGNATURE + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">2I5B", columns, rows, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", palette.astype(np.uint8).tobytes()),
            _chunk(b"IDAT", zlib.compress(unfiltered.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """What a picture by ``png`` is made of; ``data`` is its compressed rows."""

    columns: int
    rows: int
    palette: bytes
    data: bytes


def parts(content: bytes) -> Parts:
    """Of a picture that ``png`` made. Raises InputError for any other."""
    found = dict(_chunks(content))
    if not content.startswith(SIGNATURE) or found.keys() != {b"IHDR", b"PLTE", b"IDAT", b"IEND"}:
        raise InputError("This is not a picture that was made here; make it again.")
    columns, rows, *form = struct.unpack(">2I5B", found[b"IHDR"])
    if form != [8, 3, 0, 0, 0]:
        raise InputError("This is a picture of another form; make it again.")
    return Parts(columns, rows, found[b"PLTE"], found[b"IDAT"])


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        yield content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(name: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + check


def grey() -> Palette:
    """Black to white."""
    return np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)


def heat() -> Palette:
    """Night blue over magenta and orange to a pale yellow, each step as far as the last.

    Lightness rises evenly in OKLab (Ottosson 2020, A perceptual color space for image
    processing), so that it reads the same in grey; hue and chroma pass through ``_HEAT``.
    """
    at = np.linspace(0.0, 1.0, 256)
    lightness, chroma, hue = (np.interp(at, _HEAT[:, 0], column) for column in _HEAT.T[1:])
    lab = np.stack(
        [lightness, chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue))], axis=1
    )
    linear = (lab @ _LAB_TO_CONES) ** 3 @ _CONES_TO_RGB
    clipped = np.clip(linear, 0.0, 1.0)
    encoded = np.where(
        clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** (1 / 2.4) - 0.055
    )  # the transfer of IEC 61966-2-1
    colours: Palette = np.round(255 * encoded).astype(np.uint8)
    return colours


_HEAT = np.array(
    [
        # share, lightness, chroma, hue in degrees
        [0.00, 0.15, 0.02, 270],
        [0.25, 0.355, 0.13, 295],
        [0.50, 0.56, 0.17, 360],
        [0.75, 0.765, 0.15, 410],
        [1.00, 0.97, 0.06, 465],
    ]
)
_LAB_TO_CONES = np.array(
    [
        [1.0, 1.0, 1.0],
        [0.3963377774, -0.1055613458, -0.0894841775],
        [0.2158037573, -0.0638541728, -1.2914855480],
    ]
)
_CONES_TO_RGB = np.array(
    [
        [4.0767416621, -1.2684380046, -0.0041960863],
        [-3.3077115913, 2.6097574011, -0.7034186147],
        [0.2309699292, -0.3413193965, 1.7076147010],
    ]
)
