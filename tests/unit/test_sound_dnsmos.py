"""Screening by DNSMOS, with the real weights where the package is installed."""

from __future__ import annotations

import numpy as np
import pytest

from earwitness.audio import dnsmos
from earwitness.audio.dnsmos import HOP, WINDOW, Dnsmos, windows
from earwitness.errors import AudioError, EngineError
from earwitness.model import SAMPLE_RATE, Samples


def voice(seconds: float, hiss: float) -> Samples:
    """Syllables of a buzz: enough of a voice that hiss makes it worse."""
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    buzz = sum(np.sin(2 * np.pi * 140 * k * at) / k for k in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * 2.5 * at), 0, 1)
    noise = np.random.default_rng(3).standard_normal(len(at))
    return (0.1 * buzz * syllables + hiss * noise).astype(np.float32)


@pytest.fixture(scope="module")
def screening() -> Dnsmos:
    return Dnsmos()


def test_hiss_makes_the_background_worse(screening: Dnsmos) -> None:
    clean, noisy = (screening.scores(voice(9.01, hiss)) for hiss in (0.0, 0.1))
    assert set(clean) == {"signal", "background", "overall"}
    assert all(1.0 <= score <= 5.0 for score in (*clean.values(), *noisy.values()))
    assert clean["background"] > noisy["background"] + 1.0


def test_the_same_sound_has_the_same_scores_to_the_last_bit(screening: Dnsmos) -> None:
    assert screening.scores(voice(5.0, 0.01)) == Dnsmos().scores(voice(5.0, 0.01))


@pytest.mark.parametrize("length", [0, 1, SAMPLE_RATE])
def test_silence_has_no_scores(length: int, screening: Dnsmos) -> None:
    assert screening.scores(np.zeros(length, np.float32)) == {}


def test_what_is_no_number_is_refused(screening: Dnsmos) -> None:
    with pytest.raises(AudioError, match="no numbers"):
        screening.scores(np.array([np.nan], np.float32))


def test_one_sample_is_heard_as_often_as_it_takes(screening: Dnsmos) -> None:
    assert len(screening.scores(np.full(1, 0.5, np.float32))) == 3


@pytest.mark.parametrize(
    ("samples", "count"),
    [(1, 7), (5 * SAMPLE_RATE, 1), (3 * SAMPLE_RATE, 3), (WINDOW, 1), (20 * SAMPLE_RATE, 11)],
)
def test_a_recording_is_cut_as_the_published_program_cuts_it(samples: int, count: int) -> None:
    audio = np.linspace(-1, 1, samples, dtype=np.float32)
    cut = windows(audio)
    assert len(cut) == count
    assert all(len(each) == WINDOW for each in cut)
    assert cut[-1][0] == audio[(count - 1) * HOP % samples]


def test_without_the_package_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dnsmos, "PACKAGE", "a_package_that_is_not_there")
    with pytest.raises(EngineError, match=r"pip install 'earwitness\[sound\]'"):
        Dnsmos()


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dnsmos, "FILE", "dnsmos_models/sig.onnx")
    with pytest.raises(EngineError, match="another than the known one"):
        Dnsmos()
