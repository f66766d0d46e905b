"""``bench workbench`` on a small scale: every figure comes from a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from earwitness.bench import pages, waiting, workbench
from earwitness.config import Settings
from earwitness.model import ItemState
from earwitness.wiring import Earwitness


def test_a_long_queue_is_like_one_that_grew(tmp_path: Path) -> None:
    with Earwitness.open(Settings(data=tmp_path)) as program:
        waiting.fill(program, 300)
        assert program.records.count_items() == {ItemState.WAITING: 300}
        items = program.records.items(limit=300)
        assert len({item.priority for item in items}) == 300
        given = program.assign("Ada")
        assert given is not None
        assert given.lease.utterance == items[0].utterance
        assert len(program.clip(given.clip)) / 16_000 == given.seconds
        assert [problem for problem in program.records.check() if "its event" not in problem] == []


def test_every_figure_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ANALYSTS", 3), ("ROUNDS", 2), ("PAGE_ROUNDS", 2), ("PAUSE_SECONDS", 0)):
        monkeypatch.setattr(workbench, name, value)
    monkeypatch.setattr(pages, "VISITS", 1)
    monkeypatch.setattr(pages, "CLIPS", 2)
    done: list[str] = []
    found = workbench.run(Settings(data=tmp_path), (60, 100), done.append)
    assert done == ["60 clips wait", "100 clips wait", "the pages", "the browser"]
    assert set(found["next_clip_ms"]) == {"60", "100"}
    for figures in (*found["next_clip_ms"].values(), *found["page_ms"].values()):
        assert 0 < figures["p50"] <= figures["p99"]
    if pages.missing():
        assert found["page_kb"] is None
        assert found["left_out"] == pages.missing()
    else:
        assert 50 < found["page_kb"] < 400
        assert found["key_to_sound_ms"]["p50"] > 0
        assert found["ready_ms"]["p50"] > 0
