"""kill -9 at every write of teaching: the next start brings it to the same end."""

from __future__ import annotations

import shutil
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from tests.acceptance.teaching_child import run_inline
from tests.flow.house import House, open_house
from tests.warm import run

from earwitness.model import ItemState, Taught, TrialOutcome

WRITES = 6
"""One trial, one publication, two clips settled, two events done."""


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A house in which a word was judged and nothing was carried out yet."""
    folder = tmp_path_factory.mktemp("judged")
    house = open_house(folder)
    utterance = house.hear(0).utterance
    assert utterance is not None
    for number in (1, 1, 3):
        house.now += timedelta(minutes=1)
        house.hear(number)
    for event in house.records.pending():
        if event.id != f"doubted:{utterance}":
            house.records.done(event.id, house.now)
    house.answer(utterance, "yeet that alarm", Taught("yeet"), carried=False)
    house.records.close()
    return folder


def carried_out_in_a_child(folder: Path, runner: str, count: int, moment: str) -> int:
    return run(
        "tests.acceptance.teaching_child", str(folder), runner, str(count), moment
    ).returncode


def assert_taught_once_and_nothing_lost(house: House) -> None:
    records = house.records
    assert records.pending() == []
    assert [number for number, *_ in records.history()] == [1]
    assert [outcome for _, _, outcome in records.trials()] == [TrialOutcome.LIVE]
    states = sorted(item.state.value for item in records.items())
    assert states == sorted(
        state.value
        for state in (ItemState.CLOSED, ItemState.SETTLED, ItemState.SETTLED, ItemState.WAITING)
    )
    kept = {records.utterance(item.utterance).clip for item in records.items()}
    assert set(house.clips_on_disk()) == kept
    assert records.check() == []
    house.now += timedelta(hours=1)
    assert house.text_of(0) == "yeet that alarm"


def test_without_a_kill_it_takes_so_many_writes(judged: Path, tmp_path: Path) -> None:
    """The kills below are at every write only as long as this holds."""
    folder = shutil.copytree(judged, tmp_path / "house")
    assert carried_out_in_a_child(folder, "inline", WRITES + 1, "before") == 0
    assert_taught_once_and_nothing_lost(open_house(folder))
    folder = shutil.copytree(judged, tmp_path / "another")
    assert carried_out_in_a_child(folder, "inline", WRITES, "after") == -signal.SIGKILL


@pytest.mark.parametrize("count", range(1, WRITES + 1))
def test_killed_before_any_of_its_writes_it_ends_the_same_after_a_restart(
    judged: Path, tmp_path: Path, count: int
) -> None:
    """Before a write is, for the store, after the one before it."""
    folder = shutil.copytree(judged, tmp_path / "house")
    assert carried_out_in_a_child(folder, "inline", count, "before") == -signal.SIGKILL
    house = open_house(folder)
    run_inline(house)
    assert_taught_once_and_nothing_lost(house)
    house.records.close()


def test_killed_again_and_again_it_still_ends_the_same(judged: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(judged, tmp_path / "house")
    count = 1
    while carried_out_in_a_child(folder, "inline", count, "after") == -signal.SIGKILL:
        count += 1
    assert count > 3
    assert_taught_once_and_nothing_lost(open_house(folder))


@pytest.mark.parametrize("count", [2, 4])
def test_durable_workflows_go_on_after_a_kill(judged: Path, tmp_path: Path, count: int) -> None:
    folder = shutil.copytree(judged, tmp_path / "house")
    assert carried_out_in_a_child(folder, "durable", count, "after") == -signal.SIGKILL
    assert carried_out_in_a_child(folder, "durable", 0, "after") == 0
    assert_taught_once_and_nothing_lost(open_house(folder))
