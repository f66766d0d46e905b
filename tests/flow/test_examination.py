"""A kept clip under examination: chains on it, and what a bench holds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from tests.values import item, utterance

from earwitness.config import Settings
from earwitness.doors.workbench.examine.files import GIVERS, Given
from earwitness.errors import AudioError, NotFound, Stopped
from earwitness.flow import examination, findings
from earwitness.flow.examination import Bench
from earwitness.model import SAMPLE_RATE
from earwitness.sound import chain as chains
from earwitness.sound.chain import Chain
from earwitness.wiring import Earwitness, FlacCodec

SECOND = SAMPLE_RATE * 4 * 2
"""Bytes of a second before and after."""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Earwitness]:
    with Earwitness.open(Settings(data=tmp_path)) as opened:
        noise = np.random.default_rng(1).standard_normal(SAMPLE_RATE).astype(np.float32) / 20
        for name in ("u1", "u2"):
            clip = opened.blobs.put(FlacCodec().encode(noise))
            kept = replace(utterance(name), clip=clip, heard_at=datetime.now(UTC))
            opened.records.keep(kept, item(name, 0.9))
        yield opened


def gain(db: float) -> Chain:
    step = {"do": "gain", "db": db}
    return chains.parse({"chain": 1, "stretch": None, "steps": [step]})


def test_a_bench_remembers_no_more_than_it_may(program: Earwitness) -> None:
    bench, on = Bench(most_kept=3 * SECOND), program.examining
    keys = [bench.treated("u1", gain(-db), on).key for db in range(5)]
    for key in keys[:2]:
        with pytest.raises(NotFound, match="made again"):
            bench.kept(key, "u1")
    assert [bench.kept(key, "u1").key for key in keys[2:]] == keys[2:]
    small = Bench(most_kept=1)
    assert small.kept(small.treated("u1", gain(-1), on).key, "u1")


def test_what_is_held_is_of_one_clip(program: Earwitness) -> None:
    bench = Bench()
    key = bench.treated("u1", gain(-1), program.examining).key
    with pytest.raises(NotFound):
        bench.kept(key, "u2")
    assert bench.treated("u2", gain(-1), program.examining).key != key


def test_what_somebody_asked_for_before_is_given_up(program: Earwitness) -> None:
    bench, on = Bench(), program.examining
    slow = chains.parse(
        {"chain": 1, "stretch": None, "steps": [{"do": "dereverb", "iterations": 10}] * 10}
    )
    first, stopped = bench.asked("Ada"), threading.Event()

    def ask() -> None:
        with pytest.raises(Stopped):
            bench.treated("u1", slow, on, ("Ada", first))
        stopped.set()

    thread = threading.Thread(target=ask)
    thread.start()
    second = bench.asked("Ada")
    bench.asked("Bob")
    assert bench.treated("u1", gain(-1), on, ("Ada", second)).key
    thread.join(60)
    assert stopped.is_set()


def test_a_stretch_is_what_replay_reads(program: Earwitness) -> None:
    asked = chains.parse({"chain": 1, "stretch": [0.25, 0.5], "steps": []})
    piece = Bench().treated("u1", asked, program.examining)
    whole = examination.original("u1", program.examining)
    assert piece.original.sha256 == whole.sha256 == program.records.utterance("u1").clip
    assert np.array_equal(piece.original.recording.samples, whole.recording.cut(0.25, 0.5).samples)


def test_a_damaged_original_is_refused(program: Earwitness) -> None:
    key = program.records.utterance("u1").clip
    path = program.settings.clips_folder / key
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(AudioError, match="is not what it was"):
        examination.original("u1", program.examining)


@pytest.mark.parametrize("count", [1, 2, 4, 5, 17, 300])
def test_the_shortest_clip_has_a_report(program: Earwitness, count: int) -> None:
    clip = program.blobs.put(FlacCodec().encode(np.full(count, 0.1, np.float32)))
    kept = replace(utterance("short"), clip=clip, heard_at=datetime.now(UTC))
    program.records.keep(kept, item("short", 0.9))
    bench, on = Bench(), program.examining
    draft = findings.Draft("What is it?", "a click")
    made = findings.written_up(bench.treated("short", gain(-3), on), draft, "Lea", on)
    version = findings.version("f", 1, "short", "Lea", datetime.now(UTC), made)
    for form in (Given.HTML, Given.PDF):
        content, _ = GIVERS[form](version, bench, on)
        assert b"What is it?" in content


def test_long_work_of_several_threads_is_done_one_after_the_other() -> None:
    bench, begun, go_on = Bench(), threading.Event(), threading.Event()
    done: list[str] = []

    def slow() -> None:
        begun.set()
        go_on.wait(60)
        done.append("slow")

    first = threading.Thread(target=bench.alone, args=(slow,))
    first.start()
    begun.wait(60)
    second = threading.Thread(target=bench.alone, args=(lambda: done.append("quick"),))
    second.start()
    second.join(0.2)
    assert done == []
    go_on.set()
    first.join(60)
    second.join(60)
    assert done == ["slow", "quick"]
