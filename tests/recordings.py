"""Synthetic recordings of any format, rate, depth and number of channels.

Audio is float32 of shape ``[samples]`` or ``[channels, samples]`` in -1 to 1.
"""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

FORMATS = {
    "wav": ("wav", "pcm_s16le", "s16"),
    "flac": ("flac", "flac", "s16"),
    "ogg": ("ogg", "libopus", "flt"),
    "opus": ("opus", "libopus", "flt"),
    "mp3": ("mp3", "libmp3lame", "fltp"),
    "m4a": ("ipod", "aac", "fltp"),
    "webm": ("webm", "libopus", "flt"),
}
"""Name of a kind of file -> container, codec and sample format."""

LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}

Audio = NDArray[np.float32]


def tone(seconds: float, rate: int = 16_000, hertz: float = 440.0, level: float = 0.3) -> Audio:
    """A sine that fades in and out, so that no codec rings at its ends."""
    times = np.arange(max(1, round(seconds * rate))) / rate
    fade = np.minimum(1, np.minimum(times, times[::-1]) / 0.01)
    return (level * fade * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def silence(seconds: float, rate: int = 16_000) -> Audio:
    return np.zeros(round(seconds * rate), np.float32)


def noise(seconds: float, rate: int = 16_000, level: float = 0.1, seed: int = 0) -> Audio:
    generator = np.random.default_rng(seed)
    return (level * generator.standard_normal(round(seconds * rate))).astype(np.float32)


def encode(
    audio: Audio,
    rate: int = 16_000,
    kind: str = "wav",
    *,
    codec: str | None = None,
    sample_format: str | None = None,
    options: dict[str, str] | None = None,
) -> bytes:
    """The bytes of a file of a kind in ``FORMATS``."""
    container, usual_codec, usual_format = FORMATS[kind]
    planes = np.atleast_2d(audio)
    out = io.BytesIO()
    with av.open(out, "w", format=container, options=options or {}) as file:
        stream: Any = file.add_stream(codec or usual_codec, rate=rate)
        stream.layout = LAYOUTS[len(planes)]
        stream.format = sample_format or usual_format
        for frame in _frames(planes, rate, stream.format.name, stream.layout.name):
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


def write(path: Path, audio: Audio, rate: int = 16_000, kind: str = "", **how: Any) -> Path:
    """Writes ``encode(...)``; the kind comes from the suffix unless it is given."""
    path.write_bytes(encode(audio, rate, kind or path.suffix[1:], **how))
    return path


def wav_header(
    *, rate: int, channels: int, bits: int, data_bytes: int, tag: int = 1, frame_bytes: int = 0
) -> bytes:
    """A WAV header that may say anything, true or not."""
    frame = frame_bytes or (channels * bits // 8) & 0xFFFF
    fmt = struct.pack("<HHIIHH", tag, channels, rate, (rate * frame) & 0xFFFFFFFF, frame, bits)
    size = (36 + data_bytes) & 0xFFFFFFFF
    data = b"data" + struct.pack("<I", data_bytes & 0xFFFFFFFF)
    return b"RIFF" + struct.pack("<I", size) + b"WAVEfmt " + struct.pack("<I", 16) + fmt + data


def float_wav(samples: NDArray[np.float32], rate: int = 16_000) -> bytes:
    """A mono float WAV with the samples exactly as they are, NaN and all."""
    pcm = samples.astype("<f4").tobytes()
    return wav_header(rate=rate, channels=1, bits=32, data_bytes=len(pcm), tag=3) + pcm


def silent_flac(seconds: int, rate: int = 96_000, channels: int = 8) -> bytes:
    """A decoder bomb: hours of silence in little space."""
    block = np.zeros((channels, rate), np.float32)
    out = io.BytesIO()
    with av.open(out, "w", format="flac") as file:
        stream: Any = file.add_stream("flac", rate=rate)
        stream.layout, stream.format = LAYOUTS[channels], "s16"
        for second in range(seconds):
            for frame in _frames(block, rate, "s16", LAYOUTS[channels], second * rate):
                file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


def _frames(planes: Audio, rate: int, sample_format: str, layout: str, start: int = 0) -> Any:
    resampler = av.AudioResampler(format=sample_format, layout=layout, rate=rate)
    for first in range(0, planes.shape[1], rate):
        packed = np.ascontiguousarray(planes[:, first : first + rate].T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, start + first, Fraction(1, rate)
        yield from resampler.resample(frame)
