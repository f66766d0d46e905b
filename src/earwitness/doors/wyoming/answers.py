"""What we say of ourselves, of what was heard, and of what went wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from earwitness import __version__
from earwitness.errors import EngineError, InputError, Overloaded, ProtocolError, StoreError
from earwitness.flow.hear import Answer, joined
from earwitness.model import Flag
from earwitness.wire.wyoming.messages import (
    AsrModel,
    AsrProgram,
    Attribution,
    Error,
    Info,
    Transcript,
)

if TYPE_CHECKING:
    from earwitness.ports import Engine

LANGUAGE = "en"
FAILED = "engine_failure"
"""The flag of an utterance on which a recogniser failed."""
MAKERS = Attribution("The Earwitness authors", "")


def info(engine: Engine) -> Info:
    """One program with one model: the recogniser that hears."""
    model = AsrModel(
        name=engine.name,
        languages=(LANGUAGE,),
        attribution=MAKERS,
        description=engine.model,
        version=__version__,
    )
    program = AsrProgram(
        name="earwitness",
        attribution=MAKERS,
        models=(model,),
        description="Speech recognition that doubts itself, and is taught by who listens.",
        version=__version__,
        supports_transcript_streaming=True,
    )
    return Info((program,))


def transcript(
    answers: Sequence[Answer], refused: Mapping[str, str], missing: str = ""
) -> Transcript:
    """How sure it is, what else it could have been, and why a human was asked.

    ``refused`` are the terms that cannot be honoured, and why; ``missing`` is what the end
    of the sound lacks. Raises EngineError where the recogniser gave no answer at all: an
    empty text would say that nobody spoke.
    """
    if answers and all(_failed(answer) for answer in answers):
        raise EngineError
    context: dict[str, Any] = {"refused_terms": dict(refused)} if refused else {}
    if missing:
        context["partial_frame"] = missing
    whole = joined(answers)
    if whole is None:
        return Transcript("", LANGUAGE, context)
    context |= {
        "model": whole.model,
        "lexicon_revision": whole.revision,
        "confidence": whole.confidence,
        "nbest": [{"text": each.text, "logprob": each.logprob} for each in whole.nbest],
        "flagged": any(answer.flags for answer in answers),
        "flags": [_plain(flag) for answer in answers for flag in answer.flags],
        "utterances": [answer.utterance for answer in answers if answer.utterance],
    }
    return Transcript(whole.text, LANGUAGE, context)


def error(what: Exception) -> Error:
    """What a peer is told of it; never more than it may know."""
    match what:
        case Overloaded(retry_after=seconds):
            return Error(f"{what} Try again after {seconds:g} seconds.", "overloaded")
        case ProtocolError(code=code):
            return Error(str(what), code)
        case InputError():
            return Error(str(what), "bad_input")
        case EngineError():
            text = "The recogniser failed; where the sound may be kept, a human will hear it."
            return Error(text, "recogniser_failed")
        case StoreError():
            return Error("What is doubted cannot be kept at the moment; try again.", "store")
        case _:
            return Error("The server failed; it wrote down why.", "internal")


def _failed(answer: Answer) -> bool:
    return any(flag.rule == FAILED for flag in answer.flags)


def _plain(flag: Flag) -> dict[str, Any]:
    return {name: value for name, value in asdict(flag).items() if value is not None}
