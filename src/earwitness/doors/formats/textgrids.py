"""Judged clips as Praat TextGrids, one a clip, in a ZIP archive that is written as it goes.

The full ("long") text format of https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html:
tiers ``human`` and ``machine`` with the whole text, and ``words`` with what the machine
wrote, where the times of its words are known. A tier covers the clip without gaps, and a
quotation mark within a text is written twice.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator

from earwitness.doors.formats.judged import Judged
from earwitness.model import Word

_NOT_IN_A_NAME = re.compile(r"[^0-9A-Za-z._-]")
_Interval = tuple[float, float, str]


def textgrids(clips: Iterable[Judged]) -> Iterator[bytes]:
    """The archive in pieces; only its table of contents is kept until the end."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for clip in clips:
            name = _NOT_IN_A_NAME.sub("_", clip.utterance)
            archive.writestr(f"{name}.TextGrid", textgrid(clip))
            yield sink.taken()
    yield sink.taken()


def textgrid(clip: Judged) -> str:
    """One clip."""
    end = max(clip.seconds, 0.001)
    tiers = {"human": [(0.0, end, clip.decided.text)], "machine": [(0.0, end, clip.machine)]}
    timed = list(_timed(clip.words, end))
    if timed:
        tiers["words"] = timed
    head = ['File type = "ooTextFile"', 'Object class = "TextGrid"', ""]
    body = ["xmin = 0", f"xmax = {end:g}", "tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for number, (name, intervals) in enumerate(tiers.items(), start=1):
        body += _tier(number, name, intervals, end)
    return "\n".join([*head, *body, ""])


def _tier(number: int, name: str, intervals: list[_Interval], end: float) -> Iterator[str]:
    yield f"    item [{number}]:"
    yield '        class = "IntervalTier"'
    yield f"        name = {_quoted(name)}"
    yield "        xmin = 0"
    yield f"        xmax = {end:g}"
    yield f"        intervals: size = {len(intervals)}"
    for place, (start, stop, text) in enumerate(intervals, start=1):
        yield f"        intervals [{place}]:"
        yield f"            xmin = {start:g}"
        yield f"            xmax = {stop:g}"
        yield f"            text = {_quoted(text)}"


def _quoted(text: str) -> str:
    doubled = " ".join(text.split()).replace('"', '""')
    return f'"{doubled}"'


def _timed(words: Iterable[Word], end: float) -> Iterator[_Interval]:
    """The words with the gaps between them; a word that begins too early begins later."""
    at, found = 0.0, False
    for word in words:
        if word.start is None or word.end is None:
            continue
        start, stop = max(round(word.start, 3), at), min(round(word.end, 3), end)
        if stop <= start:
            continue
        if start > at:
            yield at, start, ""
        yield start, stop, word.text
        at, found = stop, True
    if found and at < end:
        yield at, end, ""


class _Sink(io.RawIOBase):
    """What ``zipfile`` writes to where nothing can be written again; taken out piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        piece = b"".join(self._pieces)
        self._pieces.clear()
        return piece
