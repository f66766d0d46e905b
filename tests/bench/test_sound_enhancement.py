"""Enhancement measured: mixtures at the ratio that is said, and WER on both sides of the chain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests import recordings
from tests.programs import noise_reduction
from tests.synthetic import bursts, noise, rms_db

from earwitness.audio.deepfilter import DeepFilter, resampled
from earwitness.audio.reader import Reader
from earwitness.bench.manifest import Manifest, Row
from earwitness.bench.sets import shipped
from earwitness.bench.sound_enhancement import mixed, run
from earwitness.engines import open_engine
from earwitness.errors import ManifestError
from earwitness.model import Samples
from earwitness.sound.kinds import Tools


@pytest.mark.parametrize("snr", [-5, 0, 10])
def test_speech_and_noise_are_mixed_at_the_ratio_that_is_said(snr: int) -> None:
    speech, bed = bursts(2).astype(np.float32), noise(0.7, 0.02).astype(np.float32)
    added = mixed(speech, bed, snr) - speech
    assert rms_db(speech) - rms_db(added) == pytest.approx(snr, abs=0.1)


def test_a_mixture_does_not_clip() -> None:
    loud = (5 * bursts(1)).astype(np.float32)
    assert np.abs(mixed(loud, noise(1, 0.5).astype(np.float32), 0)).max() <= 0.99 + 1e-4


class Loudest:
    """Rates sound by its highest sample; a figure that can be checked."""

    name = "loudest"

    def scores(self, audio: Samples) -> dict[str, float]:
        return {"overall": float(np.abs(audio).max())}


def test_words_are_counted_before_and_after(tmp_path: Path) -> None:
    noise_reduction()
    speech = next(iter(shipped().speech.values()))
    one = Manifest(speech.path, speech.rows[:1])
    bed = recordings.write(tmp_path / "hiss.wav", recordings.noise(2))
    found = run(
        one,
        Manifest(tmp_path, (Row(bed, ""),)),
        Reader(),
        open_engine("moonshine"),
        Tools(DeepFilter(), resampled),
        snrs=[30],
        screening=Loudest(),
    )
    assert (found["utterances"], found["left_out"], found["limit_db"]) == (1, [], 12.0)
    figures = found["snr"]["30"]
    assert 0 <= figures["wer_before"] <= 1
    assert 0 <= figures["wer_after"] <= 1
    assert figures["wer_change"] == figures["wer_after"] - figures["wer_before"]
    assert 0 < figures["dnsmos_before"] <= 1


def test_without_noise_nothing_is_measured(tmp_path: Path) -> None:
    noise_reduction()
    silent = recordings.write(tmp_path / "a.wav", recordings.silence(1))
    rows = Manifest(tmp_path, (Row(silent, "yes"),))
    tools = Tools(DeepFilter(), resampled)
    with pytest.raises(ManifestError, match="name another manifest of noise"):
        run(rows, rows, Reader(), open_engine("moonshine"), tools)
