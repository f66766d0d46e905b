"""What is said on one connection: questions, sound, transcripts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from earwitness.doors.wyoming import answers
from earwitness.doors.wyoming.answers import LANGUAGE
from earwitness.doors.wyoming.peer import Peer
from earwitness.doors.wyoming.sound import Shown, Sound
from earwitness.errors import ProtocolError
from earwitness.flow import brought
from earwitness.model import SAMPLE_RATE, Source, Term
from earwitness.wire.wyoming.frames import Frame
from earwitness.wire.wyoming.messages import (
    AudioChunk,
    AudioStart,
    AudioStop,
    Describe,
    Ping,
    Pong,
    Transcribe,
    TranscriptStop,
)

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

MOST_TERMS = 500
"""Names and terms together."""


class Talk:
    """One connection, from its first event to its last."""

    def __init__(self, peer: Peer, program: Earwitness) -> None:
        settings = program.settings
        self._peer = peer
        self._program = program
        self._source = Source(f"wyoming:{peer.address}", settings.wyoming_household)
        self._asked = Transcribe()
        self._sound: Sound | None = None
        self._shown = Shown(peer)
        self._refused: dict[str, str] = {}

    @property
    def busy(self) -> bool:
        """Whether something is being said."""
        return self._sound is not None

    async def go_on(self) -> None:
        """Until the peer leaves. Raises ProtocolError, ConnectionError, what hearing raises."""
        async with aclosing(self._peer.frames()) as frames:  # type: ignore[type-var]
            async for frame in frames:
                await self._follow(frame)

    def close(self) -> None:
        """What was being said is forgotten: nobody waits for it any more."""
        if self._sound is not None:
            self._sound.close()
            self._sound = None

    async def _follow(self, frame: Frame) -> None:
        match frame.type:
            case AudioChunk.kind:
                await self._hear(AudioChunk.read(frame))
            case AudioStart.kind:
                await self._begin(AudioStart.read(frame))
            case AudioStop.kind:
                AudioStop.read(frame)
                await self._end()
            case Transcribe.kind:
                self._ask(Transcribe.read(frame))
            case Describe.kind:
                await self._peer.send(answers.info(self._program.engine))
            case Ping.kind:
                await self._peer.send(Pong(Ping.read(frame).text))
            case _:
                pass  # an event of another service: servers are expected to drop it

    def _ask(self, asked: Transcribe) -> None:
        """What holds for the next recording, and no other."""
        self._expect_silence(Transcribe.kind)
        spoken = (asked.language or LANGUAGE).replace("_", "-").split("-")[0].casefold()
        if spoken != LANGUAGE:
            text = f"This recogniser knows English, not {asked.language!r}."
            raise ProtocolError(text, "unsupported_language")
        if len(_brought(asked)) > MOST_TERMS:
            raise ProtocolError(f"At most {MOST_TERMS} names and terms.", "too_many_terms")
        self._asked = asked

    # --- sound --------------------------------------------------------------------

    async def _begin(self, format_: AudioStart) -> Sound:
        self._expect_silence(AudioStart.kind)
        terms = await self._terms()
        settings = self._program.settings
        stream = self._program.live.open(
            self._source,
            datetime.now(UTC),
            endpointing=False,
            terms=terms,
            keep=settings.wyoming_consent,
        )
        self._shown = Shown(self._peer)
        try:
            self._sound = Sound(format_, stream, self._shown, settings.audio_read_seconds)
        except ProtocolError:
            stream.close()
            raise
        return self._sound

    async def _hear(self, chunk: AudioChunk) -> None:
        """Some clients leave out the start; a chunk says what it is, too."""
        sound = self._sound or await self._begin(chunk)
        await sound.hear(chunk)

    async def _end(self) -> None:
        """Sends the transcript, which has the last word, whatever was shown before.

        Whoever says nothing but that the sound is over gets an empty one.
        """
        sound = self._sound or await self._begin(AudioStart(SAMPLE_RATE, 2, 1))
        last = answers.transcript(await sound.end(), self._refused, sound.missing())
        await self._shown.begin()
        await self._peer.send(last, TranscriptStop())
        self._sound, self._asked = None, Transcribe()

    def _expect_silence(self, kind: str) -> None:
        if self._sound is not None:
            text = f"{kind} in the middle of a recording; audio-stop ends it."
            raise ProtocolError(text, "unexpected")

    async def _terms(self) -> Sequence[Term]:
        """What can be honoured; why the rest cannot is told with the transcript."""
        written = _brought(self._asked)
        terms, self._refused = await asyncio.to_thread(self._fit, written) if written else ((), {})
        return terms

    def _fit(self, written: Sequence[str]) -> tuple[Sequence[Term], dict[str, str]]:
        lexicon = self._program.lexicons.current(self._source)
        return brought.as_far_as_honoured(written, lexicon, self._program.engine)


def _brought(asked: Transcribe) -> Sequence[str]:
    """Names have priority over terms."""
    return (*(asked.transcript_names or ()), *(asked.transcript_terms or ()))
