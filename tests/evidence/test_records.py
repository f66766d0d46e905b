"""Commitments: every change is named, and nothing is given away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.evidence.records import (
    Change,
    Opened,
    RecordError,
    Value,
    canonical,
    changes,
    commitments_of,
    leaf_of,
    opened_fields,
)

SALT = b"s" * 32
VALUES: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.dictionaries(st.text("abcxyz_1", min_size=1), VALUES, min_size=1, max_size=6).filter(
    lambda fields: all(name.replace("_", "") for name in fields)
)


@given(FIELDS)
def test_what_was_committed_to_is_shown_to_be_that(fields: dict[str, Value]) -> None:
    leaf = leaf_of(opened_fields(fields, SALT))
    assert changes(leaf, opened_fields(fields, SALT)) == []
    assert commitments_of(leaf).keys() == fields.keys()


@given(FIELDS, st.data())
def test_each_change_is_named(fields: dict[str, Value], data: st.DataObject) -> None:
    opened = opened_fields(fields, SALT)
    leaf = leaf_of(opened)
    name = data.draw(st.sampled_from(sorted(fields)))
    other = data.draw(VALUES.filter(lambda value: canonical(value) != canonical(fields[name])))
    assert changes(leaf, opened | {name: Opened(other, opened[name].salt)}) == [
        Change(name, "changed")
    ]
    assert changes(leaf, opened | {name: Opened(fields[name], b"t" * 32)}) == [
        Change(name, "changed")
    ]
    less = {each: opened[each] for each in opened if each != name}
    assert changes(leaf, less) == [Change(name, "missing")]
    assert changes(leaf, less, frozenset({name})) == []
    assert changes(leaf, opened | {"new": Opened("x", SALT)}) == [Change("new", "added")]


def test_equal_values_have_commitments_that_differ() -> None:
    fields: dict[str, Value] = {"one": "yes", "other": "yes"}
    mine = commitments_of(leaf_of(opened_fields(fields, SALT)))
    theirs = commitments_of(leaf_of(opened_fields(fields, b"t" * 32)))
    assert len({*mine.values(), *theirs.values()}) == 4


@pytest.mark.parametrize(
    "value", [1.5, float("nan"), b"x", object(), {1: 2}, ["a", {2.0}], "\ud800"]
)
def test_what_can_be_written_in_several_ways_is_refused(value: object) -> None:
    with pytest.raises(RecordError):
        canonical(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "leaf",
    [
        b"", b"earwitness leaf v1\n", b"earwitness leaf v2\na " + b"0" * 64 + b"\n",
        b"earwitness leaf v1\na " + b"0" * 63 + b"\n", b"earwitness leaf v1\na " + b"0" * 64,
        b"earwitness leaf v1\nb " + b"0" * 64 + b"\na " + b"0" * 64 + b"\n",
        b"earwitness leaf v1\na b c\n", b"\xff", b"earwitness leaf v1\na " + b"A" * 64 + b"\r\n",
    ],
)  # fmt: skip
def test_what_is_no_leaf_is_refused(leaf: bytes) -> None:
    with pytest.raises(RecordError):
        commitments_of(leaf)
