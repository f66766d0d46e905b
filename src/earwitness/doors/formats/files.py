"""Judged clips as a file of any of the formats, in pieces: none holds them all in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from earwitness.doors.formats import judged
from earwitness.doors.formats.forms import ClipFormat
from earwitness.doors.formats.judged import Judged
from earwitness.doors.formats.textgrids import textgrids

Write = Callable[[Iterable[Judged]], Iterator[bytes]]


def _encoded(write: Callable[[Iterable[Judged]], Iterator[str]]) -> Write:
    def written(clips: Iterable[Judged]) -> Iterator[bytes]:
        return (piece.encode() for piece in write(clips))

    return written


WRITERS: Mapping[ClipFormat, Write] = {
    ClipFormat.LABEL_STUDIO: _encoded(judged.label_studio),
    ClipFormat.NEMO: _encoded(judged.nemo),
    ClipFormat.CSV: _encoded(judged.clips_csv),
    ClipFormat.TEXTGRID: textgrids,
}
MEDIA: Mapping[ClipFormat, tuple[str, str]] = {
    ClipFormat.LABEL_STUDIO: ("application/json", "json"),
    ClipFormat.NEMO: ("application/x-ndjson", "jsonl"),
    ClipFormat.CSV: ("text/csv; charset=utf-8", "csv"),
    ClipFormat.TEXTGRID: ("application/zip", "zip"),
}
"""Media type and how the file's name ends."""
