"""A replay file: what a result was made of, and what differs when it is made again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.synthetic import bursts, recording

from earwitness.audio.original import digest
from earwitness.errors import InputError
from earwitness.sound.chain import Chain, Step, run
from earwitness.sound.replay import Record, compare, parse, written

CHAIN = Chain((1.5, 4.0), (Step("high-pass", {"hz": 120.0}), Step("compress", {})))
THEN = {"numpy": "2.1.0", "scipy": "1.14.0", "model DeepFilterNet3": "c9" * 32}
RECORD = Record("a" * 64, "b" * 64, CHAIN, THEN, "c" * 64)


def test_a_replay_file_is_read_back() -> None:
    assert parse(written(RECORD)) == RECORD


def test_a_chain_that_is_run_again_from_its_file_gives_the_same_digest() -> None:
    sound = recording(bursts(2.5))
    made = digest(run(CHAIN, sound).recording)
    kept = written(replace(RECORD, original_digest=digest(sound), result_digest=made))
    again = digest(run(parse(kept).chain, sound).recording)
    assert compare(parse(kept), again, THEN, original_digest=digest(sound)) == []


def test_other_components_do_not_matter_where_the_result_is_the_same() -> None:
    assert compare(RECORD, "c" * 64, {"numpy": "3.0"}) == []


def test_what_is_another_is_named_where_the_result_differs() -> None:
    now = {"numpy": "2.2.0", "scipy": "1.14.0", "soxr": "0.5"}
    assert compare(RECORD, "d" * 64, now, original_sha256="e" * 64) == [
        "The original is another file: its SHA-256 differs.",
        "The result has other samples than the recorded one.",
        f"model DeepFilterNet3 took part ({'c9' * 32}) and is not here.",
        "numpy was 2.1.0 and is 2.2.0.",
        "soxr is here (0.5) and is not in the record.",
    ]


def test_where_nothing_named_differs_that_is_said() -> None:
    assert "the processor may be another" in compare(RECORD, "d" * 64, THEN)[1]


def changed(**fields: Any) -> str:
    return json.dumps(json.loads(written(RECORD)) | fields)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{", "no JSON"),
        ("[]", "This is no replay file"),
        (" " * 300_000, "at most 262144 characters"),
        (changed(more=1), "This is no replay file"),
        (changed(replay=2), "version 2, not 1"),
        (changed(original_sha256="A" * 64), "original_sha256 as 64 hexadecimal digits"),
        (changed(result_digest=1), "are texts"),
        (changed(components={"numpy": 2}), "are texts"),
        (changed(chain=[]), "as an object"),
        (changed(chain={"chain": 1, "stretch": None, "steps": [{"do": "x"}]}), "no step 'x'"),
    ],
)
def test_what_is_no_replay_file_is_refused(given: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse(given)
