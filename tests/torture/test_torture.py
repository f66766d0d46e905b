"""A short sample of what ``make torture`` runs at length."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.programs import installed
from tests.torture import deadlines, full, kills, power, schedules, syscalls


@pytest.mark.parametrize("seed", range(3))
def test_no_schedule_buries_a_case(seed: int) -> None:
    happened = schedules.run(seed, 30)
    assert happened["report"]
    assert happened["messages"]


def test_deadlines_after_a_restart_are_met_once(tmp_path: Path) -> None:
    assert deadlines.run(tmp_path, 60) > 0


def test_what_was_acknowledged_outlives_every_kill() -> None:
    assert kills.run(5)["acknowledged"] > 5


if syscalls.possible():  # some containers let nobody trace

    def test_no_failing_call_leaves_half_a_report() -> None:
        installed("strace")
        found = syscalls.run(6, 1)
        assert found["points"] > 100
        assert found["died"] + found["refused"] + found["acknowledged"] == 6


if power.possible():  # elsewhere ``make torture`` says that it is left out

    def test_a_power_cut_takes_nothing_that_was_acknowledged() -> None:
        found = power.run(2, 1)
        assert found["acknowledged"] >= 2
        assert (found["cuts"], found["frozen"]) == (2, 1)

    def test_a_full_disk_still_has_room_for_reports() -> None:
        assert full.run() >= 20

    @pytest.mark.parametrize("what", sorted(full.LATER))
    def test_a_full_disk_still_has_room_for_what_is_done_later(what: str) -> None:
        assert full.run_later(what) >= 1
