"""The events that we speak, one class each. Fields that we do not know are passed over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from earwitness.errors import ProtocolError
from earwitness.wire.wyoming.frames import Frame

Name = Annotated[str, Field(max_length=200)]
Terms = Annotated[tuple[Annotated[str, Field(max_length=100)], ...], Field(max_length=500)]
Milliseconds = Annotated[int, Field(ge=0, le=(1 << 53) - 1)]
Value = TypeVar("Value", bound="Message")


class Message:
    """What all of them share."""

    __slots__ = ()
    __pydantic_config__ = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)

    kind: ClassVar[str]

    @classmethod
    def read(cls: type[Value], frame: Frame) -> Value:
        """Raises ProtocolError for fields of another kind than they should be."""
        try:
            value: Value = _adapter(cls).validate_json(json.dumps(dict(frame.data)))
        except ValidationError as error:
            raise ProtocolError(f"{frame.type}: {_explained(error)}") from None
        return value

    def frame(self) -> Frame:
        """Fields that are None are left out."""
        return Frame(self.kind, _adapter(type(self)).dump_python(self, exclude_none=True))


# --- what a server is -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Describe(Message):
    kind: ClassVar[str] = "describe"


@dataclass(frozen=True, slots=True)
class Attribution:
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class AsrModel:
    name: str
    languages: tuple[str, ...]
    attribution: Attribution
    installed: bool = True
    description: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class AsrProgram:
    name: str
    attribution: Attribution
    models: tuple[AsrModel, ...]
    installed: bool = True
    description: str | None = None
    version: str | None = None
    supports_transcript_streaming: bool = False
    requires_external_vad: bool = True


@dataclass(frozen=True, slots=True)
class Info(Message):
    kind: ClassVar[str] = "info"

    asr: tuple[AsrProgram, ...] = ()

    def frame(self) -> Frame:
        """Whole, for clients ask for every field by name."""
        return Frame(self.kind, _adapter(Info).dump_python(self))


# --- sound ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AudioStart(Message):
    kind: ClassVar[str] = "audio-start"

    rate: int
    width: int
    channels: int
    timestamp: Milliseconds | None = None


@dataclass(frozen=True, slots=True)
class AudioChunk(AudioStart):
    """``audio`` is the payload."""

    kind: ClassVar[str] = "audio-chunk"

    audio: bytes = b""

    @classmethod
    def read(cls, frame: Frame) -> AudioChunk:
        """Raises ProtocolError where its format is none."""
        told = AudioStart.read(frame)
        return AudioChunk(told.rate, told.width, told.channels, told.timestamp, frame.payload)

    def frame(self) -> Frame:
        told = AudioStart(self.rate, self.width, self.channels, self.timestamp).frame()
        return Frame(self.kind, told.data, self.audio)


@dataclass(frozen=True, slots=True)
class AudioStop(Message):
    kind: ClassVar[str] = "audio-stop"

    timestamp: Milliseconds | None = None


# --- speech to text -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Transcribe(Message):
    """Asks for the transcript of the sound that follows.

    Names and terms are to be heard more readily, for this sound alone.
    """

    kind: ClassVar[str] = "transcribe"

    name: Name | None = None
    language: Name | None = None
    transcript_names: Terms | None = None
    transcript_terms: Terms | None = None


@dataclass(frozen=True, slots=True)
class Transcript(Message):
    kind: ClassVar[str] = "transcript"

    text: str
    language: str | None = None
    context: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TranscriptStart(Message):
    kind: ClassVar[str] = "transcript-start"

    language: str | None = None
    context: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TranscriptChunk(Message):
    kind: ClassVar[str] = "transcript-chunk"

    text: str


@dataclass(frozen=True, slots=True)
class TranscriptStop(Message):
    kind: ClassVar[str] = "transcript-stop"


# --- everything else ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ping(Message):
    kind: ClassVar[str] = "ping"

    text: Name | None = None


@dataclass(frozen=True, slots=True)
class Pong(Message):
    kind: ClassVar[str] = "pong"

    text: Name | None = None


@dataclass(frozen=True, slots=True)
class Error(Message):
    """``code`` is for programs."""

    kind: ClassVar[str] = "error"

    text: str
    code: str | None = None


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def _explained(error: ValidationError) -> str:
    """What is wrong and where; never what was said there."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(map(str, first["loc"]))[:100]
    return f"{where}: {first['msg'][:200]}."
