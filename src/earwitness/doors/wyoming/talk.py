"""What is said on one connection: questions, sound, transcripts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from earwitness import __version__
from earwitness.audio.pcm import PcmStream
from earwitness.doors.wyoming.peer import Peer
from earwitness.errors import EarwitnessError, InputError, Overloaded, ProtocolError
from earwitness.flow.hear import Answer, joined
from earwitness.live.events import Event, Heard, Partial, Shed
from earwitness.live.stream import LiveStream
from earwitness.model import SAMPLE_RATE, Samples, Source, Term, TermState
from earwitness.wire.wyoming.frames import Frame
from earwitness.wire.wyoming.messages import (
    AsrModel,
    AsrProgram,
    Attribution,
    AudioChunk,
    AudioStart,
    AudioStop,
    Describe,
    Error,
    Info,
    Ping,
    Pong,
    Transcribe,
    Transcript,
    TranscriptChunk,
    TranscriptStart,
    TranscriptStop,
)

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

LANGUAGE = "en"


@dataclass(eq=False)
class Sound:
    """A recording that is coming in."""

    stream: LiveStream
    telling: asyncio.Task[Told]
    pcm: PcmStream
    format: tuple[int, int, int]
    refused: dict[str, str]
    """The terms that cannot be honoured, and why."""
    samples: int = 0


@dataclass
class Told:
    """What came of it."""

    answers: list[Answer] = field(default_factory=list)
    shown: str = ""
    shed: Shed | None = None


class Talk:
    """One connection, from its first event to its last."""

    def __init__(self, peer: Peer, program: Earwitness) -> None:
        self._peer = peer
        self._program = program
        self._asked = Transcribe()
        self._sound: Sound | None = None

    async def go_on(self) -> None:
        """Until the peer leaves. Raises ProtocolError, Overloaded, ConnectionError."""
        async for frame in self._peer.frames():
            await self._answer(frame)

    def close(self) -> None:
        """What was being said is forgotten: nobody waits for it any more."""
        if self._sound is not None:
            self._sound.stream.close()
            self._sound.telling.cancel()
            self._sound = None

    @property
    def busy(self) -> bool:
        """Whether something is being said."""
        return self._sound is not None

    async def _answer(self, frame: Frame) -> None:
        match frame.type:
            case AudioChunk.kind:
                await self._hear(AudioChunk.read(frame))
            case AudioStart.kind:
                self.close()
                await self._begin(AudioStart.read(frame))
            case AudioStop.kind:
                AudioStop.read(frame)
                await self._stop()
            case Transcribe.kind:
                self._ask(Transcribe.read(frame))
            case Describe.kind:
                await self._peer.send(_info(self._program))
            case Ping.kind:
                await self._peer.send(Pong(Ping.read(frame).text))
            case _:
                pass  # an event of another service; servers are expected to drop it

    def _ask(self, asked: Transcribe) -> None:
        spoken = (asked.language or LANGUAGE).replace("_", "-").split("-")[0].casefold()
        if spoken != LANGUAGE:
            text = f"This recogniser knows English, not {asked.language!r}."
            raise ProtocolError(text, "unsupported_language")
        self._asked = asked

    # --- sound --------------------------------------------------------------------

    async def _begin(self, format_: AudioStart) -> Sound:
        """Raises ProtocolError for a format that cannot be, Overloaded."""
        pcm = PcmStream(format_.rate, format_.width, format_.channels)
        terms, refused = _terms(self._asked, self._program)
        settings = self._program.settings
        stream = self._program.live.open(
            Source(f"wyoming:{self._peer.address}", settings.wyoming_household),
            datetime.now(UTC),
            endpointing=False,
            terms=terms,
            keep=settings.wyoming_consent,
        )
        telling = asyncio.create_task(self._tell(stream))
        telling.add_done_callback(_retrieved)
        self._sound = Sound(stream, telling, pcm, _format(format_), refused)
        return self._sound

    async def _hear(self, chunk: AudioChunk) -> None:
        """Without a start, or in another format than before, a chunk says what it is."""
        sound = self._sound or await self._begin(chunk)
        if _format(chunk) != sound.format:
            await self._write(sound, sound.pcm.finish())
            sound.pcm, sound.format = PcmStream(*_format(chunk)), _format(chunk)
        await self._write(sound, sound.pcm.convert(chunk.audio))

    async def _write(self, sound: Sound, samples: Samples) -> None:
        sound.samples += len(samples)
        longest = self._program.settings.audio_read_seconds
        if sound.samples > longest * SAMPLE_RATE:
            raise ProtocolError(
                f"A recording has at most {longest:g} seconds (setting audio_read_seconds).",
                "too_long",
            )
        await sound.stream.write(samples)

    async def _stop(self) -> None:
        """Sends the transcript; whoever says only that the sound is over gets an empty one."""
        sound = self._sound or await self._begin(AudioStart(SAMPLE_RATE, 2, 1))
        await self._write(sound, sound.pcm.finish())
        await sound.stream.end()
        told = await sound.telling
        self._sound, self._asked = None, Transcribe()
        if told.shed is not None:
            raise Overloaded(retry_after=told.shed.retry_after)
        await self._say(told, sound.refused)

    async def _tell(self, stream: LiveStream) -> Told:
        """Shows what will not change any more while it is being said."""
        told = Told()
        async for event in stream:
            await self._show(event, told)
        return told

    async def _show(self, event: Event, told: Told) -> None:
        match event:
            case Heard(answer=answer):
                told.answers.append(answer)
            case Shed():
                told.shed = event
            case Partial(stable=stable) if not told.answers and stable.startswith(told.shown):
                await self._chunk(stable, told)

    async def _chunk(self, text: str, told: Told) -> None:
        """The part of ``text`` that was not shown yet."""
        more = text[len(told.shown) :]
        if more:
            first = () if told.shown else (TranscriptStart(LANGUAGE),)
            await self._peer.send(*first, TranscriptChunk(more))
            told.shown = text

    async def _say(self, told: Told, refused: dict[str, str]) -> None:
        """The transcript itself has the last word, whatever was shown before."""
        whole = joined(told.answers)
        text = whole.text if whole else ""
        if text.startswith(told.shown):
            await self._chunk(text, told)
        context = _context(told.answers, refused)
        last = (TranscriptStop(),) if told.shown else ()
        await self._peer.send(Transcript(text, LANGUAGE, context), *last)


def _retrieved(telling: asyncio.Task[Told]) -> None:
    """Nobody asks what became of it when the connection ends before the sound does."""
    if not telling.cancelled():
        telling.exception()


def _format(told: AudioStart) -> tuple[int, int, int]:
    return told.rate, told.width, told.channels


def _terms(asked: Transcribe, program: Earwitness) -> tuple[Sequence[Term], dict[str, str]]:
    """What can be honoured, names first, and why the rest cannot."""
    terms: dict[str, Term] = {}
    refused: dict[str, str] = {}
    for written in (*(asked.transcript_names or ()), *(asked.transcript_terms or ())):
        term = Term(" ".join(written.split()), state=TermState.LIVE)
        try:
            program.engine.check(term)
        except EarwitnessError as error:
            refused[written] = str(error)
        else:
            terms.setdefault(term.key, term)
    return tuple(terms.values()), refused


def _context(answers: Sequence[Answer], refused: dict[str, str]) -> dict[str, Any]:
    """How sure it is, what else it could have been, and why a human was asked."""
    whole = joined(answers)
    if whole is None:
        return {"refused_terms": refused} if refused else {}
    context: dict[str, Any] = {
        "confidence": whole.confidence,
        "nbest": [{"text": each.text, "logprob": each.logprob} for each in whole.nbest],
        "flagged": any(answer.flags for answer in answers),
        "flags": [_plain(asdict(flag)) for answer in answers for flag in answer.flags],
        "utterances": [answer.utterance for answer in answers if answer.utterance],
        "lexicon_revision": whole.revision,
    }
    return context | ({"refused_terms": refused} if refused else {})


def _plain(flag: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flag.items() if value is not None}


def _info(program: Earwitness) -> Info:
    engine = program.engine
    model = AsrModel(
        name=engine.name,
        languages=(LANGUAGE,),
        attribution=Attribution(engine.name, ""),
        description=engine.model,
        version=__version__,
    )
    return Info(
        (
            AsrProgram(
                name="earwitness",
                attribution=Attribution("Earwitness", ""),
                models=(model,),
                description="Hears, doubts, and is taught by who listens.",
                version=__version__,
                supports_transcript_streaming=True,
            ),
        )
    )


def error_of(error: Exception) -> Error:
    """What a peer is told of it."""
    match error:
        case Overloaded(retry_after=seconds):
            return Error(f"{error} Try again after {seconds:g} seconds.", "overloaded")
        case ProtocolError(code=code):
            return Error(str(error), code)
        case InputError():
            return Error(str(error), "bad_input")
        case _:
            return Error("The recogniser cannot answer at the moment.", "internal")
