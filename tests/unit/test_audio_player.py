"""Playing clips: to the standard input of a player, at a bounded loudness."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
import pytest
from tests import recordings

from earwitness.audio.player import (
    HIGHEST_PEAK,
    LOUDEST,
    MOMENT,
    MOST_GAIN,
    PLAYERS,
    bounded,
    play,
    player,
)
from earwitness.model import SAMPLE_RATE, Samples


def install(folder: Path, name: str, code: int = 0) -> Path:
    """A player that writes what it is given next to itself."""
    program, heard = folder / name, folder / f"{name}.heard"
    program.write_text(f'#!/bin/sh\n/bin/cat > "{heard}"\nexit {code}\n')
    program.chmod(0o755)
    return heard


@pytest.fixture
def only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is searched for players."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def loudest_moment(samples: Samples) -> float:
    moments = np.lib.stride_tricks.sliding_window_view(samples, min(MOMENT, len(samples)))
    return float(np.sqrt(np.square(moments[::100], dtype=np.float64).mean(axis=1).max()))


def test_without_a_player_nothing_is_played(only: Path) -> None:
    assert player() is None
    assert not play(recordings.tone(0.1))


@pytest.mark.parametrize("name", [name for name, *_ in PLAYERS])
def test_a_player_gets_the_clip_on_its_standard_input(only: Path, name: str) -> None:
    heard = install(only, name)
    clip = recordings.tone(0.5, level=0.1)
    assert play(clip)
    pcm = frames(heard.read_bytes())
    assert np.abs(pcm / 32768 - bounded(clip)).max() <= 1 / 32768


def frames(content: bytes) -> Samples:
    if content[:4] == b"RIFF":
        with wave.open(io.BytesIO(content)) as file:
            assert file.getparams()[:3] == (1, 2, SAMPLE_RATE)
            content = file.readframes(file.getnframes())
    return np.frombuffer(content, "<i2").astype(np.float32)


def test_the_first_player_that_is_there_is_taken(only: Path) -> None:
    install(only, PLAYERS[2][0])
    install(only, PLAYERS[1][0])
    command = player()
    assert command is not None
    assert command[0] == str(only / PLAYERS[1][0])


def test_a_player_that_fails_has_played_nothing(only: Path) -> None:
    install(only, "aplay", code=1)
    assert not play(recordings.tone(0.1))


def test_a_clip_is_in_no_file_while_it_is_played(
    only: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    program = install(only, "aplay").with_name("aplay")
    program.write_text(f'#!/bin/sh\n/bin/ls -A "{folder}" > "{only}/seen"\n/bin/cat > /dev/null\n')
    assert play(recordings.tone(0.1))
    assert (only / "seen").read_text() == ""
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "clip",
    [
        recordings.tone(2, level=1.0),
        recordings.tone(2, level=0.01),
        recordings.noise(2, level=0.5).clip(-1, 1),
        np.concatenate([recordings.noise(2, level=0.001), recordings.tone(1, level=1.0)]),
        np.ones(30_000, np.float32),
        recordings.tone(0.01, level=1.0),
    ],
    ids=["loud", "quiet", "noise", "whisper and scream", "constant", "short"],
)
def test_no_clip_is_louder_than_the_bounds(clip: Samples) -> None:
    played = bounded(clip)
    assert loudest_moment(played) <= LOUDEST * 1.001
    assert np.abs(played).max() <= HIGHEST_PEAK
    assert abs(played[0]) < 0.01


def test_a_quiet_clip_is_raised_but_not_without_end() -> None:
    quiet = recordings.tone(1, level=0.05)
    assert loudest_moment(bounded(quiet)) == pytest.approx(LOUDEST, rel=0.01)
    faint = recordings.tone(1, level=1e-4)
    assert np.abs(bounded(faint)).max() == pytest.approx(MOST_GAIN * 1e-4, rel=0.01)


def test_silence_and_nothing_stay_what_they_are() -> None:
    assert not bounded(recordings.silence(1)).any()
    assert len(bounded(recordings.silence(0))) == 0
