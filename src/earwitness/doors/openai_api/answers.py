"""What was heard as the answers of OpenAI's API.

What only we know is in an object of its own, ``earwitness``, which clients pass over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from earwitness.doors.openai_api.asked import Asked
from earwitness.doors.openai_api.errors import ApiError
from earwitness.doors.openai_api.heard import Heard, Piece, Spoken
from earwitness.doors.openai_api.segments import Segment, segments, srt, vtt


def answer(heard: Heard, seconds: float, asked: Asked) -> Response:
    """``seconds`` is how long the recording is."""
    match asked.response_format:
        case "text":
            return PlainTextResponse(heard.text + "\n")
        case "srt":
            return PlainTextResponse(srt(segments(heard)))
        case "vtt":
            return PlainTextResponse(vtt(segments(heard)), media_type="text/vtt")
        case "verbose_json":
            return JSONResponse(_verbose(heard, seconds, asked))
        case "json":
            return JSONResponse(_short(heard, seconds, asked))


def _short(heard: Heard, seconds: float, asked: Asked) -> dict[str, Any]:
    told = {"text": heard.text, "usage": _usage(seconds), "earwitness": ours(heard)}
    return told | ({"logprobs": logprobs(heard.words, first=True)} if asked.logprobs else {})


def _verbose(heard: Heard, seconds: float, asked: Asked) -> dict[str, Any]:
    told: dict[str, Any] = {"task": "transcribe", "language": "english", "duration": seconds}
    told |= {"text": heard.text, "usage": _usage(seconds), "earwitness": ours(heard)}
    if asked.segments:
        found = segments(heard)
        told["segments"] = [_segment(n, each, heard.pieces) for n, each in enumerate(found)]
    if asked.words:
        told["words"] = [_word(spoken, heard.pieces) for spoken in heard.words]
    return told


def _usage(seconds: float) -> dict[str, Any]:
    return {"type": "duration", "seconds": seconds}


def _segment(number: int, segment: Segment, pieces: Sequence[Piece]) -> dict[str, Any]:
    """``seek`` is where the piece began that it was heard in, in hundredths of a second.

    There is no segment where nobody speaks, so ``no_speech_prob`` is 0; the search is
    deterministic, so ``temperature`` is; numbers of tokens would mean nothing elsewhere.
    """
    return {
        "id": number,
        "seek": round(pieces[segment.words[0].piece].start * 100),
        "start": round(segment.start, 3),
        "end": round(segment.end, 3),
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": segment.average_logprob,
        "compression_ratio": segment.compression_ratio,
        "no_speech_prob": 0.0,
    }


def _word(spoken: Spoken, pieces: Sequence[Piece]) -> dict[str, Any]:
    word, piece = spoken.word, pieces[spoken.piece]
    start = piece.start if word.start is None else word.start
    end = piece.end if word.end is None else word.end
    return {"word": word.text, "start": round(start, 3), "end": round(end, 3)}


def logprobs(words: Sequence[Spoken], *, first: bool) -> list[dict[str, Any]]:
    """Our words in place of tokens, with their blanks: joined they are the text.

    ``first`` says that they begin the text. ``logprob`` is the sum over a word's tokens.
    """
    tokens = [("" if first and not at else " ") + each.word.text for at, each in enumerate(words)]
    return [
        {"token": token, "bytes": list(token.encode()), "logprob": each.logprob}
        for token, each in zip(tokens, words, strict=True)
    ]


def ours(heard: Heard) -> dict[str, Any]:
    """What Earwitness adds: for each piece how sure it is, what else it may be, why it is kept."""
    return {"revision": heard.revision, "pieces": [asdict(piece) for piece in heard.pieces]}


# --- server-sent events -------------------------------------------------------


def delta(words: Sequence[Spoken], asked: Asked, *, first: bool) -> bytes:
    """``transcript.text.delta``."""
    text = ("" if first else " ") + " ".join(each.word.text for each in words)
    told: dict[str, Any] = {"type": "transcript.text.delta", "delta": text}
    if asked.logprobs:
        told["logprobs"] = logprobs(words, first=first)
    return event(told)


def done(heard: Heard, asked: Asked) -> bytes:
    """``transcript.text.done``."""
    told: dict[str, Any] = {"type": "transcript.text.done", "text": heard.text}
    told["earwitness"] = ours(heard)
    if asked.logprobs:
        told["logprobs"] = logprobs(heard.words, first=True)
    return event(told)


def failed(error: ApiError) -> bytes:
    """An error after the answer has begun, as OpenAI's clients understand it."""
    return b"event: error\n" + event(error.body)


def event(told: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(told, separators=(",", ":")).encode() + b"\n\n"
