"""A finding is written and read strictly, and says what it has still to say."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.errors import InputError, TooLarge
from earwitness.sound.findings.blind import Result
from earwitness.sound.findings.finding import (
    MOST_CHARACTERS,
    Finding,
    Heard,
    Material,
    Measurement,
    missing,
    parse,
    written,
)
from earwitness.sound.integrity.observation import Observation

COMPLETE = Finding(
    question="What does the second voice say at 0:12?",
    examiner="Ann",
    recordings=(
        Material("0" * 64, "Kitchen device, handed over by the household", True),
        Material("1" * 64, "The chain's result", False),
    ),
    chain={"chain": 1, "stretch": None, "steps": [{"do": "highpass", "hz": 80}]},
    references={"highpass": "Butterworth 1930"},
    invented=False,
    measurements=(Measurement("SNR", "dB", "10th percentile of 50 ms", 3.0, 9.5),),
    heard=(Heard("Ann", "put it down", True, True), Heard("Ben", "put it", False, True)),
    blind=Result("agreed words", 8, 2, 0.5, 1.0, 0.5, 0.5, 0.5, 2 / 256, "Better."),
    integrity=(Observation("container", "WAV: the headers fit", (), True, "Weak."),),
    conclusions=("The voice says: put it down.",),
    limits=("The first word is masked by a door.",),
    versions={"earwitness": "0.1", "numpy": "2"},
)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
number = st.floats(allow_nan=False, allow_infinity=False)
texts = st.dictionaries(text, text, max_size=3)
plain = st.none() | st.booleans() | st.integers() | number | text
nested = st.recursive(
    plain,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(text, each, max_size=3),
    max_leaves=8,
)


def some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, max_size=3).map(tuple)


findings = st.builds(
    Finding,
    question=text,
    examiner=text,
    recordings=some(st.builds(Material, text, text, st.booleans())),
    chain=st.none() | st.dictionaries(text, nested, max_size=3),
    references=texts,
    invented=st.booleans(),
    measurements=some(
        st.builds(Measurement, text, text, text, st.none() | number, st.none() | number)
    ),
    heard=some(st.builds(Heard, text, text, st.booleans(), st.booleans())),
    blind=st.none()
    | st.builds(
        Result,
        text,
        st.integers(),
        st.integers(),
        number,
        number,
        number,
        st.none() | number,
        st.none() | number,
        number,
        text,
    ),
    integrity=some(
        st.builds(Observation, text, text, some(number), st.none() | st.booleans(), text)
    ),
    conclusions=some(text),
    limits=some(text),
    versions=texts,
)


@given(findings)
def test_what_is_written_is_read_again(finding: Finding) -> None:
    assert parse(written(finding)) == finding


@given(st.text(max_size=200))
def test_any_other_text_is_refused(other: str) -> None:
    with pytest.raises(InputError):
        parse(other)


@given(st.dictionaries(st.sampled_from(sorted(json.loads(written(COMPLETE)))), nested, min_size=1))
def test_a_field_of_another_kind_is_refused_or_fits(changes: dict[str, Any]) -> None:
    try:
        found = parse(json.dumps({**json.loads(written(COMPLETE)), **changes}))
    except InputError:
        return
    assert parse(written(found)) == found


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"finding": 2}, "form 1"),
        ({"extra": 1}, "too many or too few: extra"),
        ({"question": 7}, "finding.question has to be str"),
        ({"invented": 1}, "finding.invented has to be bool"),
        ({"limits": "all"}, "finding.limits has to be list"),
        ({"recordings": [{"sha256": "0"}]}, r"finding.recordings\[0\] has fields"),
    ],
)
def test_a_refusal_names_the_place(change: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        parse(json.dumps({**json.loads(written(COMPLETE)), **change}))


def test_what_is_no_number_is_neither_written_nor_read() -> None:
    odd = replace(COMPLETE, measurements=(Measurement("SNR", "dB", "", float("nan"), None),))
    with pytest.raises(InputError, match="numbers that are none"):
        written(odd)
    with pytest.raises(InputError, match="not JSON"):
        parse(written(COMPLETE).replace("9.5", "Infinity"))
    with pytest.raises(InputError):
        parse(written(COMPLETE).replace("9.5", "1" + "0" * 400))


def test_too_much_and_too_deep_is_refused() -> None:
    with pytest.raises(TooLarge):
        parse(" " * (MOST_CHARACTERS + 1))
    with pytest.raises(InputError):
        parse("[" * 100_000)


def test_a_complete_finding_misses_nothing() -> None:
    assert missing(COMPLETE) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"question": " "}, "purpose"),
        ({"examiner": ""}, "who examined"),
        ({"recordings": ()}, "Name the original"),
        ({"recordings": (Material("abc", "x", True), Material("1" * 64, "y", False))}, "SHA-256"),
        ({"recordings": (Material("0" * 64, "", True), COMPLETE.recordings[1])}, "Describe"),
        ({"recordings": COMPLETE.recordings[:1]}, "treated recording"),
        ({"references": {}}, "reference of each step: highpass"),
        ({"chain": {"chain": 1, "steps": []}}, "no steps"),
        ({"measurements": ()}, "before and after"),
        ({"heard": COMPLETE.heard[:1]}, "One listener"),
        ({"blind": None}, "blind test"),
        ({"integrity": ()}, "integrity checks"),
        ({"limits": ()}, "does not show"),
        ({"conclusions": ()}, "conclude"),
        ({"conclusions": ("It is authentic.",)}, "consistent with"),
        ({"versions": {}}, "versions"),
    ],
)
def test_what_a_finding_has_still_to_say_is_said(change: dict[str, Any], says: str) -> None:
    found = missing(replace(COMPLETE, **change))
    assert len([each for each in found if says in each]) == 1


def test_an_examination_without_treatment_needs_no_steps_and_no_measurements() -> None:
    untreated = replace(
        COMPLETE,
        chain=None,
        measurements=(),
        heard=(),
        blind=None,
        recordings=COMPLETE.recordings[:1],
    )
    assert missing(untreated) == []
