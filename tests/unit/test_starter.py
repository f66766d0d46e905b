"""The shipped recordings say what their manifest says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import av
import numpy as np
import pytest

from earwitness import starter
from earwitness.errors import ManifestError
from earwitness.starter import Recording, Role

RECORDINGS = starter.recordings()
MIB = 2**20


def decoded(path: Path) -> np.ndarray:
    resampler = av.AudioResampler("flt", "mono", 16_000)
    with av.open(path) as file:
        frames = [part for frame in file.decode(audio=0) for part in resampler.resample(frame)]
        return np.concatenate(
            [part.to_ndarray()[0] for part in [*frames, *resampler.resample(None)]]
        )


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.path.stem)
def test_every_recording_decodes_to_the_seconds_of_its_manifest(recording: Recording) -> None:
    audio = decoded(recording.path)
    assert audio.size / 16_000 == pytest.approx(recording.seconds, abs=0.02)
    assert 0.1 < np.abs(audio).max() <= 1.0


def test_every_file_is_in_the_manifest() -> None:
    files = set(starter.folder().rglob("*.opus"))
    assert files == {recording.path for recording in RECORDINGS}
    assert len(files) == len(RECORDINGS)


def test_a_demo_term_is_said_by_several_voices_in_different_sentences() -> None:
    demo = starter.recordings(Role.DEMO)
    for term in {recording.extra for recording in demo}:
        said = [recording for recording in demo if recording.extra == term]
        assert len({recording.speaker for recording in said}) >= 3
        assert len({recording.text for recording in said}) == len(said) >= 4


def test_a_demo_recording_says_its_term_and_a_sound_alike_does_not() -> None:
    for recording in starter.recordings(Role.DEMO) + starter.recordings(Role.SOUND_ALIKE):
        (term,) = recording.extra
        words = recording.text.lower().replace(",", "").replace(".", "").replace("?", "").split()
        assert (term.lower() in words) is (recording.role is Role.DEMO), recording.text


def test_every_demo_term_has_sound_alikes() -> None:
    demo, alike = (
        {recording.extra for recording in starter.recordings(role)}
        for role in (Role.DEMO, Role.SOUND_ALIKE)
    )
    assert demo == alike


def test_the_regression_set_is_short_and_varied() -> None:
    regression = starter.recordings(Role.REGRESSION)
    assert 30 <= len(regression) <= 60
    assert 100 <= sum(recording.seconds for recording in regression) <= 180
    assert max(Counter(recording.speaker for recording in regression).values()) <= 6
    assert not any(recording.extra for recording in regression)


def test_no_demo_term_is_said_in_the_regression_set() -> None:
    said = " ".join(recording.text.lower() for recording in starter.recordings(Role.REGRESSION))
    assert not [term for row in starter.recordings(Role.DEMO) for term in row.extra if term in said]


def test_the_licence_names_every_voice() -> None:
    licence = (starter.folder() / "LICENCE.md").read_text(encoding="utf-8")
    assert {r.speaker for r in RECORDINGS} == {
        word for word in licence.split("`") if word[:3] in {"af_", "am_", "bf_", "bm_"}
    }


def test_the_recordings_stay_small() -> None:
    assert sum(file.stat().st_size for file in starter.folder().rglob("*")) < 2.5 * MIB


@pytest.mark.parametrize("damage", ["path\ttext\n", "role\nmystery\n"])
def test_a_damaged_manifest_is_an_error_that_names_it(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "manifest.tsv").write_text(damage + "x\ty\n", encoding="utf-8")
    monkeypatch.setattr(starter, "folder", lambda: tmp_path)
    with pytest.raises(ManifestError, match=r"manifest\.tsv.*install"):
        starter.recordings()


def test_a_lost_manifest_is_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starter, "folder", lambda: tmp_path)
    with pytest.raises(ManifestError, match=r"manifest\.tsv.*install"):
        starter.recordings()
