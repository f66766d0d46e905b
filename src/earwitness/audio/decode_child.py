"""The process that decodes recordings, so that a hostile one cannot harm ours.

Run by ``audio.reader`` as ``python -I -m earwitness.audio.decode_child MEMORY_MIB
CPU_SECONDS`` with a Unix socket as standard input. For every open file that it is
sent it answers with the messages of ``audio.wire``. ``original_child`` is the same program
with another answer.

Before it reads a byte of a recording it gives up what a decoder does not need: it can
open no file and no socket, write to no file, dump no core, and has a limit on memory
and, for each recording, on processor time.

Several channels become one (``audio.downmix``). Samples are rounded to 16 bits, so that what
the recogniser hears and what is kept of it are the same to the bit.
"""

from __future__ import annotations

import io
import socket
import sys
import wave
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from functools import lru_cache
from typing import Any, BinaryIO

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from earwitness.audio.confined import allow_more_time, confine
from earwitness.audio.downmix import Downmix
from earwitness.audio.samples import Resampler, from_integers, to_int16
from earwitness.audio.whole import ends_within_page, missing_seconds, present_share, said_seconds
from earwitness.audio.wire import AUDIO, END, HEADER, LENGTH, MAX_PAYLOAD, REFUSED, SECONDS

RATE = 16_000

DEMUXERS = "wav,w64,aiff,caf,au,flac,ogg,mp3,aac,amr,mov,mp4,m4a,matroska,webm"
"""None of them opens a second file, as concat, HLS, DASH and image lists do."""

CODECS = (
    *sorted(name for name in av.codecs_available if name.startswith("pcm_")),
    *("flac", "alac", "vorbis", "opus", "libopus", "speex", "libspeex"),
    *("mp3", "mp3float", "mp2", "mp2float", "aac", "aac_latm", "ac3"),
    *("amrnb", "amrwb", "adpcm_ms", "adpcm_ima_wav", "gsm", "gsm_ms"),
)
RATES = range(4_000, 384_001)
MAX_CHANNELS = 32
FULL_SCALE_MAX = 16.0
"""Float samples may exceed full scale a little, but 24 dB means another scale."""
Mono = NDArray[np.float32]


class UnusableError(Exception):
    """Why a recording cannot be used, in words for its owner."""


Tell = Callable[[bytes, bytes], None]
"""Sends a message: its kind and its payload."""
Answer = Callable[[BinaryIO, bytes, Tell], None]
"""Tells of a file what a request asks for, but not that this was all."""


def main() -> None:
    serve(_tell_mono, 1)


def serve(answer: Answer, request_size: int) -> None:
    """Answers until the parent hangs up. ``answer`` raises UnusableError, or what PyAV does."""
    memory_mib, cpu_seconds = map(int, sys.argv[1:3])
    av.logging.set_libav_level(av.logging.ERROR)
    _warm_up(answer, request_size)
    with socket.socket(fileno=0) as connection:
        confine(memory_mib, descriptors=1)
        while (asked := _next_file(connection, request_size)) is not None:
            with asked[0]:
                allow_more_time(cpu_seconds)
                _answer(connection, answer, *asked)


def decode(
    file: BinaryIO, tell: Callable[[float], None] = lambda said: None
) -> Iterator[NDArray[np.int16]]:
    """Blocks of about a second at ``RATE``. Raises UnusableError, perhaps after some blocks.

    ``tell`` is told first how many seconds the recording says it has, if it does.
    """
    with closing(opened(file)) as container:
        stream = audio_stream(container)
        if (said := said_seconds(container, stream)) is not None:
            tell(said)
        samples = 0
        for block in _of_a_second(_resampled(_mono_frames(container, stream, file))):
            samples += len(block)
            yield to_int16(block)
        if not samples:
            raise UnusableError("holds no audio samples")


