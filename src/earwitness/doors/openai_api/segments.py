"""Words become segments that can be read along: about a sentence each, as in subtitles."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from earwitness.doors.openai_api.heard import Heard, Piece, Spoken

LONGEST_TEXT = 84
"""Two lines of 42 characters, as broadcasters have them."""
LONGEST_SECONDS = 7.0
PAUSE_SECONDS = 0.6
"""A silence that begins a new segment."""
ENDS = (".", "?", "!")


@dataclass(frozen=True, slots=True)
class Segment:
    """Words that belong together, with the times of the first and the last.

    ``start`` and ``end`` are those of the piece where the recogniser knows no times.
    """

    start: float
    end: float
    words: tuple[Spoken, ...]

    @property
    def text(self) -> str:
        return " ".join(spoken.word.text for spoken in self.words)

    @property
    def average_logprob(self) -> float:
        """Of the tokens of its words; 0 where the recogniser gives none."""
        logprobs = [each for spoken in self.words for each in spoken.word.logprobs]
        return sum(logprobs) / len(logprobs) if logprobs else 0.0

    @property
    def compression_ratio(self) -> float:
        """As in Whisper: bytes of the text to bytes of the text compressed by zlib."""
        content = self.text.encode()
        return len(content) / len(zlib.compress(content))


def segments(heard: Heard) -> list[Segment]:
    return [_segment(group, heard.pieces) for group in _groups(heard.words)]


def _segment(words: Sequence[Spoken], pieces: Sequence[Piece]) -> Segment:
    first, last = words[0], words[-1]
    start, end = first.word.start, last.word.end
    return Segment(
        start=pieces[first.piece].start if start is None else start,
        end=pieces[last.piece].end if end is None else end,
        words=tuple(words),
    )


def _groups(words: Sequence[Spoken]) -> Iterator[list[Spoken]]:
    group: list[Spoken] = []
    for spoken in words:
        if group and _begins_anew(group, spoken):
            yield group
            group = []
        group.append(spoken)
    if group:
        yield group


def _begins_anew(group: Sequence[Spoken], spoken: Spoken) -> bool:
    first, last = group[0].word, group[-1].word
    if spoken.word.start is None or spoken.word.end is None or first.start is None:
        return spoken.piece != group[-1].piece
    length = sum(len(each.word.text) + 1 for each in group) + len(spoken.word.text)
    return (
        last.text.endswith(ENDS)
        or length > LONGEST_TEXT
        or spoken.word.end - first.start > LONGEST_SECONDS
        or spoken.word.start - (last.end or 0.0) > PAUSE_SECONDS
    )


# --- subtitles ----------------------------------------------------------------


def srt(found: Sequence[Segment]) -> str:
    """SubRip: numbered, with a comma before the milliseconds."""
    return "".join(
        f"{number}\n{_clock(each.start, ',')} --> {_clock(each.end, ',')}\n{each.text}\n\n"
        for number, each in enumerate(found, 1)
    )


def vtt(found: Sequence[Segment]) -> str:
    """WebVTT (https://www.w3.org/TR/webvtt1/)."""
    cues = (
        f"{_clock(each.start, '.')} --> {_clock(each.end, '.')}\n{_escaped(each.text)}\n\n"
        for each in found
    )
    return "WEBVTT\n\n" + "".join(cues)


def _clock(seconds: float, point: str) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}{point}{milliseconds:03}"


def _escaped(text: str) -> str:
    """A cue's text is markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
