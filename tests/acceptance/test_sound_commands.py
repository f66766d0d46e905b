"""``earwitness sound`` as people type it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.babble import babble
from tests.synthetic import bursts, noise
from tests.warm import run

from earwitness.audio.original import write_original
from earwitness.sound.recording import Recording

RATE = 48_000


@pytest.fixture
def original(tmp_path: Path) -> Path:
    """Two channels of a buzz in noise, four seconds at 48 kHz."""
    sound = np.stack([bursts(4.0, RATE), 0.5 * bursts(4.0, RATE)], axis=1)
    sound += noise(4.0, 0.01, rate=RATE)[:, None]
    path = tmp_path / "original.flac"
    path.write_bytes(write_original(Recording(sound.astype(np.float32), RATE)).content)
    return path


def sound(folder: Path, *words: str, code: int = 0) -> Any:
    """What the command prints as JSON, or its error."""
    done = run("earwitness", "--data", str(folder / "data"), "sound", *words)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout) if done.stdout.startswith("{") else done.stderr


def test_a_chain_is_run_and_somebody_else_gets_the_same_samples(
    original: Path, tmp_path: Path
) -> None:
    before = original.read_bytes()
    steps = ("--do", "high-pass hz=120", "--do", "reduce-noise")
    made = sound(tmp_path, "enhance", str(original), *steps, "--json")
    assert original.read_bytes() == before
    assert made["for_listening"] is False
    assert Path(made["result"]).name == "original.treated.flac"
    again = sound(tmp_path / "elsewhere", "replay", made["replay"], str(original), "--json")
    assert again == {"same": True, "differs": []}


def test_what_a_step_may_have_invented_is_in_the_name(original: Path, tmp_path: Path) -> None:
    made = sound(tmp_path, "enhance", str(original), "--do", "declip", "--json")
    assert made["for_listening"] is True
    assert "for-listening" in Path(made["result"]).name


def test_another_original_is_found_out(original: Path, tmp_path: Path) -> None:
    made = sound(tmp_path, "enhance", str(original), "--do", "gain db=-3", "--json")
    quiet = Recording(np.zeros((RATE, 2), np.float32) + np.float32(0.01), RATE)
    other = tmp_path / "other.flac"
    other.write_bytes(write_original(quiet).content)
    found = sound(tmp_path, "replay", made["replay"], str(other), "--json", code=1)
    assert found["same"] is False
    assert "The original is another file: its SHA-256 differs." in found["differs"]


def test_recordings_are_aligned_or_refused(original: Path, tmp_path: Path) -> None:
    (same,) = sound(tmp_path, "align", str(original), str(original), "--json")["recordings"]
    assert same["offset_s"] == pytest.approx(0.0, abs=1e-4)
    other = tmp_path / "other.flac"
    strange = noise(4.0, 0.1, seed=7, rate=RATE)[:, None].astype(np.float32)
    other.write_bytes(write_original(Recording(strange, RATE)).content)
    told = sound(tmp_path, "align", str(original), str(other), "--json", code=1)
    assert told["recordings"][0]["refused"]


def test_aligned_recordings_are_written_on_one_clock(original: Path, tmp_path: Path) -> None:
    folder = tmp_path / "together"
    told = sound(
        tmp_path, "align", str(original), str(original), "--out", str(folder), "--json"
    )  # fmt: skip
    assert sorted(path.name for path in folder.iterdir()) == [
        "1-original.flac", "2-original.flac",
    ]  # fmt: skip
    assert len(told["written"]) == 2


@pytest.fixture
def devices(tmp_path: Path) -> tuple[str, str]:
    """One talk, heard by two devices, each with noise of its own; the second begins later."""
    talk, paths = babble(6.0, rate=RATE)[:, None], []
    for number, late in enumerate((0, RATE // 2)):
        heard = talk + noise(6.0, 0.02, seed=number, rate=RATE)[:, None]
        path = tmp_path / f"device-{number}.flac"
        path.write_bytes(write_original(Recording(heard[late:].astype(np.float32), RATE)).content)
        paths.append(str(path))
    return paths[0], paths[1]


def test_the_time_between_each_two_is_told_at_a_moment(
    devices: tuple[str, str], tmp_path: Path
) -> None:
    first, second = devices
    told = sound(tmp_path, "align", first, second, second, "--at", "2", "--json")["times"]
    assert [each["file"] for each in told] == [first, second, second]
    assert [each["s"] for each in told] == pytest.approx([2.0, 1.5, 1.5], abs=1e-3)
    assert told[0]["later_ms"] == pytest.approx([0.0, -500.0, -500.0], abs=1.0)
    assert told[1]["later_ms"] == pytest.approx([500.0, 0.0, 0.0], abs=1.0)
    assert "--at" in sound(tmp_path, "align", first, second, "--at", "nan", code=2)


@pytest.mark.parametrize(
    "how", [(), ("--how", "beam", "--noise", "0", "0.4"), ("--how", "sources")]
)
def test_several_become_one_and_the_same_again(
    devices: tuple[str, str], tmp_path: Path, how: tuple[str, ...]
) -> None:
    told = [
        sound(tmp_path, "combine", *devices, *how, "--out", str(tmp_path / name), "--json")
        for name in ("one", "other")
    ]
    assert told[0]["recordings"][1]["offset_s"] == pytest.approx(-0.5, abs=1e-3)
    assert told[0]["sha256_of_samples"] == told[1]["sha256_of_samples"]
    assert len(told[0]["written"]) == (2 if "sources" in how else 1)
    record = json.loads((tmp_path / "one" / "combined.json").read_text(encoding="utf-8"))
    assert record == {name: each for name, each in told[0].items() if name != "written"}
    assert record["recordings"][0]["sha256"]
    assert "pyroomacoustics" in record["components"]


def test_what_is_not_of_one_event_is_not_combined(devices: tuple[str, str], tmp_path: Path) -> None:
    strange = noise(6.0, 0.1, seed=7, rate=RATE)[:, None].astype(np.float32)
    other = tmp_path / "other.flac"
    other.write_bytes(write_original(Recording(strange, RATE)).content)
    out = tmp_path / "out"
    words = ("combine", devices[0], str(other), "--out", str(out))
    told = sound(tmp_path, *words, "--json", code=1)
    assert told["recordings"][0]["refused"]
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--how", "beam"), "--noise FROM TO goes with"),
        (("--noise", "0", "1"), "--noise FROM TO goes with"),
        (("--how", "sources", "--sources", "3"), "can be separated into 2 to 2 sources"),
        (("--how", "beam", "--noise", "5", "5"), "name a longer one"),
        (("--clock", "1", "--clock", "2"), "once for each of the other recordings"),
    ],
)
def test_what_cannot_be_combined_is_said(
    devices: tuple[str, str], tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    out = str(tmp_path / "out")
    said = sound(tmp_path, "combine", *devices, *words, "--out", out, code=2)
    assert why in " ".join(said.split())


def test_a_report_holds_the_question_the_hashes_and_the_steps(
    original: Path, tmp_path: Path
) -> None:
    told = sound(
        tmp_path, "report", str(original), "--question", "Who <speaks>?", "--examiner", "Ada",
        "--do", "high-pass hz=120", "--conclude", "Nothing can be concluded.", "--json",
    )  # fmt: skip
    page = Path(told["page"]).read_text(encoding="utf-8")
    assert "Who &lt;speaks&gt;?" in page
    assert "high-pass" in page
    assert Path(told["pdf"]).read_bytes().startswith(b"%PDF-1.4")
    assert json.loads(Path(told["finding"]).read_text())["recordings"][0]["original"] is True
    assert sound(tmp_path, "replay", told["replay"], str(original), "--json")["same"] is True


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--do", "high-pass hz=1"), "hz is 10 to 20000 Hz"),
        (("--do", "improve"), "there is no step 'improve'"),
        (("--do", "gain db"), "NAME=VALUE"),
        ((), "one of the two"),
        (("--do", "gain", "--from", "1"), "a stretch has an end"),
        (("--do", "gain", "--from", "9", "--to", "10"), "original.flac"),
        (("--chain", "nowhere.json"), "nowhere.json"),
        (("--do", "gain", "--out", "ORIGINAL"), "is left as it is"),
    ],
)
def test_what_cannot_be_done_is_said(
    original: Path, tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    given = [str(original) if word == "ORIGINAL" else word for word in words]
    assert why in " ".join(sound(tmp_path, "enhance", str(original), *given, code=2).split())


def test_nothing_is_found_in_a_buzz_and_what_cannot_be_read_is_named(
    original: Path, tmp_path: Path
) -> None:
    told = sound(tmp_path, "tag", str(original), str(tmp_path), "--json", code=2)
    assert told["files"] == [{"file": str(original), "events": []}]
    assert told["failed"] == [str(tmp_path)]


def test_a_household_chooses_what_is_watched_for(tmp_path: Path) -> None:
    told = sound(tmp_path, "watch", "elm-12", "scream", "glass", "--json")
    assert told == {"household": "elm-12", "watched": ["glass", "scream"]}
    assert "scream, pain" in " ".join(sound(tmp_path, "watch", "elm-12", "cough", code=2).split())
    assert sound(tmp_path, "watch", "elm-12", "--json")["watched"] == []


def test_every_step_says_what_it_does_by_whom_and_within_which_bounds(tmp_path: Path) -> None:
    for kind in sound(tmp_path, "steps", "--json").values():
        assert kind["does"]
        assert kind["reference"]
        for setting in kind["settings"].values():
            assert setting["allowed"]
            assert setting["means"]


@pytest.mark.parametrize(
    ("command", "name"), [("combine", "combined-sum.flac"), ("align", "1-one.flac")]
)
def test_no_original_is_written_over(
    devices: tuple[str, str], tmp_path: Path, command: str, name: str
) -> None:
    out, first = tmp_path / "out", tmp_path / "one.flac"
    out.mkdir()
    first.write_bytes(Path(devices[0]).read_bytes())
    inside = out / name
    inside.write_bytes(Path(devices[1]).read_bytes())
    said = sound(tmp_path, command, str(first), str(inside), "--out", str(out), code=2)
    assert "is left as it is" in " ".join(said.split())
    assert inside.read_bytes() == Path(devices[1]).read_bytes()
    assert [each.name for each in out.iterdir()] == [name]


def test_a_folder_that_cannot_be_written_is_said(devices: tuple[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "combined.json").mkdir(parents=True)
    said = sound(tmp_path, "combine", *devices, "--out", str(out), code=2)
    assert "combined.json" in said
    assert "Traceback" not in said


def test_a_clock_that_is_no_number_is_refused(devices: tuple[str, str], tmp_path: Path) -> None:
    said = sound(tmp_path, "align", *devices, "--clock", "nan", code=2)
    assert "--clock" in said
    words = ("--how", "beam", "--noise", "0", "nan", "--out", str(tmp_path / "out"))
    assert "--noise" in sound(tmp_path, "combine", *devices, *words, code=2)
