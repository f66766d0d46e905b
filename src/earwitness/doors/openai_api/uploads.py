"""Forms with a recording in them, read into memory within bounds; nothing touches a disk.

Starlette's own parser moves whatever is above a megabyte into a temporary file.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from earwitness.audio.memory import MemoryFile
from earwitness.doors.openai_api.errors import SERVER, ApiError

MIB = 1 << 20
FIELDS_BYTES = 256 * 1024
"""All fields together that are no recording, with their names."""
MOST_FIELDS = 1000
LEAST_BYTES_A_SECOND = 64 * 1024
"""A body that comes more slowly, over all its time but ``stall_seconds``, is ended."""
SHARES = 4
"""Nobody gets more than one of so many parts of the memory for uploads."""
TRY_AGAIN_SECONDS = 2.0


Take = Callable[[int], None]
"""Told how many bytes more are held."""


class Budget:
    """Memory for all recordings that are being sent or heard, in bytes.

    What has arrived counts, not what was announced: many who announce much and send
    nothing take no room from others.
    """

    def __init__(self, most: int, most_each: int) -> None:
        self._most, self._most_each = most, most_each
        self._held: Counter[Hashable] = Counter()

    @contextmanager
    def hold(self, who: Hashable, announced: int) -> Iterator[Take]:
        """What takes room as it arrives, and gives it back at the end.

        Raises ApiError, at once or when something more is taken: 503 where there is no
        room for all, 429 where ``who`` has too much.
        """
        taken = 0

        def take(size: int) -> None:
            nonlocal taken
            self._check(who, size)
            self._held[who] += size
            taken += size

        self._check(who, announced)
        try:
            yield take
        finally:
            self._held[who] -= taken
            if not self._held[who]:
                del self._held[who]  # a Counter minds no key that is not there

    def _check(self, who: Hashable, size: int) -> None:
        if self._held[who] + size > self._most_each:
            raise _full(429, "You are sending too much at once", "rate_limit_error")
        if self._held.total() + size > self._most:
            raise _full(503, "Too much is being sent at once", SERVER)


def _full(status: int, message: str, kind: str) -> ApiError:
    return ApiError(
        status,
        f"{message}; try again later.",
        kind=kind,
        code="overloaded",
        retry_after=TRY_AGAIN_SECONDS,
        unread=True,
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """``file`` bytes a recording; ``stall_seconds`` as in the settings."""

    file: int
    stall_seconds: float

    @property
    def body(self) -> int:
        return self.file + FIELDS_BYTES


@dataclass(slots=True)
class Form:
    """What a form says: each field's values in their order, and the recording."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    file: MemoryFile | None = None


def body_size(request: Request, limits: Limits) -> int:
    """How much memory the body may need. Raises ApiError for what cannot be read."""
    kind, _ = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data":
        raise ApiError(415, "Send multipart/form-data, with the recording as 'file'.", unread=True)
    declared = request.headers.get("content-length", "")
    size = int(declared) if declared.isascii() and declared.isdigit() else limits.body
    if size > limits.body:
        raise _too_large(limits)
    return size


async def read_form(request: Request, limits: Limits, take: Take) -> Form:
    """The whole form. Raises ApiError for one that is broken, too large or too slow.

    ``take`` is told of what arrives, and may raise.
    """
    _, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise ApiError(400, "The content type names no boundary.", unread=True)
    reading = _Reading(limits)
    try:
        parser = reading.parser(boundary)
        async for chunk in _body(request, limits):
            take(len(chunk))
            parser.write(chunk)
    except FormParserError as error:
        raise _broken(str(error)) from error
    if not reading.ended:
        raise _broken("it ends too early")
    return reading.form


async def _body(request: Request, limits: Limits) -> AsyncIterator[bytes]:
    """The body as it comes. Each wait ends when the whole of it has become too slow."""
    began, received = asyncio.get_running_loop().time() + limits.stall_seconds, 0
    while True:
        try:
            async with asyncio.timeout_at(began + received / LEAST_BYTES_A_SECOND):
                message = await request.receive()
        except TimeoutError:
            raise ApiError(408, "The recording came too slowly.", unread=True) from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        received += len(message.get("body", b""))
        if received > limits.body:
            raise _too_large(limits)
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


class _Reading:
    """The state of a form that is being read; its methods are the parser's callbacks."""

    def __init__(self, limits: Limits) -> None:
        self.form = Form()
        self.ended = False
        self._limits = limits
        self._fields = 0
        self._bytes = 0
        self._header = b""
        self._value = b""
        self._disposition = b""
        self._name = ""
        self._text = bytearray()
        self._file: MemoryFile | None = None

    def parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begins,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_ends,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_part_end": self._part_ends,
                "on_end": self._form_ends,
            },
        )

    def _part_begins(self) -> None:
        self._fields += 1
        if self._fields > MOST_FIELDS:
            raise _broken(f"it has more than {MOST_FIELDS} fields")
        self._disposition, self._file = b"", None
        self._text.clear()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_ends(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"name" not in options:
            raise _broken("a part has no name")
        self._name = options[b"name"].decode(errors="replace")
        self._count(len(options[b"name"]))
        if b"filename" in options:
            self._begin_file(options[b"filename"].decode(errors="replace"))

    def _begin_file(self, name: str) -> None:
        if self._name != "file" or self.form.file is not None:
            raise ApiError(400, "Send one file, as 'file'.", param=self._name)
        self.form.file = self._file = MemoryFile(name or "file")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(data[start:end])
            if self._file.size > self._limits.file:
                raise _too_large(self._limits)
            return
        self._count(end - start)
        self._text += data[start:end]

    def _count(self, size: int) -> None:
        self._bytes += size
        if self._bytes > FIELDS_BYTES:
            raise ApiError(413, f"The fields are larger than {FIELDS_BYTES} bytes.", unread=True)

    def _part_ends(self) -> None:
        if self._file is None:
            text = self._text.decode(errors="replace")
            self.form.fields.setdefault(self._name, []).append(text)

    def _form_ends(self) -> None:
        self.ended = True


def _broken(why: str) -> ApiError:
    return ApiError(400, f"The form cannot be read: {why}.", code="invalid_form", unread=True)


def _too_large(limits: Limits) -> ApiError:
    return ApiError(
        413,
        f"A recording may have {limits.file / MIB:g} MiB (setting upload_mib).",
        code="file_too_large",
        param="file",
        unread=True,
    )
