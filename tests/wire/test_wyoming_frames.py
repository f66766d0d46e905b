"""Bytes -> events of Wyoming: every rule, every cut."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.fuzz.wyoming import SMALL, check, cut, outcome

from earwitness.errors import ProtocolError
from earwitness.wire.wyoming.frames import Decoder, Frame, Limits, encode

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
numbers = st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
leaves = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
frames = st.builds(
    Frame,
    type=texts.filter(bool),
    data=st.dictionaries(texts, values, max_size=4),
    payload=st.binary(max_size=40),
)


def header(**fields: Any) -> bytes:
    return json.dumps({"type": "ping"} | fields).encode() + b"\n"


def refused(content: bytes, limits: Limits | None = None) -> ProtocolError:
    with pytest.raises(ProtocolError) as raised:
        list(Decoder(limits).feed(content))
    return raised.value


@given(st.lists(frames, max_size=4), st.integers(1, 60))
def test_events_in_any_cuts_are_what_was_written(sent: list[Frame], size: int) -> None:
    content = b"".join(map(encode, sent))
    assert outcome(cut(content, size), Limits()) == (sent, "between")


@given(st.binary(max_size=400))
@example(b"\n")
@example(b'{"type": "a", "data_length": 0, "payload_length": 0}\n' * 2)
def test_arbitrary_bytes_end_the_same_whatever_the_cuts(content: bytes) -> None:
    check(content)


@given(frames, st.data())
def test_a_spoiled_event_ends_the_same_whatever_the_cuts(frame: Frame, data: st.DataObject) -> None:
    content = bytearray(encode(frame) * 2)
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] = data.draw(st.integers(0, 255))
    check(bytes(content))


def test_what_stands_behind_the_header_is_laid_over_its_data() -> None:
    content = header(data={"a": 1, "b": 1}, data_length=8) + b'{"b": 2}'
    assert outcome([content])[0] == [Frame("ping", {"a": 1, "b": 2})]


def test_lengths_of_none_are_no_lengths() -> None:
    content = header(data=None, data_length=None, payload_length=None, version="1.10.2")
    assert outcome([content]) == ([Frame("ping")], "between")


@pytest.mark.parametrize(
    "content",
    [
        b"\n",
        b"hello\n",
        b"[]\n",
        b'"ping"\n',
        b"{}\n",
        b'{"type": 1}\n',
        b'{"type": ""}\n',
        b'{"type": "ping"} {}\n',
        b'{"type": "ping", "data": NaN}\n',
        b'{"type": "ping", "data": {"a": Infinity}}\n',
        b'{"type": "\xff"}\n',
        b'{"type": "\\ud800"}\n',
        b'\xef\xbb\xbf{"type": "ping"}\n',
        '{"type": "ping"}\n'.encode("utf-16"),
        header(type="a" * 101),
        header(data=[]),
        header(data="a"),
        header(data_length=-1),
        header(data_length=1.0),
        header(data_length=True),
        header(data_length="2"),
        header(payload_length=-1),
        header(payload_length=[1]),
        header(data_length=2) + b"[]",
        header(data_length=1) + b"{",
        header(data_length=8) + b'{"a":NaN',
        b'{"type": ' + b"[" * 60_000 + b"\n",
        header(data_length=200_000) + b'{"a":' * 40_000,
    ],
)
def test_what_is_no_event_is_refused(content: bytes) -> None:
    error = refused(content)
    assert error.code == "malformed"
    assert len(str(error)) < 200


@pytest.mark.parametrize(
    "content",
    [
        b"a" * (64 * 1024 + 1),
        b'{"type": "' + b"a" * (64 * 1024) + b'"}\n',
        header(data_length=256 * 1024 + 1),
        header(payload_length=1024 * 1024 + 1),
        header(payload_length=2**63),
        header(data_length=10**400),
    ],
)
def test_what_would_be_too_large_is_refused_before_it_comes(content: bytes) -> None:
    error = refused(content)
    assert error.code == "too_large"
    assert len(str(error)) < 200


def test_what_is_just_small_enough_is_taken() -> None:
    line = header(data_length=SMALL.data, payload_length=SMALL.payload)
    line = line[:-1].ljust(SMALL.header) + b"\n"
    content = line + b"{}".ljust(SMALL.data) + bytes(SMALL.payload)
    assert outcome([content]) == ([Frame("ping", {}, bytes(SMALL.payload))], "between")
    assert outcome([b" " + content]) == ([], "too_large")


def test_events_before_a_broken_one_count() -> None:
    content = encode(Frame("ping")) * 2 + b"hello\n"
    assert outcome([content]) == ([Frame("ping")] * 2, "malformed")


def test_an_event_has_begun_until_it_is_whole() -> None:
    decoder = Decoder()
    content = encode(Frame("ping", {"a": 1}, b"abc"))
    for at in range(len(content)):
        assert decoder.within == (at > 0)
        assert len(list(decoder.feed(content[at : at + 1]))) == (at == len(content) - 1)
    assert not decoder.within
