"""Events on the wire: a line of JSON, then data, then a payload, each with its length.

::

    {"type": "audio-chunk", "data_length": 45, "payload_length": 2048}\\n
    {"rate": 16000, "width": 2, "channels": 1}<2048 bytes>

The reader of the ``wyoming`` package takes whatever length a peer names. This one takes
no more than its limits, and says which one was broken.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from pydantic_core import from_json

from earwitness.errors import ProtocolError


@dataclass(frozen=True, slots=True)
class Limits:
    """In bytes."""

    header: int = 64 * 1024
    data: int = 256 * 1024
    payload: int = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Frame:
    """One event. ``data`` is what stood in the header and what followed it, together."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict)
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class _Header:
    type: str
    data: dict[str, Any]
    data_length: int
    payload_length: int


def encode(frame: Frame) -> bytes:
    """The bytes of an event, its data behind the header."""
    data = json.dumps(dict(frame.data), ensure_ascii=False, allow_nan=False).encode()
    header: dict[str, Any] = {"type": frame.type}
    if frame.data:
        header["data_length"] = len(data)
    if frame.payload:
        header["payload_length"] = len(frame.payload)
    line = json.dumps(header).encode() + b"\n"
    return b"".join((line, data if frame.data else b"", frame.payload))


class Decoder:
    """Bytes in any cuts -> events. Holds what is not a whole event yet, and no more.

    Raises ProtocolError where a rule is broken; it is of no use afterwards.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._bytes = bytearray()
        self._searched = 0
        self._header: _Header | None = None

    @property
    def within(self) -> bool:
        """Whether an event has begun and is not whole yet."""
        return bool(self._bytes) or self._header is not None

    def feed(self, content: bytes) -> Iterator[Frame]:
        """The events that ``content`` completes, each when it is asked for."""
        self._bytes += content
        while (frame := self._next()) is not None:
            yield frame

    def _next(self) -> Frame | None:
        if self._header is None:
            self._header = self._read_header()
        header = self._header
        if header is None or len(self._bytes) < header.data_length + header.payload_length:
            return None
        data = header.data | _object(self._take(header.data_length), "data")
        self._header = None
        return Frame(header.type, data, self._take(header.payload_length))

    def _read_header(self) -> _Header | None:
        end = self._bytes.find(b"\n", self._searched)
        if (end if end >= 0 else len(self._bytes)) > self._limits.header:
            _break("too_large", f"A header has at most {self._limits.header} bytes.")
        if end < 0:
            self._searched = len(self._bytes)
            return None
        self._searched = 0
        return self._checked(_object(self._take(end + 1), "header"))

    def _checked(self, header: dict[str, Any]) -> _Header:
        kind, data = header.get("type"), header.get("data")
        if not isinstance(kind, str) or not 0 < len(kind) <= 100:
            _break("malformed", "A header has a type of 1 to 100 characters.")
        if not isinstance(data, dict | None):
            _break("malformed", "A header's data is an object.")
        return _Header(
            kind,
            data or {},
            _length(header, "data_length", self._limits.data),
            _length(header, "payload_length", self._limits.payload),
        )

    def _take(self, count: int) -> bytes:
        taken = bytes(self._bytes[:count])
        del self._bytes[:count]
        return taken


def _length(header: Mapping[str, Any], name: str, most: int) -> int:
    value = header.get(name)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        _break("malformed", f"{name} is a whole number from 0.")
    if value > most:
        _break("too_large", f"{name} is at most {most}, not {min(value, 1 << 60)}.")
    return value


def _object(content: bytes, what: str) -> dict[str, Any]:
    """Empty data is none. Stricter than ``json.loads``: UTF-8, no NaN, no half surrogates."""
    if not content:
        return {}
    try:
        value = from_json(content, allow_inf_nan=False)
    except ValueError:
        _break("malformed", f"The {what} is not JSON.")
    if not isinstance(value, dict):
        _break("malformed", f"The {what} is not a JSON object.")
    return value


def _break(code: str, message: str) -> NoReturn:
    raise ProtocolError(message, code)
