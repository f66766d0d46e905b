"""Our messages and those of the ``wyoming`` package: what one writes the other reads."""

from __future__ import annotations

import io
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz.wyoming import KINDS
from wyoming.event import Eventable, read_event, write_event

from earwitness.errors import ProtocolError
from earwitness.wire.wyoming import messages as ours
from earwitness.wire.wyoming.frames import Decoder, Frame, encode
from earwitness.wire.wyoming.messages import Message

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
maybe = st.none() | text
terms = st.none() | st.lists(text, max_size=3).map(tuple)
milliseconds = st.none() | st.integers(0, 2**53 - 1)
sound = {
    "rate": st.integers(1, 192_000),
    "width": st.integers(1, 4),
    "channels": st.integers(1, 8),
    "timestamp": milliseconds,
}
context = st.none() | st.dictionaries(text, text | st.integers(-9, 9) | st.booleans(), max_size=3)
artefact = {
    "name": text,
    "attribution": st.builds(ours.Attribution, name=text, url=text),
    "installed": st.booleans(),
    "description": maybe,
    "version": maybe,
}
models = st.builds(ours.AsrModel, languages=st.lists(text, max_size=2).map(tuple), **artefact)
programs = st.builds(
    ours.AsrProgram,
    models=st.lists(models, max_size=2).map(tuple),
    supports_transcript_streaming=st.booleans(),
    requires_external_vad=st.booleans(),
    **artefact,
)
FIELDS: dict[type[Message], dict[str, Any]] = {
    ours.Describe: {},
    ours.Info: {"asr": st.lists(programs, max_size=2).map(tuple)},
    ours.AudioStart: sound,
    ours.AudioChunk: sound | {"audio": st.binary(max_size=20)},
    ours.AudioStop: {"timestamp": milliseconds},
    ours.Transcribe: {
        "name": maybe,
        "language": maybe,
        "transcript_names": terms,
        "transcript_terms": terms,
    },
    ours.Transcript: {"text": text, "language": maybe, "context": context},
    ours.TranscriptStart: {"language": maybe, "context": context},
    ours.TranscriptChunk: {"text": text},
    ours.TranscriptStop: {},
    ours.Ping: {"text": maybe},
    ours.Pong: {"text": maybe},
    ours.Error: {"text": text, "code": maybe},
}
MODULES = [import_module(f"wyoming.{name}") for name in ("asr", "audio", "error", "info", "ping")]


def theirs(kind: type[Message]) -> type[Eventable]:
    """Their class for a message of ours."""
    found = {
        each
        for module in MODULES
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Eventable) and each is not Eventable
        if each.is_type(kind.kind)
    }
    (one,) = found
    return one


def test_every_message_is_looked_at_below() -> None:
    assert set(FIELDS) == set(KINDS)
    assert len({kind.kind for kind in FIELDS}) == len(FIELDS)


@pytest.mark.parametrize("kind", FIELDS, ids=lambda kind: kind.kind)
@given(data=st.data())
def test_a_message_goes_through_the_other_package_and_back(
    kind: type[Message], data: st.DataObject
) -> None:
    message = data.draw(st.builds(kind, **FIELDS[kind]))
    event = read_event(io.BytesIO(encode(message.frame())))
    assert event is not None
    assert theirs(kind).is_type(event.type)
    written = io.BytesIO()
    write_event(theirs(kind).from_event(event).event(), written)
    (frame,) = Decoder().feed(written.getvalue())
    assert kind.read(frame) == message


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (ours.AudioStart, {}),
        (ours.AudioStart, {"rate": "16000", "width": 2, "channels": 1}),
        (ours.AudioStart, {"rate": 16000.5, "width": 2, "channels": 1}),
        (ours.AudioStart, {"rate": True, "width": 2, "channels": 1}),
        (ours.AudioChunk, {"rate": 16000, "width": None, "channels": 1}),
        (ours.AudioChunk, {"rate": 16000, "width": 2, "channels": 1, "timestamp": -1}),
        (ours.AudioStop, {"timestamp": "now"}),
        (ours.Transcribe, {"language": 7}),
        (ours.Transcribe, {"language": "e" * 201}),
        (ours.Transcribe, {"transcript_names": "Saoirse"}),
        (ours.Transcribe, {"transcript_terms": ["yeet", 7]}),
        (ours.Transcribe, {"transcript_terms": ["y" * 101]}),
        (ours.Transcribe, {"transcript_terms": ["yeet"] * 501}),
        (ours.Transcript, {"text": None}),
        (ours.Transcript, {"text": "a", "context": []}),
        (ours.Info, {"asr": [{"name": "a"}]}),
        (ours.Ping, {"text": ["a"]}),
        (ours.Error, {"code": "a"}),
    ],
)
def test_fields_of_another_kind_are_refused_without_repeating_them(
    kind: type[Message], data: dict[str, Any]
) -> None:
    with pytest.raises(ProtocolError, match=f"^{kind.kind}: ") as raised:
        kind.read(Frame(kind.kind, data))
    assert raised.value.code == "malformed"
    assert "Saoirse" not in str(raised.value)
    assert len(str(raised.value)) < 400


def test_fields_that_we_do_not_know_are_passed_over() -> None:
    assert ours.Ping.read(Frame("ping", {"text": "a", "mood": {"good": [1]}})) == ours.Ping("a")
