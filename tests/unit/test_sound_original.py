"""Recordings as they were made: every bit and channel, and only the stretch asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests import recordings

from earwitness.audio.decoder import Limits
from earwitness.audio.memory import MemoryFile
from earwitness.audio.original import Originals, digest, to_int24, write_original, write_wav
from earwitness.errors import AudioError
from earwitness.sound.recording import Recording


@pytest.fixture(scope="module")
def originals() -> Iterator[Originals]:
    made = Originals()
    yield made
    made.close()


def any_bits(seconds: float, rate: int = 48_000, channels: int = 2, seed: int = 0) -> Recording:
    """Every one of the 24 bits is used."""
    size = (round(seconds * rate), channels)
    values = np.random.default_rng(seed).integers(-(1 << 23), 1 << 23, size)
    return Recording((values / (1 << 23)).astype(np.float32), rate)


def kept(tmp_path: Path, recording: Recording) -> Path:
    written = write_original(recording)
    path = tmp_path / f"a{written.suffix}"
    path.write_bytes(written.content)
    return path


@pytest.mark.parametrize(
    ("rate", "channels", "suffix"),
    [
        (48_000, 1, ".flac"),
        (44_100, 2, ".flac"),
        (96_000, 8, ".flac"),
        (8_000, 3, ".flac"),
        (48_000, 9, ".wav"),
        (16_000, 32, ".wav"),
        (384_000, 2, ".flac"),
        (96_001, 1, ".wav"),
    ],
)
def test_what_is_written_is_read_to_the_bit(
    originals: Originals, tmp_path: Path, rate: int, channels: int, suffix: str
) -> None:
    meant = any_bits(0.3, rate, channels)
    path = kept(tmp_path, meant)
    heard = originals.read(path)
    assert path.suffix == suffix
    assert heard.rate == rate
    assert np.array_equal(heard.samples, meant.samples)
    assert digest(heard) == digest(meant)


def test_a_stretch_is_the_same_as_that_part_of_the_whole(
    originals: Originals, tmp_path: Path
) -> None:
    meant = any_bits(5)
    heard = originals.read(kept(tmp_path, meant), 1.25, 3.5)
    assert np.array_equal(heard.samples, meant.cut(1.25, 3.5).samples)


def test_a_stretch_that_goes_on_behind_the_end_is_what_is_there(
    originals: Originals, tmp_path: Path
) -> None:
    assert originals.read(kept(tmp_path, any_bits(2)), 1, 9).seconds == 1


def test_a_stretch_behind_the_end_is_refused(originals: Originals, tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="has no sound after 3 s; name an earlier stretch"):
        originals.read(kept(tmp_path, any_bits(2)), 3, 4)


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 2), (3, 1), (float("nan"), 1)])
def test_a_stretch_that_is_none_is_refused(
    originals: Originals, tmp_path: Path, start: float, end: float
) -> None:
    with pytest.raises(AudioError, match="to a later moment"):
        originals.read(kept(tmp_path, any_bits(1)), start, end)


def test_of_a_recording_that_is_too_long_a_stretch_is_read(tmp_path: Path) -> None:
    short = Originals(Limits(audio_read_seconds=2.0))
    path = kept(tmp_path, meant := any_bits(10, 8_000, 1))
    with pytest.raises(AudioError, match="name a stretch of at most 2 s"):
        short.read(path)
    with pytest.raises(AudioError, match="name a stretch of at most 2 s"):
        short.read(path, 1, 4)
    assert np.array_equal(short.read(path, 7, 9).samples, meant.cut(7, 9).samples)
    short.close()


def test_a_long_recording_that_does_not_say_so_is_refused_too(tmp_path: Path) -> None:
    short = Originals(Limits(audio_read_seconds=2.0))
    path = tmp_path / "a.wav"
    content = recordings.encode(recordings.tone(4))
    data, unknown = content.index(b"data") + 4, b"\xff" * 4
    path.write_bytes(content[:4] + unknown + content[8:data] + unknown + content[data + 4 :])
    with pytest.raises(AudioError, match="name a stretch of at most 2 s"):
        short.read(path)
    short.close()


def test_an_hour_is_gone_through_without_being_held(originals: Originals, tmp_path: Path) -> None:
    """An hour of silence, sound in its last second."""
    samples = np.zeros((3_600 * 8_000, 1), np.float32)
    samples[-8_000:] = 0.5
    heard = originals.read(kept(tmp_path, Recording(samples, 8_000)), 3_599, 3_600)
    assert heard.seconds == 1
    assert (heard.samples == 0.5).all()


def test_floats_over_full_scale_come_through(originals: Originals, tmp_path: Path) -> None:
    loud = recordings.tone(1, level=3.0)
    path = recordings.write(tmp_path / "a.wav", loud, codec="pcm_f32le", sample_format="flt")
    assert np.array_equal(originals.read(path).samples[:, 0], loud)


def test_samples_that_are_no_numbers_are_refused(originals: Originals, tmp_path: Path) -> None:
    audio = recordings.tone(1)
    audio[100] = np.nan
    path = recordings.write(tmp_path / "a.wav", audio, codec="pcm_f32le", sample_format="flt")
    with pytest.raises(AudioError, match="not numbers"):
        originals.read(path)
    with pytest.raises(AudioError, match="every sample must be a number"):
        write_original(Recording(audio.reshape(-1, 1), 16_000))


def test_what_is_no_recording_is_refused_by_its_name(originals: Originals) -> None:
    file = MemoryFile("holiday.mp3")
    file.write(b"certainly not sound" * 100)
    with pytest.raises(AudioError, match=r"holiday\.mp3: cannot be decoded"):
        originals.read(file)


def test_a_damaged_recording_is_refused_and_its_sound_part_is_read(
    originals: Originals, tmp_path: Path
) -> None:
    path = kept(tmp_path, meant := any_bits(3))
    path.write_bytes(path.read_bytes()[:-100_000])
    with pytest.raises(AudioError, match="cut short"):
        originals.read(path)
    assert np.array_equal(originals.read(path, 0, 1).samples, meant.cut(0, 1).samples)


def test_one_sample_is_a_recording(originals: Originals, tmp_path: Path) -> None:
    heard = originals.read(kept(tmp_path, Recording(np.full((1, 1), 0.25, np.float32), 48_000)))
    assert heard.samples.tolist() == [[0.25]]


def test_the_digest_tells_rate_channels_and_every_sample_apart() -> None:
    one = any_bits(0.1)
    nudged = one.samples.copy()
    nudged[7, 1] += np.float32(1 / (1 << 22))
    others = [
        Recording(one.samples, 44_100),
        Recording(one.samples.reshape(-1, 1), 48_000),
        one.with_samples(nudged),
    ]
    assert len({digest(each) for each in (one, *others)}) == 4


def test_full_scale_is_clipped_to_what_24_bits_hold() -> None:
    values = to_int24(np.array([1.0, -1.0, 2.0, -2.0], np.float32))
    assert values.tolist() == [8_388_607, -8_388_608, 8_388_607, -8_388_608]


def test_a_wav_holds_the_same_24_bits(originals: Originals) -> None:
    rng = np.random.default_rng(3)
    recording = Recording((rng.random((999, 2), np.float32) - 0.5) * 2, 22_050)
    content = write_wav(recording)
    read = originals.decode(content)
    assert read.rate == 22_050
    assert digest(read) == digest(recording)
    part = originals.decode(content, 0.01, 0.02)
    assert np.array_equal(to_int24(part.samples), to_int24(recording.cut(0.01, 0.02).samples))
    with pytest.raises(AudioError, match="needs samples"):
        write_wav(Recording(np.zeros((0, 1), np.float32), 8000))
