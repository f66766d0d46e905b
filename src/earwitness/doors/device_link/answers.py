"""What a stream says, as a device is told."""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.flow.hear import Answer
from earwitness.live.events import Began, Event, Heard, Partial, Quiet, Shed
from earwitness.model import Flag, Word
from earwitness.wire.link import messages as link

LONGEST_TEXT, LONGEST_WORD, LONGEST_REASON = 2000, 50, 500
MOST_WORDS = 200
"""Far more than anybody says in half a minute; a message stays within its size."""
NOT_HEARD = {"engine_failure", "empty_result"}
"""Doubts that leave a device with nothing to act on."""


def told(event: Event, offset: int, ask_below: float) -> Iterator[link.FromServer]:
    """The messages for an event of a stream that began at ``offset``.

    A doubted answer of less confidence than ``ask_below`` is better asked for again.
    """
    until = offset + event.until
    match event:
        case Began(start):
            yield link.Speech(start=offset + start, until=until)
        case Partial(text, stable):
            yield link.Partial(text=_short(text), stable=_short(stable), until=until)
        case Quiet():
            yield link.Quiet(until=until)
        case Shed(start, end, retry_after):
            yield link.Shed(
                start=offset + start, end=offset + end, retry_after=retry_after, until=until
            )
        case Heard():
            yield _final(event, offset)
            if reason := _ask(event.answer, ask_below):
                yield link.Repeat(position=offset + event.end, reason=reason)


def _final(heard: Heard, offset: int) -> link.Final:
    transcript = heard.answer.transcript
    return link.Final(
        text=_short(transcript.text),
        confidence=transcript.confidence,
        words=tuple(map(_word, transcript.best.words[:MOST_WORDS])),
        flags=tuple(map(_flag, heard.answer.flags)),
        utterance=heard.answer.utterance,
        revision=transcript.revision,
        start=offset + heard.start,
        end=offset + heard.end,
        endpoint=offset + heard.endpoint,
        until=offset + heard.until,
    )


def _ask(answer: Answer, below: float) -> str:
    """Why a speaker should be asked to say it again; empty for no reason."""
    if any(flag.rule in NOT_HEARD for flag in answer.flags):
        return "Nothing was understood."
    doubted = answer.flags and answer.transcript.confidence < below
    return "It is too unsure what was said." if doubted else ""


def _word(word: Word) -> link.Word:
    return link.Word(
        text=_short(word.text, LONGEST_WORD), confidence=word.confidence, term=word.term
    )


def _flag(flag: Flag) -> link.Flag:
    return link.Flag(rule=flag.rule, reason=_short(flag.reason, LONGEST_REASON))


def _short(text: str, most: int = LONGEST_TEXT) -> str:
    return text[:most]
