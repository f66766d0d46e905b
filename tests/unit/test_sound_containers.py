"""What sound files say of themselves; made here byte by byte, and by the real encoders."""

from __future__ import annotations

import io
import struct
from contextlib import suppress

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.errors import InputError
from earwitness.sound.integrity.containers import read

RATE = 16_000


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def wav(samples: int = 1000, extra: bytes = b"") -> bytes:
    form = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16))
    body = b"WAVE" + form + extra + chunk(b"data", bytes(2 * samples))
    return b"RIFF" + struct.pack("<I", len(body)) + body


def encoded(codec: str, container: str, seconds: float = 0.5) -> bytes:
    """A tone in a file that the real encoder and muxer wrote."""
    tone = np.sin(2 * np.pi * 440 * np.arange(round(seconds * 48_000)) / 48_000)
    file = io.BytesIO()
    with av.open(file, "w", format=container) as written:
        stream = written.add_stream(codec, rate=48_000, layout="mono")
        samples = (8000 * tone).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.rate = 48_000
        for packet in (*stream.encode(frame), *stream.encode(None)):
            written.mux(packet)
    return file.getvalue()


FLAC, OPUS = encoded("flac", "flac"), encoded("libopus", "ogg")


def test_a_whole_wav_has_nothing_odd() -> None:
    found = read(wav())
    assert (found.kind, found.rate, found.channels, found.bits) == ("WAV", RATE, 1, 16)
    assert (found.samples, found.oddities, found.software) == (1000, [], [])


@pytest.mark.parametrize(
    ("content", "odd"),
    [
        (wav()[:-100], "says 2000 bytes, 1900 are there"),
        (wav() + bytes(100), "the header says 2044 bytes, there are 2144"),
        (wav(extra=chunk(b"data", b"\1\0")), "2 chunks 'data' where one belongs"),
        (b"RIFF\x04\0\0\0WAVE", "0 chunks 'fmt' where one belongs"),
        (wav().replace(b"\x02\0\x10\0", b"\x04\0\x10\0", 1), "contradict"),
    ],
)
def test_what_does_not_fit_together_is_said(content: bytes, odd: str) -> None:
    assert any(odd in each for each in read(content).oddities)


def test_a_recorder_that_never_filled_in_the_length_is_not_odd() -> None:
    content = bytearray(wav())
    content[4:8] = b"\xff\xff\xff\xff"
    content[40:44] = b"\xff\xff\xff\xff"
    found = read(bytes(content))
    assert (found.unfinished, found.samples, found.oddities) == (True, 1000, [])


def test_programs_that_a_wav_names_are_found() -> None:
    info = chunk(b"LIST", b"INFO" + chunk(b"ISFT", b"Audacity 3.4\0"))
    history = chunk(b"bext", bytes(256) + b"Recorder 7".ljust(346, b"\0") + b"A=PCM,F=48000\r\n")
    assert read(wav(extra=info)).software == ["Audacity 3.4"]
    assert read(wav(extra=history)).software == ["Recorder 7", "A=PCM,F=48000"]


def test_a_flac_file_tells_its_length_signature_and_encoder() -> None:
    found = read(FLAC)
    assert (found.kind, found.rate, found.channels, found.samples) == ("FLAC", 48_000, 1, 24_000)
    assert found.md5 is not None
    assert any("Lavf" in each for each in found.software)
    assert found.oddities == []


def test_an_opus_file_has_checksums_that_hold() -> None:
    found = read(OPUS)
    assert (found.kind, found.channels, found.oddities) == ("Ogg Opus", 1, [])
    assert found.samples == pytest.approx(24_000, abs=960)


def test_one_changed_byte_of_a_page_is_found() -> None:
    changed = bytearray(OPUS)
    changed[-10] ^= 1
    assert any("checksums" in each for each in read(bytes(changed)).oddities)


def test_a_page_that_was_taken_out_is_found() -> None:
    pages = [b"OggS" + each for each in encoded("libopus", "ogg", 3.0).split(b"OggS")[1:]]
    assert len(pages) > 4
    without = b"".join(pages[:3] + pages[4:])
    assert read(without).oddities == ["the numbers of pages jump 1 times"]


def test_what_stands_behind_the_sound_is_found() -> None:
    assert any("are no page" in each for each in read(OPUS + b"tail").oddities)
    assert any("ID3" in each for each in read(FLAC + b"TAG" + bytes(125)).oddities)
    assert any("cut off" in each for each in read(OPUS[:-5]).oddities)


def test_another_kind_of_file_is_not_looked_into() -> None:
    assert read(b"ID3\x04").kind == read(b"").kind == "unknown"


@given(
    st.sampled_from([b"", b"RIFF", b"RIFF\xff\0\0\0WAVE", b"fLaC", b"OggS"]),
    st.binary(max_size=300),
)
def test_no_bytes_raise_anything_else(head: bytes, tail: bytes) -> None:
    with suppress(InputError):
        read(head + tail)


@given(
    st.sampled_from([wav(), FLAC[:4000], OPUS[:4000]]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=8),
    st.integers(0, 4000),
)
def test_no_damage_raises_anything_else(
    content: bytes, changes: list[tuple[int, int]], length: int
) -> None:
    damaged = bytearray(content[:length])
    for place, byte in changes:
        if place < len(damaged):
            damaged[place] = byte
    with suppress(InputError):
        read(bytes(damaged))
