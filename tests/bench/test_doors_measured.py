"""``bench doors`` as users start it: a real server, a real fleet, scripted sounds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from earwitness.bench import doors, doors_table
from earwitness.bench.doors_table import DOORS, DoorsExtent
from earwitness.bench.manifest import Manifest, Row, read
from earwitness.bench.serving import Serving, environment, on_loopback
from earwitness.config import Settings
from earwitness.errors import EngineError, InputError

FIGURES = {
    "streams", "utterances", "lost", "shed", "final_latency_ms", "server_cpu_s",
    "server_peak_rss_mib",
}  # fmt: skip


def command(folder: Path, *words: str) -> Any:
    """What ``earwitness`` prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "earwitness", "--data", str(folder), *words, "--json"],
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("door", DOORS)
def test_a_server_is_measured_through_each_door(door: str, tmp_path: Path) -> None:
    options = ["--streams", "3", "--connected", "5", "--seconds", "3", "--engine", "scripted"]
    found = command(tmp_path / "data", "bench", "doors", "--door", door, *options)
    assert found.keys() >= FIGURES
    assert (found["door"], found["engine"], found["streams"], found["connected"]) == (
        door, "scripted", 3, 5,
    )  # fmt: skip
    assert found["utterances"] == found["answered"] >= 3
    assert (found["lost"], found["shed"], found["wer"]) == (0, 0, 0.0)
    assert 0 < found["final_latency_ms"]["p50"] <= found["final_latency_ms"]["p99"]
    assert found["server_cpu_s"] > 0
    assert 50 < found["server_peak_rss_mib"] < 4096
    assert not (tmp_path / "data").exists()


def test_one_that_is_told_to_end_leaves_nothing_behind(tmp_path: Path) -> None:
    options = ["--streams", "2", "--seconds", "600", "--engine", "scripted"]
    process = subprocess.Popen(
        [sys.executable, "-m", "earwitness", "bench", "doors", *options],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while len(children := _children(process.pid)) < 2:  # the server and the fleet
            assert process.poll() is None
            time.sleep(0.05)
        process.terminate()
        assert process.wait(60) == 128 + signal.SIGTERM
    finally:
        process.kill()
        process.wait()
    assert not any(Path(f"/proc/{child}").exists() for child in children)
    assert list(tmp_path.glob("earwitness-*")) == []


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()


def test_a_hostile_peer_and_slow_clients_are_measured_against_a_calm_run(tmp_path: Path) -> None:
    load = doors.Load("wyoming", streams=2, seconds=2.0, slow=10, hostile=True)
    told: list[str] = []
    found = doors.run(load, Settings(data=tmp_path, engine="scripted"), step=told.append)
    assert told[-2:] == ["while nobody means harm", "while others mean harm"]
    assert found["utterances"] == found["answered"] > 0
    assert found["calm"]["utterances"] > 0 == found["calm"]["lost"]
    assert found["slow_clients"]["connected"] == 10
    assert found["hostile"]["attacks"] > 0
    assert 0 <= found["rss_growth_mib"] < 64


def test_the_table_has_its_lines_for_every_other_door(tmp_path: Path) -> None:
    """The first is in ``test_loop_measured``; all of them together take too long for one test."""
    few = DoorsExtent(
        doors=DOORS[1:], talkers=2, seconds=2, connected=3, speaking=2, slow_clients=2
    )
    runs = doors_table.measure(Settings(data=tmp_path), few, lambda doing: None)
    lines = list(doors_table.lines(runs))
    assert len(lines) == 1 + 3 * len(DOORS[1:])
    assert all(line.met in (True, False) and line.reached for line in lines)


def test_more_and_more_talkers_until_something_is_shed(tmp_path: Path) -> None:
    manifest = doors.combined("one", [_first(1)])
    settings = Settings(data=tmp_path, engine="scripted", hearing_threads=1, shed_seconds=1e-6)
    load = doors.Load("wyoming", streams=2, seconds=2.0)
    found = doors.run(load, settings, manifest, find_limit=True)
    assert found["sheds_at"] == 2
    assert found["holds"] is None
    assert found["shed"]["shed"] > 0


def test_a_fleet_that_hangs_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "PATIENCE", 0.1)
    waits = [sys.executable, "-c", "import time; time.sleep(600)"]
    with subprocess.Popen(waits, stdout=subprocess.PIPE) as process:
        with pytest.raises(EngineError, match=r"did not end within 0\.1 s"):
            doors._answered(process, 0.0)
        process.kill()


def test_a_server_that_does_not_come_up_says_why(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, engine="nonesuch")
    with (
        pytest.raises(EngineError, match=r"did not come up.*nonesuch"),
        Serving(settings, tmp_path),
    ):
        raise AssertionError("It came up.")


def test_a_server_to_be_measured_has_its_settings_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARWITNESS_SETTINGS", "somewhere.toml")
    monkeypatch.setenv("EARWITNESS_SHED_SECONDS", "7")
    settings = Settings(host="0.0.0.0", wyoming_plain=True, rephrase_seconds=5)
    given = environment(on_loopback(settings, tmp_path))
    assert "EARWITNESS_SETTINGS" not in given
    assert (given["EARWITNESS_HOST"], given["EARWITNESS_SHED_SECONDS"]) == ("127.0.0.1", "7.0")
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert Settings() == on_loopback(settings, tmp_path)


def test_what_a_fleet_plays_survives_its_way_through_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    texts = ['"Well," he said, "yes"', "plain", "two\nlines\tand a tab"]
    rows = tuple(Row(tmp_path / "a.wav", text) for text in texts)
    again = read(doors._write(Manifest(Path("x"), rows), tmp_path / "played.tsv"))
    assert [row.text for row in again.rows] == [*texts[:2], "two lines and a tab"]
    assert {row.path for row in again.rows} == {tmp_path / "a.wav"}
    with pytest.raises(InputError, match="cannot hold a tab"):
        doors._write(Manifest(Path("x"), (Row(Path("a\tb"), ""),)), tmp_path / "no.tsv")


def _first(count: int) -> Manifest:
    shipped = doors.of_starter(doors.Role.DEMO)
    return Manifest(shipped.path, shipped.rows[:count])
