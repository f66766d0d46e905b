"""The reader on recordings of every kind that it promises."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests import recordings

from earwitness.audio.memory import MemoryFile
from earwitness.audio.reader import Limits, Reader, shown
from earwitness.errors import AudioError
from earwitness.model import SAMPLE_RATE, Samples

RATES = (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000)
DEPTHS = {
    "pcm_u8": ("u8", 8e-3),
    "pcm_s16le": ("s16", 2e-3),
    "pcm_s24le": ("s32", 2e-3),
    "pcm_s32le": ("s32", 2e-3),
    "pcm_f32le": ("flt", 2e-3),
    "pcm_f64le": ("dbl", 2e-3),
}
PLANAR_MANY = ("ogg", "webm", "m4a")


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    made = Reader()
    yield made
    made.close()


def farthest(heard: Samples, meant: Samples) -> float:
    assert heard.shape == meant.shape
    return float(np.abs(heard - meant).max())


@pytest.mark.parametrize("rate", RATES)
def test_every_rate_sounds_the_same(reader: Reader, tmp_path: Path, rate: int) -> None:
    path = recordings.write(tmp_path / "a.wav", recordings.tone(1, rate), rate)
    assert farthest(reader.read(path), recordings.tone(1)) < 2e-3


@pytest.mark.parametrize("channels", [1, 2, 6, 8])
@pytest.mark.parametrize("codec", DEPTHS)
def test_every_depth_and_number_of_channels_sounds_the_same(
    reader: Reader, tmp_path: Path, codec: str, channels: int
) -> None:
    sample_format, tolerance = DEPTHS[codec]
    audio = np.stack([recordings.tone(1, 48_000)] * channels)
    path = recordings.write(
        tmp_path / "a.wav", audio, 48_000, codec=codec, sample_format=sample_format
    )
    assert farthest(reader.read(path), recordings.tone(1)) < tolerance


@pytest.mark.parametrize("kind", recordings.FORMATS)
@pytest.mark.parametrize("channels", [1, 2])
def test_every_kind_of_file_is_heard(
    reader: Reader, tmp_path: Path, kind: str, channels: int
) -> None:
    audio = np.stack([recordings.tone(2, 48_000)] * channels)
    heard = reader.read(recordings.write(tmp_path / f"a.{kind}", audio, 48_000))
    assert heard.dtype == np.float32
    assert abs(len(heard) / SAMPLE_RATE - 2) < 0.05
    middle = heard[SAMPLE_RATE // 2 : SAMPLE_RATE]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.1)


@pytest.mark.parametrize("kind", PLANAR_MANY)
def test_eight_channels_in_planes_are_heard(reader: Reader, tmp_path: Path, kind: str) -> None:
    audio = np.stack([recordings.tone(2, 48_000)] * 8)
    heard = reader.read(recordings.write(tmp_path / f"a.{kind}", audio, 48_000))
    assert np.abs(heard).max() == pytest.approx(0.3, rel=0.2)


def test_sixteen_bits_at_the_own_rate_come_through_unchanged(
    reader: Reader, tmp_path: Path
) -> None:
    pcm = np.random.default_rng(1).integers(-32768, 32768, 40_000).astype(np.float32) / 32768
    path = recordings.write(tmp_path / "a.flac", pcm)
    assert np.array_equal(reader.read(path), pcm)


def test_a_single_sample_is_a_recording(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(
        recordings.wav_header(rate=16_000, channels=1, bits=16, data_bytes=2) + b"\x00\x40"
    )
    assert reader.read(path).tolist() == [0.5]


def test_the_content_decides_not_the_name(reader: Reader, tmp_path: Path) -> None:
    path = recordings.write(tmp_path / "a.mp3", recordings.tone(1), kind="flac")
    assert len(reader.read(path)) == SAMPLE_RATE


def test_a_link_and_an_odd_name_are_fine(reader: Reader, tmp_path: Path) -> None:
    target = recordings.write(tmp_path / "a b\n\u202e.wav", recordings.tone(1))
    link = tmp_path / "link"
    link.symlink_to(target)
    assert len(reader.read(target)) == len(reader.read(link)) == SAMPLE_RATE


@pytest.mark.parametrize("size", [b"\xff\xff\xff\xff", b"\x00\x00\x00\x00"])
def test_a_wav_that_was_piped_and_does_not_know_its_size_is_whole(
    reader: Reader, tmp_path: Path, size: bytes
) -> None:
    content = recordings.encode(recordings.tone(1))
    data = content.index(b"data") + 4
    piped = content[:4] + size + content[8:data] + size + content[data + 4 :]
    path = tmp_path / "a.wav"
    path.write_bytes(piped)
    assert len(reader.read(path)) == SAMPLE_RATE


def test_an_mp3_without_a_frame_count_is_heard(reader: Reader, tmp_path: Path) -> None:
    path = recordings.write(tmp_path / "a.mp3", recordings.tone(2), options={"write_xing": "0"})
    assert abs(len(reader.read(path)) / SAMPLE_RATE - 2) < 0.15


@pytest.mark.parametrize("seconds", [0.3, 1.0, 2.0, 60.0])
def test_pieces_put_together_are_the_recording(
    reader: Reader, tmp_path: Path, seconds: float
) -> None:
    path = recordings.write(tmp_path / "a.wav", recordings.noise(4.7))
    pieces = list(reader.pieces(path, seconds))
    assert np.array_equal(np.concatenate(pieces), reader.read(path))
    size = round(seconds * SAMPLE_RATE)
    assert all(len(piece) == size for piece in pieces[:-1])
    assert 0 < len(pieces[-1]) <= size


def test_a_recording_over_a_limit_is_refused_with_the_limit_and_its_setting(
    tmp_path: Path,
) -> None:
    path = recordings.write(tmp_path / "long.wav", recordings.silence(4))
    reader = Reader(Limits(audio_read_seconds=3, audio_stream_seconds=3.5))
    with pytest.raises(AudioError, match=r"long\.wav.* 3 s.*audio_read_seconds"):
        reader.read(path)
    with pytest.raises(AudioError, match=r"long\.wav.* 3\.5 s.*audio_stream_seconds"):
        list(reader.pieces(path))
    reader.close()


@pytest.mark.parametrize("kind", recordings.FORMATS)
def test_a_recording_that_says_it_is_too_long_is_refused_before_it_is_decoded(
    tmp_path: Path, kind: str
) -> None:
    path = recordings.write(tmp_path / f"long.{kind}", recordings.noise(6))
    reader = Reader(Limits(audio_stream_seconds=3))
    with pytest.raises(AudioError, match=r"long.* 3 s.*audio_stream_seconds"):
        next(reader.pieces(path))
    reader.close()


@pytest.mark.parametrize("kind", recordings.FORMATS)
def test_it_is_told_how_far_a_recording_is_decoded_and_how_long_it_is(
    reader: Reader, tmp_path: Path, kind: str
) -> None:
    path = recordings.write(tmp_path / f"a.{kind}", recordings.tone(3))
    told: list[tuple[float, float]] = []
    heard = sum(map(len, reader.pieces(path, told=lambda *far: told.append(far))))
    assert [decoded for decoded, _ in told] == sorted(decoded for decoded, _ in told)
    assert told[-1][0] == heard / SAMPLE_RATE
    assert all(said == pytest.approx(3, abs=0.15) for _, said in told)


def test_a_recording_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    path = recordings.write(tmp_path / "a.wav", recordings.silence(3))
    reader = Reader(Limits(audio_read_seconds=3))
    assert len(reader.read(path)) == 3 * SAMPLE_RATE
    reader.close()


def test_a_recording_that_is_left_half_way_harms_no_later_one(
    reader: Reader, tmp_path: Path
) -> None:
    long = recordings.write(tmp_path / "long.wav", recordings.noise(60))
    short = recordings.write(tmp_path / "short.wav", recordings.tone(1))
    pieces = reader.pieces(long)
    assert len(next(pieces)) == SAMPLE_RATE
    pieces.close()
    assert farthest(reader.read(short), recordings.tone(1)) < 1e-4


def test_threads_read_at_the_same_time_and_never_mix_recordings(
    reader: Reader, tmp_path: Path
) -> None:
    levels = [0.1, 0.2, 0.3, 0.4]
    paths = [
        recordings.write(tmp_path / f"{level}.flac", recordings.tone(3, level=level))
        for level in levels
    ]
    peaks: dict[Path, set[float]] = {path: set() for path in paths}

    def read(path: Path) -> None:
        for _ in range(5):
            peaks[path].add(round(float(np.abs(reader.read(path)).max()), 2))

    threads = [threading.Thread(target=read, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [peaks[path] for path in paths] == [{level} for level in levels]


def test_a_closed_reader_opens_again(tmp_path: Path) -> None:
    path = recordings.write(tmp_path / "a.wav", recordings.tone(1))
    reader = Reader()
    reader.close()
    assert len(reader.read(path)) == SAMPLE_RATE
    reader.close()


def test_a_path_is_shown_without_anything_that_a_terminal_obeys() -> None:
    assert shown(Path("a\x1b[31m\n\u202e\udce9.wav")) == "a\\x1b[31m\\n\\u202e\\xe9.wav"
    assert shown(Path("küche/été.wav")) == "küche/été.wav"


def test_the_recordings_of_the_recogniser_are_heard(reader: Reader) -> None:
    import moonshine_voice

    wavs = sorted((Path(moonshine_voice.__file__).parent / "assets").glob("*.wav"))
    assert len(wavs) > 3
    assert all(np.abs(reader.read(path)).max() > 0.01 for path in wavs)


def test_the_folder_of_the_program_is_not_where_the_decoder_looks_for_modules(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "av.py").write_text("raise SystemExit('hijacked')")
    shutil.copy(tmp_path / "av.py", tmp_path / "numpy.py")
    path = recordings.write(tmp_path / "a.wav", recordings.tone(1))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    reader.close()
    assert len(reader.read(path)) == SAMPLE_RATE


def test_a_recording_in_memory_sounds_as_its_file(reader: Reader, tmp_path: Path) -> None:
    path = recordings.write(tmp_path / "a.flac", recordings.tone(2.5))
    memory = MemoryFile("a.flac")
    for part in (path.read_bytes()[:1000], path.read_bytes()[1000:]):
        memory.write(part)
    for _ in range(2):
        assert np.array_equal(reader.read(memory), reader.read(path))
    pieces = list(reader.pieces(memory))
    assert [len(piece) for piece in pieces] == [16_000, 16_000, 8_000]


def test_a_damaged_recording_in_memory_is_refused_by_its_name(reader: Reader) -> None:
    memory = MemoryFile("evil\x1b[2J.wav")
    with pytest.raises(AudioError, match=r"evil\\x1b\[2J\.wav: is empty"):
        reader.read(memory)
    memory.write(b"no recording")
    with pytest.raises(AudioError, match="cannot be decoded"):
        reader.read(memory)