def _tell_mono(file: BinaryIO, _: bytes, tell: Tell) -> None:
    for block in decode(file, lambda said: tell(LENGTH, SECONDS.pack(said))):
        tell(AUDIO, block.astype("<i2").tobytes())


def _warm_up(answer: Answer, request_size: int) -> None:
    """Libraries import their parts at first use, and ``confine`` forbids that."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        file.writeframes(bytes(1_600))
    out.seek(0)
    for content in (out, io.BytesIO(b"no recording")):
        with suppress(UnusableError):
            answer(content, bytes(request_size), lambda kind, payload: None)


def _next_file(connection: socket.socket, request_size: int) -> tuple[BinaryIO, bytes] | None:
    asked, descriptors, _, _ = socket.recv_fds(connection, request_size, 1)
    if len(asked) != request_size or not descriptors:
        return None
    return io.FileIO(descriptors[0], closefd=True), asked


def _answer(connection: socket.socket, answer: Answer, file: BinaryIO, request: bytes) -> None:
    kind, why = END, ""
    try:
        answer(file, request, lambda kind, payload: _send(connection, kind, payload))
    except UnusableError as error:
        kind, why = REFUSED, str(error)
    except MemoryError:
        kind, why = REFUSED, "needs more memory to decode than the setting audio_decoder_mib allows"
    except (FFmpegError, OSError, ValueError) as error:
        kind, why = REFUSED, f"cannot be decoded ({_reason(error)})"
    _send(connection, kind, why.encode(errors="backslashreplace")[:MAX_PAYLOAD])


def _send(connection: socket.socket, kind: bytes, payload: bytes) -> None:
    connection.sendall(HEADER.pack(kind, len(payload)) + payload)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def opened(file: BinaryIO) -> Any:
    """PyAV's container. Raises UnusableError."""
    options = {
        "format_whitelist": DEMUXERS,
        "codec_whitelist": ",".join(CODECS),
        "max_size": "65536",  # a WAV comes in pieces of 4 KB otherwise, 7 times slower
    }
    try:
        return av.open(file, "r", options=options, metadata_errors="replace")
    except MemoryError:
        raise
    except (FFmpegError, ValueError) as error:
        raise UnusableError(
            "cannot be decoded: it is no WAV, FLAC, OGG, Opus, MP3, M4A or WebM, or its start is"
            f" damaged ({_reason(error)})"
        ) from error


def audio_stream(container: Any) -> Any:
    """PyAV's stream, ready to be decoded. Raises UnusableError."""
    stream = container.streams.best("audio")
    if stream is None:
        raise UnusableError("holds no audio track that can be decoded")
    codec = stream.codec_context
    if codec is None or codec.name not in CODECS:
        raise UnusableError(
            f"uses the audio codec {codec.name if codec else 'unknown'!r}, not supported"
        )
    _check_shape(codec.sample_rate or RATE, codec.channels or 1)
    # Without this a frame with a wrong checksum passes as sound.
    codec.options = {"err_detect": "crccheck+explode"}
    return stream


def _check_shape(rate: int, channels: int) -> None:
    if rate not in RATES:
        raise UnusableError(
            f"says {rate} samples a second; {RATES[0]} to {RATES[-1]} are supported"
        )
    if not 1 <= channels <= MAX_CHANNELS:
        raise UnusableError(f"says {channels} channels; 1 to {MAX_CHANNELS} are supported")


def _mono_frames(container: Any, stream: Any, file: BinaryIO) -> Iterator[tuple[int, Mono]]:
    """(rate, samples) for each frame."""
    mix = Downmix()
    for rate, samples in frames(container, stream, file):
        yield rate, mix.mono(samples, rate)


