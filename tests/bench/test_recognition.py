"""Engines side by side, in processes of their own, on scripted recordings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.bench_sets import Spoken, write

from earwitness.audio.reader import Reader
from earwitness.bench.child import Child, Wanted
from earwitness.bench.recognition import run
from earwitness.errors import ManifestError, SettingsError

SET = [
    Spoken("yeet that", [("eat that", -2.0, None), ("yeet that", -4.0, "yeet")], extra=["yeet"]),
    Spoken("yeet it", [("heat it", -2.0, None), ("yeet it", -9.0, "yeet")], extra=["yeet"]),
    Spoken("eat that", [("eat that", -2.0, None), ("yeet that", -4.0, "yeet")]),
    Spoken("go home", [("go home", -1.0, None)]),
]


@pytest.fixture
def recordings(tmp_path: Path) -> tuple[Path, dict[str, Path]]:
    manifest, script = write(tmp_path / "set", SET)
    return manifest, {"scripted": script}


def test_without_terms_nothing_is_taught(recordings: tuple[Path, dict[str, Path]]) -> None:
    manifest, models = recordings
    found = run(manifest, Reader(), ["scripted"], models=models)
    assert (found["utterances"], found["left_out"]) == (4, [])
    assert found["hours"] == pytest.approx(4 / 3600)
    engine = found["engines"]["scripted"]
    assert engine["wer"] == 2 / 8
    assert (engine["u_wer"], engine["b_wer"], engine["term_recall"]) == (0.0, 1.0, 0.0)
    assert engine["false_accepts_per_hour"] == 0.0


def test_with_rows_each_row_has_its_own_terms_alone(
    recordings: tuple[Path, dict[str, Path]],
) -> None:
    manifest, models = recordings
    found = run(manifest, Reader(), ["scripted"], terms="rows", models=models)
    engine = found["engines"]["scripted"]
    assert (engine["term_recall"], engine["wer"]) == (0.5, 1 / 8)
    assert engine["false_accepts_per_hour"] == 0.0
    assert engine["unbiased"]["wer"] == 2 / 8


def test_with_a_file_all_terms_are_live_for_every_row(
    recordings: tuple[Path, dict[str, Path]], tmp_path: Path
) -> None:
    manifest, models = recordings
    terms = tmp_path / "terms.txt"
    terms.write_text("yeet\n", encoding="utf-8")
    found = run(manifest, Reader(), ["scripted"], terms=terms, distractor_count=20, models=models)
    engine = found["engines"]["scripted"]
    assert engine["live_terms"] == 21
    assert engine["term_recall"] == 0.5
    assert engine["false_accepts_per_hour"] == pytest.approx(3600 / 4)
    assert engine["unbiased"]["false_accepts_per_hour"] == 0.0


def test_every_rate_has_its_interval_and_the_rest_is_json(
    recordings: tuple[Path, dict[str, Path]],
) -> None:
    manifest, models = recordings
    found = json.loads(json.dumps(run(manifest, Reader(), ["scripted"], models=models)))
    engine = found["engines"]["scripted"]
    for name in ("wer", "u_wer", "b_wer", "term_recall", "false_accepts_per_hour", "rtf"):
        low, high = engine[f"{name}_ci"]
        assert low <= engine[name] <= high
    assert 0 < engine["latency_ms"]["p50"] <= engine["latency_ms"]["p99"]
    assert engine["peak_rss_mib"] > 10
    assert engine["load_s"] > 0


def test_an_utterance_that_fails_counts_as_empty_and_is_told(tmp_path: Path) -> None:
    manifest, script = write(tmp_path, SET[3:])
    script.write_text(json.dumps({"0": {"fails": "out of memory"}}), encoding="utf-8")
    found = run(manifest, Reader(), ["scripted"], models={"scripted": script})
    assert found["engines"]["scripted"]["wer"] == 1.0
    assert found["engines"]["scripted"]["failures"] == ["out of memory"]


def test_a_recording_that_cannot_be_decoded_is_left_out_and_named(
    recordings: tuple[Path, dict[str, Path]],
) -> None:
    manifest, models = recordings
    (manifest.parent / "1.wav").write_bytes(b"no recording")
    found = run(manifest, Reader(), ["scripted"], models=models)
    assert found["utterances"] == 3
    assert len(found["left_out"]) == 1
    assert "1.wav" in found["left_out"][0]


def test_a_set_of_broken_recordings_is_refused(recordings: tuple[Path, dict[str, Path]]) -> None:
    manifest, models = recordings
    for clip in manifest.parent.glob("*.wav"):
        clip.write_bytes(b"no recording")
    with pytest.raises(ManifestError, match=r"0\.wav"):
        run(manifest, Reader(), ["scripted"], models=models)


def test_an_engine_that_cannot_start_says_why_in_the_parent(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no-such-engine"):
        Child(Wanted("no-such-engine"))
    with pytest.raises(SettingsError, match=r"gone\.json"):
        Child(Wanted("scripted", tmp_path / "gone.json"))


def test_two_engines_hear_the_same_in_one_run(recordings: tuple[Path, dict[str, Path]]) -> None:
    manifest, models = recordings
    found = run(manifest, Reader(), ["moonshine-library", "scripted"], terms="rows", models=models)
    assert list(found["engines"]) == ["moonshine-library", "scripted"]
    assert found["engines"]["moonshine-library"]["live_terms"] is None
    assert found["engines"]["scripted"]["term_recall"] == 0.5
