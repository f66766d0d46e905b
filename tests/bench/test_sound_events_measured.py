"""The measurement of sound events, on a tagger whose answers are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests import recordings

from earwitness.audio.reader import Reader
from earwitness.bench.manifest import Row
from earwitness.bench.sound_events import run
from earwitness.bench.sound_labels import Group, group_of, harm_of
from earwitness.bench.sound_mixing import AROUND, BED_DBFS, mixed
from earwitness.errors import InputError, ManifestError
from earwitness.model import SAMPLE_RATE, Samples
from earwitness.sound.tagging.harm import CLASSES, HarmSound

NAMES = tuple(names[0] for names in CLASSES.values())
SECOND = SAMPLE_RATE


class Pitch:
    """A tagger that hears a scream in what is high, glass in what is higher."""

    name = "pitch"
    classes: Sequence[str] = NAMES
    frame_seconds = hop_seconds = 1.0

    def scores(self, audio: Samples) -> NDArray[np.float32]:
        return np.stack(
            [self._frame(audio[at : at + SECOND]) for at in range(0, len(audio), SECOND)]
        )

    def stream(self) -> Pitch:
        return self

    def push(self, samples: Samples) -> NDArray[np.float32]:
        return self.scores(samples)

    def end(self) -> NDArray[np.float32]:
        return np.zeros((0, len(NAMES)), np.float32)

    def _frame(self, audio: Samples) -> NDArray[np.float32]:
        hertz = np.abs(np.fft.rfft(audio)).argmax() * SAMPLE_RATE / len(audio)
        found = np.zeros(len(NAMES), np.float32)
        found[NAMES.index("Screaming")] = 0.9 if 1500 < hertz < 2500 else 0.1
        found[NAMES.index("Glass")] = 0.9 if hertz > 3500 else 0.05
        return found


def manifest(folder: Path, *rows: tuple[str, str, float]) -> Path:
    lines = ["path\tkind\ttext"]
    for number, (kind, text, hertz) in enumerate(rows):
        recordings.write(folder / f"{number}.wav", recordings.tone(2, hertz=hertz))
        lines.append(f"{number}.wav\t{kind}\t{text}")
    (folder / "manifest.tsv").write_text("\n".join(lines), encoding="utf-8")
    return folder / "manifest.tsv"


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    return manifest(
        tmp_path,
        ("sound", "screaming", 2000),
        ("sound", "glass_break", 4000),
        ("sound", "glass_break", 300),
        ("sound", "dog_bark", 2000),
        ("sound", "piano", 300),
        ("noise", "running_tap", 400),
        ("speech", "do not scream at me", 200),
        ("speech", "go home", 4000),
        ("room impulse response", "rir", 200),
    )


def test_hits_misses_and_false_alarms_are_counted(listed: Path) -> None:
    found = run([listed], Reader(), Pitch())
    assert found["recordings"] == 8
    assert found["recall"] == pytest.approx(2 / 3)
    assert found["precision"] == pytest.approx(2 / 4)
    assert found["false_alarms_per_hour"] == pytest.approx(1 / (6 / 3600))
    assert found["groups"]["speech"]["taken_for"] == {"glass": 1}
    assert found["groups"]["music"]["false_alarms_per_hour"] == 0
    assert found["groups"]["household"]["taken_for"] == {"scream": 1}
    assert found["classes"]["glass"]["recall"] == pytest.approx(1 / 2)
    assert found["classes"]["glass"]["precision"] == pytest.approx(1 / 2)
    assert found["classes"]["scream"]["precision"] == pytest.approx(1 / 2)
    assert found["tagger_rtf"] > 0
    assert any("room impulse response" in reason for reason in found["left_out"])


def test_the_area_is_that_of_the_highest_scores(listed: Path) -> None:
    """Harm scores .9 .9 .1; else .9 .1 .1 .1 .9: of 15 pairs 6 are right, 7 even."""
    found = run([listed], Reader(), Pitch())
    assert found["harm_auc"] == pytest.approx((6 + 7 / 2) / 15)


def test_harm_under_something_louder_is_harder_to_find(listed: Path) -> None:
    mixtures = run([listed], Reader(), Pitch(), below_db=(-20.0, 20.0))["mixed"]
    assert mixtures["-20.0"]["music"]["mixtures"] == 3
    assert mixtures["-20.0"]["music"]["recall"] == pytest.approx(2 / 3)
    assert mixtures["20.0"]["music"]["recall"] == 0


def test_a_manifest_without_any_sound_is_refused(tmp_path: Path) -> None:
    path = manifest(tmp_path, ("room impulse response", "rir", 200))
    with pytest.raises(ManifestError, match="impulse"):
        run([path], Reader(), Pitch())


@pytest.mark.parametrize(
    ("text", "harm"),
    [
        ("gunshots", HarmSound.GUNSHOT),
        ("gun_shot", HarmSound.GUNSHOT),
        ("glass_breaking", HarmSound.GLASS),
        ("Crying baby", HarmSound.CHILD_CRYING),
        ("Smoke detector, smoke alarm", HarmSound.ALARM),
        ("glass", None),
        ("siren", None),
        ("thunder", None),
        ("car_horn", None),
    ],
)
def test_labels_are_read_whatever_their_endings(text: str, harm: HarmSound | None) -> None:
    assert harm_of(Row(Path("a"), text, kind="sound")) == harm


def test_what_is_said_is_no_label() -> None:
    assert harm_of(Row(Path("a"), "gunshot", kind="speech")) is None
    assert harm_of(Row(Path("a"), "I heard a gunshot last night")) is None
    assert harm_of(Row(Path("a"), "gunshot")) == HarmSound.GUNSHOT


def test_every_row_belongs_to_a_group() -> None:
    kinds = {"speech": Group.SPEECH, "synthetic speech": Group.SPEECH, "noise": Group.HOUSEHOLD}
    for kind, group in kinds.items():
        assert group_of(Row(Path("a"), "x", kind=kind)) == group
    assert group_of(Row(Path("a"), "jazz_guitar", kind="sound")) == Group.MUSIC
    assert group_of(Row(Path("a"), "rir", kind="room impulse response")) is None


def test_a_mixture_has_the_levels_that_were_asked_for() -> None:
    sound, bed = recordings.noise(1, seed=1), recordings.noise(5, seed=2)
    mix = mixed(sound, bed, 10.0, seed=3)
    assert np.array_equal(mix, mixed(sound, bed, 10.0, seed=3))
    outside = 10 * np.log10(np.mean(mix[:AROUND] ** 2))
    inside = 10 * np.log10(np.mean(mix[AROUND : AROUND + len(sound)] ** 2))
    assert outside == pytest.approx(BED_DBFS, abs=0.2)
    assert inside - outside == pytest.approx(10 * np.log10(1.1), abs=0.2)


@pytest.mark.parametrize("silent", [recordings.silence(1), recordings.silence(0)])
def test_silence_cannot_be_mixed_at_a_level(silent: Samples) -> None:
    with pytest.raises(InputError, match="silent"):
        mixed(silent, recordings.noise(1), 0.0, seed=0)
    with pytest.raises(InputError, match="silent"):
        mixed(recordings.noise(1), silent, 0.0, seed=0)
