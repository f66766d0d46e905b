"""The device link on the wire: messages, frames, and what is signed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from earwitness.errors import ProtocolError
from earwitness.wire.link import codec, frames
from earwitness.wire.link import messages as link
from earwitness.wire.link.frames import AudioFrame, decode_frame, encode_frame
from earwitness.wire.link.proof import hello_text, rotate_text

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
MOMENTS = st.integers(0, link.MAX_INTEGER)
HELLO = link.Hello(
    device="d",
    household="h",
    room="Küche",
    consent=True,
    clock=1,
    codec="opus",
    listening="open",
    signature="0" * 128,
)


def _digits(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789abcdef", min_size=count, max_size=count)


WORDS = st.builds(link.Word, text=NAMES, confidence=st.floats(0, 1), term=st.none() | NAMES)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("text", "stable", "reason", "message", "device", "household", "room"), NAMES),
    **dict.fromkeys(("position", "until", "start", "end", "endpoint"), MOMENTS),
    **dict.fromkeys(("clock", "received", "sent"), MOMENTS),
    **dict.fromkeys(("granted", "consent"), st.booleans()),
    **dict.fromkeys(("revision", "lexicon"), MOMENTS),
    **dict.fromkeys(("signature", "proof"), _digits(128)),
    **dict.fromkeys(("key", "nonce"), _digits(64)),
    "utterance": st.none() | _digits(32),
    "codec": st.sampled_from(["pcm16", "opus"]),
    "listening": st.sampled_from(["open", "push"]),
    "session": _digits(32),
    "began": MOMENTS,
    "protocol": st.integers(1, 1000),
    "clock_offset": st.integers(-link.MAX_INTEGER, link.MAX_INTEGER),
    "confidence": st.floats(0, 1),
    "retry_after": st.floats(0, 1e9),
    "code": st.from_regex("^[a-z_]{1,40}$", fullmatch=True),
    "words": st.lists(WORDS, max_size=3).map(tuple),
    "flags": st.lists(st.builds(link.Flag, rule=NAMES, reason=NAMES), max_size=2).map(tuple),
    "limits": st.builds(
        link.Limits,
        frame_bytes=st.integers(1, 1 << 20),
        ahead_seconds=st.floats(0, 10),
        idle_seconds=st.floats(0, 10),
        endpoint_seconds=st.floats(0, 10),
    ),
}


def messages(side: Any) -> st.SearchStrategy[Any]:
    """Any message of one side; a field that FIELDS does not know is an error."""
    return st.one_of([_message(kind) for kind in get_args(side)])


def _message(kind: Any) -> st.SearchStrategy[Any]:
    names = [name for name in kind.__dataclass_fields__ if name != "type"]
    return st.builds(kind, **{name: FIELDS[name] for name in names})


@given(messages(link.FromDevice))
def test_every_message_of_a_device_survives_the_wire(message: link.FromDevice) -> None:
    assert codec.from_device(codec.encode(message)) == message


@given(messages(link.FromServer))
def test_every_message_of_a_server_survives_the_wire(message: link.FromServer) -> None:
    assert codec.from_server(codec.encode(message)) == message


@given(st.text() | st.binary(max_size=200))
def test_anything_at_all_is_a_message_or_an_error(text: str | bytes) -> None:
    for parse in (codec.from_device, codec.from_server):
        with pytest.raises(ProtocolError) as refused:
            parse(text)
        assert len(str(refused.value)) < 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(messages(link.FromDevice), st.data())
def test_a_field_of_another_kind_is_an_error_or_means_itself(
    message: link.FromDevice, data: st.DataObject
) -> None:
    plain = json.loads(codec.encode(message))
    name = data.draw(st.sampled_from(sorted(plain)))
    changed = plain | {name: data.draw(JSON)}
    try:
        read = codec.from_device(json.dumps(changed))
    except ProtocolError:
        return
    assert json.loads(codec.encode(read)) == {k: v for k, v in changed.items() if v is not None}


def test_an_error_says_where_it_is_and_not_what_was_said() -> None:
    with pytest.raises(ProtocolError, match=r"^begin\.position: Input should be") as refused:
        codec.from_device('{"type": "begin", "position": "my secret"}')
    assert "secret" not in str(refused.value)


def test_half_a_character_is_refused_before_anybody_signs_it() -> None:
    plain = json.loads(codec.encode(HELLO)) | {"room": "\ud800"}
    with pytest.raises(ProtocolError):
        codec.from_device(json.dumps(plain))


def test_a_message_within_the_limits_of_its_fields_is_within_the_limit_of_its_size() -> None:
    long = replace(HELLO, device="\U0001f600" * 100, household="\x1f" * 100, room="\x1f" * 100)
    assert codec.from_device(codec.encode(long)) == long


# --- frames -----------------------------------------------------------------------------

FRAMES = st.builds(
    AudioFrame,
    codec=st.just("pcm16"),
    sequence=st.integers(0, frames.MAX_SEQUENCE),
    position=MOMENTS,
    payload=st.binary(min_size=1, max_size=200).map(lambda half: half * 2),
) | st.builds(
    AudioFrame,
    codec=st.just("opus"),
    sequence=st.integers(0, frames.MAX_SEQUENCE),
    position=MOMENTS,
    payload=st.binary(min_size=1, max_size=frames.MAX_OPUS),
    fresh=st.booleans(),
)


@given(FRAMES)
def test_every_frame_survives_the_wire(frame: AudioFrame) -> None:
    assert decode_frame(encode_frame(frame)) == frame


@given(st.binary(max_size=40))
def test_any_bytes_are_a_frame_or_an_error(data: bytes) -> None:
    try:
        frame = decode_frame(data)
    except ProtocolError:
        return
    assert encode_frame(frame) == data


@given(st.lists(st.integers(-32768, 32767), min_size=1))
def test_samples_survive_the_wire_to_the_bit(values: list[int]) -> None:
    samples = np.array(values, np.float32) / 32768
    np.testing.assert_array_equal(frames.from_pcm16(frames.to_pcm16(samples)), samples)


def test_what_is_too_loud_is_clipped() -> None:
    samples = np.array([-2, 2], np.float32)
    assert frames.from_pcm16(frames.to_pcm16(samples)).tolist() == [-1, 32767 / 32768]


# --- proof --------------------------------------------------------------------------------


def test_what_a_hello_signs_is_the_same_in_every_language() -> None:
    """The example of docs/reference/device-link.md."""
    assert hello_text("ab" * 32, HELLO).decode() == (
        "earwitness device link 1 hello\n" + "ab" * 32 + "\n"
        '{"clock":1,"codec":"opus","consent":true,"device":"d","household":"h",'
        '"listening":"open","position":0,"room":"Küche","type":"hello"}'
    )


def test_what_an_exchange_of_keys_signs_is_no_hello() -> None:
    text = rotate_text("ab" * 32, "d", "00" * 32, "11" * 32)
    assert text.startswith(b"earwitness device link 1 rotate\n")


@given(_message(link.Hello), _message(link.Hello))
def test_two_hellos_sign_the_same_only_where_they_say_the_same(
    one: link.Hello, other: link.Hello
) -> None:
    same = replace(one, signature="") == replace(other, signature="")
    assert (hello_text("n", one) == hello_text("n", other)) == same


# --- the schema -----------------------------------------------------------------------------


def test_the_schema_names_every_message_of_both_sides() -> None:
    made = codec.schema()["$defs"]
    for name, side in (("FromDevice", link.FromDevice), ("FromServer", link.FromServer)):
        kinds = {each["$ref"].rpartition("/")[2] for each in made[name]["oneOf"]}
        assert kinds == {kind.__name__ for kind in get_args(side)}
        for kind in kinds:
            assert made[kind]["additionalProperties"] is False
            assert "type" in made[kind]["required"]


def test_what_the_schema_says_is_what_is_checked() -> None:
    json_schema = TypeAdapter(link.Begin).json_schema()["properties"]["position"]
    assert codec.schema()["$defs"]["Begin"]["properties"]["position"] == {
        key: value for key, value in json_schema.items() if key != "title"
    }