def frames(container: Any, stream: Any, file: BinaryIO) -> Iterator[tuple[int, NDArray[Any]]]:
    """(rate, samples ``[samples, channels]`` in -1 to 1) for each frame; raises UnusableError."""
    seconds, damaged_at = 0.0, None
    for packet in container.demux(stream):
        try:
            decoded = packet.decode()
        except FFmpegError as error:
            if isinstance(error, MemoryError):
                raise
            damaged_at = seconds if seconds else None
            continue
        for frame in decoded:
            if damaged_at is not None:
                raise UnusableError(f"is damaged {damaged_at:.1f} s from its start")
            samples = _channels(frame, seconds)
            seconds += len(samples) / frame.sample_rate
            yield frame.sample_rate, samples
    _check_whole(container, stream, seconds, file)


def _check_whole(container: Any, stream: Any, seconds: float, file: BinaryIO) -> None:
    missing = missing_seconds(container, stream, seconds, present_share(file))
    if missing:
        raise UnusableError(
            f"is damaged or cut short: {seconds:.1f} s of {seconds + missing:.1f} s can be decoded"
        )
    if ends_within_page(file):
        raise UnusableError(f"is cut short: {seconds:.1f} s can be decoded")


def _channels(frame: Any, seconds: float) -> NDArray[Any]:
    """Shape ``[samples, channels]``, in -1 to 1."""
    channels = frame.layout.nb_channels
    _check_shape(frame.sample_rate, channels)
    frame = _packed(frame)
    samples = frame.to_ndarray()
    samples = samples.T if frame.format.is_planar else samples.reshape(-1, channels)
    return _to_float(samples, seconds, frame.sample_rate)


def _packed(frame: Any) -> Any:
    """With eight or more planes PyAV reads behind the end of their list."""
    if not frame.format.is_planar or frame.layout.nb_channels < 8:
        return frame
    packer = _packer(frame.format.packed.name, frame.layout.name, frame.sample_rate)
    return packer.resample(frame)[0]


@lru_cache(maxsize=1)
def _packer(sample_format: str, layout: str, rate: int) -> Any:
    return av.AudioResampler(format=sample_format, layout=layout, rate=rate)


def _to_float(samples: NDArray[Any], seconds: float, rate: int) -> NDArray[Any]:
    """Shape ``[samples, channels]`` of any type -> the same in -1 to 1."""
    if samples.dtype.kind in "iu":
        return from_integers(samples)
    peak = np.abs(samples).max(axis=1, initial=0)
    wrong = np.flatnonzero(~(peak <= FULL_SCALE_MAX))
    if wrong.size:
        raise UnusableError(_why_not_sound(float(peak[wrong[0]]), seconds + wrong[0] / rate))
    return samples


def _why_not_sound(value: float, at: float) -> str:
    if np.isfinite(value):
        return f"has samples far outside -1 to 1 ({value:g} at {at:.3f} s): wrongly scaled floats"
    return f"has samples that are not numbers (NaN or infinity), first at {at:.3f} s"


def _resampled(frames: Iterable[tuple[int, Mono]]) -> Iterator[Mono]:
    """At ``RATE``; a stream may change its own rate on the way."""
    rate, resampler = RATE, Resampler(RATE)
    for frame_rate, mono in frames:
        if frame_rate != rate:
            yield _rest(resampler)
            rate, resampler = frame_rate, Resampler(frame_rate)
        yield resampler.next(mono)
    yield _rest(resampler)


def _rest(resampler: Resampler) -> Mono:
    return resampler.next(np.zeros(0, np.float32), last=True)


def _of_a_second(blocks: Iterable[Mono]) -> Iterator[Mono]:
    waiting: list[Mono] = []
    for block in blocks:
        waiting.append(block)
        if sum(map(len, waiting)) >= RATE:
            yield from _split(np.concatenate(waiting))
            waiting = []
    if waiting:
        yield from _split(np.concatenate(waiting))


def _split(block: Mono) -> Iterator[Mono]:
    most = MAX_PAYLOAD // 2
    yield from (block[first : first + most] for first in range(0, len(block), most))


if __name__ == "__main__":
    main()
