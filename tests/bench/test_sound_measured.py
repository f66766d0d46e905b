"""``bench sound`` on a few recordings of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.babble import babble, hiss

from earwitness.audio.original import write_original
from earwitness.bench import sound
from earwitness.config import Settings
from earwitness.errors import ManifestError
from earwitness.sound.recording import Recording
from earwitness.wiring import Earwitness

FEW = sound.Extent(pairs=1, unrelated=1, utterances=1)


def manifest(folder: Path, *kinds: tuple[str, str]) -> Path:
    """A recording for each kind and text."""
    lines = ["path\tkind\ttext\tspeaker"]
    for number, (kind, text) in enumerate(kinds):
        voice = babble(12.0, seed=number)
        samples = hiss(voice, 0.0, number) if kind == "noise" else voice
        recording = Recording(np.asarray(samples)[:, None], 16_000)
        (folder / f"{number}.flac").write_bytes(write_original(recording).content)
        lines.append(f"{number}.flac\t{kind}\t{text}\tspeaker {number}")
    path = folder / "manifest.tsv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def measured(path: Path) -> dict[str, object]:
    with Earwitness.open(Settings(data=path.parent / "data")) as program:
        parts = sound.Parts(
            program.reader, program.tagger, program.engine, program.workshop, program.screening
        )
        return sound.run([path], parts, lambda doing, done, of: None, FEW)


def test_all_that_there_are_recordings_for_is_measured(tmp_path: Path) -> None:
    said = "not a word of this is really said"
    path = manifest(tmp_path, *[("speech", said)] * 4, ("noise", "hiss"))
    found = measured(path)
    assert found["replay_bit_exact"] is True
    assert found["unrelated_pairs"] == 1
    assert isinstance(found["tagger_rtf"], float)
    enhancement = found["enhancement"]
    assert isinstance(enhancement, dict)
    for ratio in ("0", "5", "10"):
        assert {"wer_before", "wer_after", "dnsmos_before", "dnsmos_after"} <= set(
            enhancement[ratio]
        )


def test_what_there_is_nothing_for_is_null(tmp_path: Path) -> None:
    found = measured(manifest(tmp_path, ("speech", "one voice alone"), ("noise", "hiss")))
    assert (found["enhancement"], found["alignment_error_ms"]) == (None, None)


def test_responses_of_rooms_alone_measure_nothing(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="to tag"):
        measured(manifest(tmp_path, ("room impulse response", "rir")))
