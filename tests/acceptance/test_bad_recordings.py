"""Bad recordings: a clear error that names the file, and everything else goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from tests import recordings

from earwitness.audio.reader import Limits, Reader
from earwitness.errors import AudioError

MOST_GROWTH = 64 << 20
"""Bytes by which no recording may let the parent grow."""

TONE = recordings.tone(4)
FLAC = recordings.encode(TONE, kind="flac")
WAV = recordings.encode(TONE)


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    made = Reader()
    yield made
    made.close()


def cut(kind: str, share: float = 0.6) -> bytes:
    rate = 48_000 if kind in ("ogg", "opus", "webm") else 16_000
    content = recordings.encode(recordings.tone(10, rate), rate, kind)
    return content[: int(len(content) * share)]


def damaged(kind: str) -> bytes:
    content = bytearray(cut(kind, 1.0))
    middle = len(content) // 2
    content[middle : middle + 400] = np.random.default_rng(0).bytes(400)
    return bytes(content)


def with_sample(value: float) -> bytes:
    samples = TONE.copy()
    samples[16_000] = value
    return recordings.float_wav(samples)


def header(**fields: int) -> bytes:
    usual = {"rate": 16_000, "channels": 1, "bits": 16, "data_bytes": 3_200}
    return recordings.wav_header(**(usual | fields)) + bytes(3_200)


def silent_video() -> bytes:
    """A WebM with a picture and no sound."""
    import io

    import av

    out = io.BytesIO()
    with av.open(out, "w", format="webm") as file:
        stream = file.add_stream("libvpx", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for _ in range(10):
            file.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        file.mux(stream.encode(None))
    return out.getvalue()


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty.wav": (lambda: b"", "is empty"),
    "no samples.wav": (lambda: header()[:44].replace(b"\x80\x0c", b"\0\0"), "no audio samples"),
    "cut.wav": (lambda: cut("wav"), r"cut short: 6\.0 s of 10\.0 s"),
    "cut.flac": (lambda: cut("flac"), r"cut short: 5\.\d s of 10\.0 s"),
    "cut.mp3": (lambda: cut("mp3"), r"cut short: 6\.0 s of 10\.0 s"),
    "cut.ogg": (lambda: cut("ogg"), r"cut short: \d\.\d s can be decoded"),
    "cut.webm": (lambda: cut("webm"), r"cut short: \d\.\d s of 10\.0 s"),
    "cut.m4a": (lambda: cut("m4a"), "cannot be decoded"),
    "header only.flac": (lambda: FLAC[:40], "decoded"),
    "damaged.flac": (lambda: damaged("flac"), "damaged"),
    "damaged.mp3": (lambda: damaged("mp3"), r"damaged \d\.\d s from its start"),
    "damaged.ogg": (lambda: damaged("ogg"), "damaged"),
    "damaged.m4a": (lambda: damaged("m4a"), r"damaged \d\.\d s from its start"),
    "damaged.webm": (lambda: damaged("webm"), "damaged"),
    "nan.wav": (lambda: with_sample(float("nan")), r"not numbers .*1\.000 s"),
    "infinity.wav": (lambda: with_sample(float("-inf")), r"not numbers .*1\.000 s"),
    "scaled.wav": (lambda: recordings.float_wav(TONE * 32_768), "far outside -1 to 1"),
    "text.wav": (lambda: b"This is no recording.\n" * 1_000, "cannot be decoded"),
    "text.mp3": (lambda: b"This is no recording.\n" * 1_000, "cannot be decoded"),
    "random.flac": (lambda: np.random.default_rng(3).bytes(100_000), "cannot be decoded"),
    "video.webm": (silent_video, "no audio track"),
    "slow.wav": (lambda: header(rate=1), "1 samples a second"),
    "fast.wav": (lambda: header(rate=2_000_000_000), "decoded|samples a second"),
    "wide.wav": (lambda: header(channels=60_000, frame_bytes=60_000), "decoded|channels"),
    "forty.wav": (lambda: header(channels=40), "40 channels"),
    "nothing.wav": (lambda: header(rate=0, channels=0, bits=0), "decoded"),
    "codec.wav": (lambda: header(tag=0x270), "codec 'atrac3'"),
    "list.ffconcat": (lambda: b"ffconcat version 1.0\nfile good.wav\n", "cannot be decoded"),
    "list.m3u8": (
        lambda: b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\ngood.wav\n#EXT-X-ENDLIST\n",
        "cannot be decoded",
    ),
    "list.sdp": (
        lambda: b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\n",
        "cannot be decoded",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_recording_is_named_and_the_next_one_is_heard(
    reader: Reader, tmp_path: Path, name: str
) -> None:
    content, reason = BAD[name]
    good = recordings.write(tmp_path / "good.wav", TONE)
    bad = tmp_path / name
    bad.write_bytes(content())
    with pytest.raises(AudioError, match=reason) as caught:
        reader.read(bad)
    assert str(caught.value).startswith(f"{bad}: ")
    assert len(reader.read(good)) == len(TONE)


def test_what_is_no_file_is_named_and_never_waited_for(reader: Reader, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo.wav"
    os.mkfifo(fifo)
    for path, reason in (
        (tmp_path, "is a folder"),
        (tmp_path / "missing.wav", "does not exist"),
        (fifo, "not a regular file"),
        (Path("/dev/zero"), "not a regular file"),
        (fifo / "below.wav", "does not exist"),
        (tmp_path / ("x" * 5_000), "cannot be opened"),
        (tmp_path / "null\0.wav", "cannot be opened"),
    ):
        with pytest.raises(AudioError, match=reason):
            reader.read(path)


def test_a_name_that_is_not_utf8_can_be_printed(reader: Reader, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\x1b[2J.wav"))
    with pytest.raises(AudioError) as caught:
        reader.read(path)
    assert "caf\\xe9\\x1b[2J.wav: does not exist" in str(caught.value).encode().decode()
    recordings.write(path, TONE)
    assert len(reader.read(path)) == len(TONE)


def test_a_recording_that_this_user_may_not_read_says_so(tmp_path: Path) -> None:
    path = recordings.write(tmp_path / "secret.wav", TONE)
    path.chmod(0)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o711)
    done = in_python(
        "import os\nfrom pathlib import Path\nfrom earwitness.audio.decoder import _opened\n"
        "os.getuid() or os.setuid(65534)\n"
        f"with _opened(Path({str(path)!r})): pass"
    )
    assert "may not be read by this user" in done.stderr


# --- bombs ------------------------------------------------------------------


def growth(work: Callable[[], object]) -> int:
    """By how many bytes the resident set of this process grew at its highest."""
    Path("/proc/self/clear_refs").write_text("5")
    before = psutil.Process().memory_info().rss
    work()
    peak = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line
    )
    return int(peak.split()[1]) * 1024 - before


def last_piece(reader: Reader, path: Path) -> float:
    """Streams a recording and keeps nothing; its seconds."""
    return sum(len(piece) for piece in reader.pieces(path, 15)) / 16_000


def sparse(path: Path, seconds: int, rate: int, channels: int) -> Path:
    """Silence of 8 bits that takes no space on the disk."""
    size = seconds * rate * channels
    head = recordings.wav_header(rate=rate, channels=channels, bits=8, data_bytes=size)
    path.write_bytes(head)
    os.truncate(path, len(head) + size)
    return path


def refusal(reader: Reader, path: Path) -> None:
    with pytest.raises(AudioError, match="600 s"):
        reader.read(path)


def test_a_small_flac_that_holds_gigabytes_is_bounded(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "bomb.flac"
    path.write_bytes(recordings.silent_flac(620))
    assert path.stat().st_size < 1 << 20
    assert growth(lambda: refusal(reader, path)) <= MOST_GROWTH
    assert growth(lambda: last_piece(reader, path)) <= MOST_GROWTH // 8


def test_a_small_mp3_that_holds_hours_is_bounded(reader: Reader, tmp_path: Path) -> None:
    bare = {"write_xing": "0", "id3v2_version": "0"}
    path = tmp_path / "bomb.mp3"
    path.write_bytes(recordings.encode(recordings.silence(30), kind="mp3", options=bare) * 120)
    assert growth(lambda: refusal(reader, path)) <= MOST_GROWTH


def test_eight_hours_stream_through_in_little_memory(reader: Reader, tmp_path: Path) -> None:
    night = sparse(tmp_path / "night.wav", 8 * 3600, 16_000, 1)
    seconds: list[float] = []
    assert growth(lambda: refusal(reader, night)) <= MOST_GROWTH
    assert growth(lambda: seconds.append(last_piece(reader, night))) <= MOST_GROWTH // 8
    assert seconds == [8 * 3600]


def test_a_decoder_that_takes_too_long_is_stopped_and_the_setting_named(tmp_path: Path) -> None:
    path = sparse(tmp_path / "wide.wav", 2_400, 96_000, 8)
    reader = Reader(Limits(audio_cpu_seconds=1))
    with pytest.raises(AudioError, match=r"wide\.wav.*1 s.*audio_cpu_seconds"):
        last_piece(reader, path)
    reader.close()


def test_a_decoder_that_needs_too_much_memory_is_refused_it(tmp_path: Path) -> None:
    path = recordings.write(tmp_path / "a.wav", TONE)
    reader = Reader(Limits(audio_decoder_mib=64))
    with pytest.raises(AudioError, match=r"a\.wav.*audio_decoder_mib"):
        reader.read(path)
    reader.close()


def test_a_decoder_that_stops_is_ended_and_the_next_recording_is_heard(tmp_path: Path) -> None:
    path = recordings.write(tmp_path / "a.wav", recordings.noise(60))
    reader = Reader(Limits(audio_stall_seconds=1))
    pieces = reader.pieces(path)
    next(pieces)
    decoder = the_decoder()
    decoder.send_signal(signal.SIGSTOP)
    with pytest.raises(AudioError, match=r"a\.wav.*no progress for 1 s.*audio_stall_seconds"):
        list(pieces)
    assert len(reader.read(path)) == 60 * 16_000
    reader.close()


def test_a_decoder_that_crashes_is_named_and_the_next_recording_is_heard(tmp_path: Path) -> None:
    path = recordings.write(tmp_path / "a.wav", recordings.noise(60))
    reader = Reader()
    pieces = reader.pieces(path)
    next(pieces)
    the_decoder().send_signal(signal.SIGSEGV)
    with pytest.raises(AudioError, match=r"a\.wav.*SIGSEGV"):
        list(pieces)
    assert len(reader.read(path)) == 60 * 16_000
    reader.close()


def test_a_decoder_that_died_while_idle_is_replaced(tmp_path: Path) -> None:
    path = recordings.write(tmp_path / "a.wav", TONE)
    reader = Reader()
    reader.read(path)
    decoder = the_decoder()
    decoder.kill()
    while decoder.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert len(reader.read(path)) == len(TONE)
    reader.close()


def test_no_decoder_outlives_its_reader(tmp_path: Path) -> None:
    reader = Reader()
    reader.read(recordings.write(tmp_path / "a.wav", TONE))
    decoder = the_decoder()
    reader.close()
    assert not decoder.is_running()


def test_no_decoder_outlives_a_killed_parent(tmp_path: Path) -> None:
    path = recordings.write(tmp_path / "a.wav", TONE)
    done = in_python(
        f"from earwitness.audio.reader import Reader\nfrom pathlib import Path\nimport os, psutil\n"
        f"reader = Reader()\nreader.read(Path({str(path)!r}))\n"
        f"print(psutil.Process().children()[0].pid, flush=True)\nos.kill(os.getpid(), 9)"
    )
    assert done.returncode == -signal.SIGKILL
    _, alive = psutil.wait_procs(
        [psutil.Process(pid) for pid in map(int, done.stdout.split()) if psutil.pid_exists(pid)],
        timeout=30,
    )
    assert not alive


def the_decoder() -> psutil.Process:
    """The newest child of this process that decodes."""
    children = [c for c in psutil.Process().children() if c.status() != psutil.STATUS_ZOMBIE]
    decoders = [child for child in children if "decode_child" in " ".join(child.cmdline())]
    return max(decoders, key=lambda child: child.create_time())


def in_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


# --- what the decoder cannot do ---------------------------------------------


@pytest.mark.parametrize(
    ("attempt", "answer"),
    [
        ("open('/etc/hostname')", "Too many open files"),
        ("import socket; socket.socket()", "Too many open files"),
        ("os.write(file, b'x' * 10)", "File too large"),
        ("bytearray(1 << 30)", "MemoryError"),
    ],
)
def test_a_confined_decoder_can_not(tmp_path: Path, attempt: str, answer: str) -> None:
    (tmp_path / "out").touch()
    done = in_python(
        "import os, socket, traceback\n"
        f"file = os.open({str(tmp_path / 'out')!r}, os.O_WRONLY)\n"
        "from earwitness.audio.confined import confine\n"
        "confine(512, descriptors=1)\n"
        "spare = os.dup(0)\n"  # what the recording itself takes
        f"try:\n    {attempt}\n"
        "except Exception as error:\n    print(type(error).__name__, error)\n"
    )
    assert answer in done.stdout


def test_the_decoder_sees_no_secret_in_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARWITNESS_DATABASE", "postgresql://user:secret@host/db")
    reader = Reader()
    reader.read(recordings.write(tmp_path / "a.wav", TONE))
    assert "secret" not in " ".join(the_decoder().environ().values())
    reader.close()


# --- the command ------------------------------------------------------------


def test_the_command_hears_the_good_ones_among_bad_ones(tmp_path: Path) -> None:
    names = ["cut.flac", "nan.wav", "text.wav", "empty.wav"]
    for name in names:
        (tmp_path / name).write_bytes(BAD[name][0]())
    good = recordings.write(tmp_path / "good.flac", TONE)
    files = [str(tmp_path / name) for name in [*names, "missing.wav"]]
    done = subprocess.run(
        [command(), "hear", "--json", files[0], str(good), *files[1:], str(tmp_path)],
        env=os.environ | {"EARWITNESS_DATA": str(tmp_path / "kept")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    heard = {each["file"]: each for each in json.loads(done.stdout)["files"]}
    assert "utterances" in heard[str(good)]
    assert [file for file, each in heard.items() if "error" in each] == [*files, str(tmp_path)]
    assert all(file in done.stderr.replace("\n", "") for file in files)


def command() -> str:
    return str(Path(sysconfig.get_path("scripts")) / "earwitness")
