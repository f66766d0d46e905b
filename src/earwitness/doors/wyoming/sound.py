"""One recording that comes in, and what is told of it meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from earwitness.audio.pcm import PcmStream
from earwitness.doors.wyoming.answers import LANGUAGE
from earwitness.doors.wyoming.peer import Peer
from earwitness.errors import Overloaded, ProtocolError
from earwitness.flow.hear import Answer
from earwitness.live.events import Heard, Partial, Shed
from earwitness.live.stream import LiveStream
from earwitness.model import SAMPLE_RATE, Samples
from earwitness.wire.wyoming.messages import (
    AudioChunk,
    AudioStart,
    TranscriptChunk,
    TranscriptStart,
)

BLOCK = 64 * 1024
"""Bytes that are converted at once, however large a chunk is."""


class Sound:
    """From ``audio-start`` to ``audio-stop``. ``longest`` is in seconds."""

    def __init__(
        self, format_: AudioStart, stream: LiveStream, shown: Shown, longest: float
    ) -> None:
        self._pcm, self._format = _pcm(format_), _format(format_)
        self._stream = stream
        self._longest = longest
        self._samples = 0
        self._telling = asyncio.create_task(_tell(stream, shown), name="wyoming: telling")
        self._telling.add_done_callback(_retrieved)

    async def hear(self, chunk: AudioChunk) -> None:
        """A chunk in another format than the one before says itself what it is.

        Raises ProtocolError, and what hearing raises.
        """
        if self._telling.done():
            await self._telling
        if _format(chunk) != self._format:
            pcm = _pcm(chunk)
            await self._write(self._pcm.finish())
            self._pcm.check_whole()
            self._pcm, self._format = pcm, _format(chunk)
        for at in range(0, len(chunk.audio), BLOCK):
            await self._write(self._pcm.convert(chunk.audio[at : at + BLOCK]))

    async def end(self) -> Sequence[Answer]:
        """What was heard in all of it. Raises Overloaded, and what hearing raises."""
        await self._write(self._pcm.finish())
        await self._stream.end()
        return await self._telling

    def missing(self) -> str:
        """What is wrong with its end, if anything: half a frame costs only itself."""
        try:
            self._pcm.check_whole()
        except ProtocolError as error:
            return str(error)
        return ""

    def close(self) -> None:
        """What was being said is forgotten: nobody waits for it any more."""
        self._stream.close()
        self._telling.cancel()

    async def _write(self, samples: Samples) -> None:
        self._samples += len(samples)
        if self._samples > self._longest * SAMPLE_RATE:
            raise ProtocolError(
                f"A recording has at most {self._longest:g} seconds (setting audio_read_seconds).",
                "too_long",
            )
        await self._stream.write(samples)


class Shown:
    """What a peer was shown of a transcript so far. It only grows."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._words = 0
        self._begun = False

    async def show(self, text: str) -> None:
        """The words of ``text`` behind those that were shown."""
        more = text.split()[self._words :]
        if more:
            await self.begin()
            await self._peer.send(TranscriptChunk(" " * bool(self._words) + " ".join(more)))
            self._words += len(more)

    async def begin(self) -> None:
        """Once."""
        if not self._begun:
            self._begun = True
            await self._peer.send(TranscriptStart(LANGUAGE))


async def _tell(stream: LiveStream, shown: Shown) -> Sequence[Answer]:
    """Shows what will not change any more; returns everything that was heard."""
    answers: list[Answer] = []
    async for event in stream:
        match event:
            case Heard(answer=answer):
                answers.append(answer)
                await shown.show(_text(answers))
            case Partial(stable=stable):
                await shown.show(f"{_text(answers)} {stable}")
            case Shed(retry_after=seconds):
                raise Overloaded(retry_after=seconds)
    return answers


def _text(answers: Sequence[Answer]) -> str:
    return " ".join(answer.transcript.text for answer in answers)


def _pcm(told: AudioStart) -> PcmStream:
    return PcmStream(told.rate, told.width, told.channels)


def _format(told: AudioStart) -> tuple[int, int, int]:
    return told.rate, told.width, told.channels


def _retrieved(telling: asyncio.Task[Sequence[Answer]]) -> None:
    """Nobody asks what became of it when the connection ends before the sound does."""
    if not telling.cancelled():
        telling.exception()
