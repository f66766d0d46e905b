"""kill -9 at every write of settling a confirmed group: the next start brings it to its end."""

from __future__ import annotations

import shutil
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from tests.acceptance.teaching_child import run_inline
from tests.acceptance.test_killed_while_teaching import carried_out_in_a_child
from tests.flow.house import LEASE, YEET, House, kept, open_house

from earwitness.flow import groups
from earwitness.model import Alike, ItemState, SoundGroup

CLIPS = 5
WRITES = CLIPS + 2
"""Each clip settled, the group marked as settled, the event done."""


@pytest.fixture(scope="module")
def confirmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A house in which a taught word was confirmed in three of five clips, and no more."""
    folder = tmp_path_factory.mktemp("confirmed")
    house = open_house(folder)
    seed = kept(house, 0)
    house.answer(seed, "yeet that alarm", YEET)
    others = []
    for _ in range(CLIPS):
        house.now += timedelta(minutes=1)
        others.append(kept(house, 20))
    alike = tuple(Alike(each, 0.9) for each in others)
    made = SoundGroup("g1", seed, "yeet", "yeet", "ada", house.now, alike)
    house.records.make_group(made)
    house.carry_out_pending()
    while asked := groups.ask("g1", "ada", house.now, LEASE, records=house.records):
        groups.answer("g1", asked.lease, True, house.now, records=house.records)
    house.records.close()
    return folder


def assert_settled_once_and_nothing_lost(house: House) -> None:
    records = house.records
    assert records.pending() == []
    assert [number for number, *_ in records.history()] == [1]
    states = [item.state for item in records.items()]
    assert states.count(ItemState.SETTLED) == CLIPS
    assert records.group("g1").settled_in == 1
    settled = [item.utterance for item in records.items([ItemState.SETTLED])]
    assert all(groups.settled_by(each, records=records) for each in settled)
    assert records.check() == []
    records.close()


def test_without_a_kill_it_takes_so_many_writes(confirmed: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(confirmed, tmp_path / "house")
    assert carried_out_in_a_child(folder, "inline", WRITES + 1, "before") == 0
    assert_settled_once_and_nothing_lost(open_house(folder))
    folder = shutil.copytree(confirmed, tmp_path / "another")
    assert carried_out_in_a_child(folder, "inline", WRITES, "after") == -signal.SIGKILL


@pytest.mark.parametrize("count", range(1, WRITES + 1))
def test_killed_before_any_of_its_writes_it_ends_the_same_after_a_restart(
    confirmed: Path, tmp_path: Path, count: int
) -> None:
    folder = shutil.copytree(confirmed, tmp_path / "house")
    assert carried_out_in_a_child(folder, "inline", count, "before") == -signal.SIGKILL
    house = open_house(folder)
    run_inline(house)
    assert_settled_once_and_nothing_lost(house)
